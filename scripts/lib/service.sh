# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# What capture and watch have in common: captures that come one after the other for months, are
# read by short-lived workers and stored by a loader that is started again whenever it ends.
# None of the three waits for the next: what cannot go on stays on disk.
#
# A source is four functions: source_open, source_tick (service_add what is new), source_ended
# NUMBER (a worker has, see RESULT), source_stored FILE PREFIX (of its batches), source_stop; and
# source_shed, which gives up disk when the limit is reached: 1 when it has nothing to give, 2 when
# it never has, so that reading pauses.

# shellcheck source=scripts/lib/workers.sh
. "$PA_LIB/workers.sh"

readonly LOADER_PAUSE_S=5 LOADER_PAUSE_MAX_S=60 # before the loader is started again
readonly RETRY_S=(5 15 60 300)                  # before a capture is tried again; then it goes aside
readonly LIMITS_EVERY_S=5
readonly READY_SHARE=2 # of the limit, the part that batches may take before dissection pauses

declare -gA FILE=() NAME=()    # of the captures that are being read, by number
declare -gA UNSTORED=()        # file by the beginning of its batches' names
declare -gA FAILED=() RETRY=() # of a file: how often, and when to try again
PENDING=()
NEXT=0
STOP=0
PAUSED=0

# The time since the machine was started, into the variable $1: microseconds, seconds. Whatever
# waits goes by it, for nobody can set it.
now_us() {
	local up
	read -r up _ </proc/uptime
	printf -v "$1" '%d' $((10#${up/./} * 10000))
}

now_s() {
	now_us "$1"
	printf -v "$1" '%d' $((${!1} / 1000000))
}

service_add() {
	FILE[$NEXT]=$1 NAME[$NEXT]=$2
	PENDING+=("$NEXT")
	NEXT=$((NEXT + 1))
}

# Bytes of a size such as 500M or 10G, as the option's check let it through.
size_bytes() {
	local n=${1%[KMGT]}
	case $1 in
	*K) n=$((n << 10)) ;;
	*M) n=$((n << 20)) ;;
	*G) n=$((n << 30)) ;;
	*T) n=$((n << 40)) ;;
	esac
	printf '%s' "$n"
}

service_settings() {
	JOBS=${OPT[jobs]:-$(default_jobs)}
	REDISSECT=0
	MAX_QUEUE=$(size_bytes "${OPT[max-queue]:-10G}")
	MIN_FREE=$(size_bytes "${OPT[min-free]:-1G}")
	DRAIN_S=${OPT[drain-seconds]:-60}
	PROGRESS=0
	case ${OPT[progress]:-auto} in
	always) PROGRESS=1 ;;
	auto) [[ ! -t 2 ]] || PROGRESS=1 ;;
	esac
	N_CAPTURES=0 N_PACKETS=0 N_FAILED=0 N_LEFT=0
	LIMITS_AT=0 STORED_AT=0 LOADER_AT=0 LOADER_PAUSE=$LOADER_PAUSE_S LOADER_SAID=''
}

# --- workers ----------------------------------------------------------------------------

