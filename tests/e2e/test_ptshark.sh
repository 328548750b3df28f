#!/usr/bin/env bash
# One capture dissected by several tsharks: the rows of one, and the same in the database; when one
# of them is killed, nothing that looks whole; and no process that stays behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

real=$(type -P tshark) || skip "no tshark"
read -r -a args < <(tshark2csv --tshark-args)

# compare FILE: rows, exit status and words of one tshark and of three.
compare()
{
	local one=0 three=0
	"$real" -r - "${args[@]}" <"$1" >"$work/one" 2>"$work/one.err" || one=$?
	ptshark -j 3 --min-packets 0 -r "$1" -- "$real" "${args[@]}" >"$work/three" \
		2>"$work/three.err" || three=$?
	cmp -s "$work/one" "$work/three" || {
		diff "$work/one" "$work/three" | head -n 4 | cut -c 1-500 >&2
		fail "${1##*/}: the rows differ"
	}
	[ $one = $three ] || fail "${1##*/}: exit status $one and $three"
	if ! diff <(grep -a '^tshark: ' "$work/one.err") <(grep -a '^tshark: ' "$work/three.err") >&2; then
		fail "${1##*/}: what tshark says differs"
	fi
}

n=0
for file in "$samples"/*.pcap* "$samples"/hostile/*.pcap*; do
	compare "$file"
	n=$((n + 1))
done
ok "$n captures, damaged ones among them, and the rows are those of one tshark"

# A capture that is large enough to be divided, of both formats, with and without interfaces.
big=$work/big.pcapng
repeat=()
for ((i = 0; i < 220; i++)); do repeat+=("$samples/sample.pcap"); done
mergecap -a -w "$big" "${repeat[@]}"
mergecap -a -F pcap -w "$work/big.pcap" "${repeat[@]}"
head -c 400000 "$big" >"$work/cut.pcapng"
head -c 400000 "$work/big.pcap" >"$work/cut.pcap"
for file in "$big" "$work"/big.pcap "$work"/cut.*; do
	compare "$file"
done
args+=(-e frame.time_delta -e frame.time_relative -e frame.interface_id)
compare "$big"
compare "$work/big.pcap"
ok "$(packets_in "$big") packets as pcapng and pcap, whole and cut"

# --- processes ----------------------------------------------------------------------------
# A tshark that reads its capture and then waits, so that it is there to be looked for.
mkdir "$work/slow"
cat >"$work/slow/tshark" <<SH
#!/bin/bash
cat >"$work/\$\$.fed"
exec -a pat-waits sleep 1000
SH
chmod +x "$work/slow/tshark"
waiting()
{
	pgrep -f '^pat-waits' || true
}
for signal in TERM HUP KILL; do
	setsid ptshark -j 2 --min-packets 0 -r "$samples/sample.pcap" -- "$work/slow/tshark" -T fields \
		-e frame.number >"$work/out" 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ "$(waiting | wc -l)" -lt 2 ] || break
		sleep 0.1
	done
	is "$(waiting | wc -l)" 2 "two of them wait"
	kill -$signal $pid
	rc=0
	{ wait $pid || rc=$?; } 2>/dev/null
	for ((i = 0; i < 50; i++)); do
		[ -n "$(waiting)" ] || break
		sleep 0.1
	done
	is "$(waiting)" '' "after $signal (status $rc) none is left"
done

# --- import -------------------------------------------------------------------------------
# stored: all that the tables say of the packets.
stored()
{
	sql 'SELECT batch_id, rows_packets FROM batches ORDER BY batch_id' 2>/dev/null ||
		sql 'SELECT batch_id FROM batches ORDER BY batch_id'
	for table in packets dns http tls; do
		sql "SELECT * FROM $table ORDER BY 1, 2, 3, 4"
	done
}

run 0 pcapanalyzer import -j 1 "$big"
stored >"$work/stored.1"
is "$(sql 'SELECT COUNT(*) FROM packets')" "$(packets_in "$big")" "packets with one job"
run 0 pcapanalyzer verify "$big"
pcapanalyzer server stop >/dev/null 2>&1
export PCAPANALYZER_HOME=$work/home2
run 0 pcapanalyzer import -j 2 "$big"
stored >"$work/stored.2"
cmp "$work/stored.1" "$work/stored.2" || fail "the tables differ"
ok "two jobs store the same"
run 0 pcapanalyzer import -j 2 "$big"
one_line 'already there'
pcapanalyzer server stop >/dev/null 2>&1

# One of two is killed in the middle: one tshark reads the capture again, from its beginning.
export PCAPANALYZER_HOME=$work/home3
cp -r "$prefix" "$work/prefix"
bin=$work/prefix/bin
rm "$bin/pcapsandbox" # its tshark is no script
mkdir "$work/bad"
cat >"$work/bad/tshark" <<SH
#!/bin/bash
PATH=$PATH
case "\$*" in
*frame.interface_id*) ;;
*) exec "$real" "\$@" ;;
esac
if mkdir "$work/one-dies" 2>/dev/null; then
	"$real" "\$@" | head -n 3000
	kill -KILL \$\$
fi
exec "$real" "\$@"
SH
chmod +x "$work/bad/tshark"
run 0 pcapanalyzer server start
PATH=$work/bad:$bin:${PATH#*:} run 0 pcapanalyzer import -j 2 "$big"
one_line 'killed .* with 2 of them at work; one has read it'
stored >"$work/stored.3"
cmp "$work/stored.1" "$work/stored.3" || fail "the tables differ"
ok "one of two is killed, and the same is stored"
