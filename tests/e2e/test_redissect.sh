#!/usr/bin/env bash
# import --redissect: another profile, another tshark; kill -9 in the middle; who reads meanwhile
# sees all of the old rows or all of the new ones.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/../fault/lib.sh"

spool=$PCAPANALYZER_HOME/spool
n=60000 # six batches
make_big "$work/big.pcap" $n

db()
{
	csv2mysql "--defaults-file=$PCAPANALYZER_HOME/run/client.cnf" "$@"
}

# What tells the two profiles apart: a says ttl = 64, b says ttl = 17 (the protocol), has a
# column and a table more and lacks one.
mkdir "$work/a" "$work/b"
cat >"$work/a/mine.profile" <<'P'
[m_packets]
len   uint32     frame.len
ttl   uint8      ip.ttl
gone  uint16     udp.srcport
name  text(100)  dns.qry.name
P
cat >"$work/b/mine.profile" <<'P'
[m_packets]
len   uint32     frame.len
ttl   uint8      ip.proto
more  uint16     udp.dstport
name  text(100)  dns.qry.name
[m_names] each dns.qry.name
name  text(100)  dns.qry.name
P
cat >"$work/side.profile" <<'P'
[s_packets]
len   uint32     frame.len
P
a=$work/a/mine.profile b=$work/b/mine.profile

# One statement, one snapshot: rows, rows of a, rows of b, rows of the second table, batches.
state_sql='SELECT CONCAT_WS(" ", (SELECT COUNT(*) FROM m_packets), (SELECT COUNT(*) FROM m_packets
	WHERE ttl = 64 AND gone IS NOT NULL), (SELECT COUNT(*) FROM m_packets WHERE ttl = 17 AND
	more IS NOT NULL), (SELECT COUNT(*) FROM m_names), (SELECT COUNT(DISTINCT profile_sha256)
	FROM batches WHERE profile = "mine"))'
state_a="$n $n 0 0 1"
state_b="$n 0 $n $n 1"

is_state()
{
	is "$(sql "$state_sql")" "$1" "$2"
}

# reader FILE: what a reader sees, again and again, until FILE.stop is there.
reader()
{
	while [ ! -e "$1.stop" ]; do
		sql "$state_sql" >>"$1" 2>>"$1.err" || true
	done
}

# --- another profile -------------------------------------------------------------------------

run 0 pcapanalyzer import -p "$a" "$work/big.pcap"
run 0 pcapanalyzer import -p "$work/side.profile" "$work/big.pcap"
run 0 pcapanalyzer migrate -p "$b"
is_state "$state_a" "imported with profile a"
side=$(sql 'SELECT COUNT(*) FROM s_packets')

run 0 pcapanalyzer import -p "$b" "$work/big.pcap"
grep -q 'already there' "$work/err" || fail "without --redissect it is not left alone"
is_state "$state_a" "without --redissect nothing is replaced"

reader "$work/seen" &
reader=$!
run 0 pcapanalyzer import --redissect -p "$b" "$work/big.pcap"
touch "$work/seen.stop"
wait "$reader"
cp "$work/err" "$work/report"
is_state "$state_b" "replaced by profile b"
grep -qx "$state_a" "$work/seen" || fail "the reader never saw the old rows"
is "$(grep -vxc -e "$state_a" -e "$state_b" "$work/seen" || true)" 0 \
	"a reader saw all old rows or all new ones, in $(wc -l <"$work/seen") looks"
[ ! -s "$work/seen.err" ] || note "the reader: $(sort "$work/seen.err" | uniq -c | head -3)"
is "$(sql 'SELECT COUNT(*) FROM s_packets')" "$side" "another profile's tables stay"
run 0 pcapanalyzer verify -p "$b"
ok "verify"
for words in "1 replace what was there" "replaced what the profile mine had stored" \
	"m_packets: $n rows before, $n now, 0 of them new" "ttl $n" "gone $n ($n gone)" \
	"more $n ($n new)" "m_names: 0 rows before, $n now, $n of them new"; do
	grep -qF -- "$words" "$work/report" || fail "the report does not say \"$words\": $(cat "$work/report")"
done
! grep -E 'values differ.*(len|name) ' "$work/report" || fail "the report tells of columns that are alike"
ok "the report counts what differs, column by column"
run 0 pcapanalyzer import --redissect -p "$b" "$work/big.pcap"
grep -q 'left alone' "$work/err" || fail "again: $(cat "$work/err")"
is_state "$state_b" "the same again is left alone"

# --- another tshark --------------------------------------------------------------------------

