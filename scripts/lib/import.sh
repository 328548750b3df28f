# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# import: captures into the database. One worker (import-one.sh) per file at a time, -j of
# them at once, and one loader for the whole run.

# shellcheck source=scripts/lib/workers.sh
. "$PA_LIB/workers.sh"

FILES=() NAMES=() BYTES=()
IMPORT_AHEAD='' # pid of who looks at the first capture

# --- what to import ---------------------------------------------------------------------

import_add() {
	local file=$1 name=${2:-}
	FILES+=("$file")
	NAMES+=("${name:-$(realpath -ms -- "$file")}")
	BYTES+=("$(stat -L -c %s -- "$file" 2>/dev/null || echo 0)")
}

# Turn the operands into FILES. A leading dash is kept from the programs by a "./".
import_expand() {
	local operand file from_stdin=0
	for operand in "${OPERANDS[@]}"; do
		[[ -n $operand ]] || usage_error "an empty name is no file"
		if [[ $operand == - ]]; then
			[[ $from_stdin -eq 0 ]] || usage_error "- (standard input) can be given once"
			from_stdin=1
			IMPORT_STDIN=$(mktemp -- "$PA_SPOOL/incoming/stdin.XXXXXXXX")
			cat >"$IMPORT_STDIN" ||
				die "$EXIT_FAILED" "cannot copy standard input to $PA_SPOOL/incoming; is the disk full?"
			import_add "$IMPORT_STDIN" -
			continue
		fi
		[[ $operand != -* ]] || operand=./$operand
		if [[ -d $operand ]]; then
			while IFS= read -r -d '' file; do
				import_add "$file"
			done < <(find -H "$operand" -type f -print0 2>"$IMPORT_DIR/find.err" | sort -z)
			while IFS= read -r file; do
				say "$file"
				import_note_failure
			done <"$IMPORT_DIR/find.err"
		else
			import_add "$operand"
		fi
	done
}

# Begin to look at the first capture, which takes long when it is large; its worker waits for that.
import_ahead() {
	local work=$IMPORT_DIR/work.0 lock file
	[[ -f ${FILES[0]} && -r ${FILES[0]} ]] || return 0
	exec {file}<"${FILES[0]}" || return 0
	mkdir -- "$work"
	file_marks "/dev/fd/$file" | sed 's| /dev/fd/.*||' >"$work/stat.of"
	exec {lock}>"$work/stat.lock"
	flock "$lock"
	(
		trap - INT TERM HUP EXIT
		exec "${PROGRAM[pcapfile]}" stat --sha256 - <&"$file" >"$work/stat" 2>/dev/null
	) &
	IMPORT_AHEAD=$!
	disown "$IMPORT_AHEAD"
	exec {lock}>&- {file}<&- # they are the other's now
}

# Who holds the lock is at work still, and is the one that we started.
import_ahead_end() {
	local lock=$IMPORT_DIR/work.0/stat.lock
	[[ -n $IMPORT_AHEAD && -e $lock ]] && ! flock -n "$lock" true || return 0
	kill "$IMPORT_AHEAD" 2>/dev/null || true
}

# --- running ----------------------------------------------------------------------------

import_cleanup() {
	trap '' INT TERM HUP
	progress_clear
	workers_kill
	import_ahead_end
	[[ -z ${IMPORT_STDIN:-} ]] || rm -f -- "$IMPORT_STDIN"
	[[ -z $IMPORT_DIR ]] || rm -rf -- "$IMPORT_DIR"
	tap_end
}

import_interrupted() {
	local code=$1
	progress_clear
	import_cleanup
	trap - EXIT
	say "interrupted; what was read whole is stored or waits in the spool, import again for the rest"
	exit "$code"
}

# A worker has ended: read what it left and say what has to be said.
import_finish() {
	local n=$1 name state packets text
	worker_result "$n"
	state=${RESULT[state]} packets=${RESULT[packets]} text=${RESULT[text]}
	DONE=$((DONE + 1))
	DONE_BYTES=$((DONE_BYTES + BYTES[n]))
	name=${FILES[n]}
	[[ ${NAMES[n]} != - ]] || name='standard input'
	DONE_PACKETS=$((DONE_PACKETS + packets))
	[[ $state == failed ]] || N_REPLACED=$((N_REPLACED + RESULT[replaced]))
	case $state in
	done)
		N_DONE=$((N_DONE + 1))
		[[ -z $text ]] || say "$name: $text"
		;;
	known)
		N_KNOWN=$((N_KNOWN + 1))
		[[ ${#FILES[@]} -gt 1 ]] || say "$name: $text"
		;;
	truncated)
		N_DONE=$((N_DONE + 1)) N_CUT=$((N_CUT + 1))
		say "$name: $text"
		;;
	rejects)
		N_DONE=$((N_DONE + 1)) N_REJECTS=$((N_REJECTS + 1))
		say "$name: $text"
		;;
	*)
		say "$name: $text"
		import_note_failure
		;;
	esac
}

