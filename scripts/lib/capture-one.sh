# shellcheck shell=bash
# shellcheck disable=SC2154 # workers.sh exports what is in capitals
# One file of a live capture: tell what it covers, then read it as any other capture.
# capture-one.sh NUMBER FILE NAME; FILE.meta has its times and what was dropped meanwhile.
# shellcheck source=scripts/lib/worker.sh
. "$PA_LIB/worker.sh"
# shellcheck source=scripts/lib/event.sh
. "$PA_LIB/event.sh"

# In the middle of what was captured; its value, or nothing.
statistic() {
	sed -n "s/^$1\t//p" "$work/stat"
}

"$PCAPFILE" stat "$file" >"$work/stat" 2>"$work/stat.err" || true
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

sha=$(sha256sum <"$file")
n=${#intervals[@]}
for interval in "${intervals[@]}"; do
	read -r from until <<<"$interval"
	# The last one stands for the file, so that its packets count once.
	which=some options=()
	[[ $((n -= 1)) -gt 0 ]] || which=all options=(--sha256 "${sha%% *}")
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
