#!/usr/bin/env bash
# The plugin pcapfields: through it tshark prints what it prints without it, and an import stores
# the same; and when it cannot be used, an import does without.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

real=$(type -P tshark) || skip "no tshark"
plugin=$(find "$prefix" -name pcapfields.so)
[ -n "$plugin" ] || skip "pcapfields was not built: no package libwireshark-dev"
global=$(tshark -G folders 2>/dev/null | sed -n 's/^Global Plugins:[[:space:]]*//p')

# As pcapanalyzer does it; the folders may belong to nobody, for root.
user=()
[ "$(id -u)" -ne 0 ] || user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
plugins=$work/plugins/${global##*/}
mkdir -p "$plugins"
cp -rs "$global/." "$plugins/"
cp "$plugin" "$plugins/epan/"
chmod -R a+rX "$work"
# As nobody, programs in a folder that is root's alone cannot be started.
mkdir "$work/bin"
cp "$bin/ptshark" "$work/bin/"

# tapped COMMAND...: with the plugin where tshark finds it.
tapped()
{
	env HOME=/nonexistent WIRESHARK_PLUGIN_DIR="$work/plugins" "${user[@]}" "$@"
}
tapped "$real" -z help 2>&1 | grep -qx '[[:space:]]*pcapfields' || fail "$("$real" --version 2>/dev/null | head -n 1) does not take the plugin"

# compare FILE ARG...: rows, status and tshark's words of one tshark, of one through the tap, and of
# three.
compare()
{
	local file=$1 one=0 tap=0 three=0
	shift
	tapped "$real" -r - "$@" <"$file" >"$work/one" 2>"$work/one.err" || one=$?
	tapped "$work/bin/ptshark" -j 1 --tap -- "$real" "$@" <"$file" >"$work/tap" 2>"$work/tap.err" || tap=$?
	cmp -s "$work/one" "$work/tap" || {
		diff "$work/one" "$work/tap" | head -n 4 | cut -c 1-500 >&2
		fail "${file##*/}: the rows differ"
	}
	[ $one = $tap ] || fail "${file##*/}: exit status $one and $tap"
	diff <(grep -a '^tshark: ' "$work/one.err") <(grep -a '^tshark: ' "$work/tap.err") >&2 ||
		fail "${file##*/}: what tshark says differs"
	tapped "$work/bin/ptshark" -j 3 --min-packets 0 --tap -- "$real" "$@" <"$file" >"$work/three" \
		2>/dev/null || three=$?
	cmp -s "$work/one" "$work/three" || fail "${file##*/}: the rows of three differ"
	[ $one = $three ] || fail "${file##*/}: exit status $one and $three"
}

read -r -a args < <(tshark2csv --tshark-args --dialect "$(case ${global##*/} in 4.0) echo 4.0 ;; *) echo 4.4 ;; esac)")
n=0
for file in "$samples"/*.pcap* "$samples"/hostile/*.pcap*; do
	compare "$file" "${args[@]}"
	n=$((n + 1))
done
ok "$n captures, damaged ones among them, and the rows are those without the tap"

# ICMP errors of every length: what is cut inside the packet that they quote; and a packet with more
# taps than Wireshark has room for.
$PYTHON - "$work/icmp.pcap" "$work/taps.pcap" <<'PY'
import struct
import sys


def ip(proto, data, length=None):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data) if length is None else length, 1, 0,
                       64, proto, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + data


def udp(data):
    return ip(17, struct.pack(">HHHH", 53, 5353, 8 + len(data), 0) + data)


def write(path, packets):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for i, (data, length) in enumerate(packets):
            out.write(struct.pack("<IIII", 1700000000 + i, 0, len(data), length) + data)


eth = bytes(12) + b"\x08\x00"
error = eth + ip(1, struct.pack(">BBHI", 3, 1, 0, 0) + udp(bytes(12) + b"\3www\3foo\0\0\1\0\1"))
write(sys.argv[1], [(error[:n], len(error)) for n in range(14, len(error) + 1)])
requests = b"GET / HTTP/1.0\r\n\r\n" * 9000
many = eth + ip(6, struct.pack(">HHIIBBHHH", 50000, 80, 1, 0, 0x50, 0x18, 8192, 0, 0) + requests, 0)
few = eth + udp(b"hello")
write(sys.argv[2], [(p, len(p)) for p in (few, many, few)])
PY
compare "$work/icmp.pcap" "${args[@]}"
ok "packets that are cut inside an error"
compare "$samples/sample.pcap" -n -T fields -e frame.number
compare "$samples/sample.pcap" -nl -T fields -E occurrence=f -E aggregator=/s -e frame.number \
	-eip.src -e dns.a -e tcp.analysis.retransmission -e _ws.col.Info
compare "$samples/sample.pcap" -T fields -Eoccurrence=l -e frame.number -e ip.ttl -e ip.dsfield.dscp
ok "other fields and forms"

# What the tap cannot print, or what is not one word, is printed without it.
compare "$samples/sample.pcap" -nT fields -e frame.number -e ip.src
compare "$samples/sample.pcap" -T fields -e frame.number -e ip.src -e ip.src
ok "what is said in another way is left to -T fields"

# refused WORDS PATTERN
refused()
{
	run 1 tapped "$real" -q -z "pcapfields,$1" -r "$samples/sample.pcap"
	[ ! -s "$work/out" ] || fail "it prints all the same"
	grep -qE "^tshark: pcapfields: $2" "$work/err" || fail "it says $(tail -n 1 "$work/err")"
}
refused 'e:tcp' 'tcp: it is a line of text'
refused 'e:_ws.col.Length' '_ws.col.[Ll]ength: it is not the same'
refused 'e:text' 'text: it is not the same'
refused 'e:_ws.expert.message' '_ws.expert.message: it is not the same'
refused 'e:frame.nonsense' "Some fields aren't valid: frame.nonsense"
refused 'e:ip.src'$'\n''E:nonsense' '-E nonsense is not known'
refused 'e:ip.src'$'\n''Y:(' ''
refused 'e:ip.src'$'\n''nonsense' 'nonsense: not known'
refused '' 'there is no field'
ok "what it refuses, in a line"

# --- import ---------------------------------------------------------------------------------------
# Nobody else's folders are looked at here, and tshark's user can enter it.
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
chmod 1777 "$TMPDIR"
stored()
{
	for table in packets dns http tls layers; do
		sql "SELECT * FROM $table ORDER BY 1, 2, 3, 4"
	done
	sql 'SELECT name, packets, rejects FROM captures ORDER BY 1' 2>/dev/null || true
}
sum_of_all()
{
	# One at a time, so that each has the same number.
	run_any pcapanalyzer import -j 1 "$samples"/*.pcap*
	stored | sha256sum
}
# with HOME PREFIX
with()
{
	pcapanalyzer server stop >/dev/null 2>&1 || true
	export PCAPANALYZER_HOME=$work/$1
	bin=$2/bin PATH=$2/bin:${PATH#*:}
}
agreed()
{
	cat "$PCAPANALYZER_HOME"/wireshark/*/accepted.*
}

