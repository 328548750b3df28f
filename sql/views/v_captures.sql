-- Captures with sensor, state and counts; one row for each profile that they were loaded with.
-- A capture is complete when its last batch is stored and no row is missing before it. Batches
-- may come in any order; reached is the last row of all batches that start before this one.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW v_captures AS
SELECT
	c.capture_id,
	s.name AS sensor,
	c.name,
	LOWER(HEX(c.sha256)) AS sha256,
	b.profile,
	CASE
		WHEN b.profile IS NULL OR b.gaps > 0 OR b.ends = 0 THEN 'partial'
		WHEN b.cuts > 0 THEN 'truncated'
		ELSE 'complete'
	END AS state,
	c.bytes,
	c.packets AS packets_in_file,
	COALESCE(b.packets, 0) AS packets_stored,
	COALESCE(b.rejected, 0) AS rejected,
	COALESCE(b.filtered, 0) AS filtered,
	COALESCE(b.cut, 0) AS texts_cut,
	COALESCE(b.batches, 0) AS batches,
	b.first_ts,
	b.last_ts,
	c.first_seen,
	b.loaded_at
FROM captures AS c
JOIN sensors AS s ON s.sensor_id = c.sensor_id
LEFT JOIN (
	SELECT
		capture_id,
		profile,
		SUM(first_row > COALESCE(reached, 0) + 1) AS gaps,
		SUM(is_last) AS ends,
		SUM(truncated) AS cuts,
		SUM(packets) AS packets,
		SUM(rejected) AS rejected,
		SUM(filtered) AS filtered,
		SUM(cut) AS cut,
		COUNT(*) AS batches,
		MIN(first_ts) AS first_ts,
		MAX(last_ts) AS last_ts,
		MAX(loaded_at) AS loaded_at
	FROM (
		SELECT
			capture_id, profile, first_row, is_last, truncated,
			packets, rejected, filtered, cut, first_ts, last_ts, loaded_at,
			MAX(last_row) OVER (
				PARTITION BY capture_id, profile ORDER BY first_row, last_row
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
			) AS reached
		FROM batches
	) AS placed
	GROUP BY capture_id, profile
) AS b ON b.capture_id = c.capture_id;
