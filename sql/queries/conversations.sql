-- conversations with the most bytes, the client being who was seen to send first
SELECT
	INET6_NTOA(MAX(IF(way.place = 1, way.src, NULL))) AS client,
	MAX(IF(way.place = 1, way.src_port, NULL)) AS client_port,
	INET6_NTOA(MAX(IF(way.place = 1, way.dst, NULL))) AS server,
	MAX(IF(way.place = 1, way.dst_port, NULL)) AS server_port,
	MAX(way.proto) AS proto,
	SUM(IF(way.place = 1, way.packets, 0)) AS packets_from_client,
	SUM(IF(way.place = 1, 0, way.packets)) AS packets_from_server,
	SUM(IF(way.place = 1, way.bytes, 0)) AS bytes_from_client,
	SUM(IF(way.place = 1, 0, way.bytes)) AS bytes_from_server,
	SUM(way.bytes) AS bytes,
	MIN(way.first_ts) AS first_ts,
	MAX(way.last_ts) AS last_ts,
	way.community_id
FROM (
	SELECT community_id, src, src_port, dst, dst_port, proto,
		COUNT(*) AS packets, SUM(len) AS bytes, MIN(ts) AS first_ts, MAX(ts) AS last_ts,
		ROW_NUMBER() OVER (
			PARTITION BY community_id ORDER BY MIN(ts), src, src_port
		) AS place
	FROM packets
	WHERE ts >= :since AND ts < :until AND community_id IS NOT NULL
	GROUP BY community_id, src, src_port, dst, dst_port, proto
) AS way
GROUP BY way.community_id
ORDER BY bytes DESC, way.community_id
LIMIT :limit
