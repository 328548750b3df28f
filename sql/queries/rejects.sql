-- rows of tshark that were kept aside, and why
-- A row kept aside has no time of its own, so that of its batch is used.
SELECT
	sensor, capture, row_no, frame, column_name, reason, raw_bytes,
	LEFT(raw, 200) AS raw_start
FROM v_rejects
WHERE (first_ts IS NULL OR (last_ts >= :since AND first_ts < :until))
ORDER BY batch_no, row_no
LIMIT :limit
