#!/usr/bin/env bash
# Packets that kill tshark: they are found and kept aside, and everything else is loaded as if
# nothing had happened. The tshark of this test is the real one behind a script that dies, hangs or
# runs out of memory at marked packets (poison.py).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

real=$(type -P tshark) || skip "no tshark"
poison=$PCAPANALYZER_HOME/spool/poison
runs=$work/runs
mkdir "$work/bad"
cat >"$work/bad/tshark" <<SH
#!/bin/bash
PATH=$PATH
lines=0 reads=0
for word; do
	case \$word in
	-r) reads=1 ;;
	-l) lines=1 ;;
	esac
done
[ \$reads = 1 ] || exec "$real" "\$@"
file=\$(mktemp)
trap 'rm -f "\$file"' EXIT
cat >"\$file"
exec <"\$file"
read -r at how < <($PYTHON "$root/tests/e2e/poison.py" scan "\$file")
echo "\$at \$(head -c 9 "\$file" | tr -dc 'a-z ')" >>"$runs"
if [ -z "\$at" ]; then
	"$real" "\$@"
	exit
fi
# What is in its buffer dies with it.
n=\$((at - 1))
[ \$lines = 1 ] || n=\$((n / 10 * 10))
"$real" "\$@" 2>/dev/null | head -n "\$n"
case \$how in
segv) kill -SEGV \$\$ ;;
hang) exit 124 ;;
mem)
	echo "GLib-ERROR **: failed to allocate 1073741824 bytes" >&2
	kill -TRAP \$\$
	;;
fail)
	echo "tshark: something went wrong in a dissector" >&2
	exit 1
	;;
esac
SH
chmod +x "$work/bad/tshark"


# Some are published before tshark dies.
small_batches 20
# A tshark that is a script of this test needs more files than the sandbox shows it.
rm "$bin/pcapsandbox"

make()
{
	$PYTHON "$root/tests/e2e/poison.py" make "$@"
}

bad()
{
	PATH=$work/bad:$PATH "$@"
}

