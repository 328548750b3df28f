-- Addresses that DNS gave for a name, with who asked and who answered.
CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v_dns_lookups AS
SELECT
	a.ts,
	a.capture_id,
	a.frame,
	a.idx,
	INET6_NTOA(p.dst) AS client,
	INET6_NTOA(p.src) AS server,
	a.name,
	a.cname,
	INET6_NTOA(a.address) AS address
FROM dns_answers AS a
JOIN packets AS p ON p.ts = a.ts AND p.capture_id = a.capture_id AND p.frame = a.frame;
