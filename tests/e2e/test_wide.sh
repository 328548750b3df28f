#!/usr/bin/env bash
# A profile of hundreds of fields of every type against tshark's JSON, value by value: our own
# samples, and some of the real captures ($PCAPANALYZER_CAPTURES, or shared/captures/ndpi beside
# this tree). WIDE_EVERY=N takes every N-th of these (default 15; 1 for all).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
captures=${PCAPANALYZER_CAPTURES:-$root/../shared/captures/ndpi}
every=${WIDE_EVERY:-15}
profile=$samples/wide.profile
mapfile -t files < <(find "$samples" -maxdepth 1 -name 'sample*.pcap*' | sort)
if [ -d "$captures" ]; then
	mapfile -t real < <(find "$captures" -type f ! -name 'README*' | sort | awk -v n="$every" 'NR % n == 0')
	files+=("${real[@]}")
	note "${#real[@]} real captures, every $every. of $captures"
else
	note "no folder of real captures (set PCAPANALYZER_CAPTURES): only our own samples"
fi

run_any pcapanalyzer import -p "$profile" "${files[@]}"
[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] || {
	tail "$work/err" >&2
	fail "import: exit $rc"
}
ok "import (exit $rc)"
client=$(client_command)
$PYTHON "$root/tests/e2e/wide.py" --profile "$profile" --client "$client" "${files[@]}" ||
	fail "tables and tshark's JSON differ"
ok "every value equals tshark's"

# That comparison sees a wrong value, a row too many, a row that is missing, in any table.
sum=$(sha256sum <"$samples/sample.pcap")
id=$(sql "SELECT capture_id FROM captures WHERE sha256 = UNHEX('${sum%% *}')")
sql "UPDATE w_frame SET info_all = CONCAT(info_all, ' ') WHERE capture_id = $id LIMIT 1;
	UPDATE w_net SET tcp_options = NULL WHERE capture_id = $id AND tcp_options IS NOT NULL LIMIT 1;
	UPDATE w_frame SET cut = cut + 1 WHERE capture_id = $id LIMIT 1;
	DELETE FROM w_layer WHERE capture_id = $id AND idx = 1 LIMIT 1;
	INSERT INTO w_dns_each (ts, ts_ns, capture_id, frame, idx) SELECT ts, ts_ns, capture_id, frame,
		idx + 1000 FROM w_dns_each WHERE capture_id = $id LIMIT 1"
if $PYTHON "$root/tests/e2e/wide.py" --profile "$profile" --client "$client" \
	"$samples/sample.pcap" >"$work/out"; then
	fail "the comparison does not see planted differences"
fi
grep -q ' 5 differences' "$work/out" || {
	cat "$work/out" >&2
	fail "the comparison does not see all planted differences"
}
ok "the comparison finds planted differences"
