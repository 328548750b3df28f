# shellcheck shell=bash
# What the tests of capture and watch share: a service with a home of its own, and a server that
# the test can stop: the private one of another home. `sent` is the number of packets that were
# given to the service.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../fault/lib.sh"

server_home=$work/server
service=
sent=0

at_server()
{
	env -u PCAPANALYZER_DEFAULTS_FILE PCAPANALYZER_HOME="$server_home" pcapanalyzer "$@"
}

# The server, and the option file that the service finds it by.
own_server()
{
	run 0 at_server server start
	sed '1a[pcapanalyzer]' "$server_home/run/client.cnf" | sed '/^\[client\]/d' >"$work/my.cnf"
	chmod 600 "$work/my.cnf"
	export PCAPANALYZER_DEFAULTS_FILE=$work/my.cnf
	on_exit+=(stop_all)
}

stop_all()
{
	[ -z "$service" ] || kill -KILL "$service" 2>/dev/null
	at_server server stop >/dev/null 2>&1
}

client_command()
{
	printf '%s --defaults-file=%s pcapanalyzer' "$(type -P mariadb || type -P mysql)" "$server_home/run/client.cnf"
}

# begin WORDS COMMAND...: start the service, and return when it says that it works.
begin()
{
	local words=$1
	shift
	: >"$work/service.err"
	"$@" >"$work/service.out" 2>"$work/service.err" </dev/null &
	service=$!
	wait_for grep -q "^pcapanalyzer: $words" "$work/service.err"
}

# stop WANTED-EXIT
stop()
{
	local rc=0
	kill -TERM "$service"
	wait "$service" || rc=$?
	service=
	[ "$rc" -eq "$1" ] || fail "the service ended with status $rc, expected $1: $(tail -n 5 "$work/service.err")"
}

kill_service()
{
	kill -KILL "$service"
	wait "$service" 2>/dev/null || true
	service=
}

# said WORDS: how often the service has said so.
said()
{
	grep -c -- "$1" "$work/service.err" || true
}

stored()
{
	sql 'SELECT COUNT(*) FROM packets' 2>/dev/null || echo -1
}

all_stored()
{
	[ "$(stored)" -eq "$sent" ]
}

# No microsecond of the time between a sensor's first event and its last is untold.
gapless()
{
	sql "SELECT sensor_id, UNIX_TIMESTAMP(from_ts), UNIX_TIMESTAMP(until_ts) FROM coverage
		WHERE kind IN ('captured', 'stopped') ORDER BY sensor_id, from_ts" | awk '
		$1 == sensor && $2 != until { print "between " until " and " $2; bad = 1 }
		{ sensor = $1; until = $3 } END { exit bad || NR < 2 }' >"$work/gaps" || fail "coverage has gaps: $(cat "$work/gaps")"
	ok "coverage is told without a gap, in $(sql "SELECT COUNT(*) FROM coverage WHERE kind IN ('captured', 'stopped')") intervals"
}

# other_clock FILE OF: what to put before a command so that the programs named in OF have a clock
# that is off by the seconds in FILE.
other_clock()
{
	[ -e "$work/clock.so" ] || cc -D_GNU_SOURCE -shared -fPIC -o "$work/clock.so" "$root/tests/fault/clock.c" -ldl
	# shellcheck disable=SC2034  # the tests use it
	other_clock=(env "LD_PRELOAD=$work/clock.so" "CLOCK_FILE=$1" "CLOCK_OF=$2"
		"ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0")
}
