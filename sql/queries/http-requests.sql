-- HTTP requests, the latest first
SELECT
	h.ts,
	INET6_NTOA(p.src) AS client,
	INET6_NTOA(p.dst) AS server,
	p.dst_port AS server_port,
	h.method,
	h.host,
	h.uri,
	h.user_agent,
	h.capture_id,
	h.frame
FROM http AS h
LEFT JOIN packets AS p
	ON p.ts = h.ts AND p.capture_id = h.capture_id AND p.frame = h.frame
	AND p.ts >= :since AND p.ts < :until
WHERE h.ts >= :since AND h.ts < :until AND h.method IS NOT NULL
ORDER BY h.ts DESC, h.capture_id DESC, h.frame DESC
LIMIT :limit
