# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# What import and the services have in common: workers, each of which reads one capture into the
# spool in a session of its own, and one loader beside them. IMPORT_DIR is the run's own folder.

# shellcheck source=scripts/lib/know.sh
. "$PA_LIB/know.sh"

IMPORT_DIR=''
LOADER=''             # pid of the loader, '' when there is none
LOADER_FD=''          # closing it tells the loader to drain the spool and end
DONE_PART=''          # the first digits of a number whose rest has not come yet
UNPRIVILEGED=()       # in front of what needs no capability
declare -gA OWN_FDS=() # that no child may hold: whoever waits at the other end would wait for it
declare -gA WORKER=() # pid by the number of the capture
declare -gA RESULT=() # what worker_result() read

# How many tsharks at once: one per processor core, when each can have so many megabytes of what
# is free. It begins with 170, and keeps 0.5 for every 1,000 packets.
readonly TSHARK_MEGABYTES=400
default_jobs() {
	local cores fit
	cores=$(nproc 2>/dev/null || echo 1)
	fit=$(awk -v each="$TSHARK_MEGABYTES" '$1 == "MemAvailable:" { print int($2 / 1024 / each) }' \
		/proc/meminfo 2>/dev/null) || true
	[[ -n $fit && $fit -lt $cores ]] || fit=$cores
	[[ $fit -ge 1 ]] || fit=1
	printf '%s' "$fit"
}

# What the workers read from their environment. A service manager may have given us capabilities
# that every program we start inherits: dumpcap alone is to have them.
workers_settings() {
	[[ $(sed -n 's/^CapAmb:[[:space:]]*//p' /proc/self/status) =~ ^0*$ ]] ||
		UNPRIVILEGED=(setpriv --ambient-caps=-all --inh-caps=-all --no-new-privs --)
	PROFILE_SHA256=$(sha256sum <"$PROFILE")
	PROFILE_SHA256=${PROFILE_SHA256%% *}
	export PA_LIB PA_SPOOL IMPORT_DIR SENSOR PROFILE PROFILE_SHA256 REDISSECT
	export TSHARK=${PROGRAM[tshark]} CAPINFOS=${PROGRAM[capinfos]} TSHARK2CSV=${PROGRAM[tshark2csv]}
	export PCAPFILE=${PROGRAM[pcapfile]} PTSHARK=${PROGRAM[ptshark]} TSHARK_JOBS=1 TSHARK_LINE DIALECT TAP_DIR SANDBOX TSHARK_MEMORY TSHARK_STALL
}

