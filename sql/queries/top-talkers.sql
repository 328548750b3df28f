-- addresses with the most traffic, sent and received
-- The pairs are counted in one pass, and each of them then counts for both of its ends.
SELECT
	INET6_NTOA(IF(side.sent, pair.src, pair.dst)) AS address,
	SUM(pair.packets) AS packets,
	SUM(pair.bytes) AS bytes,
	SUM(IF(side.sent, pair.packets, 0)) AS packets_sent,
	SUM(IF(side.sent, pair.bytes, 0)) AS bytes_sent,
	SUM(IF(side.sent, 0, pair.packets)) AS packets_received,
	SUM(IF(side.sent, 0, pair.bytes)) AS bytes_received,
	MIN(pair.first_ts) AS first_ts,
	MAX(pair.last_ts) AS last_ts
FROM (
	SELECT src, dst, COUNT(*) AS packets, SUM(len) AS bytes,
		MIN(ts) AS first_ts, MAX(ts) AS last_ts
	FROM packets
	WHERE ts >= :since AND ts < :until
	GROUP BY src, dst
) AS pair
CROSS JOIN (SELECT 1 AS sent UNION ALL SELECT 0) AS side
WHERE IF(side.sent, pair.src, pair.dst) IS NOT NULL
GROUP BY address
ORDER BY bytes DESC, address
LIMIT :limit
