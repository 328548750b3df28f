#!/usr/bin/env bash
# No traffic or no data: coverage, and what status and metrics tell of sensors, spool and disk.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

spool=$PCAPANALYZER_HOME/spool
day=1735689600 # 2025-01-01 00:00:00; the sample begins there and takes 0.629631 s

event()
{
	csv2mysql event --spool "$spool" --sensor gate --interface "$@"
}

numbers()
{
	$PYTHON "$root/tests/e2e/prometheus.py" <"$work/out" >"$work/numbers" || fail "the format of the metrics"
}

metric()
{
	NAME=pcapanalyzer_$1 awk '{n = ENVIRON["NAME"] " "} index($0, n) == 1 {print substr($0, length(n) + 1)}' "$work/numbers"
}

# --- before there is a server ------------------------------------------------------------------

run 0 pcapanalyzer metrics
numbers
is "$(metric database_up) $(metric spool_waiting_batches)" "0 0" "metrics without a server: database_up 0"
[ ! -e "$PCAPANALYZER_HOME/db" ] || fail "metrics made a server"

# --- coverage ----------------------------------------------------------------------------------

run 0 pcapanalyzer import --sensor old "$samples/sample.pcap"
event eth0 --kind captured --from $day --until $((day + 60)) --packets 10 --bytes 1000
event eth0 --kind captured --from $((day + 60)) --until $((day + 120)) --packets 5
event eth0 --kind dropped --from $((day + 70)) --until $((day + 80)) --packets 3
event eth0 --kind captured --from $((day + 120)) --until $((day + 180)) --packets 0
event eth0 --kind stopped --from $((day + 180)) --until $((day + 240)) --detail 'by an operator'
event eth0 --kind clock --from $((day + 250)) --until $((day + 250)) --detail '2 s back'
event eth0 --kind captured --from $((day + 300)) --until $((day + 360)) --packets 7
event eth0 --kind lost --from $((day + 300)) --until $((day + 360)) --packets 7 --detail 'disk full'
event eth1 --kind captured --from $((day - 60)) --until $((day + 600)) --packets 0
run 0 pcapanalyzer load
run 0 pcapanalyzer coverage 2025-01-01 '2025-01-01 00:10:00' --sensor gate --format tsv
{
	printf 'sensor\tinterface\tfrom\tuntil\tstate\tpackets\tdropped\tlost\twhy\n'
	while IFS='|' read -r interface from until rest; do
		printf 'gate\t%s\t2025-01-01 %s.000000\t2025-01-01 %s.000000\t%s\n' \
			"$interface" "$from" "$until" "${rest//|/$'\t'}"
	done <<-'T'
		eth0|00:00:00|00:02:00|traffic|15|3|0|
		eth0|00:02:00|00:03:00|no traffic|0|0|0|
		eth0|00:03:00|00:04:00|no data|0|0|0|stopped: by an operator
		eth0|00:04:00|00:05:00|no data|0|0|0|nobody has told of a capture; clock: 2 s back
		eth0|00:05:00|00:06:00|no data|7|0|7|lost: disk full
		eth0|00:06:00|00:10:00|no data|0|0|0|nobody has told of a capture
		eth1|00:00:00|00:10:00|no traffic|0|0|0|
	T
} >"$work/want"
diff -u "$work/want" "$work/out" || fail "the coverage"
ok "coverage: traffic, no traffic, no data, and why"
is "$(awk -F'\t' 'NR > 1 {a[$2] += $6; d += $7; l += $8} END {print a["eth0"], d, l}' "$work/out")" \
	"$(sql "SELECT CONCAT(SUM(IF(kind = 'captured' AND interface = 'eth0', packets, 0)), ' ',
		SUM(IF(kind = 'dropped', packets, 0)), ' ', SUM(IF(kind = 'lost', packets, 0))) FROM coverage")" \
	"the totals are those of the table"
