# shellcheck shell=bash
# shellcheck disable=SC2154 # pcapanalyzer sources these files together
# How tshark and capinfos are run, what their words mean, and what the installed tshark is like.

# Run a program of Wireshark's with nothing of the user's (no environment, no settings), and in
# pcapsandbox(1) where that was found. A capture comes in as standard input, with "-r -": as root
# the program runs as a user who may not be able to open it.
# With DIVIDE, which is ptshark(1) and its options, that runs it, and gives it the capture. With
# PLUGINS, a folder, that is where it looks for plugins.
# $1: a folder that names the run to whoever looks at the processes; the program cannot use it
DIVIDE=()
PLUGINS=''
clean_wireshark() {
	local dir=$1 sandbox=()
	shift
	[[ -z ${SANDBOX:-} ]] ||
		sandbox=("$SANDBOX" --memory-mib "$TSHARK_MEMORY" --stall-seconds "$TSHARK_STALL"
			${PLUGINS:+--read "$PLUGINS"} --)
	env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC HOME=/nonexistent TMPDIR="$dir" \
		WIRESHARK_CONFIG_DIR=/nonexistent ${PLUGINS:+WIRESHARK_PLUGIN_DIR="$PLUGINS"} \
		"${DIVIDE[@]}" "${sandbox[@]}" "$@"
}

# dissect_with PTSHARK JOBS FOLDER TSHARK ARG...: how a capture is dissected, which comes in as
# standard input: by several tsharks, and through the tap where there is one. FOLDER: $1 above
dissect_with() {
	local DIVIDE=("$1" -j "$2" ${TAP_DIR:+--tap} --) PLUGINS=$TAP_DIR
	shift 2
	clean_wireshark "$@"
}

# What tells each FILE from any other, and from itself before it was written to; its name behind.
file_marks() {
	stat -L -c '%d %i %s %.Y %.Z %n' -- "$@" 2>/dev/null
}

# What stands before dumpcap, in DUMPCAP_RUN. It ends when we do: by the signal, or, where the system
# takes that from a program file with capabilities of its own, by the pipe. Of root's rights it keeps
# those that capturing needs.
dumpcap_rights() {
	DUMPCAP_RUN=(setpriv --pdeathsig TERM)
	[[ $EUID -ne 0 ]] ||
		DUMPCAP_RUN+=("--bounding-set=-all,+net_raw,+net_admin" --inh-caps=-all --no-new-privs)
	DUMPCAP_RUN+=(--)
}

# Wireshark's words on standard input, one line out: the first that means something.
wireshark_reason() {
	awk '
		/^Running as user/ || /^ \*\* / || /^Capturing on/ || /^tshark: *$/ || /^ptshark: note: / || /^ *$/ { next }
		{ sub(/^(tshark|capinfos|pcapsandbox: error|ptshark: (-: )?error): /, ""); gsub(/[[:cntrl:]]+/, " "); print substr($0, 1, 300); exit }'
}

# 0 when the words in the file $1 are of a capture that is cut or damaged somewhere.
wireshark_cut() {
	grep -aqE 'appears to (have been cut short|be damaged or corrupt)' -- "$1"
}

# Which end tshark's exit status $1 and words (file $2) tell of: complete, truncated, failed.
# 2 is tshark 4.0 to 4.4, 14 is 4.6. No status, since a full disk did not take it, is a failure.
wireshark_verdict() {
	local status=${1:-1}
	if [[ $status -eq 0 ]]; then
		echo complete
	elif [[ $status -eq 2 || $status -eq 14 ]] && wireshark_cut "$2"; then
		echo truncated
	else
		echo failed
	fi
}

# How many packets capinfos ($2) finds in FILE ($3): a number, or nothing when it cannot tell.
# Of a capture that is cut it counts what is there. Fails when the reason is not in the file, as
# when capinfos is killed; its words are then in the folder $1.
# $1: as for clean_wireshark
count_packets() {
	local text words=$1/capinfos.err
	text=$(clean_wireshark "$1" "$2" -c -M - 2>"$words" <"$3") || true
	if [[ $text =~ (^|$'\n')Number\ of\ packets:\ *([0-9]+)$ ]]; then
		printf '%s' "${BASH_REMATCH[2]}"
	else
		wireshark_cut "$words" || grep -aq "isn't a capture file" -- "$words"
	fi
}

