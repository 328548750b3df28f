# shellcheck shell=bash
# shellcheck disable=SC2154 # run sources these files together
# What is measured on which machine: the build, the peers, their versions.

# The programs are installed into a folder of this run, as users have them.
build_programs() {
	{ cmake -S "$top" -B "$build" -DCMAKE_BUILD_TYPE=Release &&
		cmake --build "$build" -j "$(nproc)" --target all bench &&
		cmake --install "$build" --prefix "$work/prefix"; } >"$work/build.log" 2>&1 || {
		tail -n 20 "$work/build.log" >&2
		exit 1
	}
}

# have PROGRAM
have() {
	type -P "$1" >/dev/null
}

# Peers that are missing, where this may install them. What cannot be had is a row that says so.
install_peers() {
	local missing=()
	have mawk || missing+=(mawk)
	have gawk || missing+=(gawk)
	have mlr || missing+=(miller)
	have python3 || missing+=(python3)
	if [[ ${#missing[@]} -gt 0 && $(id -u) -eq 0 ]] && have apt-get; then
		echo "tests/bench: installing ${missing[*]}" >&2
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
			</dev/null >"$work/apt.log" 2>&1 || tail -n 3 "$work/apt.log" >&2
	fi
}

# version PROGRAM [OPTION]: the first line that it says of itself, or nothing.
version() {
	local line
	have "$1" || return 0
	# A server prints its path first.
	line=$("$1" "${2:---version}" 2>/dev/null </dev/null | sed -n '/[^ ]/{p;q}') || true
	printf '%s; ' "${line#"$(type -P "$1")" }"
}

describe_machine() {
	local compiler
	compiler=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt")
	printf -- '- machine: %s, %s cores, %s GiB, Linux %s\n' \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		"$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)" "$(uname -r)"
	printf -- '- versions: %s%s%s%s%s%s%s%slibcsv %s\n' "$(version "$work/prefix/bin/tshark2csv")" \
		"$(version "$compiler")" "$(version tshark)" "$(version mariadbd)" \
		"$(version mawk -Wversion)" "$(version gawk)" "$(version mlr)" "$(version python3)" \
		"$(dpkg-query -W -f '${Version}' libcsv3 2>/dev/null || echo '(version unknown)')"
	printf -- '- medians of %s runs in turn; load of the machine before: %s\n' "$runs" \
		"$(cut -d ' ' -f 1 /proc/loadavg)"
	printf -- '- capture: %s\n' "$capture_words"
}