run 0 pcapanalyzer coverage '2024-12-31 23:59:59' '2025-01-01 00:00:01' --sensor old --format tsv
is "$(tail -n +2 "$work/out" | cut -f 2-8)" "$(printf '\t%s\t%s\t%s\t%s\t0\t0\n' \
	'2024-12-31 23:59:59.000000' '2025-01-01 00:00:00.000000' 'no data' 0 \
	'2025-01-01 00:00:00.000000' '2025-01-01 00:00:00.629632' traffic "$(packets_in "$samples/sample.pcap")" \
	'2025-01-01 00:00:00.629632' '2025-01-01 00:00:01.000000' 'no data' 0)" \
	"an imported capture is data from its first to its last packet"
# An event that names the capture stands for it.
sum=$(sha256sum <"$samples/sample.pcap")
csv2mysql event --spool "$spool" --sensor old --interface eth9 --kind captured --from $day \
	--until $((day + 1)) --sha256 "${sum%% *}"
run 0 pcapanalyzer load
run 0 pcapanalyzer coverage 2025-01-01 '2025-01-01 00:00:01' --sensor old --format tsv
is "$(tail -n +2 "$work/out" | cut -f 2,5,6)" "eth9	traffic	$(packets_in "$samples/sample.pcap")" \
	"a capture that an event names is not counted twice, and its packets are known"
run 0 pcapanalyzer coverage 2020-01-01 2020-01-02 --format json
is "$($PYTHON -c 'import json, sys
print(sorted((i["sensor"], i["interface"], i["state"]) for i in json.load(sys.stdin)))' <"$work/out")" \
	"[('gate', 'eth0', 'no data'), ('gate', 'eth1', 'no data'), ('old', 'eth9', 'no data')]" \
	"every interface that is known has an answer"
run 2 pcapanalyzer coverage 2025-01-02 2025-01-01
one_line 'before'
run 2 pcapanalyzer coverage 2025-01-02
one_line 'FROM and TO'

# --- status ------------------------------------------------------------------------------------

sql "INSERT INTO coverage (sensor_id, event_id, interface, kind, from_ts, until_ts, packets, detail)
	SELECT sensor_id, kind, 'eth0', kind, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, UTC_TIMESTAMP(6), n, ''
	FROM sensors, (SELECT 'dropped' AS kind, 11 AS n UNION SELECT 'lost', 22) AS k WHERE name = 'gate'"
csv2mysql event --spool "$spool" --sensor gate --interface eth0 --kind captured --from 1 --until 2
mkdir "$spool/aside/0123456789abcdef-0000000001"
run 0 pcapanalyzer status --json
$PYTHON - "$work/out" <<'PY' || fail "the JSON of status"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    s = json.load(f)
assert sorted(s) == ["captures", "database", "sensors", "spool"], s
by_name = {one["sensor"]: one for one in s["sensors"]}
gate, old = by_name["gate"], by_name["old"]
assert gate["dropped_24h"] == 11 and gate["lost_24h"] == 22, gate
assert gate["last_packet"] is None and gate["lag_s"] is None, gate
assert old["last_packet"] == "2025-01-01 00:00:00.629631" and old["lag_s"] > 0, old
assert abs(old["clock_skew_us"]) < 1000000 and old["waiting"] == 0 and old["last_seen"], old
assert [c["state"] for c in s["captures"]] == ["complete"], s["captures"]
assert s["spool"]["ready"] == 0 and s["spool"]["aside"] == 1 and s["spool"]["events"] == 1, s["spool"]
assert s["database"] == {"up": True, "ledger": 3, "error": None}, s["database"]
PY
ok "status --json"
run 0 pcapanalyzer status
grep -q '^gate .* 11 .* 22$' "$work/out" || fail "no line of the sensor: $(cat "$work/out")"
grep -q '^1 captures: 0 partial, 0 truncated; 1 batches, ' "$work/out" || fail "no totals"
ok "status for people"

# 130 captures, of which 125 are partial: the newest and some of these are shown.
sql "INSERT INTO captures (sensor_id, sha256, name, bytes)
	SELECT sensor_id, UNHEX(SHA2(i, 256)), CONCAT('made-', i), 1 FROM sensors,
	(WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 129) SELECT i FROM n) AS n
	WHERE name = 'gate';
	INSERT INTO batches (batch_id, capture_id, profile, profile_sha256, first_row, last_row, packets,
		rejected, filtered, cut, is_last, truncated, dialect, tshark, table_rows)
	SELECT CONCAT('made-', capture_id), capture_id, 'packets', '', 1, 5, 5, 0, 0, 0, name LIKE 'made-12_', 0, '', '', '{}'
	FROM captures WHERE name LIKE 'made-%'"
