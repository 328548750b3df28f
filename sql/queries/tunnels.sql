-- tunnels: the outer and the inner addresses
SELECT
	INET6_NTOA(o.src) AS outer_src,
	INET6_NTOA(o.dst) AS outer_dst,
	o.kind AS outer_kind,
	o.proto AS outer_proto,
	o.dst_port AS outer_port,
	i.kind AS inner_kind,
	COUNT(*) AS packets,
	COUNT(DISTINCT i.src, i.dst) AS inner_pairs,
	INET6_NTOA(MIN(i.src)) AS an_inner_src,
	INET6_NTOA(MIN(i.dst)) AS an_inner_dst,
	MIN(o.ts) AS first_ts,
	MAX(o.ts) AS last_ts
FROM layers AS o
JOIN layers AS i
	ON i.ts = o.ts AND i.capture_id = o.capture_id AND i.frame = o.frame AND i.idx = o.idx + 1
	AND i.ts >= :since AND i.ts < :until
WHERE o.ts >= :since AND o.ts < :until AND o.quoted = 0 AND i.quoted = 0
GROUP BY o.src, o.dst, o.kind, o.proto, o.dst_port, i.kind
ORDER BY packets DESC, outer_src, outer_dst, outer_port
LIMIT :limit
