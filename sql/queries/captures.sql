-- captures with their state: complete, truncated or partial
SELECT
	sensor, name, profile, state,
	packets_in_file, packets_stored, rejected, filtered,
	first_ts, last_ts, loaded_at, capture_id
FROM v_captures
WHERE (first_ts IS NULL OR (last_ts >= :since AND first_ts < :until))
ORDER BY loaded_at DESC, capture_id DESC, profile
LIMIT :limit
