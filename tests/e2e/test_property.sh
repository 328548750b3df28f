#!/usr/bin/env bash
# Random values of every type, as each tshark prints them: filter, CSV, spool, server and back.
# PROPERTY_SEED and PROPERTY_ROUNDS make other or longer runs.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
run 0 pcapanalyzer server start
$PYTHON "$root/tests/e2e/property.py" --filter "$bin/tshark2csv" \
	--loader "$bin/csv2mysql --defaults-file=$PCAPANALYZER_HOME/run/client.cnf" \
	--client "$(client_command)" --spool "$work/spool" --seed "${PROPERTY_SEED:-1}" \
	--rounds "${PROPERTY_ROUNDS:-8}" || fail "values differ"
ok "what comes out is what went in"