# --- the installed tshark ---------------------------------------------------------------
# In these functions $1 is a folder of the run's own, for temporary files; need_program tshark2csv
# and need_wireshark tshark come before them.

# Its first line of --version, in TSHARK_LINE.
wireshark_line() {
	mkdir -p -- "$1/wireshark"
	TSHARK_LINE=$(clean_wireshark "$1/wireshark" "${PROGRAM[tshark]}" --version 2>"$1/line.err" |
		sed -n 1p) || true
	[[ -n $TSHARK_LINE ]] ||
		die "$EXIT_FAILED" "${PROGRAM[tshark]} does not tell its version: $(wireshark_reason <"$1/line.err"); is the installation complete?"
}

# The folder of its own plugins, in TSHARK_PLUGINS.
wireshark_plugins() {
	TSHARK_PLUGINS=$(clean_wireshark "$1/wireshark" "${PROGRAM[tshark]}" -G folders 2>/dev/null |
		sed -n 's/^Global Plugins:[[:space:]]*//p') || true
}

# The dialect to try first, by TSHARK_LINE; the canary has the last word.
wireshark_guess() {
	if [[ $TSHARK_LINE =~ \ ([0-9]+)\.([0-9]+)\. ]] &&
		((BASH_REMATCH[1] < 4 || (BASH_REMATCH[1] == 4 && BASH_REMATCH[2] < 2))); then
		echo 4.0
	else
		echo 4.4
	fi
}

# Which dialect tshark speaks when it is given the aggregator of dialect $2.
wireshark_ask() {
	local dir=$1/wireshark args=()
	read -r -a args < <("${PROGRAM[tshark2csv]}" --canary-args --dialect "$2")
	clean_wireshark "$dir" "${PROGRAM[tshark]}" -r - "${args[@]}" \
		<"$dir/canary.pcapng" >"$dir/answer" 2>"$dir/canary.err" || {
		wireshark_reason <"$dir/canary.err" >&2
		return 1
	}
	"${PROGRAM[tshark2csv]}" --learn --dialect "$2" "$dir/answer"
}

# Print the dialect of the installed tshark: how it escapes, told by the built-in canary. The
# answer counts when tshark was given that dialect's own aggregator.
wireshark_dialect() {
	local dir=$1/wireshark asked='' dialect
	dialect=$(wireshark_guess)
	mkdir -p -- "$dir"
	"${PROGRAM[tshark2csv]}" --canary >"$dir/canary.pcapng"
	while [[ $dialect != "$asked" ]]; do
		asked=$dialect
		dialect=$(wireshark_ask "$1" "$asked" 2>"$dir/learn.err") ||
			die "$EXIT_FAILED" "$TSHARK_LINE prints in a way that is not known here, so its values cannot be trusted: $(sed 's/^tshark2csv: error: //' "$dir/learn.err" | tail -n 1); install a tshark of the versions 4.0, 4.4 or 4.6, or a newer pcapanalyzer ('pcapanalyzer doctor' asks again)"
	done
	printf '%s\n' "$dialect"
}

# What the installed tshark said of itself is the same for as long as it and Wireshark's libraries
# are: it is kept with these files, one to a line behind the three answers. Something that ldd knows
# nothing of, like a script that starts a tshark, is asked each time.

# keep FILE: standard input, for kept(); what cannot be kept is asked for again.
keep() {
	local text partial
	text=$(cat)
	partial=$(mktemp -- "$1.XXXXXXXX" 2>/dev/null) || return 0
	if ! { printf '%s\n# %s\n' "$text" "$(sha256sum <<<"$text")" >"$partial" && mv -- "$partial" "$1"; } 2>/dev/null; then
		rm -f -- "$partial"
	fi
}

