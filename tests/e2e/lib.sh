# shellcheck shell=bash
# What the e2e and fault tests share: a folder of their own with a private server in it.
# Sets: root, prefix, bin, work, samples. `ok TEXT` after each thing proved; `fail TEXT` ends.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
prefix=${PCAPANALYZER_PREFIX:-${PCAPANALYZER_BUILD:-$root/build-test}/tests/prefix}
bin=$prefix/bin
# shellcheck disable=SC2034  # the tests use it
samples=$root/tests/data
# A short path: sockets live below it.
work=$(mktemp -d "${TMPDIR:-/tmp}/pat.XXXXXX")
export PCAPANALYZER_HOME=$work/home
export HOME=$work LC_ALL=C.UTF-8
export PATH=$bin:$PATH:/usr/sbin:/sbin
unset PCAPANALYZER_DEFAULTS_FILE XDG_DATA_HOME MYSQL_TCP_PORT MYSQL_UNIX_PORT MYSQL_HOME
PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=python3

[ -x "$bin/pcapanalyzer" ] || {
	echo "no $bin/pcapanalyzer; run scripts/test, or tests/e2e/install.sh" >&2
	exit 1
}

ok()
{
	printf 'ok    %s\n' "$*"
}

note()
{
	printf 'note  %s\n' "$*"
}

fail()
{
	printf 'FAIL  %s\n' "$*" >&2
	exit 1
}

skip()
{
	printf 'NOT RUN: %s\n' "$*"
	exit 77
}

on_exit=()
finish()
{
	local rc=$? f
	trap - EXIT
	set +e
	for f in "${on_exit[@]}"; do
		$f
	done
	pcapanalyzer server stop >/dev/null 2>&1
	if [ $rc -ne 0 ] && [ $rc -ne 77 ]; then
		[ ! -r "$PCAPANALYZER_HOME/run/server.log" ] || {
			echo "--- the server's last words"
			tail -n 5 "$PCAPANALYZER_HOME/run/server.log"
		} >&2
	fi
	if [ -n "${KEEP:-}" ]; then
		echo "kept: $work" >&2
	else
		rm -rf "$work"
	fi
	exit $rc
}
trap finish EXIT
trap 'exit 130' INT TERM

# run WANTED-EXIT COMMAND...: stdout in $work/out, stderr in $work/err.
run()
{
	local want=$1 rc=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
	if [ "$rc" -ne "$want" ]; then
		{
			echo "--- $*: exit $rc, expected $want; standard output, error:"
			tail -n 20 "$work/out"
			echo ---
			tail -n 20 "$work/err"
		} >&2
		fail "exit code"
	fi
}

# run_any COMMAND...: the exit code in $rc; nothing is expected of it.
run_any()
{
	rc=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
}

# One line on standard error (beside the count at the end of an import), and it names what it
# should.
one_line()
{
	local lines
	lines=$(grep -vc '^pcapanalyzer: \(imported\|read\) [0-9]' "$work/err" || true)
	[ "$lines" = 1 ] || {
		cat "$work/err" >&2
		fail "$lines lines on standard error instead of one ($1)"
	}
	grep -qiE -- "$1" "$work/err" || {
		cat "$work/err" >&2
		fail "the message does not say: $1"
	}
}

# entries DIR...: the paths of what is in these folders, without what is below.
entries()
{
	find "$@" -mindepth 1 -maxdepth 1 2>/dev/null || true
}

client_command()
{
	local client
	client=$(type -P mariadb || type -P mysql) || fail "no database client"
	printf '%s --defaults-file=%s/run/client.cnf pcapanalyzer' "$client" "$PCAPANALYZER_HOME"
}

# sql TEXT: rows as tab-separated text, through the distribution's own client.
sql()
{
	# shellcheck disable=SC2046  # a command line of words
	$(client_command) -N -B -e "$1"
}

is()
{
	[ "$1" = "$2" ] || fail "$3: it is '$1', expected '$2'"
	ok "$3: ${2%%$'\n'*}"
}

packets_in()
{
	# It fails on a capture that is cut, and still tells the count.
	{ capinfos -Mc -Tr "$1" 2>/dev/null || true; } | awk -F'\t' '{n = $NF} END {print n + 0}'
}

# Every table's contents but the numbers that depend on the order of loading.
fingerprint()
{
	local table
	for table in packets layers dns dns_answers http tls; do
		sql "SELECT '$table', COUNT(*), COUNT(DISTINCT capture_id, frame) FROM $table"
	done
	sql "SELECT 'batches', COUNT(*), SUM(packets) FROM batches"
	sql "SELECT 'captures', COUNT(*), SUM(packets) FROM captures"
}

# small_batches ROWS: from here on a copy of the installed tree is used whose filter makes batches of
# ROWS rows, so that a short capture has several.
small_batches()
{
	cp -r "$prefix" "$work/prefix"
	mkdir "$work/prefix/real"
	mv "$work/prefix/bin/tshark2csv" "$work/prefix/real"
	printf '#!/bin/sh\nexec "%s" --batch-rows %d "$@"\n' "$work/prefix/real/tshark2csv" "$1" \
		>"$work/prefix/bin/tshark2csv"
	chmod +x "$work/prefix/bin/tshark2csv"
	bin=$work/prefix/bin
	export PATH=$bin:${PATH#"$prefix/bin:"}
}

server_pid()
{
	cat "$PCAPANALYZER_HOME/run/server.pid"
}
