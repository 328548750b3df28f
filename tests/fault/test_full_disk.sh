#!/usr/bin/env bash
# A full disk under the spool: one clear line, exit 1, nothing half done; room again: all there.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

# tshark's exit status that the disk did not take is no success.
# shellcheck source=scripts/lib/wireshark.sh
is "$(. "$prefix/share/pcapanalyzer/lib/wireshark.sh" && wireshark_verdict '' /dev/null)" failed \
	"the verdict without an exit status"

[ "$(id -u)" -eq 0 ] || skip "a small file system needs root"
mkdir -p "$PCAPANALYZER_HOME/spool"
mount -t tmpfs -o size=3m,mode=0700 tmpfs "$PCAPANALYZER_HOME/spool" 2>/dev/null ||
	skip "no file system can be mounted here"
unmount()
{
	umount -l "$PCAPANALYZER_HOME/spool" 2>/dev/null
}
on_exit+=(unmount)

make_big "$work/big.pcap" 10000
run 0 pcapanalyzer server start
# A filler that leaves too little for one batch.
dd if=/dev/zero of="$PCAPANALYZER_HOME/spool/filler" bs=1k count=2900 status=none || true
run_any pcapanalyzer import "$work/big.pcap"
grep -qiE 'no space|disk.*full|space left' "$work/err" || {
	cat "$work/err" >&2
	fail "the message does not speak of space"
}
is "$rc" 1 "exit code of a full disk"
rm -f "$PCAPANALYZER_HOME/spool/filler"
umount -l "$PCAPANALYZER_HOME/spool"
run 0 pcapanalyzer import "$work/big.pcap"
all_there "$work/big.pcap"

# tshark2csv alone, on a full standard output.
# shellcheck disable=SC2046  # words
tshark -r "$samples/sample.pcap" $(tshark2csv --tshark-args) 2>/dev/null >"$work/rows"
rc=0
tshark2csv <"$work/rows" >/dev/full 2>"$work/err" || rc=$?
is $rc 1 "standard output is full"
one_line 'space|full'
rc=0
tshark2csv --columns >/dev/full 2>"$work/err" || rc=$?
is $rc 1 "--columns to a full device"
rc=0
tshark2csv --help >/dev/full 2>"$work/err" || rc=$?
is $rc 1 "--help to a full device"
rc=0
csv2mysql --help >/dev/full 2>"$work/err" || rc=$?
is $rc 1 "csv2mysql --help to a full device"
rc=0
pcapanalyzer query --format tsv 'SELECT 1' >/dev/full 2>"$work/err" || rc=$?
is $rc 1 "an answer to a full device"
