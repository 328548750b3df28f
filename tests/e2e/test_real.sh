#!/usr/bin/env bash
# Real captures: import all of a folder, verify, again, and compare every value with tshark's.
# The folder is $PCAPANALYZER_CAPTURES, or shared/captures/ndpi beside this tree.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
captures=${PCAPANALYZER_CAPTURES:-$root/../shared/captures/ndpi}
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
sql 'SELECT LOWER(HEX(sha256)), SUM(b.packets + b.rejected + b.filtered), c.truncated FROM captures c
	JOIN batches b USING (capture_id) GROUP BY c.capture_id, c.sha256, c.truncated' | sort >"$work/stored"
bad=0
loaded=0
while IFS= read -r -d '' file; do
	sum=$(sha256sum <"$file")
	sum=${sum%% *}
	stored=$(grep "^$sum" "$work/stored" | cut -f2 || true)
	truncated=$(grep "^$sum" "$work/stored" | cut -f3 || true)
	counted=$(packets_in "$file")
	if [ -z "$stored" ]; then
		if [ "$counted" -ne 0 ]; then
			echo "$file: not stored, capinfos counts $counted" >&2
			bad=$((bad + 1))
		else
			note "not stored: ${file##*/}"
		fi
		continue
	fi
	loaded=$((loaded + 1))
	if [ "$stored" -ne "$counted" ] && [ "$truncated" = 0 ]; then
		echo "$file: $stored stored, capinfos counts $counted" >&2
		bad=$((bad + 1))
	fi
done < <(find "$captures" -type f ! -name 'README*' -print0)
[ $bad -eq 0 ] || fail "$bad captures do not add up"
ok "$loaded captures hold what capinfos counts"

before=$(fingerprint)
run_any pcapanalyzer import "$captures"
[ "$(fingerprint)" = "$before" ] || fail "a second import changed something"
ok "a second import adds nothing (exit $rc)"

mapfile -t files < <(find "$captures" -type f ! -name 'README*' | sort)
$PYTHON "$root/tests/e2e/differential.py" --client "$(client_command)" "${files[@]}" ||
	fail "tables and tshark differ"
ok "every value equals tshark's"