mkdir "$work/bin"
chmod 711 "$work" # tshark does not run as root
real=$(type -P tshark)
# It says another version, and another name for every 256th packet; with FAIL there it ends in
# the middle as if it had crashed.
cat >"$work/bin/tshark" <<W
#!/bin/bash
set -o pipefail
case " \$* " in
*' --version '*) "$real" --version | sed '1s/.*/TShark (Wireshark) 4.0.99/' ;;
*' --log-level '*)
	"$real" "\$@" | sed 's/host07\\.example/HOST07.example/g' |
		if [ -e "$work/FAIL" ]; then
			head -n 55000
			exit 1
		else
			cat
		fi
	;;
*) exec "$real" "\$@" ;;
esac
W
chmod +x "$work/bin/tshark"
other=("env" "PATH=$work/bin:$PATH" pcapanalyzer)
touch "$work/FAIL"
run 1 "${other[@]}" import --redissect -p "$b" "$work/big.pcap"
is_state "$state_b" "a tshark that fails leaves the old rows"
is "$(entries "$spool/ready" | wc -l)" 5 "the batches that it made wait"
run 0 pcapanalyzer load
grep -q '5 batches wait for the rest of their capture' "$work/err" || fail "load: $(cat "$work/err")"
is_state "$state_b" "and is not loaded alone"
rm "$work/FAIL"
run 0 "${other[@]}" import --redissect -p "$b" "$work/big.pcap"
changed=$((n / 256 + (n % 256 > 7)))
grep -q "m_packets: values differ in rows: name $changed\$" "$work/err" || fail "the report: $(cat "$work/err")"
grep -q "m_names: values differ in rows: name $changed\$" "$work/err" || fail "the report: $(cat "$work/err")"
is_state "$state_b" "another tshark, the same profile"
is "$(sql 'SELECT COUNT(*) FROM m_packets WHERE name LIKE "HOST%"')" "$changed" "and what it says is stored"
is "$(sql 'SELECT DISTINCT p.tshark FROM batches JOIN passports p USING (passport_id)
	WHERE batches.profile = "mine"')" 'TShark (Wireshark) 4.0.99' "the passport tells which tshark it was"
run 0 pcapanalyzer verify -p "$b"
nothing_left

# --- kill -9 ---------------------------------------------------------------------------------

# transactions [WHERE]: how many are open. The server renews this table only when nobody has read
# it for a tenth of a second: who asks more often is told the same for ever.
transactions()
{
	nap 250
	sql "SELECT COUNT(*) FROM information_schema.INNODB_TRX ${1:-}"
}

blocked()
{
	[ "$(transactions "WHERE trx_state = 'LOCK WAIT'")" -gt 0 ]
}

rolled_back()
{
	[ "$(transactions)" -eq 0 ]
}

loader()
{
	local pid
	for pid in $(ours csv2mysql); do
		if { tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx load; } 2>/dev/null; then
			echo "$pid"
		fi
	done
}

batch_ready()
{
	[ -n "$(entries "$spool/ready")" ]
}

children_gone()
{
	[ -z "$(ours tshark)$(ours tshark2csv)$(ours csv2mysql)" ]
}

# kill_loader PROFILE LOCK STATE WHEN: LOCK is a SELECT that makes the loader wait in the middle;
# there it is killed, and the capture is as it was.
kill_loader()
{
	local holder import rc=0
	# shellcheck disable=SC2046  # a command line of words
	$(client_command) -e "START TRANSACTION; $2 FOR UPDATE; DO SLEEP(600)" >/dev/null 2>&1 &
	holder=$!
	pcapanalyzer import --redissect -p "$1" "$work/big.pcap" >"$work/import.out" 2>&1 </dev/null &
	import=$!
	wait_for blocked
	for pid in $(loader); do
		kill -9 "$pid"
	done
	wait $import || rc=$?
	[ $rc -eq 4 ] || fail "an import whose loader was killed: exit $rc, $(cat "$work/import.out")"
	sql "KILL $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")"
	wait $holder 2>/dev/null || true
	wait_for rolled_back
	is_state "$3" "killed $4, the old rows are whole"
	run 0 pcapanalyzer import --redissect -p "$1" "$work/big.pcap"
}

kill_loader "$a" "SELECT * FROM m_packets WHERE capture_id = 1 AND frame = $n" "$state_b" \
	"while it removes the old rows"
is_state "$state_a" "the next import replaces them"
kill_loader "$b" "SELECT * FROM m_names" "$state_a" "while it loads the new rows"
is_state "$state_b" "the next import replaces them"
run 0 pcapanalyzer verify -p "$b"
nothing_left

