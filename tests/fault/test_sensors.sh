#!/usr/bin/env bash
# Two sensors, each in a network of its own, and one server that they reach over TCP, each with an
# account of its own. The link of one is cut for a while; the clock of the other is off.
# PA_SENSORS_ROUNDS: how often the link is cut; 1 unless told otherwise.
# shellcheck source=tests/e2e/service.sh
. "$(dirname "$0")/../e2e/service.sh"

rounds=${PA_SENSORS_ROUNDS:-1}
skew=30
net=pat$$ # what the network namespaces' names begin with
[ "$(id -u)" -eq 0 ] || skip "network namespaces are for root"
ip netns add $net 2>"$work/probe" || skip "no network namespaces here: $(tail -n 1 "$work/probe")"
on_exit+=(leave)
declare -A pid=() n_sent=()
leave()
{
	[ ${#pid[@]} -eq 0 ] || kill -KILL "${pid[@]}" 2>/dev/null
	at_server server stop >/dev/null 2>&1
	ip netns del $net
	ip netns del ${net}a
	ip netns del ${net}b
} 2>/dev/null

# --- the networks, the server, the accounts ---------------------------------------------------

# sensor_net NAME NUMBER: a link to the server, and one on which there is traffic to capture.
sensor_net()
{
	local ns=$net$1
	ip netns add "$ns"
	ip link add "up$1" netns $net type veth peer name uplink netns "$ns"
	ip -n $net addr add "10.77.$2.1/24" dev "up$1"
	ip -n $net link set "up$1" up
	ip -n "$ns" addr add "10.77.$2.2/24" dev uplink
	ip -n "$ns" link add mon address 02:00:00:00:00:02 type veth peer name traffic
	ip -n "$ns" addr add "10.78.$2.1/24" dev traffic
	ip -n "$ns" link set uplink up
	ip -n "$ns" link set mon up
	ip -n "$ns" link set traffic up
	ip -n "$ns" neigh add "10.78.$2.2" lladdr 02:00:00:00:00:02 dev traffic
}
sensor_net a 1
sensor_net b 2

# The private server listens on a socket alone; its data serve one that listens in its network.
run 0 at_server server start
at_server migrate >/dev/null 2>&1
run 0 at_server import --sensor first "$samples/sample.pcap"
sql "source $root/sql/roles.sql"
for n in 1 2; do
	name=$(printf '\\x%x' $((96 + n)))
	name=$(printf '%b' "$name")
	sql "CREATE USER '$name'@'10.77.$n.2' IDENTIFIED BY 'secret-$name';
		GRANT pcapanalyzer_loader TO '$name'@'10.77.$n.2';
		SET DEFAULT ROLE pcapanalyzer_loader FOR '$name'@'10.77.$n.2'" 2>"$work/err" ||
		sql "SET DEFAULT ROLE pcapanalyzer_loader TO '$name'@'10.77.$n.2'"
	(
		umask 077
		printf '[pcapanalyzer]\nhost=10.77.%s.1\nuser=%s\npassword=secret-%s\n' $n "$name" "$name" >"$work/$name.cnf"
	)
done
mapfile -d '' -t command <"/proc/$(cat "$server_home/run/server.pid")/cmdline"
run 0 at_server server stop
args=()
for arg in "${command[@]}"; do
	[ "$arg" = --skip-networking ] || args+=("$arg")
done
ip netns exec $net "${args[@]}" --bind-address=0.0.0.0 --port=3306 >"$work/server.err" 2>&1 </dev/null &
pid[server]=$!
answers()
{
	sql 'SELECT 1'
}
wait_for answers

# --- the sensors ------------------------------------------------------------------------------

# on SENSOR: what to put before a command so that it runs as on that sensor's machine.
on()
{
	on=(ip netns exec "$net$1" env PCAPANALYZER_HOME="$work/$1" PCAPANALYZER_DEFAULTS_FILE="$work/$1.cnf")
}

# capture SENSOR COMMAND-BEFORE...
capture()
{
	local name=$1
	shift
	on "$name"
	"${on[@]}" "$@" pcapanalyzer capture -i mon -f 'udp dst port 7' --sensor "$name" --rotate-seconds 1 \
		>/dev/null 2>"$work/$name.err" </dev/null &
	pid[$name]=$!
	n_sent[$name]=0
}

# send SENSOR NUMBER PACKETS: each from a port of its own.
send()
{
	on "$1"
	"${on[@]}" $PYTHON - "$2" "${n_sent[$1]}" "$3" <<'PY'
import socket, sys, time
number, first, n = map(int, sys.argv[1:])
for i in range(first, first + n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.78.%d.1" % number, 30000 * (number - 1) + 1024 + i))
    s.sendto(b"x", ("10.78.%d.2" % number, 7))
    s.close()
    time.sleep(0.002)
PY
	n_sent[$1]=$((n_sent[$1] + $3))
}

of_sensor()
{
	sql "SELECT COUNT(*) FROM packets JOIN captures USING (capture_id) JOIN sensors USING (sensor_id) WHERE sensors.name = '$1'"
}

has_all()
{
	[ "$(of_sensor "$1")" -eq "${n_sent[$1]}" ]
}

# state SENSOR KEY: what status tells of it.
state()
{
	at_server status --json | $PYTHON -c 'import json, sys
for one in json.load(sys.stdin)["sensors"]:
    if one["sensor"] == sys.argv[1]:
        print(one[sys.argv[2]])' "$@"
}

echo $skew >"$work/offset"
other_clock "$work/offset" 'bash csv2mysql'
capture a
capture b "${other_clock[@]}"
wait_for grep -q 'capturing on mon' "$work/a.err"
wait_for grep -q 'capturing on mon' "$work/b.err"
send a 1 200
send b 2 200
wait_for has_all a
wait_for has_all b
for ((round = 1; round <= rounds; round++)); do
	before=$(of_sensor a)
	ip -n $net link set upa down
	cut=$EPOCHSECONDS
	send a 1 300
	send b 2 300
	wait_for has_all b
	spooled()
	{
		[ -n "$(entries "$work/a/spool/ready")" ]
	}
	wait_for spooled
	is "$(of_sensor a)" "$before" "the sensor that is cut off stores nothing, and spools"
	seen=$(sql "SELECT TIMESTAMPDIFF(SECOND, last_seen, UTC_TIMESTAMP(6)) FROM sensors WHERE name = 'a'")
	[ "$seen" -ge $((EPOCHSECONDS - cut - 2)) ] || fail "last seen $seen s ago, and cut off for $((EPOCHSECONDS - cut)) s"
	note "cut off for $((EPOCHSECONDS - cut)) s: last seen $seen s ago, lag $(state a lag_s) s; the other: lag $(state b lag_s) s"
	ip -n $net link set upa up
	cut=$EPOCHSECONDS
	wait_for has_all a
	note "caught up $((EPOCHSECONDS - cut)) s after the link was back"
done
skews()
{
	state a clock_skew_us
	state b clock_skew_us
}
note "clocks as status shows them, in us: $(skews | tr '\n' ' ')"
skews | awk -v skew=$skew 'NR == 1 {bad = $1 < -1e6 || $1 > 1e6}
	NR == 2 {bad = bad || $1 < (skew - 1) * 1e6 || $1 > (skew + 1) * 1e6} END {exit bad || NR != 2}' ||
	fail "status does not show whose clock is off"
ok "status shows whose clock is off, by $skew s"

for name in a b; do
	rc=0
	kill -TERM "${pid[$name]}"
	wait "${pid[$name]}" || rc=$?
	is $rc 0 "sensor $name ends: exit"
	unset "pid[$name]"
done
is "$(state a waiting) $(state b waiting)" "0 0" "status: batches that wait"
is "$(sql "SELECT s.name, COUNT(*), COUNT(DISTINCT src_port), MIN(src_port), MAX(src_port)
	FROM packets JOIN captures USING (capture_id) JOIN sensors s USING (sensor_id)
	WHERE s.name <> 'first' GROUP BY s.name ORDER BY s.name")" \
	"$(for name in a b; do
		[ $name = a ] && first=1024 || first=31024
		printf '%s\t%d\t%d\t%d\t%d\n' $name "${n_sent[$name]}" "${n_sent[$name]}" "$first" $((first + n_sent[$name] - 1))
	done)" "every packet is there once, from the right sensor"
gapless
run 0 at_server verify
ok "verify"

# --- what the accounts may not do -------------------------------------------------------------

on a
for statement in 'SELECT COUNT(*) FROM packets' 'DELETE FROM batches' 'UPDATE coverage SET packets = 0' 'DROP TABLE packets'; do
	! "${on[@]}" "$(type -P mariadb || type -P mysql)" --defaults-file="$work/a.cnf" --defaults-group-suffix= \
		-h 10.77.1.1 -u a -psecret-a pcapanalyzer -e "$statement" 2>"$work/err" || fail "a sensor may: $statement"
	grep -q 'ERROR 1142' "$work/err" || fail "$statement: $(cat "$work/err")"
done
ok "a sensor may neither read packets nor change what is stored"
cp "$work/a.cnf" "$work/b.cnf"
on b
run_any "${on[@]}" csv2mysql --defaults-file="$work/b.cnf" --host=10.77.2.1 status
is $rc 5 "another sensor's password from elsewhere: exit"
