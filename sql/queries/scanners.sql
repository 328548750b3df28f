-- addresses that tried many hosts or ports, those with the fewest answers first
-- Counted are TCP connection attempts, UDP to a lower port, echo requests and ARP requests, each
-- with its answers, and a refused connection is not answered.
SELECT
	INET6_NTOA(target.address) AS address,
	COUNT(*) AS targets,
	SUM(target.answers = 0) AS unanswered,
	COUNT(DISTINCT target.host) AS hosts,
	COUNT(DISTINCT target.port) AS ports,
	SUM(target.attempts) AS attempts,
	MIN(target.first_ts) AS first_ts,
	MAX(target.last_ts) AS last_ts
FROM (
	SELECT
		IF(attempt, src, dst) AS address,
		IF(attempt, dst, src) AS host,
		IF(attempt, dst_port, src_port) AS port,
		SUM(IF(attempt, 1, 0)) AS attempts,
		SUM(IF(attempt, 0, 1)) AS answers,
		MIN(ts) AS first_ts,
		MAX(ts) AS last_ts
	FROM (
		SELECT ts, src, dst, src_port, dst_port,
			tcp_flags & 18 = 2
				OR (proto = 17 AND dst_port < src_port)
				OR (proto = 1 AND icmp_type = 8)
				OR (proto = 58 AND icmp_type = 128)
				OR (protocol = 'ARP' AND eth_dst = X'FFFFFFFFFFFF') AS attempt,
			tcp_flags & 18 = 18
				OR (proto = 17 AND src_port < dst_port)
				OR (proto = 1 AND icmp_type = 0)
				OR (proto = 58 AND icmp_type = 129)
				OR (protocol = 'ARP' AND eth_dst <> X'FFFFFFFFFFFF') AS answer
		FROM packets
		WHERE ts >= :since AND ts < :until AND src IS NOT NULL AND dst IS NOT NULL
	) AS packet
	WHERE attempt OR answer
	GROUP BY address, host, port
	HAVING attempts > 0
) AS target
GROUP BY target.address
HAVING hosts >= 16 OR ports >= 16
ORDER BY unanswered DESC, targets DESC, address
LIMIT :limit
