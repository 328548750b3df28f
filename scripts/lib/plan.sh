# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# plan: how much disk and how many processor cores a rate of packets takes. A sample is dissected
# and loaded for real, into a private server of its own in a temporary folder, once for each profile
# and each choice of its keys; csv2mysql does the arithmetic.

# shellcheck source=scripts/lib/know.sh
. "$PA_LIB/know.sh"

PLAN_DIR=''
PLAN_RATE='' PLAN_RATE_WORDS='' # packets a second, and where the number comes from
DUMPCAP=''
N_CHOICES=0

plan_cleanup() {
	trap '' INT TERM HUP
	[[ -z $CANARY ]] || wait "$CANARY" 2>/dev/null || true
	[[ -z $FIELDS_ASKED ]] || wait "$FIELDS_ASKED" 2>/dev/null || true
	if [[ -n ${SPAWNED:-} ]]; then
		kill -TERM "$SPAWNED" 2>/dev/null || true
		wait "$SPAWNED" 2>/dev/null || true
	fi
	if [[ -n $DUMPCAP ]]; then
		kill -TERM "$DUMPCAP" 2>/dev/null || true
		wait "$DUMPCAP" 2>/dev/null || true
	fi
	rm -rf -- "$PLAN_DIR"
	tap_end
}

plan_paths() {
	PA_HOME=$1/home
	PA_SPOOL=$PA_HOME/spool PA_RUN=$PA_HOME/run
	SERVER_DB=$PA_HOME/db SERVER_LOG=$PA_RUN/server.log SERVER_PID=$PA_RUN/server.pid
}

# What plans of ours that were killed have left: a server, and a folder.
plan_sweep() (
	local dir pid
	shopt -s nullglob
	for dir in "${TMPDIR:-/tmp}"/pcapanalyzer-plan.*/; do
		dir=${dir%/}
		[[ -O $dir && ! -L $dir ]] || continue
		pid=''
		{ read -r pid <"$dir/pid"; } 2>/dev/null || true
		[[ $pid =~ ^[0-9]+$ && ! -e /proc/$pid ]] || continue
		plan_paths "$dir"
		if pid=$(server_pid); then
			kill -TERM "$pid" 2>/dev/null || true
			# Before it has ended it would write into what is removed.
			for ((i = 0; i < 300; i++)); do
				server_pid >/dev/null || break
				sleep 0.1
			done
		fi
		rm -rf -- "$dir"
	done
)

# From now on the private server is one of PLAN_DIR, whatever option files name: nothing of the
# sample may come to the user's data.
plan_use_scratch() {
	plan_sweep
	PLAN_DIR=$(mktemp -d -- "${TMPDIR:-/tmp}/pcapanalyzer-plan.XXXXXXXX")
	printf '%s\n' "$$" >"$PLAN_DIR/pid"
	plan_paths "$PLAN_DIR"
	unset PCAPANALYZER_SERVER_START
	server_configured() { return 1; }
	trap plan_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	make_home
}

