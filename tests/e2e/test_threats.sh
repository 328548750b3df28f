#!/usr/bin/env bash
# The promises of pcapanalyzer-security(7), by their numbers. What the sandbox refuses is tried
# without it first, so that each test can fail.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
chmod 711 "$work" # the sandbox's user runs the probe
probe=$work/probe
cc -D_GNU_SOURCE -o "$probe" "$root/tests/e2e/probe.c"
chmod 755 "$probe"
listeners=()
stop_listeners()
{
	[ ${#listeners[@]} -eq 0 ] || kill "${listeners[@]}" 2>/dev/null
}
on_exit+=(stop_listeners)

told=()
# promise NUMBER TEXT: what was just tested.
promise()
{
	told+=("$1")
	ok "promise $1: $2"
}

box()
{
	pcapsandbox --memory-mib 512 --stall-seconds 1 -- "$@"
}

# possible WHAT ARG: without the sandbox. refused WHAT ARG: in it.
possible()
{
	"$probe" "$@" 2>"$work/err" || fail "the probe cannot even without a sandbox: $(cat "$work/err")"
}
refused()
{
	rc=0
	box "$probe" "$@" 2>"$work/err" || rc=$?
	[ $rc -eq 1 ] || fail "in the sandbox: $*: exit $rc, $(cat "$work/err")"
}

# until_true COMMAND...: within five seconds.
until_true()
{
	local left=100
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || fail "it does not come true: $*"
		sleep 0.05
	done
}

# Names of processes that belong to the probe.
probes()
{
	pgrep -f "^$probe" || true
}
no_probe()
{
	[ -z "$(probes)" ]
}

run 0 pcapsandbox --report
layers=$(<"$work/out")
missing=$(grep ' missing: ' <<<"$layers" || true)
[ -z "$missing" ] || skip "this system lacks $missing"
ok "every layer is there"

# --- the dissector ------------------------------------------------------------------------------
$PYTHON - "$work" <<'PY' &
import socket, sys, time
work = sys.argv[1]
tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
local, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
for s, a in (tcp, ("127.0.0.1", 0)), (udp, ("127.0.0.1", 0)), (local, work + "/local"), (abstract, "\0" + work):
    s.bind(a)
for s in tcp, local, abstract:
    s.listen(16)
import os
os.chmod(work + "/local", 0o777)
with open(work + "/ports.new", "w") as f:
    print(tcp.getsockname()[1], udp.getsockname()[1], file=f)
os.rename(work + "/ports.new", work + "/ports")
time.sleep(600)
PY
listeners+=($!)
until_true test -e "$work/ports"
read -r tcp udp <"$work/ports"
for what in "tcp $tcp" "udp $udp" "local $work/local" "local @$work"; do
	# shellcheck disable=SC2086  # two words
	possible $what
	# shellcheck disable=SC2086
	refused $what
done
promise 1 "no TCP, UDP, UNIX or abstract socket"

run 0 pcapanalyzer import "$samples/sample.pcap"
printf '[client]\npassword=secret\n' >"$work/.my.cnf"
chmod 644 "$work/.my.cnf" # so that it is not the mode that protects it
mkdir -m 755 "$work/open"
echo secret >"$work/open/file"
chmod 644 "$work/open/file"
for file in "$work/.my.cnf" "$PCAPANALYZER_HOME/run/client.cnf" /etc/shadow "/proc/$$/environ" "$work/open/file"; do
	if [ "$(id -u)" -eq 0 ] || [ "$file" != /etc/shadow ]; then
		possible read "$file"
	fi
	refused read "$file"
done
possible list "$work/open"
refused list "$work/open"
exec 9<"$work/.my.cnf"
possible descriptor 9
refused descriptor 9
exec 9<&-
promise 2 "no option file, no file of ours, no other's environment, no inherited descriptor"

chmod 777 "$work/open"
possible write "$work/open/new"
for file in "$work/open/other" "$work/open/new" /tmp/.pcapanalyzer-probe; do
	refused write "$file"
done
refused remove "$work/open/file"
possible remove "$work/open/file"
promise 4 "nothing is written or removed"

possible survivor
[ -n "$(probes)" ] || fail "the probe leaves none even without a sandbox"
# shellcheck disable=SC2046  # numbers
kill $(probes)
until_true no_probe
box "$probe" survivor || fail "a child may be started"
until_true no_probe
pcapsandbox -- "$probe" spin &
pid=$!
until_true pgrep -f "^$probe spin" >/dev/null
kill -9 $pid
wait $pid 2>/dev/null || true
until_true no_probe
promise 5 "nothing outlives the dissector, nor does it outlive pcapsandbox"

if [ "$(id -u)" -eq 0 ]; then
	possible root
fi
refused root
sleep 60 &
other=$!
listeners+=("$other")
possible namespace
refused namespace
grep -q '^CapEff:[[:space:]]*0*$' < <(box cat /proc/self/status) || fail "it has capabilities"
grep -q '^CapBnd:[[:space:]]*0*$' < <(box cat /proc/self/status) || fail "it could get capabilities"
grep -q '^NoNewPrivs:[[:space:]]*1$' < <(box cat /proc/self/status) || fail "it could get privileges"
refused trace $other
refused signal $other
possible signal $other
wait $other 2>/dev/null || true
promise 6 "not root, no capability, no namespace, no other process"

possible memory 600
box "$probe" memory 300 || fail "300 MiB are refused, too"
refused memory 600
promise 7 "memory ends where it is told to"

rc=0
box "$probe" spin 2>"$work/err" || rc=$?
is "$rc" 124 "a dissector that turns in circles"
one_line 'killed: 1 s of processor time'
{
	ended=0
	box yes || ended=$?
	echo $ended >"$work/ended"
} | {
	sleep 2
	head -n 1 >"$work/out"
}
is "$(<"$work/ended")" 141 "one that waits for its reader"
promise 8 "one that turns in circles is ended, one that waits is not"

# The same through an import, with a tshark that has been taken over.
real=$(type -P tshark)
mkdir -m 755 "$work/bin"
canary=$(tshark2csv --canary | wc -c)
cat >"$work/bin/tshark" <<W
#!/bin/bash
case "\$(stat -L -c %s /dev/stdin) \$*" in
*--version* | *' -G '* | "$canary "* | '0 '*) exec "$real" "\$@" ;;
esac
{
	env | sed 's/^/environment /' | grep -v -e PATH= -e LC_ALL= -e TZ= -e HOME=/nonexistent -e TMPDIR= \
		-e WIRESHARK_CONFIG_DIR=/nonexistent -e PWD= -e SHLVL= -e _=
	for what in 'tcp $tcp' 'local $work/local' 'read $work/.my.cnf' 'read $PCAPANALYZER_HOME/run/client.cnf' \
		'write $work/open/file' root; do
		"$probe" \$what 2>/dev/null && echo "\$what"
	done
} >&2
echo 'nothing else' >&2
exit 1
W
chmod 755 "$work/bin/tshark"
chmod 644 "$work/.my.cnf"
cp "$samples/sample-ns.pcapng" "$work/second.pcapng"
SECRET=hunter2 PATH=$work/bin:$PATH run 1 pcapanalyzer import "$work/second.pcapng"
one_line 'cannot read it: tshark failed .nothing else.'
promise 3 "an import's tshark sees no environment, and the sandbox is around it"

# --- the filter -----------------------------------------------------------------------------------
mkfifo "$work/rows"
tshark2csv <"$work/rows" >/dev/null &
filter=$!
exec 8>"$work/rows"
locked()
{
	grep -q '^Seccomp:[[:space:]]*2$' "/proc/$filter/status"
}
if nm "$bin/tshark2csv" 2>/dev/null | grep -q __asan_init; then
	note "the filter of a build with AddressSanitizer does not lock itself down"
else
	until_true locked
	grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$filter/status" || fail "the filter could get privileges"
fi
exec 8>&-
wait $filter
promise 9 "the filter locks itself down before it reads a row"

# --- the server --------------------------------------------------------------------------------
echo 'the secret of this file' >"$work/wanted"
socket=$(sed -n 's/^socket="\(.*\)"/\1/p' "$PCAPANALYZER_HOME/run/client.cnf")
# rogue NAME: a server of that name that asks for the file; what it is sent is in NAME.sent.
rogue()
{
	$PYTHON "$root/tests/e2e/rogue.py" "$work/$1" "$socket" "$work/wanted" "$work/$1.sent" &
	listeners+=($!)
	until_true test -S "$work/$1"
	printf '[client]\nsocket=%s\nuser=root\ndatabase=pcapanalyzer\n' "$work/$1" >"$work/$1.cnf"
}
rogue trusted
echo nothing >"$work/harmless"
client=$(client_command)
"${client%% *}" "--defaults-file=$work/trusted.cnf" --local-infile=1 pcapanalyzer \
	-e "CREATE TABLE t (a TEXT); LOAD DATA LOCAL INFILE '$work/harmless' INTO TABLE t; DROP TABLE t" ||
	fail "the distribution's client does not load through the rogue server"
grep -aq 'the secret of this file' "$work/trusted.sent" || fail "the rogue server does not even rob the distribution's client"
rogue rogue
PCAPANALYZER_DEFAULTS_FILE=$work/rogue.cnf run_any pcapanalyzer import "$work/second.pcapng"
[ "$rc" -ne 0 ] || fail "an import through a rogue server succeeds"
grep -aq '<ASKED>' "$work/rogue.sent" || fail "the rogue server asked for nothing"
! grep -aq 'the secret of this file' "$work/rogue.sent" || fail "the rogue server got the file"
promise 10 "a server that asks for another file gets nothing"
run 0 pcapanalyzer load

printf "[client]\nsocket=%s\nuser=alice\npassword=hunter2\ndatabase=pcapanalyzer\n" "$socket" >"$work/alice.cnf"
chmod 600 "$work/alice.cnf"
sql "CREATE USER alice@localhost IDENTIFIED BY 'hunter2'; GRANT ALL ON pcapanalyzer.* TO alice@localhost"
while [ ! -e "$work/seen.enough" ]; do
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true
	sleep 0.02
done | tr '\0' '\n' >"$work/seen" &
watcher=$!
cp "$samples/cut.pcap" "$work/third.pcap"
PCAPANALYZER_DEFAULTS_FILE=$work/alice.cnf run 3 pcapanalyzer import "$work/third.pcap"
touch "$work/seen.enough"
wait $watcher
grep -aq 'third.pcap' "$work/seen" || fail "the watcher saw no import"
grep -aq 'alice.cnf' "$work/seen" || fail "the watcher saw no environment"
! grep -aq hunter2 "$work/seen" || fail "a password in a command line or an environment"
promise 11 "no password in a command line or an environment"

# --- the packets -----------------------------------------------------------------------------------
before=$(sql 'SELECT COUNT(*) FROM packets')
run_any pcapanalyzer import "$samples/hostile/chars.pcap" "$samples/hostile/http-text.pcap"
added=$(($(packets_in "$samples/hostile/chars.pcap") + $(packets_in "$samples/hostile/http-text.pcap")))
is "$(sql 'SELECT COUNT(*) + (SELECT COUNT(*) FROM rejects) FROM packets')" $((before + added)) \
	"rows of crafted packets"
run_any pcapanalyzer query 'SELECT * FROM v_packets'
! LC_ALL=C grep -q $'[\001-\010\013\014\016-\037]' "$work/out" || fail "control bytes on the terminal"
promise 12 "a packet spoils no other row, nor the terminal; test_hostile.sh has many more"

run 1 pcapanalyzer query 'DELETE FROM packets'
run_any pcapanalyzer query 'SELECT 1; DROP TABLE packets'
[ "$rc" -ne 0 ] || fail "two statements are one question"
promise 13 "a question cannot write"

promise 14 "accounts have the rights of their role: test_roles.sh"

others=$(find "$PCAPANALYZER_HOME" -type d -perm /077)
[ -z "$others" ] || fail "open to others: $others"
promise 15 "spool, state and data are closed to other users"

# --- the page and this file ------------------------------------------------------------------------
is "$(printf '%s\n' "${told[@]}" | sort -n | paste -sd ' ')" \
	"$(sed -n 's/^\.It \([0-9][0-9]*\)$/\1/p' "$root/man/pcapanalyzer-security.7" | sort -n | paste -sd ' ')" \
	"every promise of the page has its test, and the reverse"
