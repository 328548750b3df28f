# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# Names, messages, programs and folders that every command uses.

# enum pa_exit of include/pcapanalyzer/error.h; pcapanalyzer(1), EXIT STATUS.
# shellcheck disable=SC2034 # the other files use them
readonly EXIT_OK=0 EXIT_FAILED=1 EXIT_USAGE=2 EXIT_ASIDE=3 EXIT_BUSY=4 EXIT_DENIED=5

# A text fit for one line of a terminal: control bytes become '?'.
clean() {
	local s=$1
	printf '%s' "${s//[[:cntrl:]]/?}"
}

say() {
	local s=$*
	progress_clear
	# Nobody may be there to read it: a terminal can be closed.
	printf 'pcapanalyzer: %s\n' "${s//[[:cntrl:]]/?}" >&2 || true
}

# die CODE TEXT...
die() {
	local code=$1
	shift
	say "error: $*"
	exit "$code"
}

usage_error() {
	die "$EXIT_USAGE" "$*"
}

no_operands() {
	[[ ${#OPERANDS[@]} -eq 0 ]] || usage_error "$COMMAND takes no operand \"$(clean "${OPERANDS[0]}")\""
}

# The progress line replaces these two while it is on the screen.
PROGRESS_SHOWN=0
progress_clear() {
	if [[ $PROGRESS_SHOWN -eq 1 ]]; then
		printf '\r\033[K' >&2 || true
		PROGRESS_SHOWN=0
	fi
}

progress_line() {
	[[ $PROGRESS -eq 1 ]] || return 0
	printf '\r\033[K%s' "$1" >&2 || true
	PROGRESS_SHOWN=1
}

# "1 capture", "2 captures"
counted() {
	printf '%s %s' "$1" "$2"
	[[ $1 -eq 1 ]] || printf s
}

# Tab-separated lines on standard input, in columns under the words given.
print_table() {
	local IFS=$'\t'
	awk -F '\t' -v head="$*" '
		BEGIN { $0 = head; keep() }
		{ keep() }
		function keep(    i) {
			line[++n] = $0
			for (i = 1; i < NF; i++)
				if (length($i) > width[i])
					width[i] = length($i)
		}
		END {
			for (k = 1; k <= n; k++) {
				count = split(line[k], cell, FS)
				for (i = 1; i < count; i++)
					printf "%-*s  ", width[i], cell[i]
				print cell[count]
			}
		}'
}

# --- programs ---------------------------------------------------------------------------

declare -A PROGRAM=()

# Where a program of ours is: beside this script, in the source tree's build folder, in PATH.
find_program() {
	local name=$1 p
	for p in "$bin/$name" "$bin/../build/$name"; do
		if [[ -x $p && -f $p ]]; then
			readlink -f -- "$p"
			return 0
		fi
	done
	type -P -- "$name"
}

need_program() {
	local name
	for name in "$@"; do
		[[ -z ${PROGRAM[$name]+x} ]] || continue
		PROGRAM["$name"]=$(find_program "$name") ||
			die "$EXIT_FAILED" "$name was not found; build it with 'cmake -S . -B build && cmake --build build'"
	done
}

# How pcapsandbox runs Wireshark's programs; SANDBOX is empty where it was not found.
use_sandbox() {
	SANDBOX=$(find_program pcapsandbox) || SANDBOX=''
	TSHARK_MEMORY=${OPT[tshark-memory]:-4096}
	TSHARK_STALL=${OPT[tshark-stall]:-60}
}

need_wireshark() {
	local name
	use_sandbox
	for name in "$@"; do
		PROGRAM["$name"]=$(type -P -- "$name") || {
			if [[ $name == tshark ]]; then
				die "$EXIT_FAILED" "tshark is not installed; install the package tshark"
			else
				die "$EXIT_FAILED" "$name is not installed; install the package wireshark-common"
			fi
		}
	done
}

exec_program() {
	local name=$1
	shift
	exec "${PROGRAM[$name]}" "$@"
}

# --- folders ----------------------------------------------------------------------------

home_default() {
	if [[ -n ${PCAPANALYZER_HOME:-} ]]; then
		printf '%s' "$PCAPANALYZER_HOME"
	elif [[ ${XDG_DATA_HOME:-} == /* ]]; then
		printf '%s/pcapanalyzer' "$XDG_DATA_HOME"
	elif [[ -n ${HOME:-} ]]; then
		printf '%s/.local/share/pcapanalyzer' "$HOME"
	else
		return 1
	fi
}

PA_HOME=$(home_default) || PA_HOME='' # make_home complains
[[ -z $PA_HOME ]] || PA_HOME=$(realpath -ms -- "$PA_HOME")
PA_SPOOL=$PA_HOME/spool
PA_RUN=$PA_HOME/run

make_home() {
	local d
	[[ -n $PA_HOME ]] ||
		die "$EXIT_FAILED" "neither PCAPANALYZER_HOME nor HOME is set; set PCAPANALYZER_HOME to a folder"
	for d in "$PA_HOME" "$PA_RUN" "$PA_SPOOL" "$PA_SPOOL/tmp" "$PA_SPOOL/ready" \
		"$PA_SPOOL/aside" "$PA_SPOOL/rejects" "$PA_SPOOL/incoming" "$PA_SPOOL/coverage" \
		"$PA_SPOOL/poison"; do
		[[ -d $d ]] || mkdir -p -- "$d" 2>/dev/null ||
			die "$EXIT_FAILED" "cannot create the folder $d; set PCAPANALYZER_HOME to one you can write"
	done
	[[ -w $PA_RUN && -w $PA_SPOOL/ready ]] ||
		die "$EXIT_FAILED" "cannot write to $PA_HOME; set PCAPANALYZER_HOME to a folder you can write"
}

# Number of batches in the spool's folder $1 (ready, aside).
count_batches() {
	local all=()
	shopt -s nullglob
	all=("$PA_SPOOL/$1"/*/)
	shopt -u nullglob
	printf '%s' "${#all[@]}"
}

# 0 when something waits for the loader.
spool_waits() {
	[[ $(count_batches ready) -gt 0 || -n $(find "$PA_SPOOL/coverage" -name '[!.]*' -type f -print -quit) ]]
}

# Number of packets, and of whole captures, that tshark cannot stand.
count_poison() {
	local all=()
	shopt -s nullglob
	all=("$PA_SPOOL"/poison/*.reason)
	shopt -u nullglob
	printf '%s' "${#all[@]}"
}

# A line for each live capture of which files wait for their reader, or could not be read.
say_queues() {
	local dir queue aside
	shopt -s nullglob
	for dir in "$PA_HOME"/capture/*/; do
		queue=("$dir"queue/*.pcapng) aside=("$dir"aside/*.reason)
		[[ ${#queue[@]} -eq 0 ]] || say "$(counted "${#queue[@]}" file) of the capture $(basename -- "$dir") wait to be read"
		[[ ${#aside[@]} -eq 0 ]] || say "$(counted "${#aside[@]}" file) of the capture $(basename -- "$dir") could not be read, and are in ${dir}aside"
	done
	shopt -u nullglob
}

sensor_name() {
	local name=${OPT[sensor]-$(uname -n)}
	[[ -n $name && $name != *[[:cntrl:]]* ]] ||
		usage_error "option --sensor: a name without control characters is wanted"
	printf '%s' "$name"
}

# What -p means to the programs: the built-in profile, a file, or a profile that came along.
profile_operand() {
	local p=$1
	if [[ $p != */* && $p != packets && -r $PA_SQL/profiles/$p.profile ]]; then
		p=$PA_SQL/profiles/$p.profile
	fi
	printf '%s' "$p"
}

# Folders that go when the command ends.
REMOVE=()
remove_at_exit() {
	REMOVE+=("$1")
	trap 'rm -rf -- "${REMOVE[@]}"' EXIT
}

PROFILE=''

# Set PROFILE to what the programs take for the profile of the option -p. A profile that leaves
# something to the installed tshark (a type, a choice of names) is resolved by it first; the
# built-in one leaves nothing.
use_profile() {
	local dir table
	PROFILE=$(profile_operand "${OPT[profile]:-packets}")
	[[ $PROFILE != packets ]] || return 0
	need_program tshark2csv
	if ! grep -qs '^[^#]*/' -- "$PROFILE" &&
		"${PROGRAM[tshark2csv]}" -p "$PROFILE" --columns >/dev/null 2>&1; then
		return 0
	fi
	[[ -r $PROFILE ]] || return 0 # whoever reads it says what is wrong
	need_wireshark tshark
	make_home
	dir=$(mktemp -d -- "$PA_RUN/profile.XXXXXXXX")
	remove_at_exit "$dir"
	wireshark_line "$dir"
	table=$(wireshark_fields "$dir") || exit
	PROFILE=$(resolve_profile "$dir" "$PROFILE" "$table") || exit
}

# --- database ---------------------------------------------------------------------------

DB_ARGS=()

run_csv2mysql() {
	"${PROGRAM[csv2mysql]}" "${DB_ARGS[@]}" "$@"
}

exec_csv2mysql() {
	exec "${PROGRAM[csv2mysql]}" "${DB_ARGS[@]}" "$@"
}

# 0 when the user has named a server in an option file's [pcapanalyzer] group.
server_configured() {
	local f
	[[ -z ${PCAPANALYZER_DEFAULTS_FILE:-} ]] || return 0
	if type -P my_print_defaults >/dev/null &&
		[[ -n $(my_print_defaults pcapanalyzer 2>/dev/null || true) ]]; then
		return 0
	fi
	shopt -s nullglob
	for f in ~/.my.cnf /etc/my.cnf /etc/mysql/*.cnf /etc/mysql/*.conf.d/*.cnf \
		/etc/mysql/conf.d/*.cnf /etc/my.cnf.d/*.cnf; do
		if [[ -r $f ]] && grep -qs '^[[:space:]]*\[pcapanalyzer\]' -- "$f"; then
			shopt -u nullglob
			return 0
		fi
	done
	shopt -u nullglob
	return 1
}

# Decide which server this command talks to.
choose_database() {
	DB_ARGS=("--defaults-file=$PA_RUN/client.cnf")
	server_configured || return 0
	DB_ARGS=()
	if [[ -n ${PCAPANALYZER_DEFAULTS_FILE:-} ]]; then
		[[ -r $PCAPANALYZER_DEFAULTS_FILE ]] ||
			die "$EXIT_FAILED" "cannot read PCAPANALYZER_DEFAULTS_FILE, $PCAPANALYZER_DEFAULTS_FILE"
		DB_ARGS=("--defaults-file=$PCAPANALYZER_DEFAULTS_FILE")
	fi
}

# And start the private one if it is that.
use_database() {
	choose_database
	server_configured || server_start
}

# What made the views of the private server last is in schema.done: this program with this profile need
# not make them again.
schema_mark() {
	file_marks "${PROGRAM[csv2mysql]}" "$PA_SQL"/views/* | sha256sum
	if [[ ${OPT[profile]:-packets} == packets ]]; then echo packets; else cat -- "$PROFILE" 2>/dev/null; fi | sha256sum
}

# Database, tables, views and partitions as the profile wants them. In the private server what
# a profile has more is added at once; in somebody's own, that is for them to do. An account that
# may not create is fine as long as somebody else has: the command that follows will tell.
# $1: "quick" to do it only when the schema is not there (readers)
ensure_schema() {
	local how=${1:-} rc=0 out lock verb=migrate mark keep=()
	make_home
	if [[ $how == quick ]] && { [[ -e $PA_RUN/schema.done ]] || server_configured; }; then
		return 0
	fi
	[[ -n ${PROFILE:-} ]] || use_profile
	exec {lock}>"$PA_RUN/schema.lock"
	flock -w 120 "$lock" || die "$EXIT_BUSY" "another command has been changing the schema for two minutes"
	mark=$(schema_mark)
	if server_configured; then
		verb=init
	elif [[ -e $PA_RUN/schema.done && $(<"$PA_RUN/schema.done") == "$mark" ]]; then
		keep=(--keep-views)
	fi
	out=$(run_csv2mysql "$verb" "${keep[@]}" -p "$PROFILE" --sql "$PA_SQL" 2>&1 >/dev/null) || rc=$?
	[[ $rc -ne 0 ]] || server_configured || printf '%s\n' "$mark" >"$PA_RUN/schema.done"
	exec {lock}>&-
	case $rc in
	0)
		progress_clear
		grep -E '^csv2mysql: note: (added|made) ' <<<"$out" >&2 || true
		return 0
		;;
	"$EXIT_DENIED")
		if server_configured && [[ $out == *"csv2mysql migrate"* ]]; then
			die "$EXIT_DENIED" "the database lacks something that the profile ${OPT[profile]:-packets} has; run 'pcapanalyzer migrate -p ${OPT[profile]:-packets}' (with --dry-run to see it first)"
		fi
		! server_configured || return 0
		;;
	esac
	progress_clear
	[[ -z $out ]] || printf '%s\n' "$out" >&2
	return "$rc"
}
