#!/usr/bin/env bash
# One capture dissected by several tsharks: the rows of one, and the same in the database; when one
# of them is killed, nothing that looks whole; and no process that stays behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

real=$(type -P tshark) || skip "no tshark"
read -r -a args < <(tshark2csv --tshark-args)

# said FILE: the words of three, or of the one in their place, which is given the file by its name.
said()
{
	grep -a '^tshark: ' "$work/three.err" | sed "s|file \"$1\"|standard input|"
}

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
	if ! diff <(grep -a '^tshark: ' "$work/one.err") <(said "$1") >&2; then
		fail "${1##*/}: what tshark says differs"
	fi
}

# alone ARG...: what cannot be divided is what tshark prints without us.
alone()
{
	"$real" -r "$samples/sample.pcap" "$@" >"$work/one" 2>/dev/null
	run 0 ptshark -j 3 --min-packets 0 -r "$samples/sample.pcap" -- "$real" "$@"
	cmp -s "$work/one" "$work/out" || fail "with $* the rows differ"
}
alone -T fields -e frame.number -e frame.len -e frame.number
alone -n2 -R tcp -T fields -e frame.number
alone -T fields -e frame.number tcp and ip
ok "a field twice, two passes and a filter at the end: one tshark"

n=0
for file in "$samples"/*.pcap* "$samples"/hostile/*.pcap*; do
	compare "$file"
	n=$((n + 1))
done
ok "$n captures, damaged ones among them, and the rows are those of one tshark"

# An end that SIP announces, met by RTP of many addresses: one conversation, whoever has them.
python3 - "$work/announced.pcap" <<'PY'
import socket
import struct
import sys


def udp(src, dst, sport, dport, data):
    packet = struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(packet), 1, 0, 64, 17, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + packet


sdp = "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 30000 RTP/AVP 0\r\n"
invite = ("INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\n"
          f"Content-Length: {len(sdp)}\r\n\r\n{sdp}")
packets = [udp("10.0.0.1", "10.0.0.2", 5060, 5060, invite.encode())]
for i in range(40):
    rtp = struct.pack(">BBHII", 0x80, 0, i, i * 160, 7) + bytes(160)
    packets.append(udp("10.0.0.1", f"10.0.1.{i % 8}", 30000, 40000, rtp))
    packets.append(udp(f"10.0.2.{i}", "10.0.3.1", 1000, 9, b"x"))
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    for i, packet in enumerate(packets):
        out.write(struct.pack("<IIII", 1, i, len(packet), len(packet)) + packet)
PY
compare "$work/announced.pcap"
ok "an announced end is one stream in all of them"

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

# One worker has a packet now and then, and keeps its rows, while another prints more than may wait.
python3 - "$work/seldom.pcap" <<'PY'
import struct
import sys

with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    for i in range(70000):
        data = struct.pack(">HHHH", 1000, 9, 1008, 0) + bytes(1000)
        ends = b"\x0a\0\0\1\x0a\0\0\2" if i % 20000 else b"\x0a\0\0\3\x0a\0\0\4"
        packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 20 + len(data), 1, 0, 64, 17, 0, ends) + data
        out.write(struct.pack("<IIII", 1, i, len(packet), len(packet)) + packet)
PY
compare "$work/seldom.pcap"
ok "rows that one keeps come out while another goes on"

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
*" -Y "*) ;;
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
