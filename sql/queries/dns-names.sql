-- names asked for in DNS, with clients and answers
SELECT
	d.name,
	SUM(d.response = 0) AS queries,
	SUM(d.response = 1) AS responses,
	SUM(d.response = 1 AND d.rcode = 3) AS no_such_name,
	SUM(d.response = 1 AND d.rcode NOT IN (0, 3)) AS failures,
	COUNT(DISTINCT IF(d.response = 0, p.src, p.dst)) AS clients,
	ROUND(1000 * AVG(d.response_time), 3) AS mean_ms,
	MIN(d.ts) AS first_ts,
	MAX(d.ts) AS last_ts
FROM dns AS d
LEFT JOIN packets AS p
	ON p.ts = d.ts AND p.capture_id = d.capture_id AND p.frame = d.frame
	AND p.ts >= :since AND p.ts < :until
WHERE d.ts >= :since AND d.ts < :until AND d.name IS NOT NULL
GROUP BY d.name
ORDER BY queries DESC, responses DESC, d.name
LIMIT :limit
