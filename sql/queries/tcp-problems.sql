-- TCP senders with retransmissions, losses, full windows and resets
SELECT
	INET6_NTOA(src) AS sender,
	INET6_NTOA(dst) AS receiver,
	LEAST(src_port, dst_port) AS service_port,
	COUNT(*) AS packets,
	SUM(tcp_analysis <> '' OR tcp_flags & 4 > 0) AS problems,
	ROUND(100 * SUM(tcp_analysis <> '' OR tcp_flags & 4 > 0) / COUNT(*), 2) AS problems_percent,
	SUM(FIND_IN_SET('retransmission', tcp_analysis) > 0) AS retransmissions,
	SUM(FIND_IN_SET('fast_retransmission', tcp_analysis) > 0) AS fast_retransmissions,
	SUM(FIND_IN_SET('spurious_retransmission', tcp_analysis) > 0) AS spurious_retransmissions,
	SUM(FIND_IN_SET('out_of_order', tcp_analysis) > 0) AS out_of_order,
	SUM(FIND_IN_SET('lost_segment', tcp_analysis) > 0) AS lost_segments,
	SUM(FIND_IN_SET('duplicate_ack', tcp_analysis) > 0) AS duplicate_acks,
	SUM(FIND_IN_SET('zero_window', tcp_analysis) > 0) AS zero_windows,
	SUM(FIND_IN_SET('window_full', tcp_analysis) > 0) AS windows_full,
	SUM(tcp_flags & 4 > 0) AS resets
FROM packets
WHERE ts >= :since AND ts < :until AND tcp_flags IS NOT NULL
GROUP BY src, dst, LEAST(src_port, dst_port)
HAVING problems > 0
ORDER BY problems DESC, sender, receiver, service_port
LIMIT :limit
