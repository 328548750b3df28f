-- packets and bytes of each minute, the latest first
SELECT
	DATE_FORMAT(ts, '%Y-%m-%d %H:%i') AS minute,
	COUNT(*) AS packets,
	SUM(len) AS bytes,
	ROUND(SUM(len) * 8 / 60) AS bits_per_second,
	COUNT(DISTINCT src) AS senders
FROM packets
WHERE ts >= :since AND ts < :until
GROUP BY minute
ORDER BY minute DESC
LIMIT :limit
