# shellcheck shell=bash
# shellcheck disable=SC2154 # workers.sh exports what is in capitals
# One file of a live capture: tell what it covers, then read it as any other capture.
# capture-one.sh NUMBER FILE NAME; FILE.meta has its times and what was dropped meanwhile.
# shellcheck source=scripts/lib/worker.sh
. "$PA_LIB/worker.sh"
# shellcheck source=scripts/lib/event.sh
. "$PA_LIB/event.sh"

[[ -s $file ]] || result empty 0 '' # the disk was full when dumpcap began it
"$PCAPFILE" stat --sha256 "$file" >"$work/stat" 2>"$work/stat.err" || true
packets=$(statistic packets)
[[ -n $packets ]] || result failed 0 "$(tail -n 1 "$work/stat.err" | sed 's/^pcapfile: error: //')"

intervals=() drops=()
if [[ -r $file.meta ]]; then
	while IFS=$'\t' read -r key value; do
		case $key in
		interval) intervals+=("$value") ;;
		dropped) drops+=("$value") ;;
		esac
	done <"$file.meta"
fi
# The service was killed before it could note the times: the packets tell them.
[[ ${#intervals[@]} -gt 0 || $packets -eq 0 ]] || intervals=("$(statistic first) $(statistic last)")

# Microseconds of "S.FRACTION".
micros() {
	local t=${1}000000
	t=${t/./}
	printf '%s' "${t:0:16}"
}

# A file that is cut covers no more than its packets: what came behind them could not be written.
if [[ $(statistic end) != complete && $packets -gt 0 && ${#intervals[@]} -gt 0 ]]; then
	read -r from until <<<"${intervals[-1]}"
	first=$(statistic first) last=$(statistic last)
	[[ $(micros "$first") -ge $(micros "$from") ]] || from=$first
	if [[ $(micros "$last") -lt $(micros "$until") && $(micros "$last") -ge $(micros "$from") ]]; then
		while read -r _ interface; do
			event "$interface" lost "$last" "$until" --detail "${file##*/} is cut: the disk was full, or dumpcap was killed" \
				2>"$work/event.err" || result failed 0 "cannot note its end: $(tail -n 1 "$work/event.err")"
		done < <(file_interfaces "$file")
		until=$last
	fi
	intervals[-1]="$from $until"
fi

n=${#intervals[@]}
for interval in "${intervals[@]}"; do
	read -r from until <<<"$interval"
	# The last one stands for the file, so that its packets count once.
	which=some options=()
	[[ $((n -= 1)) -gt 0 ]] || which=all options=(--sha256 "$(statistic sha256)")
	event_of_file "$file" "$which" captured "$from" "$until" "${options[@]}" --detail '' 2>"$work/event.err" ||
		result failed 0 "cannot note its coverage: $(tail -n 1 "$work/event.err")"
done
for drop in "${drops[@]}"; do
	event "${drop#* }" dropped "$from" "$until" --packets "${drop%% *}" \
		--detail 'no room in the buffer that the kernel fills for dumpcap' 2>"$work/event.err" ||
		result failed 0 "cannot note its drops: $(tail -n 1 "$work/event.err")"
done

[[ $packets -gt 0 ]] || result empty 0 ''
exec "$BASH" "$PA_LIB/import-one.sh" "$@"
