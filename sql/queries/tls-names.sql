-- server names that TLS clients asked for
SELECT
	t.sni AS name,
	COUNT(*) AS hellos,
	COUNT(DISTINCT p.src) AS clients,
	COUNT(DISTINCT p.dst) AS servers,
	INET6_NTOA(MIN(p.dst)) AS a_server,
	COUNT(DISTINCT t.ja3) AS client_programs,
	MIN(t.ts) AS first_ts,
	MAX(t.ts) AS last_ts
FROM tls AS t
LEFT JOIN packets AS p
	ON p.ts = t.ts AND p.capture_id = t.capture_id AND p.frame = t.frame
	AND p.ts >= :since AND p.ts < :until
WHERE t.ts >= :since AND t.ts < :until AND t.sni IS NOT NULL
GROUP BY t.sni
ORDER BY hellos DESC, t.sni
LIMIT :limit