# The script, with a part of the batches made; then tshark.
pcapanalyzer import --redissect -p "$a" "$work/big.pcap" >"$work/import.out" 2>&1 </dev/null &
import=$!
wait_for batch_ready
kill -9 $import
wait $import 2>/dev/null || true
wait_for children_gone
run 0 pcapanalyzer load
sql "$state_sql" >"$work/now"
grep -qx -e "$state_a" -e "$state_b" "$work/now" || fail "neither old nor new: $(cat "$work/now")"
ok "a killed import left it whole: $(cat "$work/now")"
run 0 pcapanalyzer import --redissect -p "$a" "$work/big.pcap"
is_state "$state_a" "the import after it completes it"
nothing_left
pcapanalyzer import --redissect -p "$b" "$work/big.pcap" >"$work/import.out" 2>&1 </dev/null &
import=$!
wait_for batch_ready
for pid in $(ours tshark); do
	kill -9 "$pid" 2>/dev/null || true
done
rc=0
wait $import || rc=$?
note "tshark was killed: exit $rc"
is_state "$([ $rc -eq 0 ] && echo "$state_b" || echo "$state_a")" "a killed tshark leaves the old rows"
run 0 pcapanalyzer import --redissect -p "$b" "$work/big.pcap"
is_state "$state_b" "and the next import replaces them"
run 0 pcapanalyzer verify -p "$b"
nothing_left

# A loader that was killed between its commit and the removal of the last batch: the rest of the
# batches is recognised.
sum=$(sha256sum <"$work/big.pcap")
# shellcheck disable=SC2046  # words
{ tshark -r "$work/big.pcap" $(tshark2csv -p "$a" --tshark-args) && echo '#pcapanalyzer end=complete'; } |
	tshark2csv -p "$a" --trailer --spool "$spool" --sensor "$(uname -n)" --capture-name big \
		--batch-rows 50000 --batch-bytes 8388608 \
		--capture-sha256 "${sum%% *}" --replace --tshark 'by hand'
is "$(entries "$spool/ready" | wc -l)" 2 "batches made by hand"
cp -a "$spool/ready" "$work/copy"
run 0 db load --spool "$spool"
is_state "$state_a" "batches made by hand replace it"
for keep in 1 2; do
	cp -a "$work"/copy/*"$(printf '%010d' $(((keep - 1) * 50000 + 1)))" "$spool/ready"
	before=$(sql 'SELECT MAX(batch_no) FROM batches')
	run 0 db load --spool "$spool"
	nothing_left
	is "$(sql 'SELECT MAX(batch_no) FROM batches')" "$before" "what is left of stored batches is removed"
done
cp -a "$work"/copy/* "$spool/ready"
run 0 db load --spool "$spool"
is_state "$state_a" "all of them again change nothing"

# Damage in one of them: nothing of the capture is touched.
run 0 pcapanalyzer import --redissect -p "$b" "$work/big.pcap"
cp -a "$work"/copy/* "$spool/ready"
echo x >>"$(find "$spool/ready" -name 'm_packets.csv' | sort | tail -1)"
run 3 db load --spool "$spool"
is_state "$state_b" "a damaged batch leaves the old rows"
rm -rf "$spool"/aside/*

# --- captures that are not there, and others ---------------------------------------------------

run 3 pcapanalyzer import --redissect -p "$b" "$samples/sample.pcap" "$samples/cut.pcap" "$work/big.pcap"
is "$(sql 'SELECT COUNT(*) FROM captures')" 3 "unknown captures are imported as usual"
is "$(sql 'SELECT COUNT(*) FROM m_packets')" \
	$((n + $(packets_in "$samples/sample.pcap") + $(packets_in "$samples/cut.pcap"))) "beside one that is left alone"
run 3 pcapanalyzer import --redissect -p "$a" "$samples/sample.pcap" "$samples/cut.pcap"
is "$(sql 'SELECT GROUP_CONCAT(truncated) FROM captures WHERE capture_id > 1')" "$(sql 'SELECT
	GROUP_CONCAT(name LIKE "%cut.pcap") FROM captures WHERE capture_id > 1')" "a cut capture stays a cut one"
is "$(sql 'SELECT COUNT(*) FROM m_packets WHERE ttl = 17 AND more IS NOT NULL AND capture_id = 1')" "$n" \
	"a capture that was not named stays"
is "$(sql 'SELECT COUNT(*) FROM m_packets WHERE more IS NOT NULL AND capture_id > 1')" 0 "the named ones are replaced"
run 3 pcapanalyzer verify -p "$b"
nothing_left
