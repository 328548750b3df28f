#!/usr/bin/env bash
# load from cron: silent when all is well, one at a time, patient with what passes by, and what
# can never be stored goes aside with the server's words.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

spool=$PCAPANALYZER_HOME/spool
run 0 pcapanalyzer import "$samples/sample.pcap"
socket=$(sed -n 's/^socket="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$PCAPANALYZER_HOME/run/client.cnf")
# An account as roles.sql makes it, without the right to write to a server that is read-only.
sed '/CREATE ROLE.*redissector/,$d' "$prefix/share/pcapanalyzer/sql/roles.sql" >"$work/roles.sql"
sql "SOURCE $work/roles.sql; CREATE USER 'load'@'localhost' IDENTIFIED BY 'secret';
	GRANT pcapanalyzer_loader TO 'load'@'localhost'"
word=TO
[[ $(sql 'SELECT VERSION()') != *MariaDB* ]] || word=FOR
sql "SET DEFAULT ROLE pcapanalyzer_loader $word 'load'@'localhost'"
printf '[client]\nsocket=%s\nuser=load\npassword=secret\n' "$socket" >"$work/load.cnf"
chmod 600 "$work/load.cnf"

# batch NAME: a batch of a capture of its own into the spool.
batch()
{
	local sum
	sum=$(printf '%s' "$1" | sha256sum)
	# shellcheck disable=SC2046  # words
	{ tshark -r "$samples/sample.pcap" $(tshark2csv --tshark-args) 2>/dev/null &&
		echo '#pcapanalyzer end=complete'; } |
		tshark2csv --trailer --spool "$spool" --sensor gate --capture-name "$1" \
			--capture-sha256 "${sum%% *}" --capture-bytes 1 --tshark test
}

event()
{
	csv2mysql event --spool "$spool" --sensor gate --interface eth0 "$@"
}

load()
{
	csv2mysql --defaults-file="$work/load.cnf" load --spool "$spool" "$@"
}

captures()
{
	sql "SELECT COUNT(*) FROM captures JOIN sensors USING (sensor_id) WHERE sensors.name = 'gate'"
}

silent()
{
	[ -z "$(cat "$work/out" "$work/err")" ] || fail "not silent: $(cat "$work/out" "$work/err")"
	ok "$1"
}

empty()
{
	[ -z "$(entries "$spool/ready" "$spool/coverage" "$spool/tmp")" ] || fail "left in the spool: $1"
}

# until_says TEXT FILE: for what runs in the background.
until_says()
{
	local i
	for ((i = 0; i < 100; i++)); do
		! grep -q "$1" "$2" || return 0
		sleep 0.1
	done
	fail "it never said: $1"
}

# --- nothing wrong -------------------------------------------------------------------------

run 0 pcapanalyzer load
silent "nothing waits: silent, exit 0"
batch one
run 0 load
silent "a batch is stored: silent, exit 0"
is "$(captures)" 1 "it is there"
is "$(sql "SELECT waiting_batches, loader LIKE 'csv2mysql %', ABS(clock_offset_us) < 1000000,
	last_seen > UTC_TIMESTAMP() - INTERVAL 1 MINUTE FROM sensors WHERE name = 'gate'")" "0	1	1	1" \
	"the sensor was seen"
is "$(sql "SELECT COUNT(*) FROM sensors WHERE loader IS NULL")" 0 \
	"import notes its sensor, too"

# --- only events wait ------------------------------------------------------------------------

event --kind captured --from 1735689600 --until 1735689660.5 --packets 7 --bytes 700 \
	--detail "it's a \\ détail"
event --kind captured --from 1735689600 --until 1735689660.5 --packets 7 --bytes 700 --detail again
is "$(entries "$spool/coverage" | wc -l)" 1 "the same event written twice is there once"
run 0 pcapanalyzer load
silent "events alone are reason enough to load"
empty "after the events"
is "$(sql "SELECT interface, kind, from_ts, until_ts, packets, bytes, detail FROM coverage")" \
	"eth0	captured	2025-01-01 00:00:00.000000	2025-01-01 00:01:00.500000	7	700	again" "the event"
event --kind captured --from 1735689600 --until 1735689660.5 --packets 7
event --kind stopped --from 1735689660.5 --until 1735689700
run 0 load
is "$(sql 'SELECT COUNT(*), SUM(detail <> "again") FROM coverage')" "2	1" "one that is stored already adds nothing"
echo 'pcapanalyzer-coverage 1' >"$spool/coverage/junk"
event --kind clock --from 1735689701 --until 1735689701
run 3 load
one_line 'event junk is kept aside.*line'
for file in event reason; do
	[ -s "$spool/aside/junk/$file" ] || fail "aside/ has no $file of the damaged event"
done
is "$(sql "SELECT COUNT(*) FROM coverage WHERE kind = 'clock'")" 1 "a damaged event is kept aside, the others are stored"
run 0 load
rm -r "$spool/aside/junk"
for i in $(seq 0 449); do
	printf 'pcapanalyzer-coverage 1\nsensor gate\ninterface e%d\nkind captured\nfrom 2025-01-01 00:00:00.000000\nuntil 2025-01-01 00:00:01.000000\ndetail \nend\n' \
		"$i" >"$spool/coverage/many-$i"
done
run 0 load
is "$(sql "SELECT COUNT(*) FROM coverage WHERE event_id LIKE 'many%'")" 450 "several transactions of events"
empty "after many events"
run 2 event --kind captured --from 5 --until 4
one_line 'before'
run 2 event --kind captured --from now --until 4
one_line 'from.*now'

# --- one at a time ---------------------------------------------------------------------------

batch two
exec {lock}>"$spool/load.lock"
flock "$lock"
run 0 load
one_line 'note: another loader'
is "$(entries "$spool/ready" | wc -l)" 1 "while another loader works: exit 0, a note, nothing touched"
exec {lock}>&-

# --- what passes by --------------------------------------------------------------------------

sql 'SET GLOBAL read_only = 1'
run 4 load --retry-seconds 1
one_line 'read.only'
is "$(entries "$spool/ready" | wc -l)" 1 "a server that stays read-only: exit 4, the batch waits"
load --retry-seconds 30 >"$work/late" 2>&1 </dev/null &
loader=$!
sleep 1
sql 'SET GLOBAL read_only = 0'
wait $loader || fail "read-only for a second: exit $?, $(cat "$work/late")"
is "$(captures)$(cat "$work/late")" 2 "read-only for a second: stored, silent"

batch three
sql "ALTER USER 'load'@'localhost' WITH MAX_USER_CONNECTIONS 1"
mysql_client=$(type -P mariadb || type -P mysql)
"$mysql_client" --defaults-file="$work/load.cnf" -e 'DO SLEEP(60)' >/dev/null 2>&1 </dev/null &
guest=$!
sleep 0.5
run 4 load --retry-seconds 1
one_line 'max_user_connections'
ok "too many connections for long: exit 4"
load --retry-seconds 30 >"$work/late" 2>&1 </dev/null &
loader=$!
sleep 1
kill $guest
wait $guest 2>/dev/null || true
sql "KILL $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")" 2>/dev/null || true
wait $loader || fail "too many connections for a second: exit $?, $(cat "$work/late")"
is "$(captures)$(cat "$work/late")" 3 "too many connections for a second: stored, silent"
sql "ALTER USER 'load'@'localhost' WITH MAX_USER_CONNECTIONS 0"

