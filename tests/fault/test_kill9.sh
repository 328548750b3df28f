#!/usr/bin/env bash
# kill -9 of the loader, the server and the script of an import of some size, at some moment; the
# same import again has every packet once. Every step of every program: tests/fault/run-faults.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

small_batches 2000
make_big "$work/one.pcap" 12000
make_big "$work/two.pcap" 9000
printf '\0' | dd of="$work/two.pcap" bs=1 seek=54 conv=notrunc status=none # another capture
cp "$samples/sample.pcap" "$work/three.pcap"
files=("$work/one.pcap" "$work/two.pcap" "$work/three.pcap")
run 0 pcapanalyzer server start

killed=0
declare -A hits=() # kills by part
import=

# The pids of a part of the import; "script" is the import itself, "loader" the csv2mysql that
# serves the import from its start to its end.
targets()
{
	local pid
	case $1 in
	script)
		if kill -0 "$import" 2>/dev/null; then
			echo "$import"
		fi
		;;
	loader)
		# Not one that asks the database a short question.
		for pid in $(ours csv2mysql); do
			if { tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx load; } 2>/dev/null; then
				echo "$pid"
			fi
		done
		;;
	*) ours "$1" ;;
	esac
}

# victim NAME DELAY-MS: start an import, wait until NAME and a worker of it run and DELAY more, kill
# NAME. It counts only when the import was not over by then.
victim()
{
	local name=$1 delay=$2 pids='' pid left=1000
	pcapanalyzer import -j 2 "${files[@]}" >"$work/import.out" 2>&1 </dev/null &
	import=$!
	while kill -0 "$import" 2>/dev/null; do
		[ -z "$(ours tshark2csv)" ] || pids=$(targets "$name")
		[ -z "$pids" ] || break
		left=$((left - 1))
		[ $left -gt 0 ] || fail "no $name in a long while"
		nap 10
	done
	if [ "$delay" -gt 0 ]; then
		nap "$delay"
		pids=$(targets "$name")
	fi
	for pid in $pids; do
		if kill -0 "$import" 2>/dev/null && kill -9 "$pid" 2>/dev/null; then
			killed=$((killed + 1))
			hits[$name]=$((${hits[$name]:-0} + 1))
			note "killed $name ($pid) after ${delay} ms"
		fi
	done
	local rc=0
	wait "$import" || rc=$?
	note "that import: exit $rc"
}

again()
{
	run 0 pcapanalyzer import -j 2 "${files[@]}"
	all_there "${files[@]}"
	run 0 pcapanalyzer import "${files[@]}"
	all_there "${files[@]}"
	sql 'DROP DATABASE pcapanalyzer' 2>/dev/null || true
	rm -f "$PCAPANALYZER_HOME/run/schema.done"
	run 0 pcapanalyzer server start
}

# hit NAME DELAY-MS... : until NAME is killed; an import may be over before.
hit()
{
	local name=$1 delay
	shift
	for delay in "$@"; do
		victim "$name" "$delay"
		[ "${hits[$name]:-0}" -eq 0 ] || return 0
		all_gone
		again
	done
	fail "$name was never there to be killed: nothing was proved"
}

# all_gone: what a killed import started ends by itself, the workers among it.
all_gone()
{
	local left=300
	while [ -n "$(ours tshark)$(ours tshark2csv)$(ours csv2mysql)$(ours bash)" ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || fail "children are still there 30 s after the import"
		nap 100
	done
}

hit loader 0 0 0
again
# The server, by whatever name it runs.
hit "$(cat "/proc/$(server_pid)/comm")" 1000 300 0
run 0 pcapanalyzer server start
again
hit script 1000 300 0
all_gone
ok "the children of a killed import end"
run 0 pcapanalyzer import -j 2 "${files[@]}"
all_there "${files[@]}"
ok "$killed processes killed"