# rows SENSOR FILE TABLE WITHOUT: all columns but the capture's number, without these frames; and
# without tshark's numbers of streams, which count those that an emptied packet did not begin.
rows()
{
	local columns
	columns=$(sql "SELECT GROUP_CONCAT(CONCAT('HEX(t.\`', column_name, '\`)') ORDER BY ordinal_position)
		FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '$3'
		AND column_name NOT IN ('capture_id', 'stream', 'batch_no')")
	sql "SELECT $columns FROM $3 t JOIN captures c USING (capture_id) JOIN sensors s USING (sensor_id)
		WHERE s.name = '$1' AND c.name LIKE '%/$2' AND t.frame NOT IN ($4) ORDER BY t.frame, 1"
}

# rejects SENSOR FILE COLUMN
rejects()
{
	sql "SELECT r.$3 FROM rejects r JOIN captures c USING (capture_id) JOIN sensors s USING (sensor_id)
		WHERE s.name = '$1' AND c.name LIKE '%/$2' ORDER BY r.frame"
}

# Of FILE the sensor bad has all but the frames, with the values that the sensor good has.
same_but()
{
	local file=$1 frames=$2 table
	for table in packets dns; do
		rows bad "$file" $table 0 >"$work/got"
		rows good "$file" $table "${frames:-0}" >"$work/want"
		[ -s "$work/want" ] || fail "$file: nothing to compare"
		cmp -s "$work/got" "$work/want" ||
			fail "$file: $table differs: $(diff "$work/got" "$work/want" | head -n 4)"
	done
	is "$(rejects bad "$file" frame | paste -sd ,)" "$frames" "$file: these are rejected, the rest is as ever"
}

# poisoned FILE FRAMES WORDS: kept, and the line for the user.
poisoned()
{
	grep -qE "/$1: $3" "$work/report" || fail "$1: the line is not: $3"
	kept "$1" "$2" "${4:-by itself}"
}

# kept FILE FRAMES WORDS: same_but, and what is kept of these frames.
kept()
{
	local file=$1 frames=$2 sha frame
	sha=$(sha256sum <"$work/captures/$file")
	for frame in ${frames//,/ }; do
		[ "$(packets_in "$(entries "$poison" | grep "${sha%% *}-$frame.pcap")")" = 1 ] ||
			fail "$file: frame $frame is not kept"
		grep -q "on frame $frame, $3" "$poison/${sha%% *}-$frame.reason" ||
			fail "$file: no reason for frame $frame"
	done
	same_but "$file" "$frames"
}

mkdir "$work/captures"
cd "$work/captures"
make start.pcap 50 1=poison-segv
make several.pcap 60 20=poison-segv 21=poison-hang 60=poison-mem
make state.pcap 50 10=poison-seed 40=poison-state
make heap.pcap 60 38=poison-heap
make exit.pcap 50 33=poison-exit
make kill.pcap 60 5=poison-segv 35=poison-heap
make cut.pcap 50 30=poison-fail
truncate -s 3000 cut.pcap
gzip cut.pcap
run 0 pcapanalyzer server start
run 3 pcapanalyzer import --sensor good "$work/captures"

# --- killed in the middle of it, and again ----------------------------------------------------------

# The import and its worker, which leads a session of its own, once tshark has run N times.
kill_after()
{
	local pid p
	: >"$runs"
	PATH=$work/bad:$PATH setsid pcapanalyzer import --sensor bad "$work/captures/kill.pcap" 2>/dev/null &
	pid=$!
	while [ "$(grep -c . "$runs")" -lt "$1" ] && kill -0 $pid 2>/dev/null; do
		sleep 0.05
	done
	for p in $pid $(pgrep -f "import-one.sh .*$work/captures/kill.pcap"); do
		kill -9 -- "-$p" 2>/dev/null || true
	done
	wait $pid 2>/dev/null || true
}

for n in 2 6 13; do
	kill_after $n
done

# --- all of them ------------------------------------------------------------------------------------

run 3 bad pcapanalyzer import --sensor bad "$work/captures"
cp "$work/err" "$work/report"
poisoned start.pcap 1 "tshark crashed \(signal 11\) on packet 1, which is kept aside in $poison; the rest is in"
is "$(rejects bad start.pcap reason | sed 's/[0-9a-f]\{64\}/SHA/')" \
	"tshark crashed (signal 11) on this packet; it is in .../poison/SHA-1.pcap" "the reason in the table"
grep -aq poison-segv "$poison"/*-1.pcap || fail "it is another packet"
poisoned several.pcap 20,21,60 'tshark died on packets 20, 21, 60, which are kept aside'
is "$(rejects bad several.pcap reason | sed 's/ on this.*//' | paste -sd ';')" \
	'tshark crashed (signal 11);tshark did not come back;tshark ran out of memory' \
	"each has its own reason"
poisoned state.pcap 40 'tshark crashed \(signal 11\) on packet 40,' 'only after other packets'
poisoned heap.pcap 38 'tshark crashed \(signal 11\) on packet 38,'
poisoned cut.pcap.gz 30 'cut short after 33 packets; these are in; tshark failed \(something went wrong in a dissector\) on packet 30,'
kept kill.pcap 5,35 'by itself' # the last of the killed imports may have been done with it
! grep -q exit.pcap "$work/report" || fail "dying behind the last packet keeps nothing aside"
grep -q "^capture: .*/start.pcap$" "$poison"/*-1.reason || fail "the reason names another capture"
same_but exit.pcap ''

run 3 pcapanalyzer verify
run_any pcapanalyzer status
grep -q "packets or captures that kill tshark are in $poison" "$work/err" || fail "status does not tell"
run_any pcapanalyzer doctor
grep -q 'BAD *poison' "$work/out" || fail "doctor does not tell"
ok "verify agrees; status and doctor tell"

# --- redissect, with a tshark that dies and with one that does not -------------------------------------

profile=$work/side.profile
printf '[side_packets]\nlen   uint32     frame.len\n' >"$profile"
run 3 bad pcapanalyzer import --sensor bad -p "$profile" start.pcap
is "$(sql 'SELECT COUNT(*) FROM side_packets')" 49 "another profile"
printf 'proto text(100)  frame.protocols\n' >>"$profile"
run 3 bad pcapanalyzer import --redissect --sensor bad -p "$profile" start.pcap
is "$(sql 'SELECT COUNT(*), COUNT(proto) FROM side_packets')" $'49\t49' "redissected by a tshark that dies"
printf 'name  text(100)  dns.qry.name\n' >>"$profile"
run 0 pcapanalyzer import --redissect --sensor bad -p "$profile" start.pcap
is "$(sql 'SELECT COUNT(*), COUNT(name) FROM side_packets')" $'50\t50' "redissected by one that does not: all are in"
run 3 pcapanalyzer verify
ok "verify agrees"

# --- what is no packet's fault --------------------------------------------------------------------

mkdir "$work/no"
make "$work/no/whole.pcap" 60 snaplen=31337
make "$work/no/grows.pcap" 120 snaplen=31338
printf 'a file of text\n' >"$work/no/text.pcap"
lists=$(entries "$poison" | grep -c '\.list$')
: >"$runs"
run 1 bad pcapanalyzer import --sensor bad "$work/no"
grep -q 'whole.pcap: tshark cannot read it: tshark crashed (signal 11) even when every packet is empty; the capture was left where it is' "$work/err" ||
	fail "poisonous as a whole: $(cat "$work/err")"
grep -q 'grows.pcap: .* ran out of memory wherever it has read for long enough.*give it more memory' "$work/err" ||
	fail "memory that grows: $(cat "$work/err")"
ok "captures that are poisonous as a whole, or in which memory grows, are refused in one line"
is "$(entries "$poison" | grep -c '\.list$')" "$lists" "nothing is written down of those"
is "$(grep -c 'a file of' "$runs")" 1 "what is no capture is not searched"
from_stdin()
{
	bad pcapanalyzer import --sensor bad - <"$work/no/whole.pcap"
}
run 1 from_stdin
one_line "kept as $poison/[0-9a-f]{64}.capture"
cmp "$poison"/*.capture "$work/no/whole.pcap" || fail "what came on standard input is lost"
ok "what came on standard input is kept"