# kept FILE: print it, when it is there and whole.
kept() {
	local text
	text=$(cat -- "$1" 2>/dev/null) || return 1
	[[ ${text##*$'\n'} == "# $(sha256sum <<<"${text%$'\n'*}")" ]] || return 1
	printf '%s\n' "${text%$'\n'*}"
}

wireshark_asked() {
	local key
	key=$(sha256sum <<<"${PROGRAM[tshark]}")
	printf '%s' "$PA_HOME/wireshark/answers.${key:0:16}"
}

# The files of the installed tshark, before it is asked; nothing when they are not known.
wireshark_files() {
	local libraries
	mapfile -t libraries < <(ldd "${PROGRAM[tshark]}" 2>/dev/null |
		sed -nE 's,^\s+lib(wireshark|wiretap|wsutil)\.so\S* => (/.*) \(0x[0-9a-f]+\)$,\2,p')
	[[ ${#libraries[@]} -eq 0 ]] || file_marks "${PROGRAM[tshark]}" "${libraries[@]}"
}

# Set TSHARK_LINE, DIALECT and TSHARK_PLUGINS to its answers of before; fails when it has to be asked.
wireshark_recall() {
	local lines files
	mapfile -t lines < <(kept "$(wireshark_asked)")
	files=("${lines[@]:3}")
	[[ ${#files[@]} -gt 0 &&
		$(file_marks "${files[@]#* * * * * }") == "$(printf '%s\n' "${files[@]}")" ]] || return 1
	TSHARK_LINE=${lines[0]} DIALECT=${lines[1]} TSHARK_PLUGINS=${lines[2]}
}

# Keep these for the FILES ($1).
wireshark_remember() {
	[[ -z $1 ]] || printf '%s\n' "$TSHARK_LINE" "$DIALECT" "$TSHARK_PLUGINS" "$1" | keep "$(wireshark_asked)"
}

# Print the path of the table of fields of the installed tshark, which is made once per tshark.
wireshark_fields() {
	local tshark=${PROGRAM[tshark]} key folder partial
	key=$({ readlink -f -- "$tshark" && stat -L -c '%s %Y' -- "$tshark" && echo "$TSHARK_LINE"; } |
		sha256sum)
	folder=$PA_HOME/wireshark/${key:0:16}
	if [[ ! -s $folder/fields ]]; then
		mkdir -p -- "$folder"
		partial=$(mktemp -- "$folder/fields.XXXXXXXX")
		# Nothing is kept that is not whole.
		if ! { clean_wireshark "$1/wireshark" "$tshark" -G fields >"$partial" 2>/dev/null &&
			"${PROGRAM[tshark2csv]}" --field-table "$partial" --find frame.number >/dev/null &&
			mv -- "$partial" "$folder/fields"; }; then
			rm -f -- "$partial"
			die "$EXIT_FAILED" "cannot keep what 'tshark -G fields' prints in $folder; is the disk full?"
		fi
		# What other tsharks left there and nobody has used for a month.
		find "$PA_HOME/wireshark" -mindepth 1 -maxdepth 1 -type d ! -path "$folder" -mtime +30 \
			-exec rm -rf -- {} + 2>/dev/null || true
	fi
	touch -- "$folder" 2>/dev/null || true
	printf '%s\n' "$folder/fields"
}

resolved_name() {
	local base=${2##*/}
	base=${base%%.*}
	printf '%s' "$1/${base:-p}.profile"
}

# Print the path of the profile $2 (see profile_operand) with every type said, as a file in the
# folder $1, checked against the table of fields $3.
resolve_profile() {
	local path
	path=$(resolved_name "$1" "$2")
	"${PROGRAM[tshark2csv]}" -p "$2" --field-table "$3" --print-profile >"$path" || return
	printf '%s\n' "$path"
}

# The fields that tshark's words $1 call unknown, in one line.
unknown_fields() {
	sed -n "/Some fields aren't valid/,\$p" <<<"$1" | sed 1d | tr -s '[:space:]' ' ' |
		sed 's/^ //; s/ $//'
}
