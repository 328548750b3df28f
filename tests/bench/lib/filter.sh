# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # backticks of Markdown; run sources these files together
# The filter against programs that read the same text.

# The text of tshark, again and again, until it is long enough to be timed: $text, and a tenth of it
# for who is slow.
make_text() {
	local size i
	bash -c "$tshark_fields" >"$work/once.txt" 2>/dev/null
	size=$(stat -c %s "$work/once.txt")
	for ((i = 0; i * size < megabytes * 100000; i++)); do
		cat "$work/once.txt"
	done >"$tenth"
	for ((i = 0; i < 10; i++)); do
		cat "$tenth"
	done >"$text"
	rm "$work/once.txt"
}

# peer PROGRAM NAME MEGABYTES COMMAND
peer() {
	local command=''
	! have "$1" || command=$4
	variant "$2" "$3" "$command"
}

# same_bytes FILTER TEXT: whether the program that is to write the same does. Nothing at all is not
# the same.
same_bytes() {
	local ours=$work/same.ours
	"$1" "$2" >"$ours" 2>/dev/null || true
	if [[ -s $ours ]] &&
		python3 "$here/peers/packets_same.py" "$work/fields" <"$2" 2>/dev/null | cmp -s - "$ours"; then
		echo 'Python wrote the same bytes.'
	else
		echo '**Python did not write the same bytes: its row is of another work.**'
	fi
	rm -f "$ours"
}

bench_filter() {
	local text=$work/text tenth=$work/text.tenth columns=$work/columns
	local filter=$work/prefix/bin/tshark2csv mb few shown first
	make_text
	make_columns
	mb=$(($(stat -c %s "$text") / 1000000))
	few=$(($(stat -c %s "$tenth") / 1000000))
	# Miller takes the first field of each column: to look for another costs it still more.
	first=$(cut -d ' ' -f 1 "$columns" | paste -sd , -)

	table_begins
	variant '`tshark2csv`: types, UTF-8, layers, escapes' "$mb" "$filter $text"
	peer cat '`cat`' "$mb" "cat $text"
	peer wc '`wc -l`' "$mb" "wc -l $text"
	variant 'libcsv, splits and quotes all cells' "$mb" "$build/tests/bench/bench_libcsv $text"
	variant "zsv's library (in no package of Debian's)" "$mb" ''
	peer mawk 'mawk, the same columns' "$few" "mawk -f $here/peers/packets.awk $columns $tenth"
	peer gawk 'gawk, the same columns' "$few" "gawk -b -f $here/peers/packets.awk $columns $tenth"
	peer mlr 'Miller, the same columns' "$few" \
		"mlr --itsv --implicit-csv-header --ocsv --headerless-csv-output cut -o -f $first $tenth"
	peer python3 'Python csv, only selects the columns' "$few" \
		"python3 $here/peers/packets.py $columns <$tenth"
	peer python3 'Python, the same bytes' "$few" \
		"python3 $here/peers/packets_same.py $work/fields <$tenth"
	shown=$((${#names[@]} - 1))
	variant 'once' "$mb" "cat $text | $filter"
	variant 'ten times' $((mb * 10)) "cat $text $text $text $text $text $text $text $text $text $text | $filter"
	measure

	printf '\n### The filter\n\nText as tshark prints it, %s fields a row, to /dev/null.\n\n' \
		"$(wc -l <"$work/fields")"
	print_rows "$shown" MB
	printf '\nPeak memory of `tshark2csv`: %s MiB. Ten times the input takes it ' \
		"$(awk -v k="$(median 0 3)" 'BEGIN {printf "%.1f", k / 1024}')"
	awk -v ten="$(median $((shown + 2)) 1)" -v one="$(median $((shown + 1)) 1)" \
		'BEGIN {printf "%.2f times the CPU time.\n", ten / one}'
	if have python3; then
		same_bytes "$filter" "$tenth"
	fi
	rm "$text" "$tenth"
}
