#!/usr/bin/env bash
# Many filters write into one spool at once, each sweeping what others might have left: every
# batch of every one of them is there.
# shellcheck source=tests/fault/lib.sh
. "$(dirname "$0")/lib.sh"

mapfile -t args < <(tshark2csv --tshark-args | tr ' ' '\n')
tshark -r "$samples/sample.pcap" "${args[@]}" >"$work/fields" 2>"$work/tshark.err"
writers=4 rounds=50 lost=0
for ((round = 0; round < rounds; round++)); do
	pids=()
	for ((writer = 0; writer < writers; writer++)); do
		tshark2csv --spool "$work/spool" --batch-rows 20 "$work/fields" 2>>"$work/err" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || lost=$((lost + 1))
	done
done
[ $lost -eq 0 ] || fail "$lost filters failed: $(head -n 1 "$work/err")"
# 52 packets, 20 rows to a batch: three batches of every run.
is "$(find "$work/spool/ready" -mindepth 1 -maxdepth 1 | wc -l)" $((3 * writers * rounds)) "batches"
is "$(find "$work/spool/tmp" -mindepth 1 | wc -l)" 0 "left-over folders"
