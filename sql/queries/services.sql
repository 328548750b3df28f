-- servers that accepted TCP connections, by address and port
SELECT
	INET6_NTOA(src) AS server,
	src_port AS server_port,
	COUNT(*) AS accepted,
	COUNT(DISTINCT dst) AS clients,
	MIN(ts) AS first_ts,
	MAX(ts) AS last_ts
FROM packets
WHERE ts >= :since AND ts < :until AND tcp_flags & 18 = 18
GROUP BY src, src_port
ORDER BY clients DESC, accepted DESC, server, server_port
LIMIT :limit
