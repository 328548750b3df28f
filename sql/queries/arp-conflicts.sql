-- IPv4 addresses that several MAC addresses claim in ARP
SELECT
	INET6_NTOA(src) AS address,
	COUNT(DISTINCT eth_src) AS macs,
	GROUP_CONCAT(DISTINCT
		INSERT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX(eth_src)),
			11, 0, ':'), 9, 0, ':'), 7, 0, ':'), 5, 0, ':'), 3, 0, ':')
		SEPARATOR ' ') AS mac_list,
	COUNT(*) AS packets,
	MIN(ts) AS first_ts,
	MAX(ts) AS last_ts
FROM packets
WHERE ts >= :since AND ts < :until
	AND protocol = 'ARP' AND src IS NOT NULL AND src <> INET6_ATON('0.0.0.0')
GROUP BY src
HAVING macs > 1
ORDER BY macs DESC, address
LIMIT :limit
