#!/usr/bin/env bash
# Schema changes in service: ledgers of version 1, profiles that have grown, changes that are
# refused, batches that wait for a migration, several at once.
# shellcheck disable=SC2016  # backticks of SQL
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

spool=$PCAPANALYZER_HOME/spool
n=$(packets_in "$samples/sample.pcap")

db()
{
	csv2mysql "--defaults-file=$PCAPANALYZER_HOME/run/client.cnf" "$@"
}

# columns DATABASE: every column and key of every table, in no matter which order.
columns()
{
	sql "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '$1' AND TABLE_NAME NOT LIKE 'v\\_%'
		ORDER BY 1, 2"
	sql "SELECT TABLE_NAME, GROUP_CONCAT(COLUMN_NAME, COALESCE(SUB_PART, '') ORDER BY SEQ_IN_INDEX)
		FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '$1'
		GROUP BY TABLE_NAME, INDEX_NAME ORDER BY 1, 2"
}

# make_batches PROFILE FILE: a capture into the spool, without the database.
make_batches()
{
	local sum
	sum=$(sha256sum <"$2")
	# shellcheck disable=SC2046  # words
	{ tshark -r "$2" $(tshark2csv -p "$1" --tshark-args) 2>/dev/null &&
		echo '#pcapanalyzer end=complete'; } |
		tshark2csv -p "$1" --trailer --spool "$spool" --sensor "$(uname -n)" \
			--capture-name "${2##*/}" --capture-sha256 "${sum%% *}" \
			--capture-bytes "$(stat -c %s "$2")" --tshark test
}

# as_version_1 BATCH...: the batch as a filter of before wrote it.
as_version_1()
{
	$PYTHON - "$@" <<'PY'
import hashlib, os, sys
for batch in sys.argv[1:]:
    path = os.path.join(batch, "manifest")
    with open(path, "rb") as f:
        lines = f.read().splitlines(True)[:-1]
    new = (b"tshark-args ", b"filter ", b"replaces ")
    text = b"".join(line for line in lines if not line.startswith(new))
    with open(path, "wb") as f:
        f.write(text + b"sha256 " + hashlib.sha256(text).hexdigest().encode() + b"\n")
    os.unlink(os.path.join(batch, "profile"))
PY
}

# --- a ledger of version 1 -------------------------------------------------------------------

run 0 pcapanalyzer import "$samples/sample.pcap"
columns pcapanalyzer >"$work/fresh"
version_1='DROP TABLE passports, coverage, prunes, pruned;
	ALTER TABLE sensors DROP COLUMN last_seen, DROP COLUMN clock_offset_us,
		DROP COLUMN waiting_batches, DROP COLUMN loader;
	ALTER TABLE batches DROP COLUMN passport_id, DROP COLUMN schema_version;
	DELETE FROM schema_version; INSERT INTO schema_version (version) VALUES (1)'
sql "$version_1"
run 0 db init
is "$(sql 'SELECT MAX(version) FROM schema_version')" 3 "init brings the ledger to version 3"
sql "$version_1; ALTER TABLE packets DROP COLUMN cut; ALTER TABLE http DROP COLUMN cut"
run 5 db init
grep -q 'csv2mysql migrate' "$work/err" || fail "init does not say that the profile has grown"
sql "$version_1"
run 5 db load --spool "$spool"
one_line 'version 1.*csv2mysql migrate'
run 0 pcapanalyzer status
run 0 db verify
ok "a ledger of version 1 can be read, and the loader says what to run"
run 0 db migrate --dry-run
for word in 'CREATE TABLE IF NOT EXISTS `passports`' 'ADD COLUMN `passport_id`' \
	'`packets` ADD COLUMN `cut` TINYINT UNSIGNED NOT NULL DEFAULT 0, ALGORITHM=INSTANT;'; do
	grep -qF -- "$word" "$work/out" || fail "--dry-run does not print: $word"
done
is "$(sql 'SELECT MAX(version) FROM schema_version')" 1 "--dry-run changes nothing"
pids=()
for i in 1 2 3 4; do
	db migrate >"$work/at-once.$i" 2>&1 </dev/null &
	pids+=($!)
done
for i in 1 2 3 4; do
	wait "${pids[$((i - 1))]}" || fail "four at once, number $i: $(cat "$work/at-once.$i")"
