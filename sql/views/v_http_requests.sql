-- HTTP requests with the addresses of their packets.
CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v_http_requests AS
SELECT
	h.ts,
	h.capture_id,
	h.frame,
	INET6_NTOA(p.src) AS client,
	p.src_port AS client_port,
	INET6_NTOA(p.dst) AS server,
	p.dst_port AS server_port,
	h.method,
	h.host,
	h.uri,
	h.version,
	h.user_agent,
	h.referer
FROM http AS h
JOIN packets AS p ON p.ts = h.ts AND p.capture_id = h.capture_id AND p.frame = h.frame
WHERE h.method IS NOT NULL;
