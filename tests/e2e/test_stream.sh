#!/usr/bin/env bash
# A row that tshark has printed is on standard output within a second.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
mapfile -t words < <(tshark2csv --tshark-args | tr ' ' '\n' | sed '/^$/d')

# A slow writer in tshark's place: one row every 0.7 s, each stamped when it was printed.
tshark "${words[@]}" -r "$samples/sample.pcap" 2>/dev/null >"$work/all"
head -n 4 "$work/all" >"$work/rows"
[ "$(wc -l <"$work/rows")" -eq 4 ] || fail "tshark printed no rows"
$PYTHON - "$work/rows" <<'PY' || fail "rows come late"
import subprocess, sys, time, select, os
rows = open(sys.argv[1], "rb").read().splitlines(True)
p = subprocess.Popen(["tshark2csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worst = 0
for row in rows:
    start = time.monotonic()
    # In two pieces: half a row must not hold up anything.
    p.stdin.write(row[:20]); p.stdin.flush(); time.sleep(0.05)
    p.stdin.write(row[20:]); p.stdin.flush()
    got = b""
    while not got.endswith(b"\n"):
        left = 1.0 + 0.05 - (time.monotonic() - start)
        if left <= 0 or not select.select([p.stdout], [], [], left)[0]:
            sys.exit("no row after a second")
        piece = os.read(p.stdout.fileno(), 65536)
        if not piece:
            sys.exit("tshark2csv ended")
        got += piece
    worst = max(worst, time.monotonic() - start)
    time.sleep(0.4)
p.stdin.close()
if p.wait() != 0:
    sys.exit("exit code %d" % p.returncode)
print("ok    a row comes out within %.0f ms" % (worst * 1000))
PY

# The same with tshark itself on the loopback interface, where that is allowed.
if ! timeout 20 tshark -q -i lo -a duration:1 -w "$work/try.pcapng" >/dev/null 2>&1; then
	note "live part NOT RUN: no right to capture on lo"
	exit 0
fi
port=$((20000 + RANDOM % 20000))
mkfifo "$work/fifo"
: >"$work/live.csv" # the filter's shell makes it only when tshark's has opened the pipe
timeout 40 tshark -Q -i lo -c 6 -f "udp dst port $port" -l "${words[@]}" 2>"$work/tshark.err" >"$work/fifo" &
live=$!
tshark2csv --format rfc4180 <"$work/fifo" >"$work/live.csv" &
filter=$!
stop_live()
{
	kill "$live" "$filter" 2>/dev/null
}
on_exit+=(stop_live)
# Send until the first row is there (tshark needs a while to open the interface), ...
deadline=$((SECONDS + 25))
while [ "$(wc -l <"$work/live.csv")" -lt 2 ]; do
	[ $SECONDS -lt $deadline ] || fail "no live row: $(tail -2 "$work/tshark.err")"
	printf x >"/dev/udp/127.0.0.1/$port" || true
	sleep 1.2
done
# ... then one packet at a time, each of which must show while traffic is this slow.
sent=$(wc -l <"$work/live.csv")
late=0
while kill -0 $live 2>/dev/null && [ "$sent" -lt 6 ]; do
	printf x >"/dev/udp/127.0.0.1/$port" || true
	sleep 2
	have=$(wc -l <"$work/live.csv")
	[ "$have" -gt "$sent" ] || late=$((late + 1))
	sent=$have
	[ $late -lt 3 ] || fail "live rows come late"
done
for _ in 1 2 3 4 5 6; do
	kill -0 $live 2>/dev/null || break
	printf x >"/dev/udp/127.0.0.1/$port" || true
	sleep 0.3
done
wait $filter || fail "tshark2csv: exit $?"
is "$(tail -n +2 "$work/live.csv" | grep -c ",$port,")" 6 "live rows of loopback packets"
