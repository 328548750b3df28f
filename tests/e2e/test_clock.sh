#!/usr/bin/env bash
# capture while the clock is set, forwards and back: packets come all the same, coverage tells of it
# and has no interval that nobody lived through.
# shellcheck source=tests/e2e/service.sh
. "$(dirname "$0")/service.sh"

dumpcap -q -i lo -a duration:1 -w "$work/probe.pcapng" >"$work/probe" 2>&1 ||
	skip "dumpcap may not capture on lo here: $(tail -n 1 "$work/probe")"
own_server
port=$((30000 + $$ % 10000))
# set_clock SECONDS: at once, so that nobody reads an empty file as no offset.
set_clock()
{
	echo "$1" >"$work/offset.new"
	mv "$work/offset.new" "$work/offset"
}
set_clock 0
other_clock "$work/offset" bash

send()
{
	local i
	for ((i = 0; i < 50; i++)); do
		printf 'number %d' $((sent += 1)) >/dev/udp/127.0.0.1/$port 2>/dev/null || sent=$((sent - 1))
	done
}

begin 'capturing on lo' "${other_clock[@]}" pcapanalyzer capture -i lo -f "udp dst port $port" --name t --rotate-seconds 1
for offset in 0 86400 -172800 -172700; do
	set_clock $offset
	send
	wait_for all_stored
done
dumpcap=$(cat "$PCAPANALYZER_HOME/capture/t/dumpcap.pid")
set_clock -259200
kill -KILL "$dumpcap"
wait_for grep -q 'capturing again' "$work/service.err"
send
wait_for all_stored
stop 0
is "$(said 'the clock was set by')" 4 "the clock is set four times"
is "$(sql "SELECT GROUP_CONCAT(ROUND(SUBSTRING_INDEX(SUBSTRING_INDEX(detail, ' ', -2), ' ', 1)) ORDER BY event_id) FROM
	(SELECT detail, ROW_NUMBER() OVER (ORDER BY from_ts) AS event_id FROM coverage WHERE kind = 'clock') AS c")" \
	"-86500,-259200,100,86400" "coverage tells of it"
is "$(sql "SELECT SUM(packets) FROM coverage WHERE kind = 'captured'")" "$(stored)" "coverage counts the packets"
is "$(sql "SELECT COUNT(*) FROM coverage WHERE until_ts < from_ts OR until_ts > from_ts + INTERVAL 60 SECOND")" 0 \
	"no interval is longer than the time it took"
run 0 pcapanalyzer verify
ok "verify"
