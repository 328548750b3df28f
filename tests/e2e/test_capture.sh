#!/usr/bin/env bash
# capture: live packets of the loopback interface, each once and in time; the database away, the
# disk limit reached, the service killed and started again; coverage tells of all of it.
# shellcheck source=tests/e2e/service.sh
. "$(dirname "$0")/service.sh"

dumpcap -q -i lo -a duration:1 -w "$work/probe.pcapng" >"$work/probe" 2>&1 ||
	skip "dumpcap may not capture on lo here: $(tail -n 1 "$work/probe")"

own_server
port=$((20000 + $$ % 10000))
# capture OPTION...: start it, and return when it listens.
capture()
{
	begin 'capturing on lo' pcapanalyzer capture -i lo -f "udp dst port $port" --name t --rotate-seconds 2 "$@"
}

# send FROM TO [BYTES]: numbered packets, 500 a second, large ones half as many.
send()
{
	$PYTHON - "$port" "$@" <<'PY'
import socket, sys, time
port, first, last = map(int, sys.argv[1:4])
fill = b"x" * (int(sys.argv[4]) if len(sys.argv) > 4 else 20)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(first, last + 1):
    s.sendto(b"number %06d " % i + fill, ("127.0.0.1", port))
    time.sleep(0.004 if len(fill) > 20 else 0.002)
PY
	sent=$((sent + $2 - $1 + 1))
}

# --- packets come in time, and each once ------------------------------------------------------

capture
send 1 300
start=$EPOCHSECONDS
wait_for all_stored
note "the last row is there after $((EPOCHSECONDS - start)) s"
run 1 pcapanalyzer capture -i lo --name t
one_line 'another capture called t is running'
send 301 400
stop 0
is "$(stored)" $sent "captured until the end, and stored at the end"
is "$(sql "SELECT SUM(packets) FROM coverage WHERE kind = 'captured'")" $sent "coverage counts the same packets"
is "$(entries "$PCAPANALYZER_HOME"/capture/t/*/ "$PCAPANALYZER_HOME/spool/ready" "$PCAPANALYZER_HOME/spool/coverage" | wc -l)" 0 "nothing waits"
run 0 pcapanalyzer verify
ok "verify"
gapless

# --- the database is away ---------------------------------------------------------------------

run 0 at_server server stop
capture --drain-seconds 2
send 401 600
waiting()
{
	[ -n "$(entries "$PCAPANALYZER_HOME/spool/ready")" ]
}
wait_for waiting
send 601 700
stop 4
grep -q 'wait on disk' "$work/service.err" || fail "it does not say that captures wait: $(cat "$work/service.err")"
run 0 at_server server start
capture
wait_for all_stored
stop 0
is "$(stored)" $sent "what was captured while the database was away is stored afterwards"
is "$(sql "SELECT COUNT(*) FROM coverage WHERE kind = 'stopped' AND detail LIKE '%not running%'")" 2 \
	"the time in which nobody captured is told"
gapless

# --- killed -----------------------------------------------------------------------------------

capture
send 701 800
nap 3000
kill_service
dumpcap_gone()
{
	[ -z "$(ours dumpcap)" ]
}
wait_for dumpcap_gone
ok "dumpcap ends with the service"
capture
wait_for all_stored
dumpcap=$(cat "$PCAPANALYZER_HOME/capture/t/dumpcap.pid")
kill -KILL "$dumpcap"
wait_for grep -q 'capturing again' "$work/service.err"
send 801 900
wait_for all_stored
stop 0
is "$(sql "SELECT COUNT(*) FROM coverage WHERE kind = 'stopped' AND detail LIKE 'dumpcap ended%'")" 1 \
	"a dumpcap that was killed is told of"
is "$(sql 'SELECT COUNT(*), COUNT(DISTINCT capture_id, frame) FROM packets')" "$sent	$sent" \
	"every packet is there once"
run 0 pcapanalyzer verify
gapless

# --- the disk limit ---------------------------------------------------------------------------

# Reading is stuck, so files queue. The filter lives shortly: no time for ours().
filters()
{
	pgrep -f -- "tshark2csv --spool $PCAPANALYZER_HOME/" || true
}
stuck()
{
	local pids
	pids=$(filters)
	# shellcheck disable=SC2086  # several
	[ -n "$pids" ] && kill -STOP $pids
}
before=$(stored)
capture -j 1 --max-queue 300K --drain-seconds 1
send 901 2100 1000 &
sender=$!
for _ in $(seq 1000); do
	! stuck || break
	nap 10
done
wait_for grep -q 'dropped unread' "$work/service.err"
wait $sender
# Still stuck: files wait when the time to drain is over.
stop 4
for pid in $(filters); do
	kill -KILL "$pid"
done
capture
nap 1500
stop 0
lost=$(sql "SELECT SUM(packets) FROM coverage WHERE kind = 'lost'")
is $(($(stored) + lost)) $((before + 1200)) "what was dropped at the limit is counted: $lost lost"
[ "$lost" -gt 0 ] || fail "nothing was dropped"
run 0 pcapanalyzer verify

# --- wrong usage ------------------------------------------------------------------------------

run 1 pcapanalyzer capture -i nosuchinterface
one_line 'nosuchinterface.*doctor'
run 2 pcapanalyzer capture
one_line 'capture needs -i'
run 2 pcapanalyzer capture -i lo --max-queue lots
one_line 'not a size'
