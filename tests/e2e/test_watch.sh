#!/usr/bin/env bash
# watch: files that others finish in a folder, each packet once; files that are not finished, that
# grow, that come again under an old name, that are no captures; nasty names; the database away,
# the service stopped and killed.
# shellcheck source=tests/e2e/service.sh
. "$(dirname "$0")/service.sh"

in=$work/in
mkdir -p "$in/sub/dir"
own_server
holder=
on_exit+=(end_holder)
end_holder()
{
	[ -z "$holder" ] || kill $holder 2>/dev/null
}

# watch OPTION...: start it, and return when it looks.
watch()
{
	begin watching pcapanalyzer watch --settle 1 --sensor w "$@" "$in"
}

# put FILE PACKETS [COMMAND...]: a capture that is to be stored. No two have as many packets, so
# that no two are the same.
put()
{
	local file=$1 packets=$2
	make_big "$file" "$packets"
	sent=$((sent + packets))
}

# Files of another program that captures, where it may; the last one is finished when it ends.
live()
{
	dumpcap -q -i lo -f 'udp dst port 9' -a duration:2 -b duration:1 -w "$in/live.pcapng" 2>"$work/dumpcap.err" &
	local dumpcap=$! i
	for ((i = 0; i < 20; i++)); do
		! grep -qs "^File: " "$work/dumpcap.err" || break
		nap 50
	done
	for ((i = 0; i < 40; i++)); do
		printf 'number %d' $i >/dev/udp/127.0.0.1/9 2>/dev/null || true
		nap 30
	done
	if wait $dumpcap; then
		for i in "$in"/live_*; do
			sent=$((sent + $(packets_in "$i")))
		done
		note "dumpcap wrote $(entries "$in" | grep -c /live_) files"
	else
		note "dumpcap may not capture on lo here: $(tail -n 1 "$work/dumpcap.err")"
	fi
}

reading()
{
	pgrep -f -- "import-one.sh [0-9]* $in/$1 "
}

each_once()
{
	is "$(sql 'SELECT COUNT(*), COUNT(DISTINCT capture_id, frame) FROM packets')" "$sent	$sent" "$1"
	run 0 pcapanalyzer verify
}

# --- what is finished, and what is not --------------------------------------------------------

# shellcheck disable=SC2016  # as they stand
names=($'new\nline [x]*?\\.pcap' $'end\n' '-dash $(touch pwned)] "'\'' .pcap' $'\xff\xfe  .pcap')
n=100
for name in "${names[@]}"; do
	put "$in/$name" $((n += 1))
done
put "$in/sub/dir/deep.pcap" 120
put "$in/ring.pcap" 121
put "$in/grows.pcap" 122
put "$in/old.pcap" 123
touch -d '1960-01-01 00:00:00.5' "$in/old.pcap"
put "$in/future.pcap" 124
touch -d '2100-01-01' "$in/future.pcap"
cp "$samples/sample.pcap" "$in/.hidden.pcap"
cp "$samples/notacapture.pcap" "$in"
: >"$in/empty.pcap"
# Someone still has this one open, and this one is cut and was changed a moment ago.
opened=$'open [x]*?\n'
make_big "$in/$opened" 130
sleep 600 >>"$in/$opened" &
holder=$!
make_big "$work/whole.pcap" 131
head -c 9000 "$work/whole.pcap" >"$in/cut.pcap"

watch
live
wait_for all_stored
is "$(stored)" $sent "finished files are stored, whatever their names are and in sub-folders"
run 1 pcapanalyzer watch "$in"
one_line 'another watch'
nap 3000 # as long as it takes to settle
is "$(stored)" $sent "a file that somebody has open waits, and a capture that was cut just now"
[ ! -e pwned ] || fail "a name was run as a command"

kill $holder
tail -c +9001 "$work/whole.pcap" >>"$in/cut.pcap"
sent=$((sent + 130 + 131 + 130))
tail -c +25 "$work/whole.pcap" >>"$in/grows.pcap"
# The same file, begun again: all of that capture but its first packet, which takes 94 bytes.
{ head -c 24 "$work/whole.pcap"; tail -c +$((24 + 94 + 1)) "$work/whole.pcap"; } >"$in/ring.pcap"
wait_for all_stored
tail -c +25 "$work/whole.pcap" >>"$in/grows.pcap"
nap 2500
is "$(stored)" $sent "they are stored when they are finished, and a name that is used again twice"
is "$(said 'grows.pcap has grown') $(said 'notacapture.pcap: not a capture')" "1 1" \
	"a file that grew is told of once, and left alone; and one that is no capture"
stop 3
each_once "every packet once"

# --- stopped, and started again ---------------------------------------------------------------

# That it has grown is known by the memory alone, which is lost below.
rm "$in/grows.pcap" "$in/notacapture.pcap"
watch
nap 2500
stop 0
is "$(said 'stopped: 0 captures')" 1 "what was read is not read again"
memory=$(find "$PCAPANALYZER_HOME/watch" -type f ! -name '*.lock')
head -c 300 "$memory" >"$work/torn"
mv "$work/torn" "$memory"
watch
put "$in/big.pcap" 9000
wait_for reading big.pcap
stop 0
each_once "a memory that is damaged costs time; what is being read at the end is stored"
watch
put "$in/killed.pcap" 9001
wait_for reading killed.pcap
kill_service
watch
wait_for all_stored
stop 0
each_once "killed in the middle"

# --- removed when it is stored ----------------------------------------------------------------

run 0 at_server server stop
put "$in/first.pcap" 150
put "$in/changes.pcap" 151
both_wait()
{
	[ "$(entries "$PCAPANALYZER_HOME/spool/ready" | wc -l)" -eq 2 ]
}
watch --remove --drain-seconds 1
wait_for both_wait
stop 4
tail -c +25 "$work/whole.pcap" >>"$in/changes.pcap"
watch --remove
nap 2500
[ -e "$in/first.pcap" ] || fail "a file was removed while its rows are in the spool"
[ ! -e "$in/sub/dir/deep.pcap" ] || fail "a file that was stored before is not removed"
run 0 at_server server start
gone()
{
	[ ! -e "$in/first.pcap" ]
}
wait_for gone
stop 0
is "$(find "$in" -type f -printf '%f\n' | sort | tr '\n' ' ')" \
	".hidden.pcap changes.pcap empty.pcap " "removed when stored, but not what has changed since"
each_once "every packet once"
