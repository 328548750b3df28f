#!/usr/bin/env bash
# A server that is down, a wrong password, a missing privilege, two imports at once, pipes that
# break.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

make_big "$work/a.pcap" 12000
make_big "$work/b.pcap" 12001
make_big "$work/c.pcap" 12002

# Nothing listens.
printf '[client]\nsocket=%s/nothing.sock\nuser=nobody\n' "$work" >"$work/down.cnf"
chmod 600 "$work/down.cnf"
run 4 csv2mysql --defaults-file="$work/down.cnf" status
one_line 'nothing\.sock'
mkdir -p "$work/spool/ready" "$work/spool/tmp"
run 4 csv2mysql --defaults-file="$work/down.cnf" load --spool "$work/spool" || true
ok "a server that is down: exit 4, one line"
rc=0
PCAPANALYZER_DEFAULTS_FILE=$work/down.cnf pcapanalyzer import "$work/a.pcap" \
	>"$work/out" 2>"$work/err" </dev/null || rc=$?
is $rc 4 "an import while the server is down"

# Two imports at once, the same files among them.
pcapanalyzer import "$work/a.pcap" "$work/b.pcap" >"$work/1.out" 2>"$work/1.err" </dev/null &
first=$!
pcapanalyzer import "$work/b.pcap" "$work/c.pcap" >"$work/2.out" 2>"$work/2.err" </dev/null &
second=$!
rc=0
wait $first || rc=$?
is $rc 0 "the first of two imports at once"
rc=0
wait $second || rc=$?
is $rc 0 "the second of two imports at once"
run 0 pcapanalyzer load
all_there "$work/a.pcap" "$work/b.pcap" "$work/c.pcap"

# Password and privilege.
sql "CREATE USER 'pat'@'localhost' IDENTIFIED BY 'right'"
socket=$(sed -n 's/^socket="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$PCAPANALYZER_HOME/run/client.cnf")
for password in wrong right; do
	printf '[client]\nsocket=%s\nuser=pat\npassword=%s\n' "$socket" $password >"$work/$password.cnf"
	chmod 600 "$work/$password.cnf"
done
run 5 csv2mysql --defaults-file="$work/wrong.cnf" status
one_line 'denied|password'
ok "a wrong password: exit 5, one line"
run 5 csv2mysql --defaults-file="$work/right.cnf" status
one_line 'denied|privilege'
ok "a missing privilege: exit 5, one line"
printf '[pcapanalyzer]\nsocket=%s\nuser=pat\npassword=wrong\n' "$socket" >"$work/group.cnf"
rc=0
PCAPANALYZER_DEFAULTS_FILE=$work/group.cnf pcapanalyzer import "$samples/sample.pcap" \
	>"$work/out" 2>"$work/err" </dev/null || rc=$?
is $rc 5 "an import with a wrong password"
printf '[client\nsocket=%s\n' "$socket" >"$work/broken.cnf"
run_any csv2mysql --defaults-file="$work/missing.cnf" status
[ "$rc" -ne 0 ] || fail "a missing option file is no error"
one_line 'missing\.cnf'

# Somebody stops reading.
rows=$work/rows
# shellcheck disable=SC2046  # words
tshark -r "$work/a.pcap" $(tshark2csv --tshark-args) 2>/dev/null >"$rows"
set +o pipefail
codes=$(
	tshark2csv <"$rows" 2>"$work/err" | head -n 1 >/dev/null
	echo "${PIPESTATUS[0]}"
)
is "$codes" 141 "tshark2csv when its reader leaves"
[ ! -s "$work/err" ] || fail "it complains: $(cat "$work/err")"
codes=$(
	pcapanalyzer query --format tsv 'SELECT * FROM packets' 2>"$work/err" | head -n 1 >/dev/null
	echo "${PIPESTATUS[0]}"
)
is "$codes" 141 "a query when its reader leaves"
set -o pipefail

# The input breaks off: without the trailer nothing of the unfinished batch stays.
run_any bash -c "head -c 100000 '$rows' | tshark2csv --trailer --spool '$work/spool2' --capture-name x \
	--capture-sha256 $(printf '%064d' 7)"
is "$rc" 1 "an input without its trailer"
[ -z "$(entries "$work/spool2/ready" "$work/spool2/tmp")" ] ||
	fail "a batch of it is in the spool"
ok "nothing of it is in the spool"

# No tshark.
mkdir "$work/bin"
for tool in /usr/bin/* /bin/*; do
	case ${tool##*/} in tshark | capinfos | dumpcap) ;; *) ln -sf "$tool" "$work/bin/" ;; esac
done
run_any env PATH="$work/bin" "$bin/pcapanalyzer" import "$samples/sample.pcap"
is "$rc" 1 "an import without tshark"
one_line 'tshark.*install'

# Profiles.
printf '[t]\nx uint8 no.such.field\n' >"$work/bad.profile"
run_any pcapanalyzer import -p "$work/bad.profile" "$samples/sample.pcap"
[ "$rc" -eq 1 ] || [ "$rc" -eq 2 ] || fail "an unknown field: exit $rc"
grep -q 'no\.such\.field' "$work/err" || fail "the message does not name the field: $(cat "$work/err")"
ok "a field that this tshark does not know is named (exit $rc)"
printf '[t]\nx uint9 ip.ttl\n' >"$work/typo.profile"
run 2 pcapanalyzer import -p "$work/typo.profile" "$samples/sample.pcap"
grep -q 'typo\.profile:2' "$work/err" || fail "the message has no file and line: $(cat "$work/err")"
ok "a typo in a profile: exit 2, file and line"
