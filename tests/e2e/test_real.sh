#!/usr/bin/env bash
# Real captures: import all of a folder, verify, again, and compare values with tshark's.
# The folder is $PCAPANALYZER_CAPTURES, or shared/captures/ndpi beside this tree. REAL_EVERY=N
# compares every value of each N-th capture (default 3, which leaves others for tests/matrix; 1 for
# all): tshark has to start again for each, which takes as long as the import.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
captures=${PCAPANALYZER_CAPTURES:-$root/../shared/captures/ndpi}
every=${REAL_EVERY:-3}
[ -d "$captures" ] || skip "no folder of real captures (set PCAPANALYZER_CAPTURES)"

started=$SECONDS
run_any pcapanalyzer import "$captures"
note "import of $(find "$captures" -type f | wc -l) files: exit $rc, $((SECONDS - started)) s"
head -n 30 "$work/err"
[ "$rc" -eq 0 ] || [ "$rc" -eq 1 ] || [ "$rc" -eq 3 ] || fail "import: exit $rc"

run_any pcapanalyzer verify
[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] || {
	cat "$work/out" "$work/err" >&2
	fail "verify: exit $rc"
}
ok "verify (exit $rc)"

# The counts again, by capinfos and the client alone.
mapfile -t files < <(find "$captures" -type f ! -name 'README*' | sort)
sql 'SELECT LOWER(HEX(sha256)), SUM(b.packets + b.rejected + b.filtered), c.truncated FROM captures c
	JOIN batches b USING (capture_id) GROUP BY c.capture_id, c.sha256, c.truncated' >"$work/stored"
sha256sum -- "${files[@]}" | sed 's/  */\t/' >"$work/sums"
# It fails when one of them is cut, and tells the counts of all.
capinfos -Mc -Tr "${files[@]}" >"$work/counts" 2>"$work/err" || true
awk -F '\t' '
	FILENAME ~ /stored$/ {stored[$1] = $2; cut[$1] = $3; next}
	FILENAME ~ /counts$/ {counted[$1] = $2; next}
	!($1 in stored) && counted[$2] > 0 {print $2 ": not stored, capinfos counts " counted[$2]; next}
	!($1 in stored) {print "note  not stored: " $2 >"/dev/stderr"; next}
	!cut[$1] && stored[$1] != counted[$2] {
		print $2 ": " stored[$1] " stored, capinfos counts " counted[$2]
	}
	END {exit NR < 3}' "$work/stored" "$work/counts" "$work/sums" >"$work/bad" || fail "nothing was counted"
[ ! -s "$work/bad" ] || {
	cat "$work/bad" >&2
	fail "$(wc -l <"$work/bad") captures do not add up"
}
ok "$(wc -l <"$work/stored") captures hold what capinfos counts"

before=$(fingerprint)
run_any pcapanalyzer import "$captures"
[ "$(fingerprint)" = "$before" ] || fail "a second import changed something"
ok "a second import adds nothing (exit $rc)"

mapfile -t some < <(printf '%s\n' "${files[@]}" | awk -v n="$every" '(NR - 1) % n == 0')
note "comparing ${#some[@]} captures, every $every."
$PYTHON "$root/tests/e2e/differential.py" --client "$(client_command)" "${some[@]}" ||
	fail "tables and tshark differ"
ok "every value equals tshark's"
