#!/usr/bin/env bash
# plan: measured in a server of its own, of which nothing is left; the user's data are as before.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

export TMPDIR=$work/tmp
mkdir "$TMPDIR"
cat >"$work/small.profile" <<'P'
[small]
len  uint32 frame.len
key  len
P

make_big "$work/big.pcap" 20000

gone_without_trace()
{
	is "$(ls -A "$TMPDIR")" "" "nothing is left of $1"
	! pgrep -f -- "--datadir=$TMPDIR" >/dev/null || fail "a server is left of $1"
}

# column NAME: of the answer, which is TSV with a head.
column()
{
	awk -F'\t' -v name="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) at = i; next} {print $at}' "$work/out"
}

# --- usage -------------------------------------------------------------------------------------

run 2 pcapanalyzer plan
run 2 pcapanalyzer plan "$samples/sample.pcap" "$samples/cut.pcap"
run 2 pcapanalyzer plan -i lo "$samples/sample.pcap"
run 2 pcapanalyzer plan -i lo -i eth0
run 2 pcapanalyzer plan --seconds 5 "$samples/sample.pcap"
run 2 pcapanalyzer plan --rate much "$samples/sample.pcap"
one_line '^pcapanalyzer: error: option --rate: "much" is not a number of packets a second'
echo garbage >"$work/garbage"
run 1 pcapanalyzer plan "$work/garbage"
one_line "^pcapanalyzer: error: $work/garbage: not a pcap or pcapng file$"
run 1 pcapanalyzer plan "$work/missing"
run 1 pcapanalyzer plan "$samples/notacapture.pcap"
gone_without_trace "what was refused"
ok "wrong usage"

# --- a file ------------------------------------------------------------------------------------

# Whatever server the user has: the sample does not go there.
export PCAPANALYZER_DEFAULTS_FILE=$work/nowhere.cnf
printf '[pcapanalyzer]\nsocket=%s/nobody\n' "$work" >"$PCAPANALYZER_DEFAULTS_FILE"
run 0 pcapanalyzer plan --packets 15000 --rate 1000 --max-size 100G \
	--format tsv -p "$work/small.profile" "$work/big.pcap"
unset PCAPANALYZER_DEFAULTS_FILE
gone_without_trace "a plan"
[ ! -e "$PCAPANALYZER_HOME" ] || fail "plan made a folder of the user's"
grep -q "sample: 15000 of 20000 packets; rate: 1000 packets/s, as --rate has it; full: --max-size 100G" "$work/err" ||
	fail "what was assumed: $(cat "$work/err")"
keys=$(tshark2csv --print-profile | grep -c "^key ")
is "$(column profile | sort | uniq -c | awk '{print $2 " " $1}')" \
	"$work/small.profile 2
packets $((keys + 2))" "a row for each profile and choice of keys"
is "$(column keys | head -n 3 | paste -sd '|')" "all|none|without packets(src, ts)" "the choices by name"
is "$(column packets_per_s | sort -u)" 1000 "the rate"
column bytes_per_packet | awk '$1 <= 0 {exit 1}' || fail "bytes: $(cat "$work/out")"
# GB and days follow from the rate and the room.
paste <(column bytes_per_packet) <(column gb_per_day) <(column days_until_full) | awk '
	{ gb = $1 * 1000 * 86400 / 1e9; days = 107.374182400 / $2 }
	$2 < gb - 0.05 || $2 > gb + 0.05 || $3 < days - 0.1 || $3 > days + 0.1 {print; bad = 1}
	END {exit bad}' || fail "GB and days do not add up"
# Keys take room: with all of them more than with none, in each profile.
paste <(column profile) <(column keys) <(column gb_per_day) | awk -F'\t' '
	$2 == "all" {all[$1] = $3} $2 == "none" {none[$1] = $3}
	END {for (p in all) if (!(all[p] > none[p])) exit 1}' || fail "keys take no room: $(cat "$work/out")"
ok "a plan for a file"

# --- a signal ----------------------------------------------------------------------------------

pcapanalyzer plan "$samples/sample.pcap" >/dev/null 2>"$work/err" &
plan=$!
server_there()
{
	[ -n "$(find "$TMPDIR" -name mysqld.sock)" ]
}
wait_for server_there
kill -TERM $plan
rc=0
wait $plan || rc=$?
is "$rc" 143 "ended by the signal"
gone_without_trace "a plan that was ended"
# The file's own rate, from its first packet to its last.
n=$(packets_in "$samples/sample.pcap")
grep -q "sample: $n of $n packets; rate: $(awk -v n="$n" 'BEGIN {printf "%.3f", n / 0.629631}')[0-9]* packets/s, by its time stamps" "$work/err" ||
	fail "the rate of a file: $(cat "$work/err")"

# What a plan leaves that is killed, the next one takes away, whatever it does itself.
pcapanalyzer plan "$samples/sample.pcap" >/dev/null 2>"$work/err" &
plan=$!
wait_for server_there
kill -KILL $plan
wait $plan 2>/dev/null || true
[ -n "$(ls -A "$TMPDIR")" ] || fail "a plan that is killed leaves nothing"
run 1 pcapanalyzer plan "$work/none"
gone_without_trace "a plan that was killed"
run 2 pcapanalyzer plan -p none "$samples/sample.pcap"
grep -q 'there is no profile none' "$work/err" || fail "a profile that is none: $(cat "$work/err")"

# --- an interface ------------------------------------------------------------------------------

if [ "$(id -u)" -ne 0 ] || ! command -v dumpcap >/dev/null; then
	note "no capturing here"
	exit 0
fi
(while :; do
	printf x >/dev/udp/127.0.0.1/9 || true
	sleep 0.02
done) 2>/dev/null &
sender=$!
on_exit+=(stop_sender)
stop_sender()
{
	kill $sender 2>/dev/null
}
run 0 pcapanalyzer plan -i lo --seconds 2 --format json
grep -q 'as captured on lo in 2 seconds' "$work/err" || fail "lo: $(cat "$work/err")"
$PYTHON -c 'import json, sys
rows = json.load(sys.stdin)
assert rows[0]["packets_per_s"] > 1 and rows[0]["gb_per_day"] > 0, rows' <"$work/out"
gone_without_trace "a live plan"
ok "a plan for an interface"