# Bytes free on the disk where the user's database is or would be.
plan_room() {
	local dir=$PA_HOME
	until [[ -d $dir ]]; do
		dir=${dir%/*}
		dir=${dir:-/}
	done
	df -B1 --output=avail -- "$dir" | tail -n 1 | tr -d ' '
}

# --- the sample -------------------------------------------------------------------------

# The last of the words of a program of ours, on standard input, without who says it, and of what.
plan_words() {
	tail -n 1 | sed -E 's/^(pcapfile|csv2mysql): ([^:]*: )?error: //'
}

# plan_stat FILE: what pcapfile says about it.
plan_stat() {
	"${PROGRAM[pcapfile]}" stat - <"$1" >"$PLAN_DIR/stat" 2>"$PLAN_DIR/stat.err" ||
		[[ -s $PLAN_DIR/stat ]] ||
		die "$EXIT_FAILED" "$(clean "$1"): $(plan_words <"$PLAN_DIR/stat.err")"
}

# The value of $1 there, or nothing.
plan_statistic() {
	sed -n "s/^$1\t//p" "$PLAN_DIR/stat"
}

# Capture on the interface for so many seconds; sets the rate.
plan_listen() {
	local seconds=${OPT[seconds]:-10} to=$PLAN_DIR/live.pcapng run=()
	need_wireshark dumpcap
	dumpcap_rights
	say "capturing on ${OPT[interface]} for $(counted "$seconds" second)"
	"${DUMPCAP_RUN[@]}" "${PROGRAM[dumpcap]}" -q -i "${OPT[interface]}" -a "duration:$seconds" -w "$to" \
		</dev/null >/dev/null 2>"$PLAN_DIR/dumpcap.err" &
	DUMPCAP=$!
	wait "$DUMPCAP" || # which a signal can end
		die "$EXIT_FAILED" "dumpcap cannot capture on ${OPT[interface]}: $(sed -n 's/^dumpcap: //p' "$PLAN_DIR/dumpcap.err" | head -n 1); 'pcapanalyzer doctor' tells who may capture"
	DUMPCAP=''
	PLAN_FILE=$to
	plan_stat "$to"
	PLAN_PACKETS=$(plan_statistic packets)
	[[ ${PLAN_PACKETS:-0} -gt 0 ]] ||
		die "$EXIT_FAILED" "no packet came on ${OPT[interface]} in $(counted "$seconds" second); try more --seconds, or give a FILE"
	PLAN_RATE=$(awk -v n="$PLAN_PACKETS" -v s="$seconds" 'BEGIN { printf "%.6f", n / s }')
	PLAN_RATE_WORDS="as captured on ${OPT[interface]} in $(counted "$seconds" second)"
}

# The rate of the file is that of its time stamps.
plan_file() {
	PLAN_FILE=${OPERANDS[0]}
	[[ $PLAN_FILE != -* ]] || PLAN_FILE=./$PLAN_FILE
	[[ -f $PLAN_FILE && -r $PLAN_FILE ]] || die "$EXIT_FAILED" "$(clean "$PLAN_FILE"): not a file that can be read"
	plan_stat "$PLAN_FILE"
	PLAN_PACKETS=$(plan_statistic packets)
	[[ ${PLAN_PACKETS:-0} -gt 0 ]] || die "$EXIT_FAILED" "$(clean "$PLAN_FILE"): there is no packet in it"
	PLAN_RATE=$(awk -v n="$PLAN_PACKETS" -v a="$(plan_statistic first)" \
		-v z="$(plan_statistic last)" 'BEGIN { if (z > a) printf "%.6f", n / (z - a) }')
	PLAN_RATE_WORDS='by its time stamps'
}

# The first packets of PLAN_FILE, as $PLAN_DIR/sample.
plan_sample() {
	local most=${OPT[packets]:-50000} last
	last=$(plan_statistic frames)
	[[ $last -le $most ]] || last=$most
	"${PROGRAM[pcapfile]}" pick --frames "1-$last" - "$PLAN_DIR/sample" <"$PLAN_FILE" \
		2>"$PLAN_DIR/pick.err" || [[ -s $PLAN_DIR/sample ]] ||
		die "$EXIT_FAILED" "$(clean "$PLAN_FILE"): $(plan_words <"$PLAN_DIR/pick.err")"
	plan_stat "$PLAN_DIR/sample"
	SAMPLE_PACKETS=$(plan_statistic packets)
}

# --- measuring --------------------------------------------------------------------------

# plan_time user|wall COMMAND...: runs it, and sets MICROS to the processor time that it took, or to
# the time that passed.
plan_time() {
	local what=$1 TIMEFORMAT='%U %S' before=${EPOCHREALTIME/./} rc=0
	shift
	{ time "$@" 2>&3; } 3>&2 2>"$PLAN_DIR/time" || rc=$?
	MICROS=$((${EPOCHREALTIME/./} - before))
	[[ $what == wall ]] || MICROS=$(awk '{ printf "%d", 1e6 * ($1 + $2) }' "$PLAN_DIR/time")
	return "$rc"
}

# The sample into batches in $PLAN_DIR/spool.
plan_dissect() {
	local status
	rm -rf -- "$PLAN_DIR/spool"
	{
		status=0
		dissect_with "${PROGRAM[ptshark]}" 1 "$IMPORT_DIR/wireshark" "${PROGRAM[tshark]}" \
			--log-level critical "${TSHARK_ARGS[@]}" <"$PLAN_DIR/sample" 2>"$PLAN_DIR/tshark.err" || status=$?
		wireshark_verdict "$status" "$PLAN_DIR/tshark.err" >"$PLAN_DIR/verdict"
	} | env -i "${PROGRAM[tshark2csv]}" --spool "$PLAN_DIR/spool" -p "$PROFILE" --dialect "$DIALECT" \
		--sensor plan --capture-name plan --tshark "$TSHARK_LINE" 2>"$PLAN_DIR/filter.err"
}

# csv2mysql in a database of this choice's own.
plan_csv2mysql() {
	run_csv2mysql --database "plan$N_CHOICES" "$@"
}

# plan_choice KEYS FILE: load the batches into the tables of the profile FILE, and write down for
# csv2mysql forecast what that takes.
plan_choice() {
	local keys=$1 file=$2 empty rows bytes trees
	N_CHOICES=$((N_CHOICES + 1))
	rm -rf -- "$PLAN_DIR/load"
	cp -r -- "$PLAN_DIR/spool" "$PLAN_DIR/load"
	plan_csv2mysql init -p "$file" --sql "$PA_SQL" >/dev/null || exit
	IFS=$'\t' read -r _ empty _ < <(plan_csv2mysql size -p "$file" --format tsv | tail -n 1)
	plan_time wall plan_csv2mysql load --spool "$PLAN_DIR/load" || exit
	IFS=$'\t' read -r rows bytes trees < <(plan_csv2mysql size -p "$file" --format tsv | tail -n 1)
	printf '%s %s\n' profile "$PLAN_NAME" keys "$keys" packets "$SAMPLE_PACKETS" rows "$rows" \
		bytes "$bytes" empty_bytes "$empty" trees "$trees" tshark_us "$TSHARK_US" load_us "$MICROS" \
		>>"$PLAN_DIR/samples"
}

# The profile's keys: "LINE TAB TABLE(COLUMN, ...)".
plan_keys() {
	awk '
		/^\[/ { sub(/\].*/, ""); table = substr($0, 2) }
		$1 == "key" { line = $0; sub(/^key +/, "", line); gsub(/ /, ", ", line); print NR "\t" table "(" line ")" }
	' "$PROFILE"
}

