#!/usr/bin/env bash
# The made samples: import, again, verify, questions, differences to tshark, bad input.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

n=$(packets_in "$samples/sample.pcap")
run 0 pcapanalyzer import "$samples/sample.pcap"
[ ! -s "$work/out" ] || note "import prints: $(head -1 "$work/out")"
is "$(sql 'SELECT COUNT(*) FROM packets')" "$n" "packets of one capture"
run 0 pcapanalyzer verify
ok "verify"

before=$(fingerprint)
run 0 pcapanalyzer import "$samples/sample.pcap"
grep -qi 'already' "$work/err" "$work/out" || fail "the second import does not say that it is there"
is "$(fingerprint)" "$before" "a second import adds nothing"

# Compressed copies are files of their own.
mkdir "$work/more"
gzip -nc "$samples/sample.pcap" >"$work/more/a.pcap.gz"
for tool in zstd lz4; do
	if command -v $tool >/dev/null; then
		$tool -q "$samples/sample.pcap" -o "$work/more/a.pcap.$tool" 2>/dev/null ||
			$tool -q -c "$samples/sample.pcap" >"$work/more/a.pcap.$tool"
	fi
done
run 0 pcapanalyzer import "$work/more"
copies=$(find "$work/more" -type f | wc -l)
is "$(sql 'SELECT COUNT(*) FROM packets')" $((n * (copies + 1))) "a folder of $copies compressed copies"
run 0 pcapanalyzer import "$samples/sample-ns.pcapng"
is "$(sql "SELECT COUNT(DISTINCT iface) FROM packets WHERE iface <> ''")" 1 "the interface's name"

run 3 pcapanalyzer import "$samples/cut.pcap"
is "$(sql 'SELECT COUNT(*), SUM(truncated) FROM captures WHERE truncated')" "1	1" \
	"a cut capture is recorded as truncated"
run 3 pcapanalyzer verify
ok "verify tells of a truncated capture by exit code 3"

run 1 pcapanalyzer import "$samples/notacapture.pcap"
grep -q notacapture "$work/err" || fail "the message does not name the file"
: >"$work/empty.pcap"
run_any pcapanalyzer import "$work/empty.pcap"
note "an empty file: exit $rc, $(head -1 "$work/err")"
run_any pcapanalyzer import "$work/missing.pcap"
[ "$rc" -ne 0 ] || fail "a missing file is no error"
one_line 'missing\.pcap'
ok "a missing file: one line"
is "$(sql 'SELECT COUNT(*) FROM captures')" $((copies + 3)) "bad files leave nothing behind"

# A capture that gets the name of another while that is looked at: the lock holds the import there.
cp "$samples/sample.pcap" "$work/ring.pcap"
editcap -t 1000 "$samples/sample.pcap" "$work/next.pcap"
editcap -t 2000 "$samples/sample.pcap" "$work/ring.pcap"
cp "$work/ring.pcap" "$work/first.pcap"
exec 9>"$PCAPANALYZER_HOME/run/schema.lock"
flock 9
pcapanalyzer import "$work/ring.pcap" >"$work/out" 2>"$work/err" 9>&- &
pid=$!
for ((i = 0; i < 200; i++)); do
	[ -z "$(find "$PCAPANALYZER_HOME/run" -path '*/work.0/stat' -size +0)" ] || break
	sleep 0.05
done
[ $i -lt 200 ] || fail "the capture is not looked at ahead"
mv "$work/next.pcap" "$work/ring.pcap"
exec 9>&-
wait $pid || fail "import of a name that changed: $(cat "$work/err")"
run 3 pcapanalyzer verify "$work/ring.pcap" # that other one is cut
is "$(sed -n '2p' "$work/out" | cut -f 2-)" "$n	$n	0	ok" "what was read is what the name stands for"
run 0 pcapanalyzer import "$work/first.pcap"
is "$(sql 'SELECT COUNT(*) FROM captures')" $((copies + 5)) "a name that changes: each capture once"
is "$(sql 'SELECT TIMESTAMPDIFF(SECOND, (SELECT MIN(ts) FROM packets WHERE capture_id = 1), MIN(ts)) AS later
	FROM packets WHERE capture_id IN (SELECT capture_id FROM captures WHERE name LIKE "%/ring.pcap"
	OR name LIKE "%/first.pcap") GROUP BY capture_id ORDER BY later' | paste -s -d ' ')" "1000 2000" \
	"and its own rows"

