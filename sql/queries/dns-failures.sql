-- DNS answers with an error, by server and name
SELECT
	INET6_NTOA(p.src) AS server,
	d.name,
	d.type,
	CASE d.rcode
		WHEN 1 THEN 'format error'
		WHEN 2 THEN 'server failure'
		WHEN 3 THEN 'no such name'
		WHEN 4 THEN 'not implemented'
		WHEN 5 THEN 'refused'
		ELSE CAST(d.rcode AS CHAR)
	END AS error,
	COUNT(*) AS responses,
	COUNT(DISTINCT p.dst) AS clients,
	MIN(d.ts) AS first_ts,
	MAX(d.ts) AS last_ts
FROM dns AS d
LEFT JOIN packets AS p
	ON p.ts = d.ts AND p.capture_id = d.capture_id AND p.frame = d.frame
	AND p.ts >= :since AND p.ts < :until
WHERE d.ts >= :since AND d.ts < :until AND d.response = 1 AND d.rcode > 0
GROUP BY p.src, d.name, d.type, d.rcode
ORDER BY responses DESC, server, d.name, d.type
LIMIT :limit