first=$(sum_of_all)
usable=1
if [ -x "$bin/pcapsandbox" ] || [ "$(id -u)" -ne 0 ]; then
	[ "$(agreed)" = tap ] || fail "an import does not use the tap"
	ok "an import uses the tap"
else
	usable=0
fi
is "$(entries "$TMPDIR")" '' "its folder is gone"

cp -r "$prefix" "$work/prefix"
own=$(find "$work/prefix" -name pcapfields.so)
rm "$own"
with home2 "$work/prefix"
is "$(sum_of_all)" "$first" "without the plugin the same is stored"
is "$(agreed)" '' "and no tap"
run_any pcapanalyzer doctor
grep -q '^note pcapfields *not built' "$work/out" || fail "the doctor does not say so"

echo nonsense >"$own"
with home3 "$work/prefix"
is "$(sum_of_all)" "$first" "with a plugin that tshark cannot load, too"
run_any pcapanalyzer doctor
grep -q '^note pcapfields *tshark does not take' "$work/out" || fail "the doctor does not say so"

# A field that the tap refuses.
cat >"$work/line.profile" <<'P'
[lines]
line text(200) tcp
P
cp "$plugin" "$own"
with home4 "$work/prefix"
run 0 pcapanalyzer import -p "$work/line.profile" "$samples/sample.pcap"
is "$(agreed)" '' "a protocol's line is printed without the tap"

# Rows that the tap loses are missed, and a capture that is cut is read without it.
head -c -10 "$work/icmp.pcap" >"$work/cut.pcap"
with home6 "$work/prefix"
for file in taps cut; do
	run_any pcapanalyzer import "$work/$file.pcap"
	is "$(sql "SELECT rows_packets FROM batches ORDER BY batch_id DESC LIMIT 1" 2>/dev/null ||
		sql "SELECT COUNT(*) FROM packets JOIN captures USING (capture_id) WHERE name LIKE '%$file.pcap'")" \
		"$(packets_in "$work/$file.pcap")" "$file: packets"
done

# It works on nothing, which is how it is asked, and not on captures: these are read again.
if [ $usable = 1 ]; then
	mv "$work/prefix/bin/ptshark" "$work/prefix/bin/ptshark.real"
	cat >"$work/prefix/bin/ptshark" <<SH
#!/bin/bash
case "\$*" in
*--tap*)
	if [ -s /dev/stdin ]; then
		"$work/prefix/bin/ptshark.real" "\$@" | head -n 20
		echo crashed >>"$work/crashed"
		kill -SEGV \$\$
	fi
	;;
esac
exec "$work/prefix/bin/ptshark.real" "\$@"
SH
	chmod +x "$work/prefix/bin/ptshark"
	with home5 "$work/prefix"
	is "$(sum_of_all)" "$first" "when a capture fails through the tap, it is read again without"
	[ -s "$work/crashed" ] || fail "the tap was not used"
fi