# Standard input.
cat "$samples/sample-ns.pcapng" >"$work/stdin.pcapng"
printf '' >>"$work/stdin.pcapng"
before=$(fingerprint)
pcapanalyzer import - <"$work/stdin.pcapng" >"$work/out" 2>"$work/err" || fail "import -: $(cat "$work/err")"
is "$(fingerprint)" "$before" "the same bytes on standard input are the same capture"

[ -z "$(entries "$PCAPANALYZER_HOME/spool/ready" "$PCAPANALYZER_HOME/spool/tmp")" ] ||
	fail "something is left in the spool"
ok "the spool is empty"

# Questions, in every format.
run 0 pcapanalyzer query
questions=$(awk 'NF {print $1}' "$work/out")
[ "$(wc -l <<<"$questions")" -ge 8 ] || fail "fewer than eight canned questions"
for question in $questions; do
	run 0 pcapanalyzer query "$question"
	[ "$(wc -l <"$work/out")" -ge 1 ] || fail "$question prints not even a header"
done
ok "$(wc -l <<<"$questions") canned questions: $(tr '\n' ' ' <<<"$questions")"
for question in top-talkers conversations protocols dns-names http-requests tls-names tcp-problems new-hosts; do
	grep -qx -- "$question" <<<"$questions" || fail "no question $question"
done
run 0 pcapanalyzer query --format json 'SELECT 1 AS a, NULL AS b, "x\ty" AS c'
$PYTHON - "$work/out" <<'PY' || fail "the JSON is not as expected"
import json, sys
rows = json.load(open(sys.argv[1]))
assert len(rows) == 1 and str(rows[0]["a"]) == "1" and rows[0]["b"] is None and rows[0]["c"] == "x\ty", rows
PY
run 0 pcapanalyzer query --format csv 'SELECT 1 AS a, NULL AS b, "x,""y" AS c'
is "$(tr -d '\r' <"$work/out" | tail -1)" '1,,"x,""y"' "CSV quotes"
run 0 pcapanalyzer query 'SELECT src, dst FROM v_packets WHERE src IS NOT NULL LIMIT 1'
grep -qE '[0-9a-f]+[.:][0-9a-f.:]+' "$work/out" || fail "the view's addresses are not readable"
run_any pcapanalyzer query 'DELETE FROM packets'
[ "$rc" -ne 0 ] || fail "a query may write"
ok "query cannot write"
run_any pcapanalyzer query 'SELECT nonsense'
[ "$rc" -eq 1 ] || [ "$rc" -eq 5 ] || fail "bad SQL: exit $rc"
one_line nonsense
run 0 pcapanalyzer status
ok "status"

$PYTHON "$root/tests/e2e/differential.py" --client "$(client_command)" \
	"$samples"/*.pcap "$samples"/*.pcapng "$work"/more/* || fail "tables and tshark differ"
ok "every value equals tshark's"
# That comparison sees a wrong value, a row too many, a row that is missing.
sql "UPDATE packets SET src_port = src_port + 1 WHERE frame = 9;
	UPDATE packets SET info = CONCAT(info, ' ') WHERE frame = 12;
	INSERT INTO dns_answers SELECT ts, ts_ns, capture_id, frame, idx + 9, name, address, cname, cut
		FROM dns_answers LIMIT 1;
	DELETE FROM layers LIMIT 1"
if $PYTHON "$root/tests/e2e/differential.py" --client "$(client_command)" \
	"$samples/sample.pcap" "$samples/sample-ns.pcapng" "$work"/more/* >"$work/out"; then
	fail "the comparison does not see planted differences"
fi
for words in 'frame 9: packets.src_port is' 'frame 12: packets.info is' 'table dns_answers has' 'table layers has'; do
	grep -q "$words" "$work/out" || {
		cat "$work/out" >&2
		fail "the comparison does not see: $words"
	}
done
ok "the comparison finds planted differences"
run 1 pcapanalyzer verify
ok "verify finds the planted rows"
