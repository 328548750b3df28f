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

# forget: an empty database, as after init.
fresh()
{
	sql 'DROP DATABASE pcapanalyzer'
	rm -f "$PCAPANALYZER_HOME/run/schema.done"
	run 0 db init --sql "$root/sql"
	split_old
}

run 0 pcapanalyzer import "$work/today.pcap"
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
for profile in packets mine; do
	[ $profile = packets ] || printf '[m_packets]\nlen uint32 frame.len\n' >"$work/mine.profile"
	sum=$(sha256sum <"$work/old.pcap")
	# shellcheck disable=SC2046  # words
	{ tshark -r "$work/old.pcap" $(tshark2csv -p "${profile/mine/$work/mine.profile}" --tshark-args) 2>/dev/null |
		sed '5s/.*/not a row/; 9s/.*/not a row/'; echo '#pcapanalyzer end=complete'; } |
		tshark2csv -p "${profile/mine/$work/mine.profile}" --trailer --spool "$PCAPANALYZER_HOME/spool" \
			--sensor "$(uname -n)" --capture-name old --capture-sha256 "${sum%% *}" \
			--capture-bytes "$(stat -c %s "$work/old.pcap")" --capture-packets "$n" --tshark test 2>/dev/null || true
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
sql "UPDATE batches SET tshark = 'another' WHERE profile = 'packets'"
mkdir "$work/again"
sum=$(sha256sum <"$work/old.pcap")
# shellcheck disable=SC2046  # words
{ tshark -r "$work/old.pcap" $(tshark2csv --tshark-args) 2>/dev/null; echo '#pcapanalyzer end=complete'; } |
	tshark2csv --replace --trailer --spool "$PCAPANALYZER_HOME/spool" --sensor "$(uname -n)" --capture-name old \
		--capture-sha256 "${sum%% *}" --capture-bytes "$(stat -c %s "$work/old.pcap")" --capture-packets "$n" \
		--tshark test
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
	csv2mysql "--defaults-file=$PCAPANALYZER_HOME/run/client.cnf" prune "$@" >"$work/prune.out" 2>&1 &
	pruner=$!
}

kill_prune()
{
	kill -9 "$pruner"
	wait "$pruner" 2>/dev/null || true
}

for table in p_old "p$(day 40 %Y%m%d)"; do
	fresh
	run 0 pcapanalyzer import "$work"/{ancient,old,recent,today}.pcap
	keep=55d
	[ "$table" = p_old ] || keep=30d
	[ "$table" = p_old ] || run 0 pcapanalyzer prune --keep 55d

	# With the plan made, before the table is locked.
	holder 'SELECT COUNT(*) FROM dns'
	start_prune --keep $keep
	until_sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned' AND table_name = 'dns' AND partition_name = '$table'" 1
	run 0 db verify
	kill_prune
	run 0 db verify
	release
	run 0 db verify
	ok "$table: killed with a plan made"

	# What comes in meanwhile is in nobody's way, and the plan is forgotten.
	before=$(sql 'SELECT COUNT(*) FROM dns')
	holder "SELECT COUNT(*) FROM prunes WHERE state = 'planned' FOR UPDATE"
	release
	holder 'SELECT COUNT(*) FROM dns'
	start_prune --keep $keep
	until_sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned' AND table_name = 'dns' AND partition_name = '$table'" 1

	# Behind the drop, before the ledger knows.
	exec 8>&1
	# shellcheck disable=SC2046  # a command line of words
	{ echo "START TRANSACTION; SELECT COUNT(*) FROM prunes WHERE state = 'planned' FOR UPDATE; SELECT 'held';"
		while [ ! -e "$work/let.go" ]; do nap 50; done; } |
		$(client_command) -N -B --unbuffered >"$work/held2" 2>&1 &
	second=$!
	until grep -q held "$work/held2"; do nap 20; done
	release
	if [ "$table" = p_old ]; then
		until_sql "SELECT COUNT(*) FROM dns PARTITION (p_old)" 0
	else
		until_sql "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE TABLE_NAME = 'dns' AND PARTITION_NAME = '$table'" 0
	fi
	is "$(sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned'")" 1 "$table: dropped, and the ledger not told"
	[ "$(sql 'SELECT COUNT(*) FROM dns')" -lt "$before" ] || fail "nothing was dropped"
	run 0 db verify
	kill_prune
	run 0 db verify
	touch "$work/let.go"
	wait "$second" || true
	rm "$work/let.go"
	run 0 db verify
	run 0 db prune --keep $keep
	is "$(sql "SELECT COUNT(*) FROM prunes WHERE state = 'planned'")" 0 "$table: the next one settles it"
	run 0 db verify
done
