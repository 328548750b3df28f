#!/usr/bin/env bash
# A full disk under the database, where a server may refuse or die: exit 4, the batches stay in the
# spool; room again: all there.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "a small file system needs root"

make_big "$work/big.pcap" 20000
run 0 pcapanalyzer server start
run 0 pcapanalyzer import "$samples/sample.pcap"
# With a server that is away the batches stay in the spool.
printf '[client]\nsocket=%s/nothing.sock\n' "$work" >"$work/down.cnf"
run 4 env PCAPANALYZER_DEFAULTS_FILE="$work/down.cnf" pcapanalyzer import "$work/big.pcap"
run 0 pcapanalyzer server stop

db=$PCAPANALYZER_HOME/db
kb=$(du -sk "$db" | cut -f 1)
mkdir "$work/db"
mount -t tmpfs -o size=$((kb + 32768))k,mode=0700 tmpfs "$work/db" 2>/dev/null ||
	skip "no file system can be mounted here"
unmount()
{
	pcapanalyzer server stop >/dev/null 2>&1
	umount -l "$work/db" 2>/dev/null
}
on_exit+=(unmount)
cp -a "$db/." "$work/db/"
rm -rf "$db"
ln -s "$work/db" "$db"
run 0 pcapanalyzer server start
# A filler that leaves less than the batches need.
dd if=/dev/zero of="$work/db/filler" bs=1k status=none 2>/dev/null || true
truncate -s -512K "$work/db/filler"
load=(csv2mysql --defaults-file="$PCAPANALYZER_HOME/run/client.cnf" load --spool "$PCAPANALYZER_HOME/spool")
run 4 "${load[@]}" --retry-seconds 1
one_line 'full|space|server'
[ -n "$(entries "$PCAPANALYZER_HOME/spool/ready")" ] || fail "no batch waits"
ok "no room for the database: exit 4, the batches wait"
rm -f "$work/db/filler"
mount -o remount,size=$((kb + 1048576))k "$work/db"
run 0 pcapanalyzer server start
run 0 "${load[@]}"
all_there "$samples/sample.pcap" "$work/big.pcap"
