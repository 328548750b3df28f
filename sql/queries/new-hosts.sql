-- addresses that sent their first packet in this time
-- A scalar subquery, for MySQL turns NOT EXISTS into a join with all that came before.
SELECT
	INET6_NTOA(host.address) AS address,
	host.mac,
	host.first_ts,
	host.last_ts,
	host.packets,
	host.bytes
FROM (
	SELECT src AS address, MIN(ts) AS first_ts, MAX(ts) AS last_ts,
		COUNT(*) AS packets, SUM(len) AS bytes,
		INSERT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX(MIN(eth_src))),
			11, 0, ':'), 9, 0, ':'), 7, 0, ':'), 5, 0, ':'), 3, 0, ':') AS mac
	FROM packets
	WHERE ts >= :since AND ts < :until AND src IS NOT NULL
	GROUP BY src
) AS host
WHERE (
	SELECT earlier.ts FROM packets AS earlier
	WHERE earlier.src = host.address AND earlier.ts < :since
	LIMIT 1
) IS NULL
ORDER BY host.first_ts DESC, host.address
LIMIT :limit