service_start_workers() {
	local n later=() now
	now_s now
	for n in "${PENDING[@]}"; do
		if [[ ${#WORKER[@]} -lt $JOBS && $PAUSED -eq 0 && ${RETRY[${FILE[$n]}]:-0} -le $now ]]; then
			worker_start "$n" "$SERVICE_WORKER" "${FILE[$n]}" "${NAME[$n]}"
		else
			later+=("$n")
		fi
	done
	PENDING=("${later[@]}")
}

# A capture that could not be read: 0 when it is to be tried again. A full disk says nothing about
# the capture, and neither does what happens while everything ends.
service_again() {
	local n=$1 file=$2 name=$3 tries now
	[[ -e $file && ${RESULT[text]} != 'not a capture'* ]] || return 1
	if [[ $STOP -eq 1 ]]; then
		N_LEFT=$((N_LEFT + 1))
		return 0
	fi
	PENDING+=("$n")
	now_s now
	tries=${FAILED[$file]:-0}
	if [[ ${RESULT[text]} == *'No space left'* ]]; then
		tries=$((tries > 0 ? tries - 1 : 0))
	elif [[ $tries -ge ${#RETRY_S[@]} ]]; then
		unset 'PENDING[-1]'
		return 1
	fi
	FAILED[$file]=$((tries + 1))
	RETRY[$file]=$((now + RETRY_S[tries]))
	say "$name: ${RESULT[text]}; trying again in ${RETRY_S[tries]} s"
}

service_finish() {
	local n=$1 file=${FILE[$1]} name=${NAME[$1]}
	worker_result "$n"
	# Each content is claimed once in a run: here the run has no end.
	rm -rf -- "$IMPORT_DIR"/claim.*
	if [[ ${RESULT[state]} == failed ]] && service_again "$n" "$file" "$name"; then
		return 0
	elif [[ ${RESULT[state]} == failed ]]; then
		N_FAILED=$((N_FAILED + 1))
	else
		N_CAPTURES=$((N_CAPTURES + 1)) N_PACKETS=$((N_PACKETS + RESULT[packets]))
		[[ -z ${RESULT[text]} || ${RESULT[state]} == known ]] || say "$name: ${RESULT[text]}"
	fi
	unset 'FAILED[$file]' 'RETRY[$file]'
	source_ended "$n"
	unset "FILE[$n]" "NAME[$n]"
}

# What the spool holds nothing of any more is stored. Names are looked at no oftener than a
# twentieth of the time that it takes.
service_look_for_stored() {
	local path prefix start now
	now_us start
	[[ ${#UNSTORED[@]} -gt 0 && $start -ge $STORED_AT ]] || return 0
	local -A have=()
	shopt -s nullglob
	# In this order: a batch that goes aside meanwhile is seen in one of the two.
	for path in "$PA_SPOOL"/ready/*/ "$PA_SPOOL"/aside/*/; do
		path=${path%/} path=${path##*/}
		have[${path%-*}]=1
	done
	shopt -u nullglob
	for prefix in "${!UNSTORED[@]}"; do
		[[ -n ${have[$prefix]+x} ]] || {
			source_stored "${UNSTORED[$prefix]}" "$prefix"
			unset "UNSTORED[$prefix]"
		}
	done
	now_us now
	STORED_AT=$((now + 500000 + 20 * (now - start)))
}

# --- the loader -------------------------------------------------------------------------

service_loader() {
	local now words
	now_s now
	if loader_gone; then
		loader_drain
		loader_wait
		words=$(tail -n 1 -- "$IMPORT_DIR/loader.err" 2>/dev/null | cut -c 1-400)
		if [[ $LOADER_RC -eq 0 ]]; then
			LOADER_PAUSE=1 # another loader works on the spool
		elif [[ $words != "$LOADER_SAID" ]]; then
			say "the loader ended with status $LOADER_RC${words:+: ${words#*: }}; it is started again, meanwhile batches wait in the spool"
			LOADER_SAID=$words
		fi
		LOADER_AT=$((now + LOADER_PAUSE))
		LOADER_PAUSE=$((2 * LOADER_PAUSE < LOADER_PAUSE_MAX_S ? 2 * LOADER_PAUSE : LOADER_PAUSE_MAX_S))
	fi
	if [[ -z $LOADER && $now -ge $LOADER_AT ]]; then
		loader_start "$self" load --follow -p "$SERVICE_PROFILE"
		LOADER_STARTED=$now
	elif [[ -n $LOADER && $((now - LOADER_STARTED)) -ge $LOADER_PAUSE_MAX_S ]]; then
		LOADER_PAUSE=$LOADER_PAUSE_S LOADER_SAID=''
	fi
}

# --- limits -----------------------------------------------------------------------------

# The sum of the sizes of all files below these folders.
bytes_below() {
	find "$@" -type f -printf '%s\n' 2>/dev/null | awk '{ n += $1 } END { printf "%d", n }'
}

free_bytes() {
	df -P -B1 -- "$PA_HOME" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

over_limit() {
	local free
	SPOOL_BYTES=$(bytes_below "$PA_SPOOL/ready" "$PA_SPOOL/tmp")
	QUEUE_BYTES=$(source_bytes)
	free=$(free_bytes)
	[[ $((SPOOL_BYTES + QUEUE_BYTES)) -gt $MAX_QUEUE || ${free:-$MIN_FREE} -lt $MIN_FREE ]]
}

service_limits() {
	local now rc=0 why=''
	now_s now
	[[ $now -ge $LIMITS_AT ]] || return 0
	while [[ $rc -eq 0 ]] && over_limit; do
		source_shed || rc=$?
	done
	[[ $rc -ne 2 ]] || why="--max-queue or --min-free is reached"
	[[ $SPOOL_BYTES -le $((MAX_QUEUE / READY_SHARE)) ]] || why="batches take half of --max-queue"
	if [[ -z $why ]]; then
		PAUSED=0
	elif [[ $PAUSED -eq 0 ]]; then
		say "$why: reading pauses until there is room"
		PAUSED=1
	fi
	now_s now
	LIMITS_AT=$((now + LIMITS_EVERY_S))
}

# --- the loop ---------------------------------------------------------------------------

service_cleanup() {
	trap '' INT TERM HUP
	progress_clear
	source_abandon
	workers_kill
	[[ -z $IMPORT_DIR ]] || rm -rf -- "$IMPORT_DIR"
	tap_end
}

# Signals go to a shell that does nothing but wait: one that comes while bash reads a command
# substitution can make it fail there (5.2: "trap: unexpected EOF"). The first one lets everything
# that was captured be stored; the second one does not wait.
service_signal() {
	if [[ ! -e $IMPORT_DIR/stop ]]; then
		: >"$IMPORT_DIR/stop"
	else
		: >"$IMPORT_DIR/stop.now"
	fi
}

# What became of those signals, and whether the shell that waits for us is there.
service_look_for_stop() {
	local parent
	read -r _ _ _ parent _ <"/proc/$BASHPID/stat"
	[[ $parent -eq $$ ]] || exit "$EXIT_FAILED"
	[[ ! -e $IMPORT_DIR/stop ]] || STOP=1
	if [[ -e $IMPORT_DIR/stop.now ]]; then
		progress_clear
		say "interrupted again; what is not stored waits on disk for the next start"
		exit "$EXIT_BUSY"
	fi
}

service_progress() {
	[[ $PROGRESS -eq 1 ]] || return 0
	progress_line "$(source_words); $N_PACKETS packets read, $((${#PENDING[@]} + ${#WORKER[@]})) captures and $(count_batches ready) batches wait"
}

# One round; $1: how long to wait for a worker.
service_round() {
	local n
	service_look_for_stop
	source_tick
	service_loader
	service_limits
	service_start_workers
	workers_wait "$1"
	for n in "${ENDED[@]}"; do
		service_finish "$n"
	done
	service_look_for_stored
	service_progress
}

# After a signal: what is there is read and stored, for a while.
service_drain() {
	local now end
	now_s now
	end=$((now + DRAIN_S))
	progress_clear
	source_stop
	RETRY=()
	while [[ $now -lt $end ]] && { [[ $((${#PENDING[@]} + ${#WORKER[@]})) -gt 0 ]] || spool_waits; }; do
		service_round 0.1
		now_s now
	done
	loader_drain
	while [[ -n $LOADER && $now -le $end ]]; do
		sleep 0.05
		now_s now
		! loader_gone || loader_wait
	done
	STORED_AT=0
	service_look_for_stored
}

# All but the waiting, in a process of its own.
service_main() {
	local waiting
	trap '' INT TERM HUP
	trap service_cleanup EXIT
	know_begin
	know_end
	workers_settings
	: >"$IMPORT_DIR/captures"
	export CSV2MYSQL=${PROGRAM[csv2mysql]}
	workers_open
	source_open
	while [[ $STOP -eq 0 ]]; do
		service_round 0.25
	done
	service_drain
	waiting=$((N_LEFT + ${#PENDING[@]} + ${#WORKER[@]} + ${#UNSTORED[@]}))
	progress_clear
	say "stopped: $(counted "$N_CAPTURES" capture), $(counted "$N_PACKETS" packet)$([[ $N_FAILED -eq 0 ]] || echo "; $N_FAILED could not be read")"
	if [[ $waiting -gt 0 ]]; then
		say "$waiting captures are not yet in the database; they wait on disk for the next start"
		exit "$EXIT_BUSY"
	fi
	[[ $N_FAILED -eq 0 ]] || exit "$EXIT_ASIDE"
	exit "$EXIT_OK"
}

# service_run WORKER-SCRIPT
service_run() {
	local child rc
	SERVICE_WORKER=$1
	SERVICE_PROFILE=$(profile_operand "${OPT[profile]:-packets}")
	need_program tshark2csv csv2mysql pcapfile ptshark
	need_wireshark tshark capinfos
	service_settings
	make_home
	workers_sweep
	SENSOR=$(sensor_name)
	PROFILE=$SERVICE_PROFILE
	IMPORT_DIR=$PA_RUN/$COMMAND.$$
	rm -rf -- "$IMPORT_DIR"
	mkdir -- "$IMPORT_DIR"
	trap service_signal INT TERM
	trap '' HUP
	(service_main) &
	child=$!
	while :; do
		rc=0
		{ wait "$child" || rc=$?; } 2>/dev/null # bash's own word about a kill
		kill -0 "$child" 2>/dev/null || return "$rc"
	done
}
