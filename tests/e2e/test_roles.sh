#!/usr/bin/env bash
# The roles of sql/roles.sql, on a real server: each account can do its work, and not more.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

run 0 pcapanalyzer import "$samples/sample.pcap"
client=$(client_command)
# shellcheck disable=SC2086  # a command line of words
$client <"$root/sql/roles.sql" || fail "roles.sql"
# shellcheck disable=SC2086
$client <"$root/sql/roles.sql" || fail "roles.sql a second time"
ok "roles.sql, twice"
to=FOR
[[ $client == *mariadb* ]] || to=TO
socket=$(sed -n 's/^socket=//p' "$PCAPANALYZER_HOME/run/client.cnf")
for role in analyst loader redissector keeper; do
	sql "CREATE USER '$role'@'localhost' IDENTIFIED BY 'secret-$role';
		GRANT pcapanalyzer_$role TO '$role'@'localhost'"
	if [ $to = FOR ]; then
		sql "SET DEFAULT ROLE pcapanalyzer_$role FOR '$role'@'localhost'"
	else
		sql "SET DEFAULT ROLE pcapanalyzer_$role TO '$role'@'localhost'"
	fi
	(
		umask 077
		printf '[client]\nsocket=%s\nuser=%s\npassword=secret-%s\ndatabase=pcapanalyzer\n' \
			"$socket" $role $role >"$work/$role.cnf"
	)
done

# as ROLE COMMAND...: with that account instead of the private server's.
as()
{
	local -x PCAPANALYZER_DEFAULTS_FILE=$work/$1.cnf
	shift
	"$@"
}

# may ROLE SQL, may_not ROLE SQL: straight to the server.
may()
{
	"${client%% *}" "--defaults-file=$work/$1.cnf" -N -B -e "$2" pcapanalyzer >"$work/out" 2>"$work/err"
}
may_not()
{
	! may "$@" || fail "$1 may: $2"
	grep -qE 'ERROR (1142|1044|1143|1227|1370|1410|1045)' "$work/err" || fail "$1, $2: $(cat "$work/err")"
}

# The loader: loads, and neither reads packets nor changes what is stored.
cp "$samples/sample-ns.pcapng" "$work/second.pcapng"
as loader run 0 pcapanalyzer import --sensor other "$work/second.pcapng"
is "$(sql 'SELECT COUNT(*) FROM captures')" 2 "a loader's import"
as loader run 0 pcapanalyzer doctor
grep -qE '^ok +grants +this account may load$' "$work/out" || fail "doctor: $(grep grants "$work/out")"
ok "doctor asks no more of a loader than to load"
for statement in 'SELECT COUNT(*) FROM packets' 'SELECT * FROM v_packets' 'UPDATE packets SET ts = ts' \
	'DELETE FROM packets WHERE frame = 1' 'DELETE FROM batches' 'DELETE FROM captures' \
	'DROP TABLE packets' 'TRUNCATE packets' 'ALTER TABLE packets ADD x INT' \
	'CREATE TABLE t (a INT)' "SELECT LOAD_FILE('/etc/passwd') IS NULL FROM packets" \
	"UPDATE passports SET tshark = ''" 'SELECT * FROM mysql.user' \
	'GRANT SELECT ON packets TO loader@localhost'; do
	may_not loader "$statement"
done
ok "a loader cannot read packets, change, drop or grant"
# What REPLACE needs is more than we would give: an empty WHERE asks for no column.
may loader 'DELETE FROM rejects' || fail "DELETE without WHERE: $(cat "$work/err")"
ok "a loader can delete whole tables, as pcapanalyzer-security(7) says"

# The analyst reads.
as analyst run 0 pcapanalyzer query 'SELECT COUNT(*) FROM v_packets'
as analyst run 0 pcapanalyzer query top-talkers
as analyst run 0 pcapanalyzer status
as analyst run 0 pcapanalyzer doctor
grep -qE '^ok +grants +this account may read$' "$work/out" || fail "doctor: $(grep grants "$work/out")"
for statement in 'DELETE FROM packets' 'UPDATE packets SET ts = ts' 'DROP TABLE packets' \
	'INSERT INTO rejects SELECT * FROM rejects' 'CREATE TABLE t (a INT)' "SELECT LOAD_FILE('/etc/passwd') FROM mysql.user"; do
	may_not analyst "$statement"
done
ok "an analyst reads, and nothing else"
as analyst run 5 pcapanalyzer import --sensor third "$work/second.pcapng"
is "$(sql 'SELECT COUNT(*) FROM captures')" 2 "an analyst's import is refused"
as analyst run 1 pcapanalyzer doctor
grep -qE '^BAD +grants +this account cannot load, and [0-9]+ batch' "$work/out" || fail "doctor: $(grep grants "$work/out")"
ok "doctor sees that an analyst cannot load what waits"
as loader run 0 pcapanalyzer load
is "$(sql 'SELECT COUNT(*) FROM captures')" 3 "and a loader can"

as redissector run 0 pcapanalyzer import --redissect --sensor other "$work/second.pcapng"
may_not redissector 'DROP TABLE packets'
as keeper run 0 pcapanalyzer migrate
may keeper 'CREATE TABLE kept (a INT); DROP TABLE kept' || fail "keeper: $(cat "$work/err")"
may_not keeper 'SELECT * FROM mysql.user'
run 0 pcapanalyzer verify
ok "verify"
