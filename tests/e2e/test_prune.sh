#!/usr/bin/env bash
# prune: old days go and the ledger stays true; exports come back; kill -9 at every step; nobody
# waits.
# shellcheck disable=SC2016  # backticks of SQL
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

db()
{
	csv2mysql "--defaults-file=$PCAPANALYZER_HOME/run/client.cnf" "$@"
}

# day N [FORMAT]: the day N days ago.
day()
{
	date -u -d "$1 days ago" "+${2:-%Y-%m-%d}"
}

# at DAYS FILE: the sample as if it had been captured DAYS days ago.
at()
{
	local first
	first=$(tshark -r "$samples/sample.pcap" -c 1 -T fields -e frame.time_epoch 2>/dev/null)
	editcap -t "$(($(date -u -d "$(day "$1") 12:00" +%s) - ${first%%.*}))" "$samples/sample.pcap" "$2"
}

tables='packets layers dns dns_answers http tls'
n=$(packets_in "$samples/sample.pcap")
at 60 "$work/ancient.pcap"
at 40 "$work/old.pcap"
at 10 "$work/recent.pcap"
at 0 "$work/today.pcap"
mergecap -a -F pcap -w "$work/both.pcap" "$work/old.pcap" "$work/recent.pcap"

# Partitions as months of service leave them: until 50, 39, 9 days ago and yesterday.
split_old()
{
	local table
	for table in $tables; do
		sql "ALTER TABLE $table REORGANIZE PARTITION p_old INTO (
			PARTITION p_old VALUES LESS THAN ('$(day 50)'),
			PARTITION p$(day 40 %Y%m%d) VALUES LESS THAN ('$(day 39)'),
			PARTITION p$(day 10 %Y%m%d) VALUES LESS THAN ('$(day 9)'),
			PARTITION p$(day 2 %Y%m%d) VALUES LESS THAN ('$(day 1)'))"
	done
}

# partitions TABLE: their names, the oldest first.
partitions()
{
	sql "SELECT PARTITION_NAME FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = 'pcapanalyzer'
		AND TABLE_NAME = '$1' ORDER BY PARTITION_ORDINAL_POSITION" | tr '\n' ' '
}

# everything: what would be seen if anything changed.
everything()
{
	local table
	for table in $tables batches prunes pruned rejects; do
		sql "SELECT '$table', COUNT(*) FROM $table"
	done
	for table in $tables; do
		partitions "$table"
	done
}

# make_batches PROFILE FILE SED OPTION...: a capture into the spool, through sed.
make_batches()
{
	local profile=$1 file=$2 edit=$3 sum
	shift 3
	sum=$(sha256sum <"$file")
	# shellcheck disable=SC2046  # words
	{ tshark -r "$file" $(tshark2csv -p "$profile" --tshark-args) 2>/dev/null | sed "$edit"
		echo '#pcapanalyzer end=complete'; } |
		tshark2csv -p "$profile" --trailer --spool "$PCAPANALYZER_HOME/spool" "$@" \
			--sensor "$(uname -n)" --capture-name "${file##*/}" --capture-sha256 "${sum%% *}" \
			--capture-bytes "$(stat -c %s "$file")" --capture-packets "$n" --tshark test 2>/dev/null
}

# fresh: an empty database, as after init.
fresh()
{
	sql 'DROP DATABASE pcapanalyzer'
	rm -f "$PCAPANALYZER_HOME/run/schema.done"
	run 0 db init --sql "$root/sql"
	split_old
}

run 0 pcapanalyzer import "$work/today.pcap"
# Clients are killed here, the server is not: it need not wait for the disk.
sql 'SET GLOBAL innodb_flush_log_at_trx_commit = 0'
split_old
run 0 pcapanalyzer import "$work"/{ancient,old,recent,both}.pcap
run 0 pcapanalyzer verify
everything >"$work/before"

# --- what is asked for ------------------------------------------------------------------------

