#!/usr/bin/env bash
# Crafted captures: a packet spoils at most its own row, and that one is kept aside, counted and
# told of. tests/data/make-hostile says what is in them; the big ones are made here.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
hostile=$work/hostile
$PYTHON "$samples/make-hostile" --all "$hostile" >"$work/out"
# What is kept in the tree is what the script makes.
for file in "$samples"/hostile/*.pcap*; do
	cmp -s "$file" "$hostile/${file##*/}" || fail "${file##*/} is not what make-hostile makes"
done
grep '^#' "$hostile/EXPECTED" >"$work/kept"
while IFS= read -r line; do
	[ ! -e "$samples/hostile/${line%%$'\t'*}" ] || printf '%s\n' "$line"
done < <(grep -v '^#' "$hostile/EXPECTED") >>"$work/kept"
cmp -s "$work/kept" "$samples/hostile/EXPECTED" || fail "EXPECTED is not what make-hostile makes"
ok "$(head -1 "$work/out")"

run 0 pcapanalyzer import "$hostile"/plain/*.pcap*
ok "harmless packets in place of the crafted ones: all stored"
run 0 pcapanalyzer status
! grep -qi 'aside' "$work/out" "$work/err" || fail "status tells of packets kept aside before there are any"
run 3 pcapanalyzer import "$hostile"/*.pcap*
client=$(client_command)
$PYTHON "$root/tests/e2e/hostile.py" packets --client "$client" "$hostile" || fail "crafted packets"
ok "only the crafted packets that no row can hold are kept aside; their neighbours are the same"
run_any pcapanalyzer verify
[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] || {
	cat "$work/out" "$work/err" >&2
	fail "verify: exit $rc"
}
ok "verify (exit $rc)"
aside=$(sql 'SELECT COUNT(*) FROM rejects')
[ "$aside" -gt 0 ] || fail "nothing is kept aside"
is "$(sql 'SELECT SUM(rejected) FROM batches')" "$aside" "packets kept aside are counted in the ledger"
run_any pcapanalyzer status
grep -hiE "(^|[^0-9])$aside([^0-9]|\$)" "$work/out" "$work/err" | grep -qi 'aside' || {
	cat "$work/out" "$work/err" >&2
	fail "status does not tell of $aside packets kept aside"
}
ok "status tells of them"
# What an attacker put there does not reach the terminal raw.
! LC_ALL=C grep -q $'[\001-\010\013\014\016-\037]' "$work/out" "$work/err" || fail "control bytes on the terminal"

run_any pcapanalyzer import -p "$samples/wide.profile" "$hostile"/*.pcap*
[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] || {
	tail "$work/err" >&2
	fail "import with wide.profile: exit $rc"
}
$PYTHON "$root/tests/e2e/hostile.py" texts --client "$client" "$hostile" || fail "texts"
ok "every text is what its dissector reads, byte for byte"
$PYTHON "$root/tests/e2e/wide.py" --profile "$samples/wide.profile" --client "$client" \
	"$hostile"/*.pcap* || fail "tables and tshark's JSON differ"
ok "every value equals tshark's"
