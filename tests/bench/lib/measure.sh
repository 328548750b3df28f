# shellcheck shell=bash
# shellcheck disable=SC2154 # run sources these files together
# One table: `variant` for each row, `measure`, then `print_table`. The first row is what the others
# are compared with.

names=() amounts=() commands=() before=() after=()

table_begins() {
	names=() amounts=() commands=() before=() after=()
	rm -f "$work"/times.*
}

# variant NAME AMOUNT COMMAND [BEFORE AFTER]: COMMAND is a line of bash that reads AMOUNT, and whose
# output nobody reads; BEFORE and AFTER are run around it each time and not measured. A row without
# COMMAND says that a peer is absent.
variant() {
	names+=("$1")
	amounts+=("$2")
	commands+=("$3")
	before+=("${4:-:}")
	after+=("${5:-:}")
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

# print_rows LAST UNIT: the rows 0 to LAST. The last two columns are the times that a row takes for
# the same amount, in those of row 0.
print_rows() {
	local i
	printf '| what | %s | CPU s | wall s | %s/s | CPU ratio | wall ratio |\n|---|--:|--:|--:|--:|--:|--:|\n' \
		"$2" "$2"
	for ((i = 0; i <= $1; i++)); do
		if [[ -z ${commands[i]} ]]; then
			printf '| %s | absent | | | | | |\n' "${names[i]}"
			continue
		fi
		awk -v name="${names[i]}" -v n="${amounts[i]}" -v cpu="$(median "$i" 1)" -v wall="$(median "$i" 2)" \
			-v n0="${amounts[0]}" -v cpu0="$(median 0 1)" -v wall0="$(median 0 2)" 'BEGIN {
			printf "| %s | %d | %.3f | %.3f | %.0f | %.2f | %.2f |\n", name, n, cpu, wall, n / wall,
				cpu / n / (cpu0 / n0), wall / n / (wall0 / n0)
		}'
	done
}