run 2 pcapanalyzer prune
one_line '--keep'
run 2 pcapanalyzer prune --keep 12h
one_line 'whole days'
run 2 pcapanalyzer prune --max-size 1GB
one_line '"1GB" is not a size'
run 0 pcapanalyzer prune --keep 30d --dry-run --format tsv
cp "$work/out" "$work/plan"
is "$(awk -F'\t' '$1 == "packets" {print $2, $4, $6}' "$work/plan" | tr '\n' ';')" \
	"p_old $n keep;p$(day 40 %Y%m%d) $((2 * n)) keep;" "--dry-run counts what would go"
everything >"$work/after"
cmp "$work/before" "$work/after" || fail "--dry-run changed something"
run 0 pcapanalyzer prune --keep 9w
everything >"$work/after"
cmp "$work/before" "$work/after" || fail "there is nothing so old"
ok "nothing goes that is not asked for"

# --- by age, with an export ---------------------------------------------------------------------

for table in $tables; do
	sql "CREATE TABLE x_$table AS SELECT * FROM $table WHERE ts < '$(day 39)'"
done
run 0 pcapanalyzer prune --keep 30d --export "$work/export" --format tsv
diff "$work/plan" "$work/out" || fail "it is not what --dry-run said"
run 0 pcapanalyzer verify
is "$(sql "SELECT COUNT(*) FROM packets WHERE ts < '$(day 39)'")" 0 "the old days are gone"
is "$(sql 'SELECT COUNT(*) FROM packets')" $((3 * n)) "the others are there"
partitions packets | grep -q "^p_old p$(day 10 %Y%m%d) " || fail "the partitions: $(partitions packets)"
run 0 pcapanalyzer status --format tsv
is "$(awk -F'\t' 'NR > 1 {print $NF ": " $4}' "$work/out" | sed 's,.*/,,' | sort | tr '\n' ';')" \
	"ancient.pcap: pruned;both.pcap: complete;old.pcap: pruned;recent.pcap: complete;today.pcap: complete;" \
	"status tells what is pruned"
is "$(awk -F'\t' '/both.pcap/ {print ($10 > 0)}' "$work/out")" 1 "and that a part is"
run 0 pcapanalyzer import "$work/old.pcap"
grep -q "it was there ($n packets) and is pruned" "$work/err" || fail "import again: $(cat "$work/err")"
run 0 pcapanalyzer import --redissect "$work/old.pcap"
grep -q 'is pruned, nothing added' "$work/err" || fail "--redissect: $(cat "$work/err")"
run 0 pcapanalyzer verify "$work"/{ancient,old,recent,both,today}.pcap
is "$(sql "SELECT COUNT(*) FROM packets WHERE ts < '$(day 39)'")" 0 "a pruned capture is not loaded again"
everything >"$work/pruned"
run 0 pcapanalyzer prune --keep 30d
everything >"$work/after"
cmp "$work/pruned" "$work/after" || fail "a second run is not idle"
ok "a second run has nothing to do"

