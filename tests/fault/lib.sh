# shellcheck shell=bash
# What the fault tests share: captures that take a while to import.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

# make_big FILE PACKETS: a capture of many small flows, DNS and TCP.
make_big()
{
	$PYTHON - "$1" "$2" <<'PY'
import struct, sys
path, n = sys.argv[1], int(sys.argv[2])
def cs(b):
    if len(b) % 2: b += b"\0"
    s = sum(struct.unpack(">%dH" % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
eth = bytes.fromhex("020000000001020000000002") + b"\x08\x00"
with open(path, "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for i in range(n):
        src = bytes([10, 0, i >> 8 & 255, i & 255]); dst = b"\xc0\x00\x02\x35"
        name = b"\x06host%02x\x07example\x03com\x00" % (i & 255)
        dns = struct.pack(">HHHHHH", i & 65535, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
        udp = struct.pack(">HHHH", 1024 + i % 50000, 53, 8 + len(dns), 0) + dns
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i & 65535, 0, 64, 17, 0, src, dst)
        ip = ip[:10] + struct.pack(">H", cs(ip)) + ip[12:]
        p = eth + ip + udp
        f.write(struct.pack("<IIII", 1735689600 + i // 1000, i % 1000 * 1000, len(p), len(p)) + p)
PY
}

# The processes of this test called NAME: its home folder is in their command line or
# environment, so nobody else's are meant.
ours()
{
	local dir pid comm
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		# Without a process for each: an import is over before a slow look is.
		{ read -r comm <"$dir/comm"; } 2>/dev/null || continue
		[ "$comm" = "$1" ] || continue
		if tr '\0' '\n' 2>/dev/null <"$dir/environ" | grep -Fqs "$work" ||
			tr '\0' '\n' 2>/dev/null <"$dir/cmdline" | grep -Fqs "$work"; then
			printf '%s\n' "$pid"
		fi
	done
}

# nap MILLISECONDS
nap()
{
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# wait_for COMMAND...: until it succeeds; the service's messages are in $work/service.err.
wait_for()
{
	local left=600
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || fail "waited in vain for: $*; $(tail -qn 5 "$work"/*.err 2>/dev/null)"
		nap 50
	done
}

nothing_left()
{
	local left
	left=$(entries "$PCAPANALYZER_HOME/spool/ready" "$PCAPANALYZER_HOME/spool/tmp" \
		"$PCAPANALYZER_HOME/spool/aside")
	[ -z "$left" ] || fail "left in the spool: $left"
}

# all_there FILE...: the database holds exactly these captures, and verify agrees.
all_there()
{
	local want=0 file
	for file in "$@"; do
		want=$((want + $(packets_in "$file")))
	done
	is "$(sql 'SELECT COUNT(*), COUNT(DISTINCT capture_id, frame) FROM packets')" \
		"$want	$want" "packets, and each once"
	is "$(sql 'SELECT COUNT(*) FROM captures')" $# "captures"
	run 0 pcapanalyzer verify
	nothing_left
}
