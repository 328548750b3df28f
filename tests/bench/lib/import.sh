# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # backticks of Markdown; run sources these files together
# From a capture to rows that can be queried, against tshark alone and against what people write by
# hand. All use one private server, which is empty each time.

import_home=$work/home

pa() {
	PCAPANALYZER_HOME=$import_home "$work/prefix/bin/pcapanalyzer" "$@"
}

import_done() {
	[[ ! -d $import_home ]] || pa server stop >/dev/null 2>&1 || true
}

# An empty database with the tables of the default profile.
import_empty() {
	"${client[@]}" -e 'DROP DATABASE IF EXISTS pcapanalyzer'
	rm -f "$import_home/run/schema.done"
	pa migrate >"$work/migrate.log" 2>&1
}

# Whoever did not store every packet was quicker for that.
import_complete() {
	local stored
	stored=$("${client[@]}" -N -B -e 'SELECT COUNT(*) FROM pcapanalyzer.packets')
	[[ $stored -eq $packets ]] || {
		echo "tests/bench: $stored of $packets packets were stored" >&2
		exit 1
	}
}

# Columns of the table that the peer's CSV has, each with what makes its value of the text.
make_statement() {
	awk -v file="$work/peer.csv" '
		{list = list (NR == 1 ? "" : ", ") "@" $1}
		{value = "NULLIF(@" $1 ", \"\")"}
		$1 == "ts" {value = "FROM_UNIXTIME(@ts)"}
		$1 ~ /^eth_/ {value = "UNHEX(REPLACE(" value ", \":\", \"\"))"}
		$1 == "src" || $1 == "dst" {value = "INET6_ATON(" value ")"}
		$1 == "tcp_flags" {value = "CONV(SUBSTR(" value ", 3), 16, 10)"}
		{set = set (NR == 1 ? "" : ",\n\t") "`" $1 "` = " value}
		END {
			print "LOAD DATA LOCAL INFILE \"" file "\" INTO TABLE packets CHARACTER SET utf8mb4"
			print "FIELDS TERMINATED BY \",\" OPTIONALLY ENCLOSED BY \"\\\"\" ESCAPED BY \"\""
			print "(" list ") SET capture_id = 1, ts_ns = 0,\n\t" set ";"
		}' "$work/names" >"$work/load.sql"
}

# by_hand: tshark to Python to a file, and LOAD DATA of that into the table packets.
by_hand() {
	local fields
	# One value per cell is all that the columns hold.
	fields=${tshark_fields/occurrence=a/occurrence=f}
	printf '%s | python3 %q %q >%q && %s --local-infile=1 <%q' "$fields" "$here/peers/packets.py" \
		"$work/columns" "$work/peer.csv" "${client[*]} pcapanalyzer" "$work/load.sql"
}

bench_import() {
	local client cores jobs ek ours hand=''
	cores=$(nproc)
	pa server start >/dev/null
	client=("$(type -P mariadb || type -P mysql)" "--defaults-file=$import_home/run/client.cnf")
	# Once with everything, so that what is kept of this tshark is there.
	pa import "$top/tests/data/sample.pcap"
	make_columns
	make_statement
	ek=${tshark_fields/-T fields/-T ek}
	! have python3 || hand=$(by_hand)
	printf -v ours 'PCAPANALYZER_HOME=%q %q import' "$import_home" "$work/prefix/bin/pcapanalyzer"

	table_begins
	variant '`tshark -T fields -e` each field of the profile, to /dev/null' "$packets" "$tshark_bare"
	variant 'the same with `$(tshark2csv --tshark-args)`' "$packets" "$tshark_fields"
	variant '`tshark -T ek`, the same fields, to /dev/null' "$packets" "$ek"
	variant '`tshark -T fields` into `tshark2csv`, to /dev/null' "$packets" \
		"$tshark_fields | $work/prefix/bin/tshark2csv"
	for ((jobs = 1; jobs <= cores; jobs *= 2)); do
		variant "\`pcapanalyzer import -j $jobs\`: six tables, committed" "$packets" \
			"$ours -j $jobs '$capture'" import_empty import_complete
	done
	variant 'tshark, Python csv, `LOAD DATA`: the table packets only' "$packets" "$hand" \
		import_empty import_complete
	measure "$(<"$import_home/run/server.pid")"

	printf '\n### From a capture to rows\n\nThe private server with its keys and settings; its CPU time counts.\n\n'
	print_rows $((${#names[@]} - 1)) packets
}