# What was exported is what was there, and comes back.
is "$(find "$work/export" -name '*.partial' | wc -l)" 0 "no export is half"
for file in "$work"/export/*.sql; do
	# shellcheck disable=SC2046  # a command line of words
	(cd "$work/export" && $(client_command) --local-infile=1 <"$file") || fail "$file does not load"
done
for table in $tables; do
	sql "CREATE TABLE y_$table AS SELECT * FROM $table WHERE ts < '$(day 39)'"
	is "$(sql "CHECKSUM TABLE y_$table" | cut -f2)" "$(sql "CHECKSUM TABLE x_$table" | cut -f2)" \
		"$table came back as it was ($(sql "SELECT COUNT(*) FROM y_$table") rows)"
	sql "DROP TABLE x_$table, y_$table"
done
run 0 pcapanalyzer verify
ok "and the ledger counts it again"

# --- by size, and by what is free -------------------------------------------------------------

# The server's own estimate, of now.
for table in $tables; do
	sql "ANALYZE TABLE $table" >/dev/null
done
size=$(sql "SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.PARTITIONS
	WHERE TABLE_SCHEMA = 'pcapanalyzer' AND PARTITION_NAME IS NOT NULL")
run 0 pcapanalyzer prune --max-size "$size" --dry-run --format tsv
is "$(wc -l <"$work/out")" 1 "as large as it may be: nothing goes"
run 0 pcapanalyzer prune --max-size "$((size - 1))" --dry-run --format tsv
is "$(awk -F'\t' 'NR > 1 {print $2, $6}' "$work/out" | sort -u)" "p_old max-size" "one byte less: the oldest day"
run 3 pcapanalyzer prune --min-free 15000000T --dry-run --format tsv
grep -q 'not enough' "$work/err" || fail "no word that it is not enough: $(cat "$work/err")"
is "$(awk -F'\t' '$1 == "packets" {print $2, $6}' "$work/out" | tail -1)" "p$(day 1 %Y%m%d) min-free" \
	"the day that has begun stays, whatever is wanted"
run 0 pcapanalyzer prune --min-free 1
run 0 db prune --min-free 1
run 2 db prune --min-free 1 --datadir "$work/nothing"
one_line '--datadir'
run 3 pcapanalyzer prune --max-size 1
run 0 pcapanalyzer verify
is "$(sql 'SELECT COUNT(*) FROM packets')" "$n" "all but today is gone"
partitions packets | grep -q "^p_old p$(day 0 %Y%m%d) .* p_max" || fail "the partitions: $(partitions packets)"

# --- rejects, and another profile ---------------------------------------------------------------

fresh
printf '[m_packets]\nlen uint32 frame.len\n' >"$work/mine.profile"
for profile in packets "$work/mine.profile"; do
	make_batches "$profile" "$work/old.pcap" '5s/.*/not a row/; 9s/.*/not a row/' || [ $? -eq 3 ]
done
run 0 pcapanalyzer migrate -p "$work/mine.profile"
run 0 pcapanalyzer load
run 3 pcapanalyzer verify
is "$(sql 'SELECT COUNT(*) FROM rejects')" 4 "rejects of two profiles"
sql "ALTER TABLE m_packets REORGANIZE PARTITION p_old INTO (PARTITION p_old VALUES LESS THAN ('$(day 30)'),
	PARTITION p$(day 2 %Y%m%d) VALUES LESS THAN ('$(day 1)'))"
run 0 pcapanalyzer prune --keep 20d --export "$work/export" --format tsv
is "$(awk -F'\t' '$1 == "rejects" {print $4}' "$work/out")" 4 "rejects go with their day"
is "$(awk -F'\t' '$1 == "m_packets" {print $2, $4}' "$work/out")" "p_old $((n - 2))" \
	"tables of a profile that was not given go, too"
is "$(sql 'SELECT (SELECT COUNT(*) FROM rejects) + (SELECT COUNT(*) FROM m_packets) + (SELECT COUNT(*) FROM packets)')" \
	0 "all of it is gone"
run_any pcapanalyzer verify
[ "$rc" = 3 ] || fail "verify: exit $rc, $(cat "$work/out")"
is "$(sql "SELECT COUNT(*) FROM prunes WHERE state <> 'done'")" 0 "every prune is done"
ok "the ledger counts rejects by profile"
# One profile's capture comes whole again, the other one's stays as it is.
make_batches packets "$work/old.pcap" '' --replace
run 0 pcapanalyzer load
run_any pcapanalyzer verify
[ "$rc" = 3 ] || fail "verify: exit $rc, $(cat "$work/out")"
is "$(sql 'SELECT (SELECT COUNT(*) FROM packets), (SELECT COUNT(*) FROM m_packets)')" "$n	0" \
	"a capture that is replaced comes whole again, and the counts are right"

# --- killed --------------------------------------------------------------------------------------

