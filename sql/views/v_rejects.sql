-- Rows of tshark that were kept aside, with the capture they come from. raw is bytes, for it may
-- be no valid text.
CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v_rejects AS
SELECT
	s.name AS sensor,
	c.name AS capture,
	r.capture_id,
	b.profile,
	r.batch_no,
	r.row_no,
	r.frame,
	r.column_name,
	r.reason,
	r.raw_bytes,
	r.raw,
	b.first_ts,
	b.last_ts,
	b.loaded_at
FROM rejects AS r
JOIN batches AS b ON b.batch_no = r.batch_no
JOIN captures AS c ON c.capture_id = r.capture_id
JOIN sensors AS s ON s.sensor_id = c.sensor_id;
