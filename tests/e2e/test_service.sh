#!/usr/bin/env bash
# capture as the systemd unit starts it: a user without rights, two capabilities for dumpcap and
# for nothing else, a private server that somebody else starts, kill -9.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "only root can start it as another user"
# The user can perhaps not read where the build is.
cp -R "$prefix" "$work/prefix"
chown -R nobody "$work"

# What User=, AmbientCapabilities=, CapabilityBoundingSet= and NoNewPrivileges= come to.
as_service=(setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs
	"--inh-caps=-all,+net_raw,+net_admin" "--ambient-caps=-all,+net_raw,+net_admin"
	"--bounding-set=-all,+net_raw,+net_admin" --
	env HOME="$work" PATH="$work/prefix/bin:$PATH")
"${as_service[@]}" dumpcap -q -i lo -a duration:1 -w "$work/probe.pcapng" >"$work/probe" 2>&1 ||
	skip "dumpcap may not capture on lo with these capabilities: $(tail -n 1 "$work/probe")"

service=
stop_service()
{
	[ -z "$service" ] || kill -KILL "$service" 2>/dev/null
	"${as_service[@]}" pcapanalyzer server stop >/dev/null 2>&1
}
on_exit+=(stop_service)

port=$((20000 + $$ % 10000))
# Start it, and return when it listens.
capture()
{
	: >"$work/service.err"
	"${as_service[@]}" PCAPANALYZER_SERVER_START=never pcapanalyzer capture -i lo -f "udp dst port $port" --name t \
		--rotate-seconds 1 >/dev/null 2>"$work/service.err" </dev/null &
	service=$!
	wait_for grep -q '^pcapanalyzer: capturing on lo' "$work/service.err"
}

send()
{
	$PYTHON -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(50):
    s.sendto(b"%d" % i, ("127.0.0.1", int(sys.argv[1])))' "$port"
}

# capabilities PID SET: those of the set (CapPrm, CapAmb) that the process has, as the kernel writes them.
capabilities()
{
	sed -n "s/^$2:[[:space:]]*0*//p" "/proc/$1/status"
}

# none PID WHAT: it has no capability, and cannot get one.
none()
{
	local set
	for set in CapPrm CapEff CapInh CapAmb; do
		[ -z "$(capabilities "$1" $set)" ] || fail "$2 has capabilities: $(grep ^Cap "/proc/$1/status")"
	done
	grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$1/status" || fail "$2 could get privileges"
	ok "$2 has no capability"
}

# --- the server is somebody else's --------------------------------------------------------------

run 4 "${as_service[@]}" PCAPANALYZER_SERVER_START=never pcapanalyzer load --follow
one_line 'systemctl enable --now pcapanalyzer-server'
[ ! -e "$PCAPANALYZER_HOME/db" ] || fail "the service has made a server of its own"
ok "the service starts no server, and says who does"
run 0 "${as_service[@]}" pcapanalyzer server start

# --- who has which capability -------------------------------------------------------------------

capture
is "$(capabilities "$service" CapAmb)" 3000 "the service may capture and configure the network"
dumpcap=$(cat "$PCAPANALYZER_HOME/capture/t/dumpcap.pid")
note "dumpcap's, once it listens: $(grep -E '^Cap(Prm|Eff)' "/proc/$dumpcap/status" | tr -s '\t\n' '  ')"
loader()
{
	pgrep -f "csv2mysql .*load --spool $PCAPANALYZER_HOME/" | head -n 1 | grep .
}
wait_for loader
none "$(loader)" "the loader"
# A worker is over soon: it waits while its filter is stopped.
filter()
{
	pgrep -f "tshark2csv --spool $PCAPANALYZER_HOME/" | head -n 1 | grep . >"$work/filter" &&
		kill -STOP "$(cat "$work/filter")"
}
send
left=3000
until filter; do
	left=$((left - 1))
	[ $left -gt 0 ] || fail "no worker: $(tail -n 5 "$work/service.err")"
	nap 2
done
filter=$(cat "$work/filter")
worker=$(awk '/^PPid:/ { print $2 }' "/proc/$filter/status")
grep -aq import-one.sh "/proc/$worker/cmdline" || fail "the filter's parent is no worker"
none "$worker" "the worker"
none "$filter" "the filter"
kill -CONT "$filter"
stored()
{
	[ "$(sql 'SELECT COUNT(*) FROM packets')" -eq 50 ]
}
wait_for stored
ok "packets are stored"

# --- killed -------------------------------------------------------------------------------------

kill -KILL "$service"
wait "$service" 2>/dev/null || true
service=
gone()
{
	[ ! -d "/proc/$dumpcap" ]
}
wait_for gone
ok "dumpcap ends with the service"

# --- a full disk --------------------------------------------------------------------------------

mkdir "$work/in"
cp "$samples/sample.pcap" "$work/in"
"${as_service[@]}" PCAPANALYZER_SERVER_START=never pcapanalyzer watch --settle 1 --min-free 9999T --drain-seconds 1 \
	"$work/in" 2>"$work/service.err" >/dev/null </dev/null &
service=$!
wait_for grep -q 'min-free is reached: reading pauses' "$work/service.err"
nap 5000 # twice the time that it takes to see the file, and to find it settled
kill -TERM "$service"
wait "$service" && fail "watch has read a file though the disk is full"
service=
is "$(sql 'SELECT COUNT(*) FROM packets')" 50 "watch reads nothing while the disk is full"