# holder SQL: a client that has done SQL in a transaction, until release.
holder()
{
	rm -f "$work/hold"
	mkfifo "$work/hold"
	# shellcheck disable=SC2046  # a command line of words
	$(client_command) -N -B --unbuffered <"$work/hold" >"$work/held" 2>&1 &
	holder=$!
	exec 7>"$work/hold"
	printf 'START TRANSACTION; %s; SELECT "held";\n' "$1" >&7
	until grep -q held "$work/held"; do nap 20; done
}

release()
{
	exec 7>&-
	wait "$holder" 2>/dev/null || true
}

# until_sql SQL WANTED: ask until that is the answer.
until_sql()
{
	local i
	for i in $(seq 200); do
		[ "$(sql "$1")" != "$2" ] || return 0
		nap 50
	done
	fail "it never came to this: $1 = $2"
}

# start_prune OPTION...: in the background, its pid in $pruner.
start_prune()
{
	last=$(sql 'SELECT COALESCE(MAX(prune_id), 0) FROM prunes')
	csv2mysql "--defaults-file=$PCAPANALYZER_HOME/run/client.cnf" prune "$@" \
		>"$work/prune.out" 2>&1 7>&- 8>&- &
	pruner=$!
}

kill_prune()
{
	kill -9 "$pruner" 2>/dev/null || true # it may be done
	wait "$pruner" 2>/dev/null || true
}

# wait_planned PARTITION: until the prune that was started waits for the table dns.
wait_planned()
{
	until_sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned' AND table_name = 'dns'
		AND partition_name = '$1' AND prune_id > $last" 1
}

# hold_ledger: a client that keeps the plan from becoming done, until let_go.
hold_ledger()
{
	rm -f "$work/hold.2"
	mkfifo "$work/hold.2"
	# shellcheck disable=SC2046  # a command line of words
	$(client_command) -N -B --unbuffered <"$work/hold.2" >"$work/held.2" 2>&1 7>&- &
	second=$!
	exec 8>"$work/hold.2"
	echo "START TRANSACTION; SELECT COUNT(*) FROM prunes WHERE state = 'planned' FOR UPDATE; SELECT 'held';" >&8
	until grep -q held "$work/held.2"; do nap 20; done
}

let_go()
{
	exec 8>&-
	wait "$second" 2>/dev/null || true
}

fresh
run 0 pcapanalyzer import "$work"/{ancient,old,both,today}.pcap
for partition in p_old "p$(day 40 %Y%m%d)"; do
	keep=45d
	[ "$partition" = p_old ] || keep=30d

	# With the plan made, before the table is locked.
	holder 'SELECT COUNT(*) FROM dns'
	start_prune --keep $keep
	wait_planned "$partition"
	run 0 db verify
	kill_prune
	run 0 db verify
	release
	run 0 db verify
	ok "$partition: killed with a plan made"

	# Behind the drop, before the ledger knows.
	before=$(sql 'SELECT COUNT(*) FROM dns')
	holder 'SELECT COUNT(*) FROM dns'
	start_prune --keep $keep
	wait_planned "$partition"
	hold_ledger
	release
	until_sql "SELECT COUNT(*) < $before FROM dns" 1
	telling="FROM information_schema.PROCESSLIST WHERE INFO LIKE 'UPDATE prunes%'"
	until_sql "SELECT COUNT(*) $telling" 1
	run 0 db verify
	kill_prune
	# The server would still do what it was asked for.
	sql "KILL $(sql "SELECT ID $telling")"
	run 0 db verify
	let_go
	is "$(sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned'")" 1 "$partition: killed, dropped and not told"
	run 0 db prune --keep $keep
	is "$(sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned'")" 0 "$partition: the next one settles it"
	run 0 db verify
done
is "$(sql 'SELECT COUNT(*) FROM packets')" $((2 * n)) "what is younger is there"

# At any moment, until it comes to its end; the first cannot come to that before it is killed.
holder 'SELECT COUNT(*) FROM packets'
for i in $(seq 20); do
	start_prune --keep 7d
	nap $((i * 8 - 8))
	kill_prune
	[ "$i" -ne 1 ] || release
	run 0 db verify
	left=$(sql "SELECT COUNT(*) FROM packets WHERE ts < '$(day 7)'")
	[ "$left" != 0 ] || break
