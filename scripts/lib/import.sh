# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# import: captures into the database. One worker (import-one.sh) per file at a time, -j of
# them at once, and one loader for the whole run.

IMPORT_DIR=''
IMPORT_CANARY=''     # pid of the one who asks tshark for its dialect
IMPORT_LOADER=''     # pid of the loader, '' when there is none
IMPORT_LOADER_FD=''  # closing it tells the loader to drain the spool and end
declare -gA WORKER=() # pid by number of the file
FILES=() NAMES=() BYTES=()

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

# --- running ----------------------------------------------------------------------------

import_cleanup() {
	local pid
	trap '' INT TERM HUP
	progress_clear
	for pid in "${WORKER[@]}"; do
		# Each worker leads its own session: tshark goes before it can be taken for done.
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	[[ ${#WORKER[@]} -eq 0 ]] || wait "${WORKER[@]}" 2>/dev/null || true
	[[ -z $IMPORT_CANARY ]] || wait "$IMPORT_CANARY" 2>/dev/null || true
	if [[ -n $IMPORT_LOADER ]]; then
		kill -TERM "$IMPORT_LOADER" 2>/dev/null || true
		wait "$IMPORT_LOADER" 2>/dev/null || true
	fi
	[[ -z ${IMPORT_STDIN:-} ]] || rm -f -- "$IMPORT_STDIN"
	[[ -z $IMPORT_DIR ]] || rm -rf -- "$IMPORT_DIR"
}

import_interrupted() {
	local code=$1
	progress_clear
	import_cleanup
	trap - EXIT
	say "interrupted; what was read whole is stored or waits in the spool, import again for the rest"
	exit "$code"
}

# Folders of imports that were killed, and copies of their standard input. Where a worker of one
# is still at work, the folder comes back and goes with the next import.
import_sweep() {
	local path pid
	shopt -s nullglob
	for path in "$PA_RUN"/import.*/; do
		pid=${path%/}
		pid=${pid##*.}
		[[ -e /proc/$pid ]] || rm -rf -- "$path" 2>/dev/null || true
	done
	shopt -u nullglob
	find "$PA_SPOOL/incoming" -maxdepth 1 -type f -name 'stdin.*' -mtime +1 -delete 2>/dev/null || true
}

# What tshark is asked for: TSHARK_ARGS, and for the workers the file tshark-args.
import_arguments() {
	local words
	"${PROGRAM[tshark2csv]}" -p "$PROFILE" --dialect "$1" --tshark-args >"$IMPORT_DIR/tshark-args" || exit
	read -r -a words <"$IMPORT_DIR/tshark-args"
	TSHARK_ARGS=("${words[@]}")
	printf '%s\n' "${TSHARK_ARGS[@]}" >"$IMPORT_DIR/tshark-args"
}

# Ask this tshark for every field of the profile.
import_try_fields() {
	local err
	: >"$IMPORT_DIR/empty"
	if err=$(clean_wireshark "$IMPORT_DIR/wireshark" "${PROGRAM[tshark]}" -r "$IMPORT_DIR/empty" \
		"${TSHARK_ARGS[@]}" 2>&1 >/dev/null); then
		return 0
	fi
	if [[ $err == *"Some fields aren't valid"* ]]; then
		die "$EXIT_USAGE" "this tshark does not know the field(s) $(unknown_fields "$err") of the profile ${OPT[profile]:-packets}; correct the profile, or install a tshark that knows them ('pcapanalyzer fields WORD' searches those it has)"
	fi
	die "$EXIT_FAILED" "tshark refuses to start: $(wireshark_reason <<<"$err")"
}

# Before any capture is touched: the installed tshark speaks a DIALECT that is known, and has
# every field of the PROFILE, which is from now on the resolved one.
import_know_tshark() {
	local table guess
	wireshark_line "$IMPORT_DIR"
	wireshark_dialect "$IMPORT_DIR" >"$IMPORT_DIR/dialect" 2>"$IMPORT_DIR/dialect.err" </dev/null &
	IMPORT_CANARY=$!
	table=$(wireshark_fields "$IMPORT_DIR") || exit
	PROFILE=$(resolve_profile "$IMPORT_DIR" "$PROFILE" "$table") || exit
	guess=$(wireshark_guess)
	import_arguments "$guess"
	import_try_fields
	if ! wait "$IMPORT_CANARY"; then
		IMPORT_CANARY=''
		cat -- "$IMPORT_DIR/dialect.err" >&2
		exit "$EXIT_FAILED"
	fi
	IMPORT_CANARY=''
	DIALECT=$(<"$IMPORT_DIR/dialect")
	[[ $DIALECT == "$guess" ]] || import_arguments "$DIALECT"
}

import_start_loader() {
	mkfifo -- "$IMPORT_DIR/loader.fifo"
	# For reading, too, and before the loader: so neither waits for the other, who may be killed.
	exec {IMPORT_LOADER_FD}<>"$IMPORT_DIR/loader.fifo"
	setsid -- "${PROGRAM[csv2mysql]}" "${DB_ARGS[@]}" load --spool "$PA_SPOOL" --follow \
		<"$IMPORT_DIR/loader.fifo" >/dev/null 2>"$IMPORT_DIR/loader.err" {IMPORT_LOADER_FD}>&- &
	IMPORT_LOADER=$!
}

import_loader_gone() {
	[[ -n $IMPORT_LOADER ]] && ! kill -0 "$IMPORT_LOADER" 2>/dev/null
}

import_start_worker() {
	local n=$1
	# The worker must hold neither end of the loader's pipe, or the loader outlives us.
	(
		[[ -z $IMPORT_LOADER_FD ]] || exec {IMPORT_LOADER_FD}>&-
		exec {DONE_FD}>&-
		exec setsid -- "$BASH" "$PA_LIB/import-one.sh" "$n" "${FILES[n]}" "${NAMES[n]}"
	) </dev/null >/dev/null 2>"$IMPORT_DIR/worker.$n.err" &
	WORKER[$n]=$!
}

# A worker has ended: read what it left and say what has to be said.
import_finish() {
	local n=$1 state='' packets=0 text='' replaced=0 name
	wait "${WORKER[$n]}" 2>/dev/null || true
	unset "WORKER[$n]"
	DONE=$((DONE + 1))
	DONE_BYTES=$((DONE_BYTES + BYTES[n]))
	name=${FILES[n]}
	[[ ${NAMES[n]} != - ]] || name='standard input'
	if [[ -r $IMPORT_DIR/result.$n ]]; then
		{
			read -r state
			read -r packets
			read -r text
			read -r replaced
		} <"$IMPORT_DIR/result.$n"
	else
		state=failed
		text="the worker ended early: $(head -c 300 "$IMPORT_DIR/worker.$n.err" 2>/dev/null)"
	fi
	DONE_PACKETS=$((DONE_PACKETS + packets))
	[[ $state == failed ]] || N_REPLACED=$((N_REPLACED + replaced))
	case $state in
	done) N_DONE=$((N_DONE + 1)) ;;
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
	rm -rf -- "$IMPORT_DIR/result.$n" "$IMPORT_DIR/worker.$n.err" "$IMPORT_DIR/work.$n"
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
	import_progress_line "$text"
}

import_progress_line() {
	[[ $PROGRESS -eq 1 ]] || return 0
	printf '\r\033[K%s' "$1" >&2
	PROGRESS_SHOWN=1
}

# --- the command ------------------------------------------------------------------------

import_settings() {
	local jobs
	jobs=${OPT[jobs]:-$(nproc 2>/dev/null || echo 1)}
	JOBS=$jobs
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

# Wait $1 seconds for the number of a file whose worker has ended; sets DONE_NUMBER. The time
# can be over in the middle of a number: its first digits are kept for the next call.
import_next_done() {
	local part=''
	if read -r -t "$1" -u "$DONE_FD" part; then
		DONE_NUMBER=$DONE_PART$part DONE_PART=''
		[[ -n $DONE_NUMBER ]]
	else
		DONE_PART+=$part
		return 1
	fi
}

import_workers() {
	local next=0 n
	START_US=${EPOCHREALTIME/./} DONE_PART=''
	mkfifo -- "$IMPORT_DIR/done.fifo"
	exec {DONE_FD}<>"$IMPORT_DIR/done.fifo"
	while [[ $next -lt ${#FILES[@]} || ${#WORKER[@]} -gt 0 ]]; do
		while [[ $next -lt ${#FILES[@]} && ${#WORKER[@]} -lt $JOBS ]]; do
			# The loader has fallen behind: do not fill the disk.
			if [[ ${#WORKER[@]} -gt 0 && -n $IMPORT_LOADER ]] && ! import_loader_gone &&
				[[ $(count_batches ready) -ge 500 ]]; then
				break
			fi
			import_start_worker "$next"
			next=$((next + 1))
		done
		if import_next_done 0.25; then
			[[ -z ${WORKER[$DONE_NUMBER]+x} ]] || import_finish "$DONE_NUMBER"
		else
			for n in "${!WORKER[@]}"; do
				[[ -z ${WORKER[$n]+x} ]] || kill -0 "${WORKER[$n]}" 2>/dev/null || import_reap "$n"
			done
		fi
		import_progress
		if import_loader_gone; then
			LOADER_RC=0
			wait "$IMPORT_LOADER" || LOADER_RC=$?
			IMPORT_LOADER=''
			[[ $LOADER_RC -ne $EXIT_DENIED ]] || break # nothing can be stored: stop reading
		fi
	done
	return 0
}

# A worker that is gone: its word is in the pipe, or it was killed before it could give it.
import_reap() {
	local gone=$1
	while import_next_done 0.01; do
		[[ -z ${WORKER[$DONE_NUMBER]+x} ]] || import_finish "$DONE_NUMBER"
	done
	[[ -z ${WORKER[$gone]+x} ]] || import_finish "$gone"
}

import_wait_for_loader() {
	[[ -z $IMPORT_LOADER_FD ]] || exec {IMPORT_LOADER_FD}>&-
	IMPORT_LOADER_FD=''
	[[ -n $IMPORT_LOADER ]] || return 0
	while ! import_loader_gone; do
		import_progress_line "storing: $(count_batches ready) batches left"
		sleep 0.1
	done
	LOADER_RC=0
	wait "$IMPORT_LOADER" || LOADER_RC=$?
	IMPORT_LOADER=''
}

import_count() {
	printf '%s %s' "$1" "$2"
	[[ $1 -eq 1 ]] || printf s
}

import_run() {
	local sum verb=imported i code waiting later=''
	[[ ${#OPERANDS[@]} -gt 0 ]] || usage_error "import needs a FILE, a DIR or -"
	need_program tshark2csv csv2mysql
	need_wireshark tshark capinfos
	import_settings
	make_home
	import_sweep
	SENSOR=$(sensor_name)
	PROFILE=$(profile_operand "${OPT[profile]:-packets}")
	IMPORT_DIR=$PA_RUN/import.$$
	rm -rf -- "$IMPORT_DIR"
	mkdir -- "$IMPORT_DIR"
	trap import_cleanup EXIT
	trap 'import_interrupted 130' INT
	trap 'import_interrupted 143' TERM
	trap 'import_interrupted 129' HUP

	import_know_tshark
	import_expand
	if [[ ${#FILES[@]} -eq 0 ]]; then
		die "$EXIT_FAILED" "there is no file in $(clean "${OPERANDS[*]}")"
	fi
	for i in "${BYTES[@]}"; do ALL_BYTES=$((ALL_BYTES + i)); done
	import_ask_database

	PROFILE_SHA256=$(sha256sum <"$PROFILE")
	PROFILE_SHA256=${PROFILE_SHA256%% *}
	export PA_LIB PA_SPOOL IMPORT_DIR SENSOR PROFILE PROFILE_SHA256 REDISSECT
	export TSHARK=${PROGRAM[tshark]} CAPINFOS=${PROGRAM[capinfos]} TSHARK2CSV=${PROGRAM[tshark2csv]}
	export TSHARK_LINE DIALECT
	LOADER_RC=0
	[[ $DB_AWAY -eq 1 ]] || import_start_loader
	import_workers
	import_wait_for_loader
	progress_clear

	sum="$(import_count "$N_DONE" capture), $(import_count "$DONE_PACKETS" packet)"
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