import_note_failure() {
	N_FAILED=$((N_FAILED + 1))
}

# --- progress ---------------------------------------------------------------------------

# Rows, packets and bytes of the files that are being read.
import_progress() {
	local n rows total bytes=$DONE_BYTES packets=$DONE_PACKETS percent eta now elapsed text
	[[ $PROGRESS -eq 1 ]] || return 0
	for n in "${!WORKER[@]}"; do
		rows=0 total=0
		{ read -r rows <"$IMPORT_DIR/work.$n/progress"; } 2>/dev/null || true
		{ read -r total <"$IMPORT_DIR/work.$n/packets"; } 2>/dev/null || true
		[[ $rows =~ ^[0-9]+$ ]] || rows=0
		[[ $total =~ ^[0-9]+$ ]] || total=0
		packets=$((packets + rows))
		if [[ $total -gt 0 ]]; then
			[[ $rows -le $total ]] || rows=$total
			# In two steps: the product of bytes and rows may not fit 64 bits.
			# shellcheck disable=SC2017
			bytes=$((bytes + BYTES[n] / total * rows + BYTES[n] % total * rows / total))
		fi
	done
	now=${EPOCHREALTIME/./}
	elapsed=$(((now - START_US) / 1000 + 1))
	percent=100
	[[ $ALL_BYTES -eq 0 ]] || percent=$((bytes * 100 / ALL_BYTES))
	text="file $((DONE + ${#WORKER[@]})) of ${#FILES[@]}  $percent%  $((packets * 1000 / elapsed)) packets/s"
	if [[ $bytes -gt 0 && $elapsed -gt 1000 && $ALL_BYTES -gt $bytes ]]; then
		# shellcheck disable=SC2017 # as above
		eta=$((elapsed / 1000 * (ALL_BYTES - bytes) / bytes))
		text+="  $((eta / 60)):$(printf %02d $((eta % 60))) left"
	fi
	progress_line "$text"
}

# --- the command ------------------------------------------------------------------------

import_settings() {
	JOBS=${OPT[jobs]:-$(default_jobs)}
	REDISSECT=${OPT[redissect]:-0}
	PROGRESS=0
	case ${OPT[progress]:-auto} in
	always) PROGRESS=1 ;;
	auto) [[ ! -t 2 ]] || PROGRESS=1 ;;
	esac
	DONE=0 DONE_BYTES=0 DONE_PACKETS=0 ALL_BYTES=0
	N_DONE=0 N_KNOWN=0 N_CUT=0 N_REJECTS=0 N_FAILED=0 N_REPLACED=0
}

# What the database has already, as "sha256 TAB state TAB ..." lines in a file.
import_ask_database() {
	local rc=0
	: >"$IMPORT_DIR/captures"
	use_database
	ensure_schema || rc=$?
	# What waits from before is stored first, so that it is replaced, too.
	if [[ $rc -eq 0 && $REDISSECT -eq 1 && $(count_batches ready) -gt 0 ]]; then
		run_csv2mysql load --spool "$PA_SPOOL" || true
	fi
	if [[ $rc -eq 0 ]]; then
		run_csv2mysql captures --sensor "$SENSOR" -p "$PROFILE" >"$IMPORT_DIR/captures" || rc=$?
	fi
	case $rc in
	0) DB_AWAY=0 ;;
	"$EXIT_BUSY")
		DB_AWAY=1
		say "the captures are read into the spool meanwhile"
		;;
	*) exit "$rc" ;;
	esac
}