# Somebody holds the ledger's row of the capture, and lets go; then the loader loses a deadlock.
batch four
run 0 load
sum=$(printf five | sha256sum)
sql "INSERT INTO captures (sensor_id, sha256, name, bytes) SELECT sensor_id, UNHEX('${sum%% *}'), 'five', 1
	FROM sensors WHERE name = 'gate'"
# shellcheck disable=SC2046  # words
$(client_command) -e "START TRANSACTION; SELECT * FROM captures WHERE name = 'five' FOR UPDATE;
	DO SLEEP(2); ROLLBACK" >/dev/null &
holder=$!
sleep 0.5
batch five
run 0 load
silent "a lock for two seconds: stored, silent"
wait $holder
is "$(captures)" 5 "it is there"

batch six
sum=$(printf six | sha256sum)
sql "INSERT INTO captures (sensor_id, sha256, name, bytes) SELECT sensor_id, UNHEX('${sum%% *}'), 'six', 1
	FROM sensors WHERE name = 'gate'"
# It holds the table's rows that the loader wants next, has written more, and then wants what
# the loader has: the loader is the smaller one, so it is the one that is rolled back.
id=$(sql "SELECT capture_id FROM captures WHERE name = 'six'")
# shellcheck disable=SC2046  # words
$(client_command) -e "SET SESSION innodb_lock_wait_timeout = 20; START TRANSACTION;
	INSERT INTO rejects (capture_id, batch_no, row_no, reason, raw_bytes)
		WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)
		SELECT 1, 900000, i, 'x', 1 FROM n;
	SELECT COUNT(*) FROM batches WHERE capture_id >= $id FOR UPDATE;
	DO SLEEP(2); SELECT * FROM captures WHERE capture_id = $id FOR UPDATE; DO SLEEP(1); ROLLBACK" \
	>"$work/rival" 2>&1 &