done
[ "$i" -gt 1 ] || fail "nothing was killed"
run 0 db prune --keep 7d
run 0 db verify
is "$(sql 'SELECT COUNT(*) FROM packets')" "$n" "killed $i times, verify holds, and the rest is removed"

# another: one more capture of long ago, which goes to p_old.
another()
{
	local file
	file=$(mktemp "$work/another.XXXXXX")
	# With its name and time in it: other bytes each time.
	cp "$work/ancient.pcap" "$file"
	gzip "$file"
	printf '%s.gz' "$file"
}

# What is loaded between the count and the lock is seen, and all is counted again.
run 0 pcapanalyzer import "$(another)"
holder 'SELECT COUNT(*) FROM dns'
start_prune --keep 45d
wait_planned p_old
make_batches packets "$(another)" ''
run 0 db load --spool "$PCAPANALYZER_HOME/spool"
is "$(sql "SELECT COUNT(*), SUM(row_count) FROM prunes WHERE state = 'planned'")" "1	6" "one capture is counted"
release
rc=0
wait "$pruner" || rc=$?
[ "$rc" = 0 ] || fail "prune: exit $rc, $(cat "$work/prune.out")"
run 0 db verify
is "$(sql "SELECT SUM(row_count) FROM prunes WHERE table_name = 'dns' AND prune_id > $last")" 12 "and two are removed"

# --- nobody waits --------------------------------------------------------------------------------

# A transaction that somebody left open, of the table tls: it is left for the next time.
run 0 pcapanalyzer import "$(another)"
holder 'SELECT COUNT(*) FROM tls'
start_prune --keep 45d
run 0 pcapanalyzer prune --keep 45d
one_line 'another prune'
slowest=0
while kill -0 "$pruner" 2>/dev/null; do
	start=${EPOCHREALTIME/./}
	sql "START TRANSACTION; INSERT INTO tls (ts, ts_ns, capture_id, frame) VALUES (UTC_TIMESTAMP(6), 0, 9, 9); ROLLBACK"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ "$took" -le "$slowest" ] || slowest=$took
	nap 50
done
rc=0
wait "$pruner" || rc=$?
is "$rc" 4 "a table in use: exit code"
grep -q 'tls is left for the next time: it is in use' "$work/prune.out" || fail "$(cat "$work/prune.out")"
release
[ "$slowest" -lt 2000 ] || fail "somebody who writes waited $slowest ms"
ok "who writes waited $slowest ms at most"
is "$(sql "SELECT COUNT(DISTINCT table_name), SUM(table_name = 'tls') FROM prunes
	WHERE row_count > 0 AND prune_id > $last")" "5	0" "the other tables are done"
run 0 db verify
run 0 db prune --keep 45d
is "$(sql "SELECT COUNT(*) FROM tls WHERE ts < '$(day 45)'")" 0 "and this one the next time"

# Loaders, prunes and verify at once, all about the same days.
pcapanalyzer import -j 2 "$(another)" "$(another)" "$(another)" "$(another)" >"$work/import.out" 2>&1 &
import=$!
while kill -0 "$import" 2>/dev/null; do
	run_any db prune --keep 45d
	[ "$rc" = 0 ] || [ "$rc" = 4 ] || fail "prune: exit $rc, $(cat "$work/err")"
	# A capture that is on its way is partial, and nothing else may be wrong.
	run_any db verify
	! grep -v 'partial.*its last batch is not stored' "$work/out" | grep mismatch ||
		fail "verify: $(cat "$work/out" "$work/err")"
done
wait "$import" || fail "the import: $(cat "$work/import.out")"
nothing_left
run 0 db prune --keep 45d
run 0 db verify
is "$(sql "SELECT COUNT(*), (SELECT SUM(packets) FROM batches) FROM packets")" "$n	$((12 * n))" \
	"loaded and pruned at once: every row was there, and is counted"
