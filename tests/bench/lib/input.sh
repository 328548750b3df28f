# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # run sources these files together
# What is read: one capture, tshark's output of it, and the columns that the peers write.

# Set capture, unless one was given, and the words about it.
find_capture() {
	local files=() i
	if [[ -n $capture ]]; then
		capture_words=$(basename -- "$capture")
	else
		capture=$work/all.pcapng
		shopt -s nullglob
		files=("$top"/../shared/captures/ndpi/*.pcap*)
		shopt -u nullglob
		# mergecap stops at a damaged capture.
		for i in "${!files[@]}"; do
			[[ ${files[i]} != *fuzz* ]] || unset "files[i]"
		done
		capture_words="${#files[@]} real captures (nDPI's test data) merged"
		if [[ ${#files[@]} -eq 0 ]]; then
			for ((i = 0; i < 500; i++)); do files+=("$top/tests/data/sample.pcap"); done
			capture_words="this tree's own sample, ${#files[@]} times over"
		fi
		mergecap -a -w "$capture" "${files[@]}" 2>"$work/mergecap.err" || true
	fi
}

# The fields that tshark prints with the arguments, in $fields, and tshark's arguments for just them, as
# people type them, in $bare_args.
find_fields() {
	mapfile -t fields < <(printf '%s\n' "$@" | awk 'before == "-e" {print} {before = $0}')
	bare_args=(-T fields "${fields[@]/#/-e}")
}

# The same, with its number of packets and what tshark is to print of it.
make_capture() {
	find_capture
	packets=$(capinfos -Mc -Tr "$capture" 2>/dev/null | cut -f 2)
	capture_words+=", $packets packets, $(($(stat -L -c %s -- "$capture") / 1000000)) MB"
	read -r -a tshark_args < <("$work/prefix/bin/tshark2csv" --tshark-args)
	printf -v tshark_fields '%q ' tshark -r "$capture" "${tshark_args[@]}"
	find_fields "${tshark_args[@]}"
	printf -v tshark_bare '%q ' tshark -r "$capture" "${bare_args[@]}"
}

# Write to $work/columns a line for each column of the table packets whose values tshark prints:
# the numbers of its fields; and the columns' names to $work/names.
make_columns() {
	printf '%s\n' "${fields[@]}" >"$work/fields"
	awk -v names="$work/names" '
		FNR == NR {number[$1] = FNR; next}
		FNR == 1 {print number["frame.time_epoch"]; print "ts" >names}
		FNR == 1 {print number["frame.number"]; print "frame" >names}
		/^\[/ {inside = ($1 == "[packets]"); next}
		!inside || NF < 3 || /^#/ || $1 == "key" || $2 == "set" || $3 ~ /^@/ {next}
		{
			line = ""
			for (i = 3; i <= NF; i++)
				if ($i in number)
					line = line (line == "" ? "" : " ") number[$i]
			print line
			print $1 >names
		}' "$work/fields" "$top/sql/profiles/packets.profile" >"$work/columns"
}