# What is left of the jobs when every capture that is left has its one is shared among them.
import_workers() {
	local next=0 n free=$JOBS left
	local -A taken=() # jobs by the number of the capture
	START_US=${EPOCHREALTIME/./}
	workers_open
	while [[ $next -lt ${#FILES[@]} || ${#WORKER[@]} -gt 0 ]]; do
		while [[ $next -lt ${#FILES[@]} && $free -gt 0 ]]; do
			# The loader has fallen behind: do not fill the disk.
			if [[ ${#WORKER[@]} -gt 0 && -n $LOADER ]] && ! loader_gone &&
				[[ $(count_batches ready) -ge 500 ]]; then
				break
			fi
			left=$((${#FILES[@]} - next))
			TSHARK_JOBS=$((free > left ? (free + left - 1) / left : 1))
			worker_start "$next" import-one.sh "${FILES[next]}" "${NAMES[next]}"
			taken[$next]=$TSHARK_JOBS free=$((free - TSHARK_JOBS))
			next=$((next + 1))
		done
		workers_wait 0.25
		for n in "${ENDED[@]}"; do
			import_finish "$n"
			free=$((free + taken[$n]))
		done
		import_progress
		if loader_gone; then
			loader_wait
			[[ $LOADER_RC -ne $EXIT_DENIED ]] || break # nothing can be stored: stop reading
		fi
	done
	return 0
}

import_wait_for_loader() {
	loader_drain
	[[ -n $LOADER ]] || return 0
	while [[ $PROGRESS -eq 1 ]] && ! loader_gone; do
		progress_line "storing: $(count_batches ready) batches left"
		sleep 0.1
	done
	loader_wait
}

import_run() {
	local sum verb=imported i code waiting later=''
	[[ ${#OPERANDS[@]} -gt 0 ]] || usage_error "import needs a FILE, a DIR or -"
	need_program tshark2csv csv2mysql pcapfile ptshark
	need_wireshark tshark capinfos
	import_settings
	make_home
	workers_sweep
	SENSOR=$(sensor_name)
	PROFILE=$(profile_operand "${OPT[profile]:-packets}")
	IMPORT_DIR=$PA_RUN/import.$$
	rm -rf -- "$IMPORT_DIR"
	mkdir -- "$IMPORT_DIR"
	trap import_cleanup EXIT
	trap 'import_interrupted 130' INT
	trap 'import_interrupted 143' TERM
	trap 'import_interrupted 129' HUP

	# Side by side: the server starts, the captures are looked for, and tshark is asked.
	server_start_ahead
	import_expand
	if [[ ${#FILES[@]} -eq 0 ]]; then
		die "$EXIT_FAILED" "there is no file in $(clean "${OPERANDS[*]}")"
	fi
	for i in "${BYTES[@]}"; do ALL_BYTES=$((ALL_BYTES + i)); done
	import_ahead
	know_begin
	import_ask_database
	know_end

	workers_settings
	LOADER_RC=0
	[[ $DB_AWAY -eq 1 ]] ||
		loader_start "${PROGRAM[csv2mysql]}" "${DB_ARGS[@]}" load --spool "$PA_SPOOL" --follow
	import_workers
	import_wait_for_loader
	progress_clear

	sum="$(counted "$N_DONE" capture), $(counted "$DONE_PACKETS" packet)"
	[[ $N_REPLACED -eq 0 ]] || sum+="; $N_REPLACED replace what was there"
	[[ $N_KNOWN -eq 0 ]] || sum+="; $N_KNOWN were already there"
	[[ $N_CUT -eq 0 ]] || sum+="; $N_CUT cut short"
	[[ $N_REJECTS -eq 0 ]] || sum+="; $N_REJECTS with packets kept aside"
	[[ $N_FAILED -eq 0 ]] || sum+="; $N_FAILED could not be read"
	code=$EXIT_OK
	if [[ $N_FAILED -gt 0 && $((N_DONE + N_KNOWN)) -eq 0 ]]; then
		code=$EXIT_FAILED
	elif [[ $((N_CUT + N_REJECTS + N_FAILED)) -gt 0 ]]; then
		code=$EXIT_ASIDE
	fi
	[[ ! -s $IMPORT_DIR/loader.err ]] || cat -- "$IMPORT_DIR/loader.err" >&2
	[[ $DB_AWAY -eq 0 ]] || LOADER_RC=$EXIT_BUSY
	waiting=$(count_batches ready)
	case $LOADER_RC in
	0) ;;
	"$EXIT_ASIDE")
		say "the database refused part of it; see $PA_SPOOL/aside"
		code=$EXIT_ASIDE
		;;
	"$EXIT_FAILED" | "$EXIT_USAGE" | "$EXIT_DENIED") code=$LOADER_RC ;;
	*)
		code=$EXIT_BUSY
		[[ $LOADER_RC -ne $EXIT_BUSY ]] || later=' when the database is back'
		[[ $LOADER_RC -le 128 ]] || say "the loader was ended by signal $((LOADER_RC - 128))"
		;;
	esac
	if [[ $LOADER_RC -ne 0 && $waiting -gt 0 ]]; then
		verb='read'
		say "$waiting batch(es) wait in the spool; 'pcapanalyzer load' stores them$later"
	fi
	say "$verb $sum"
	return "$code"
}