done
run 0 db migrate
columns pcapanalyzer >"$work/migrated"
cmp "$work/fresh" "$work/migrated" || fail "a migrated schema is not a new one: $(diff "$work/fresh" "$work/migrated" | head -5)"
is "$(sql 'SELECT GROUP_CONCAT(version ORDER BY version) FROM schema_version')" 1,3 \
	"four migrations at once: one ledger of version 3"
is "$(sql 'SELECT schema_version, passport_id IS NULL FROM batches')" "1	1" "old batches have no passport"
run 0 db migrate --dry-run
is "$(cat "$work/out")" '' "a second migration has nothing to do"

sql 'INSERT INTO schema_version (version) VALUES (99)'
for command in init migrate status verify "load --spool $spool"; do
	# shellcheck disable=SC2086  # words
	run 5 db $command
	grep -q 'version 99' "$work/err" || fail "$command: $(cat "$work/err")"
done
sql 'DELETE FROM schema_version WHERE version = 99'
ok "a ledger of a newer program is left alone"

make_batches packets "$samples/sample-ns.pcapng"
as_version_1 "$spool"/ready/*
run 0 db load --spool "$spool"
is "$(sql 'SELECT schema_version, p.profile_text, p.tshark_args, p.filter FROM batches
	JOIN passports p USING (passport_id) ORDER BY batch_no DESC LIMIT 1')" "3			" \
	"a batch of an older filter is loaded"

# --- a profile that has grown ----------------------------------------------------------------

mkdir "$work/a" "$work/b"
cat >"$work/a/mine.profile" <<'P'
[m_packets]
len   uint32     frame.len
src   ip         ip.src
name  text(100)  dns.qry.name
P
cat >"$work/b/mine.profile" <<'P'
[m_packets]
len   uint32     frame.len
src   ip         ip.src
name  text(100)  dns.qry.name
ttl   uint8      ip.ttl
words text(50)   frame.protocols
key   src ts
key   name(20)
[m_names] each dns.qry.name
name  text(100)  dns.qry.name
P
old=$work/a/mine.profile new=$work/b/mine.profile
run 0 pcapanalyzer import -p "$old" "$samples/sample.pcap"
run 0 pcapanalyzer migrate -p "$new" --dry-run
is "$(grep -c . "$work/out")" "$(grep -c . < <(db migrate -p "$new" --dry-run))" "--dry-run through the script"
is "$(sql "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = 'm_packets'")" 8 \
	"and nothing changed"

# Batches of both profiles wait: those that the schema has are loaded, the others wait.
make_batches "$old" "$samples/sample-ns.pcapng"
is "$(entries "$spool/ready" | wc -l)" 1 "a batch of the old profile"
mkdir "$work/later"
mv "$spool"/ready/* "$work/later"
make_batches "$new" "$samples/sample.pcap"
sql "DELETE FROM batches WHERE profile = 'mine'; DELETE FROM m_packets"
run 5 db load --spool "$spool"
one_line "Unknown column.*csv2mysql migrate"
is "$(entries "$spool/ready" | wc -l) $(entries "$spool/aside" | wc -l)" "1 0" "the batch waits, and is not put aside"
mv "$work"/later/* "$spool/ready"
run 5 db load --spool "$spool"
is "$(entries "$spool/ready" | wc -l) $(entries "$spool/aside" | wc -l)" "1 0" "others are loaded past it"

mkdir "$work/keep"
make_batches "$old" "$samples/sample-ns.pcapng"
mv "$spool"/ready/* "$work/keep"
sql "DELETE FROM batches WHERE profile = 'mine'; DELETE FROM m_packets"
run 0 pcapanalyzer import -p "$new" "$samples/sample.pcap"
grep -q 'added m_packets\.ttl, m_packets\.words' "$work/err" || fail "import does not say what it added: $(cat "$work/err")"
grep -q 'added the key m_packets (`src`, `ts`), m_packets (`name`(20))' "$work/err" || fail "no word of the keys"
grep -q 'made the table m_names' "$work/err" || fail "no word of the table"
ok "import on the private server migrates by itself, and says so"
is "$(sql "SELECT COUNT(*), SUM(ttl IS NOT NULL) > 0, SUM(words <> '') FROM m_packets")" "$n	1	$n" "the new columns are filled"
mv "$work"/keep/* "$spool/ready"
run 0 pcapanalyzer load
is "$(sql "SELECT state FROM v_captures WHERE profile = 'mine' AND name LIKE '%sample-ns%'")" complete \
	"a batch of the old profile is loaded after the migration"
run 0 db --database=fresh init -p "$new"
columns pcapanalyzer | grep '^m_' >"$work/migrated"
columns fresh | grep '^m_' >"$work/fresh"
cmp "$work/fresh" "$work/migrated" || fail "the migrated tables are not as new ones: $(diff "$work/fresh" "$work/migrated")"
ok "migrated tables are as new ones"

# Views that the same program made are not made again, but for those that are gone.
views()
{
	sql "SELECT TABLE_NAME, SHA2(VIEW_DEFINITION, 256) FROM information_schema.VIEWS
		WHERE TABLE_SCHEMA = 'pcapanalyzer' ORDER BY 1"
}
run 0 pcapanalyzer import -p "$new" "$samples/sample.pcap"
views >"$work/views"
sql 'DROP VIEW v_m_names; DROP VIEW v_captures; CREATE OR REPLACE VIEW v_m_packets AS SELECT 1 AS one'
run 0 pcapanalyzer import -p "$new" "$samples/sample.pcap"
is "$(views | diff - "$work/views" | grep -c '^>')" 1 "views that are gone are made"
is "$(sql 'SELECT one FROM v_m_packets')" 1 "and others left alone"
run 0 db migrate -p "$new" --sql "$prefix/share/pcapanalyzer/sql"
views | cmp - "$work/views" || fail "migrate does not make all views"
sed -i '1s/^/another/' "$PCAPANALYZER_HOME/run/schema.done"
sql 'CREATE OR REPLACE VIEW v_m_packets AS SELECT 1 AS one'
run 0 pcapanalyzer import -p "$new" "$samples/sample.pcap"
views | cmp - "$work/views" || fail "another program leaves views of the old one"
ok "a program that is another makes its views again"

run 0 pcapanalyzer import -p "$old" "$samples/sample.pcap"
run 0 pcapanalyzer import -p "$new" "$samples/sample.pcap"
views | cmp - "$work/views" || fail "the views of another profile of the same name stay"
ok "profiles of one name take turns, and the views are those of the last"

# Long text was a VARCHAR once, and stays one where it holds as much.
sed '/^\[m_names/,$ s/text(100)/text(2000)/' "$new" >"$work/long.profile"
sql 'ALTER TABLE m_names MODIFY COLUMN name VARCHAR(1999) NULL'
run 5 pcapanalyzer migrate -p "$work/long.profile"
grep -q 'varchar(1999).*makes it text.*loses nothing.*MODIFY COLUMN `name` TEXT(2000) NULL;' "$work/err" ||
	fail "no word of the shorter VARCHAR: $(cat "$work/err")"
sql 'ALTER TABLE m_names MODIFY COLUMN name VARCHAR(2000) NULL'
run 0 pcapanalyzer migrate -p "$work/long.profile"
is "$(columns pcapanalyzer | grep -c '^m_names.*varchar(2000)')" 1 "a VARCHAR that is long enough stays"
sql 'ALTER TABLE m_names MODIFY COLUMN name VARCHAR(100) NULL'

# --- what is refused -------------------------------------------------------------------------

mkdir "$work/c"
cat >"$work/c/mine.profile" <<'P'
[m_packets]
len   uint64     frame.len
src   ip         ip.src
name  text(10)   dns.qry.name
more  uint8      ip.proto
[m_names]
name  text(100)  dns.qry.name
[m_third]
len   uint32     frame.len
P
columns pcapanalyzer >"$work/before"
for command in "migrate -p $work/c/mine.profile" "migrate --dry-run -p $work/c/mine.profile" \
	"import -p $work/c/mine.profile $samples/sample-ns.pcapng"; do
	# shellcheck disable=SC2086  # words
	run 5 pcapanalyzer $command
	grep -q 'm_packets is int.* unsigned.*loses nothing, but rewrites.*ALTER TABLE `m_packets` MODIFY COLUMN `len` BIGINT UNSIGNED NULL;' "$work/err" ||
		fail "no word of the column len: $(cat "$work/err")"
	grep -q 'varchar(100).*varchar(10).*may lose.*MODIFY COLUMN `name` VARCHAR(10) NULL;' "$work/err" ||
		fail "no word of the column name"
	grep -q 'm_names.*DROP PRIMARY KEY, ADD PRIMARY KEY (`ts`, `capture_id`, `frame`);' "$work/err" ||
		fail "no word of the primary key"
	columns pcapanalyzer >"$work/after"
	cmp "$work/before" "$work/after" || fail "something was changed by $command"
done
ok "what could lose something is refused, column by column, before anything is changed"
# The statement that it names works, and then it is content.
sed -i '/^\[m_names\]/,/^name/d; s/text(10) /text(100) /' "$work/c/mine.profile"
run 5 pcapanalyzer migrate -p "$work/c/mine.profile"
statement=$(grep -o 'ALTER TABLE `m_packets` MODIFY COLUMN `len` BIGINT UNSIGNED NULL;' "$work/err")
sql "$statement"
run 0 pcapanalyzer migrate -p "$work/c/mine.profile"
is "$(sql 'SELECT COUNT(*), SUM(more) IS NULL FROM m_packets')" "$((2 * n))	1" "a person ran the statement, then it went on"

# --- in use ----------------------------------------------------------------------------------

# hold SECONDS: a transaction that has read the table.
hold()
{
	# shellcheck disable=SC2046  # words
	$(client_command) -e "START TRANSACTION; SELECT COUNT(*) FROM m_packets; DO SLEEP($1); COMMIT" >/dev/null &
	holder=$!
	sleep 0.5
}

mkdir "$work/d"
sed '/^more /a yet uint8 ip.ttl' "$work/c/mine.profile" >"$work/d/mine.profile"
hold 4
start=$SECONDS
run 0 db migrate -p "$work/d/mine.profile"
note "waited $((SECONDS - start)) s for a transaction of 4 s"
wait "$holder"
is "$(sql "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_NAME = 'm_packets' AND COLUMN_NAME = 'yet'")" 1 \
	"a table that is in use for a while is waited for"
sed -i '/^more /a even uint8 ip.ttl' "$work/d/mine.profile"
hold 60
run 4 db migrate -p "$work/d/mine.profile"
one_line 'm_packets has been in use.*migrate. again'
sql "KILL $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")"
wait "$holder" 2>/dev/null || true
run 0 db migrate -p "$work/d/mine.profile"
ok "one that is in use for long is told of, and nobody waits behind"

# While an import runs.
for i in 1 2 3 4 5 6; do
	cp "$samples/sample.pcap" "$work/$i.pcap"
	gzip "$work/$i.pcap" # with its name: each is a capture of its own
done
pcapanalyzer import -p "$work/c/mine.profile" "$work"/[1-6].pcap.gz "$samples/cut.pcap" >"$work/import.out" 2>&1 &
import=$!
for i in 1 2 3 4 5 6; do
	sed -i "/^more /a more_$i uint16 ip.len" "$work/d/mine.profile"
	run 0 db migrate -p "$work/d/mine.profile"
done
rc=0
wait "$import" || rc=$?
[ $rc -eq 0 ] || [ $rc -eq 3 ] || fail "the import beside the migrations: exit $rc, $(cat "$work/import.out")"
[ -z "$(entries "$spool/ready" "$spool/aside")" ] || fail "left in the spool"
run_any pcapanalyzer verify
[ "$rc" -eq 0 ] || [ "$rc" -eq 3 ] || fail "verify: $(cat "$work/out")"
ok "columns are added while an import runs"

# --- what was kept aside ---------------------------------------------------------------------

run 0 pcapanalyzer status
! grep -q 'kept aside' "$work/err" || fail "status tells of packets that are not aside"
printf '1\tnot a row\n' | tshark2csv --spool "$spool" --capture-name bad --sensor x >/dev/null 2>&1 || true
run 0 pcapanalyzer load
run 0 pcapanalyzer status
grep -q '1 packets of 1 captures were kept aside.*query rejects' "$work/err" ||
	fail "status does not tell of packets that were kept aside: $(cat "$work/err")"
ok "status tells of packets that were kept aside"
run 1 pcapanalyzer query 'SELECT * FROM pakets'
one_line pakets
! grep -q 'init' "$work/err" || fail "a mistyped table is no reason to run init"
sql 'CREATE DATABASE nothing'
run 1 db --database=nothing query 'SELECT * FROM packets'
one_line "csv2mysql init"
ok "init is named only where the schema is missing"
