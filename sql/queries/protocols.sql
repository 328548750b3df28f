-- packets and bytes of each protocol
SELECT
	protocol,
	COUNT(*) AS packets,
	ROUND(100 * COUNT(*) / SUM(COUNT(*)) OVER (), 2) AS packets_percent,
	SUM(len) AS bytes,
	ROUND(100 * SUM(len) / SUM(SUM(len)) OVER (), 2) AS bytes_percent,
	MIN(ts) AS first_ts,
	MAX(ts) AS last_ts
FROM packets
WHERE ts >= :since AND ts < :until
GROUP BY protocol
ORDER BY bytes DESC, protocol
LIMIT :limit