partial=$(sql "SELECT COUNT(*) FROM v_captures WHERE state = 'partial'")
run 0 pcapanalyzer status
grep -q "^130 captures: $partial partial, 0 truncated; 130 batches, " "$work/out" || fail "the totals: $(grep captures: "$work/out")"
is "$(grep -c ' made-' "$work/out") $(grep -o '[0-9]* more captures' "$work/err")" \
	"110 $((partial - 100)) more captures" "the newest and the partial ones are listed, and not all of them"
run 0 pcapanalyzer status --all
is "$(grep -c ' made-' "$work/out")" 129 "--all lists all"
sql "UPDATE batches SET first_row = 3, packets = 3 WHERE batch_id = (SELECT * FROM
	(SELECT MAX(batch_id) FROM batches b JOIN captures USING (capture_id) WHERE name LIKE 'made-12_') AS one)"
run 0 pcapanalyzer status --json
is "$($PYTHON -c 'import json, sys; print(sum(c["state"] == "partial" for c in json.load(sys.stdin)["captures"]))' <"$work/out")" \
	100 "with one more that lacks its beginning"
run 0 pcapanalyzer status
grep -q "^130 captures: $((partial + 1)) partial" "$work/out" || fail "a gap at the beginning is not seen"
ok "a gap makes a capture partial"

# --- metrics -----------------------------------------------------------------------------------

run 0 csv2mysql event --spool "$spool" --sensor $'a "b"\\c' --interface x --kind stopped --from 1 --until 2
run 0 pcapanalyzer load
rmdir "$spool/aside/0123456789abcdef-0000000001"
run 0 pcapanalyzer metrics
numbers
is "$(metric database_up) $(metric spool_waiting_events) $(metric spool_aside)" "1 0 0" "metrics of the spool"
is "$(metric 'dropped_packets_total{sensor="gate"}') $(metric 'lost_packets_total{sensor="gate"}')" "14 29" "drops and losses"
is "$(metric 'packets_total{sensor="old"}')" "$(packets_in "$samples/sample.pcap")" "packets"
is "$(metric 'batches_total{sensor="gate"}') $(metric 'captures_partial{sensor="gate"}')" "129 $((partial + 1))" "captures and batches"
is "$(metric 'batches_total{sensor="a \"b\"\\c"}')" 0 "a label with quotes and backslashes"
[ "$(metric 'lag_seconds{sensor="old"}' | cut -d. -f1)" -gt 1000000 ] || fail "the lag"
[ "$(metric disk_free_bytes)" -gt 0 ] || fail "the disk"
cp "$work/out" "$work/metrics"
run 0 pcapanalyzer metrics --output "$work/collector.prom"
[ ! -s "$work/out" ] || fail "--output writes to standard output too"
cp "$work/collector.prom" "$work/out"
numbers
is "$(grep -c . "$work/numbers") $(stat -c %a "$work/collector.prom") $(find "$work" -name 'collector.prom*' | wc -l)" \
	"$(grep -vc '^#' "$work/metrics") 644 1" "--output replaces the file"
run 1 pcapanalyzer metrics --output "$work/nothing/there.prom"
event eth0 --kind captured --from 3 --until 4
run 0 pcapanalyzer server stop
run 0 pcapanalyzer metrics
numbers
is "$(metric database_up) $(metric spool_waiting_events)" "0 1" "with the server away the spool's numbers come all the same"
one_line 'cannot reach'
csv2mysql --defaults-file="$PCAPANALYZER_HOME/run/client.cnf" status --spool "$spool" --format json >"$work/out" 2>"$work/err" && fail "status without a server"
is "$($PYTHON -c 'import json, sys
s = json.load(sys.stdin); print(s["database"]["up"], s["spool"]["events"], bool(s["database"]["error"]))' <"$work/out")" \
	"False 1 True" "and those of status --json"
