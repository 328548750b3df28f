# shellcheck shell=bash
# shellcheck disable=SC2154 # run sources these files together
# One table: `variant` for each row, `measure`, then `print_table`. The first row is what the others
# are compared with.

names=() commands=() before=() after=()

table_begins() {
	names=() commands=() before=() after=()
	rm -f "$work"/times.*
}

# variant NAME COMMAND [BEFORE AFTER]: COMMAND is a line of bash whose output nobody reads; BEFORE and
# AFTER are run around it each time and not measured. A row without COMMAND says that a peer is
# absent.
variant() {
	names+=("$1")
	commands+=("$2")
	before+=("${3:-:}")
	after+=("${4:-:}")
}

# measure [PID]: every row $runs times, in turn, so that whatever disturbs one disturbs all. The
# processor time of the process PID counts, too.
measure() {
	local round i
	for ((round = 0; round < runs; round++)); do
		for i in "${!names[@]}"; do
			[[ -n ${commands[i]} ]] || continue
			${before[i]}
			if ! "$build/tests/bench/bench_measure" "$work/times.$i" "${1:-0}" \
				bash -o pipefail -c "${commands[i]}" >/dev/null 2>"$work/stderr"; then
				printf 'tests/bench: %s failed:\n' "${names[i]}" >&2
				tail -n 5 "$work/stderr" >&2
				exit 1
			fi
			${after[i]}
		done
	done
}

# median ROW COLUMN: 1 processor time, 2 wall time, 3 KiB of the largest process
median() {
	cut -d ' ' -f "$2" "$work/times.$1" | sort -n | sed -n "$(((runs + 1) / 2))p"
}

# print_rows LAST AMOUNT UNIT: the rows 0 to LAST, which have read AMOUNT of UNIT each. The last two
# columns are the row's times in those of row 0.
print_rows() {
	local i
	printf '| what | CPU s | wall s | %s/s | CPU ratio | wall ratio |\n|---|--:|--:|--:|--:|--:|\n' "$3"
	for ((i = 0; i <= $1; i++)); do
		if [[ -z ${commands[i]} ]]; then
			printf '| %s | absent | | | | |\n' "${names[i]}"
			continue
		fi
		awk -v name="${names[i]}" -v amount="$2" -v cpu="$(median "$i" 1)" -v wall="$(median "$i" 2)" \
			-v cpu0="$(median 0 1)" -v wall0="$(median 0 2)" 'BEGIN {
			printf "| %s | %.3f | %.3f | %.0f | %.2f | %.2f |\n", name, cpu, wall, amount / wall,
				cpu / cpu0, wall / wall0
		}'
	done
}