# Folders of runs that were killed, and copies of their standard input. Where a worker of one
# is still at work, the folder comes back and goes with the next run.
workers_sweep() {
	local path pid
	shopt -s nullglob
	for path in "$PA_RUN"/{import,capture,watch}.*/; do
		pid=${path%/}
		pid=${pid##*.}
		[[ -e /proc/$pid ]] || rm -rf -- "$path" 2>/dev/null || true
	done
	shopt -u nullglob
	find "$PA_SPOOL/incoming" -maxdepth 1 -type f -name 'stdin.*' -mtime +1 -delete 2>/dev/null || true
}

# The pipe into which every worker writes its number as its last act.
workers_open() {
	mkfifo -- "$IMPORT_DIR/done.fifo"
	exec {DONE_FD}<>"$IMPORT_DIR/done.fifo"
	OWN_FDS[done]=$DONE_FD
}

# What a child of ours has from us and must not have: descriptors, and signals that are ignored.
child_begins() {
	local fd
	trap - INT TERM HUP
	for fd in "${OWN_FDS[@]}"; do
		exec {fd}>&-
	done
}

# worker_start NUMBER SCRIPT ARGUMENT...
worker_start() {
	local n=$1 script=$2
	shift 2
	(
		child_begins
		exec "${UNPRIVILEGED[@]}" setsid -- "$BASH" "$PA_LIB/$script" "$n" "$@"
	) </dev/null >/dev/null 2>"$IMPORT_DIR/worker.$n.err" &
	WORKER[$n]=$!
}

# Wait $1 seconds for the number of a worker that has ended; sets DONE_NUMBER. The time can be
# over in the middle of a number: its first digits are kept for the next call.
worker_next() {
	local part=''
	if read -r -t "$1" -u "$DONE_FD" part; then
		DONE_NUMBER=$DONE_PART$part DONE_PART=''
		[[ -n $DONE_NUMBER ]]
	else
		DONE_PART+=$part
		return 1
	fi
}

# Wait up to $1 seconds for workers to end; sets ENDED to their numbers. One that was killed
# before it could give its word is among them.
workers_wait() {
	local n
	local -A ended=()
	ENDED=()
	if worker_next "$1"; then
		ended[$DONE_NUMBER]=1
	else
		for n in "${!WORKER[@]}"; do
			kill -0 "${WORKER[$n]}" 2>/dev/null || ended[$n]=1
		done
	fi
	for n in "${!ended[@]}"; do
		[[ -z ${WORKER[$n]+x} ]] || ENDED+=("$n")
	done
}

# Read what worker $1 left into RESULT (state, packets, text, replaced, batches), and forget it.
worker_result() {
	local n=$1 key
	wait "${WORKER[$n]}" 2>/dev/null || true
	unset "WORKER[$n]"
	RESULT=([state]=failed [packets]=0 [text]='' [replaced]=0 [batches]='')
	if [[ -r $IMPORT_DIR/result.$n ]]; then
		for key in state packets text replaced batches; do
			read -r "RESULT[$key]" || true
		done <"$IMPORT_DIR/result.$n"
	else
		RESULT[text]=$(head -c 300 "$IMPORT_DIR/worker.$n.err" 2>/dev/null) || true
		RESULT[text]="the worker ended early: ${RESULT[text]:-it was killed, or the disk is full}"
	fi
	case ${RESULT[state]} in
	done | known | truncated | rejects | empty | failed) ;;
	*) RESULT[state]=failed RESULT[text]="the result of its worker cannot be read" ;;
	esac
	rm -rf -- "$IMPORT_DIR/result.$n" "$IMPORT_DIR/worker.$n.err" "$IMPORT_DIR/work.$n"
}

# End what runs, at once.
workers_kill() {
	local pid
	for pid in "${WORKER[@]}"; do
		# Each worker leads its own session: tshark goes before it can be taken for done.
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	[[ ${#WORKER[@]} -eq 0 ]] || wait "${WORKER[@]}" 2>/dev/null || true
	[[ -z $CANARY ]] || wait "$CANARY" 2>/dev/null || true
	[[ -z $FIELDS_ASKED ]] || wait "$FIELDS_ASKED" 2>/dev/null || true
	if [[ -n $LOADER ]]; then
		kill -TERM "$LOADER" 2>/dev/null || true
		wait "$LOADER" 2>/dev/null || true
	fi
}

# --- the loader -------------------------------------------------------------------------

# loader_start COMMAND...: it loads until its standard input ends and the spool is empty.
loader_start() {
	rm -f -- "$IMPORT_DIR/loader.fifo"
	mkfifo -- "$IMPORT_DIR/loader.fifo"
	# For reading, too, and before the loader: so neither waits for the other, who may be killed.
	exec {LOADER_FD}<>"$IMPORT_DIR/loader.fifo"
	OWN_FDS[loader]=$LOADER_FD
	(
		child_begins
		exec "${UNPRIVILEGED[@]}" setsid -- "$@"
	) <"$IMPORT_DIR/loader.fifo" >/dev/null 2>"$IMPORT_DIR/loader.err" &
	LOADER=$!
}

loader_gone() {
	[[ -n $LOADER ]] && ! kill -0 "$LOADER" 2>/dev/null
}

# Let it load what there is, and end.
loader_drain() {
	[[ -z $LOADER_FD ]] || exec {LOADER_FD}>&-
	LOADER_FD=''
	unset 'OWN_FDS[loader]'
}

# Sets LOADER_RC to how the loader ended.
loader_wait() {
	LOADER_RC=0
	{ wait "$LOADER" || LOADER_RC=$?; } 2>/dev/null
	LOADER=''
}