holder=$!
sleep 0.5
run 0 load
silent "a deadlock: stored, silent"
wait $holder || fail "the rival lost: $(cat "$work/rival")"
is "$(sql "SELECT COUNT > 0 FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'")" 1 \
	"there was a deadlock"
is "$(captures)" 6 "it is there"

# The server is killed while a batch waits for a lock, and comes back.
batch seven
batch eight
# shellcheck disable=SC2046  # words
$(client_command) -e "START TRANSACTION; SELECT * FROM captures FOR UPDATE; DO SLEEP(60)" >/dev/null 2>&1 &
holder=$!
sleep 0.5
load --retry-seconds 30 >"$work/late" 2>&1 </dev/null &
loader=$!
sleep 0.5
kill -9 "$(server_pid)"
wait $holder 2>/dev/null || true
run 0 pcapanalyzer server start
wait $loader || fail "a server killed in the middle: exit $?, $(cat "$work/late")"
is "$(captures)$(cat "$work/late")" 8 "a server killed and started again in the middle: stored, silent"
empty "after the restart"

# --- what never passes by --------------------------------------------------------------------

sql "SET SESSION sql_mode = ''; ALTER TABLE packets MODIFY COLUMN protocol VARCHAR(1)"
batch nine
run 3 load
one_line "batch [0-9a-f-]* is kept aside.*Data too long for column 'protocol'"
is "$(cat "$spool"/aside/*/reason | grep -c "Data too long for column 'protocol'")" 1 \
	"a column made too narrow: exit 3, the batch is aside with the server's words"
is "$(sql "SELECT COUNT(*) FROM batches JOIN captures USING (capture_id) WHERE name = 'nine'")" 0 "nothing of it is stored"
run 0 load
silent "and the next run is silent again"
sql 'ALTER TABLE packets MODIFY COLUMN protocol VARCHAR(64)'
for aside in "$spool"/aside/*; do
	mv "$aside" "$spool/ready/"
done
run 0 load
is "$(captures)" 9 "mended and moved back, it is stored"

batch ten
sql "REVOKE INSERT ON pcapanalyzer.batches FROM pcapanalyzer_loader"
run 5 load
one_line 'denied|privilege'
is "$(entries "$spool/ready" | wc -l)" 1 "without the privilege: exit 5, the batch waits"
sql "GRANT INSERT ON pcapanalyzer.batches TO pcapanalyzer_loader"
run 0 pcapanalyzer load
is "$(captures)" 10 "all are there"
is "$(sql 'SELECT COUNT(*), COUNT(DISTINCT capture_id, frame) FROM packets')" \
	"$((11 * $(packets_in "$samples/sample.pcap")))	$((11 * $(packets_in "$samples/sample.pcap")))" "each packet once"
run 0 pcapanalyzer verify
