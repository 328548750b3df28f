-- What was loaded when, in batches, and what made it: tshark with its arguments (NULL for
-- batches of a ledger of version 1), its way to escape, and the profile.
CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v_batches AS
SELECT
	b.batch_no,
	b.batch_id,
	s.name AS sensor,
	c.name AS capture,
	b.capture_id,
	b.profile,
	LOWER(HEX(b.profile_sha256)) AS profile_sha256,
	b.first_row,
	b.last_row,
	b.packets,
	b.rejected,
	b.filtered,
	b.cut AS texts_cut,
	b.is_last,
	b.truncated,
	b.dialect,
	b.tshark,
	p.tshark_args,
	b.first_ts,
	b.last_ts,
	b.table_rows,
	b.loaded_at,
	b.passport_id,
	b.schema_version
FROM batches AS b
JOIN captures AS c ON c.capture_id = b.capture_id
JOIN sensors AS s ON s.sensor_id = c.sensor_id
LEFT JOIN passports AS p ON p.passport_id = b.passport_id;
