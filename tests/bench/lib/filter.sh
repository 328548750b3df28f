# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # backticks of Markdown; run sources these files together
# The filter against programs that read the same text.

# The text of tshark, again and again, until it is long enough to be timed.
make_text() {
	local size i
	bash -c "$tshark_fields" >"$work/once.txt" 2>/dev/null
	size=$(stat -c %s "$work/once.txt")
	for ((i = 0; i * size < megabytes * 1000000; i++)); do
		cat "$work/once.txt"
	done >"$work/text"
	rm "$work/once.txt"
	bytes=$(stat -c %s "$work/text")
}

# peer PROGRAM NAME COMMAND
peer() {
	local command=''
	! have "$1" || command=$3
	variant "$2" "$command"
}

bench_filter() {
	local bytes filter=$work/prefix/bin/tshark2csv text=$work/text columns=$work/columns ten shown first
	make_text
	make_columns
	# Miller takes the first field of each column: to look for another costs it still more.
	first=$(cut -d ' ' -f 1 "$columns" | paste -sd , -)

	table_begins
	variant '`tshark2csv`: types, UTF-8, layers, escapes' "$filter $text"
	peer cat '`cat`' "cat $text"
	peer wc '`wc -l`' "wc -l $text"
	variant 'libcsv, splits and quotes all cells' "$build/tests/bench/bench_libcsv $text"
	peer mawk 'mawk, the same columns' "mawk -f $here/peers/packets.awk $columns $text"
	peer gawk 'gawk, the same columns' "gawk -b -f $here/peers/packets.awk $columns $text"
	peer mlr 'Miller, the same columns' \
		"mlr --itsv --implicit-csv-header --ocsv --headerless-csv-output cut -o -f $first $text"
	peer python3 'Python csv, the same columns' "python3 $here/peers/packets.py $columns <$text"
	variant "zsv's library (in no package of Debian's)" ''
	shown=$((${#names[@]} - 1))
	# Through a pipe, so that ten times as much needs no room.
	ten=$(printf "$text %.0s" 1 2 3 4 5 6 7 8 9 10)
	variant 'once' "cat $text | $filter"
	variant 'ten times' "cat $ten | $filter"
	measure

	printf '\n### The filter\n\n%s MB of text as tshark prints it, %s fields a row, to /dev/null.\n\n' \
		"$((bytes / 1000000))" "$(wc -l <"$work/fields")"
	print_rows "$shown" $((bytes / 1000000)) MB
	printf '\nPeak memory of `tshark2csv`: %s MiB. Ten times the input takes it ' \
		"$(awk -v k="$(median 0 3)" 'BEGIN {printf "%.1f", k / 1024}')"
	awk -v ten="$(median $((shown + 2)) 1)" -v one="$(median $((shown + 1)) 1)" \
		'BEGIN {printf "%.2f times the CPU time.\n", ten / one}'
	rm "$text"
}