# All choices of the keys of the profile $1.
plan_profile() {
	local start lines=() line key
	OPT[profile]=$1
	PLAN_NAME=${1//[[:cntrl:]\\]/?}
	say "measuring with the profile $PLAN_NAME"
	IMPORT_DIR=$PLAN_DIR/know
	rm -rf -- "$IMPORT_DIR"
	mkdir -- "$IMPORT_DIR"
	PROFILE=$(profile_operand "$1")
	know_begin
	know_end
	plan_time user know_ask_fields "$IMPORT_DIR/accepted"
	start=$MICROS
	plan_time user plan_dissect ||
		die "$EXIT_FAILED" "the sample cannot be stored: $(tail -n 1 "$PLAN_DIR/filter.err")"
	[[ $(<"$PLAN_DIR/verdict") != failed ]] ||
		die "$EXIT_FAILED" "tshark cannot read the sample: $(wireshark_reason <"$PLAN_DIR/tshark.err")"
	# Of a sample that is too small for its start to be told from it, all counts.
	TSHARK_US=$((MICROS > 2 * start ? MICROS - start : MICROS))
	mapfile -t lines < <(plan_keys)
	plan_choice all "$PROFILE"
	[[ ${#lines[@]} -gt 0 ]] || return 0
	sed '/^key /d' "$PROFILE" >"$PLAN_DIR/choice.profile"
	plan_choice none "$PLAN_DIR/choice.profile"
	[[ ${#lines[@]} -gt 1 ]] || return 0
	for line in "${lines[@]}"; do
		key=${line#*$'\t'}
		sed "${line%%$'\t'*}d" "$PROFILE" >"$PLAN_DIR/choice.profile"
		plan_choice "without $key" "$PLAN_DIR/choice.profile"
	done
}

# --- the command ------------------------------------------------------------------------

plan_check() {
	local live=${OPT[interface]:-} said
	[[ ${#OPERANDS[@]} -le 1 ]] || usage_error "plan takes one FILE"
	[[ ${#OPERANDS[@]} -eq 1 || -n $live ]] || usage_error "plan needs a FILE, or -i IFACE"
	[[ ${#OPERANDS[@]} -eq 0 || -z $live ]] || usage_error "plan takes a FILE or -i IFACE, not both"
	[[ $live != *$'\n'* ]] || usage_error "plan listens on one interface"
	[[ -n $live || -z ${OPT[seconds]+x} ]] || usage_error "option --seconds goes with -i IFACE"
	# csv2mysql knows what a rate is.
	[[ -z ${OPT[rate]+x} ]] ||
		said=$("${PROGRAM[csv2mysql]}" forecast --rate "${OPT[rate]}" --max-size 1 2>&1 </dev/null) ||
		die "$EXIT_USAGE" "$(plan_words <<<"$said")"
}

plan_run() {
	local room room_words mine=${OPT[profile]:-} profiles=() p
	need_program tshark2csv csv2mysql pcapfile ptshark
	plan_check
	# Before anything is measured.
	[[ -z $mine || $mine == packets || -r $(profile_operand "$mine") ]] ||
		usage_error "there is no profile $(clean "$mine")"
	need_wireshark tshark
	[[ -n $PA_HOME ]] || make_home # which complains
	room=${OPT['max-size']:-} room_words="--max-size $room"
	[[ -n $room ]] || room=$(plan_room) room_words="what is free on the disk of $PA_HOME"
	plan_use_scratch
	if [[ -n ${OPT[interface]:-} ]]; then
		plan_listen
	else
		plan_file
	fi
	if [[ -n ${OPT[rate]+x} ]]; then
		PLAN_RATE=${OPT[rate]} PLAN_RATE_WORDS='as --rate has it'
	fi
	[[ -n $PLAN_RATE ]] ||
		usage_error "the packets of $(clean "$PLAN_FILE") have no times that differ: give a --rate"
	plan_sample
	say "sample: $SAMPLE_PACKETS of $PLAN_PACKETS packets; rate: $PLAN_RATE packets/s, $PLAN_RATE_WORDS; full: $room_words"
	use_database
	for p in "$PA_SQL"/profiles/*.profile; do
		p=${p##*/}
		profiles+=("${p%.profile}")
	done
	[[ -z $mine || " ${profiles[*]} " == *" $mine "* ]] || profiles+=("$mine")
	for p in "${profiles[@]}"; do
		plan_profile "$p"
	done
	"${PROGRAM[csv2mysql]}" forecast --rate "$PLAN_RATE" --max-size "$room" \
		"--format=${OPT[format]:-auto}" <"$PLAN_DIR/samples"
}
