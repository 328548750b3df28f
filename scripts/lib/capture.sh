# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# capture: dumpcap writes short files into ring/; each that is finished moves to queue/, is read
# into the spool by a worker, moves to stored/ under the name of its batches, and goes when the
# database has committed them. Every step is one rename, so that a start after a crash sees in
# which folder a file is what is left to do.

# shellcheck source=scripts/lib/service.sh
. "$PA_LIB/service.sh"
# shellcheck source=scripts/lib/event.sh
. "$PA_LIB/event.sh"

readonly DUMPCAP_PAUSE_S=1 DUMPCAP_PAUSE_MAX_S=30 # before dumpcap is started again
readonly UNTOLD_MAX=1000 TELL_EVERY_S=5
readonly CLOCK_TOLERANCE_US=500000                # the clock was set when it is off by more

DUMPCAP=''  # its pid, '' while it does not run
NAMES_FD='' # where it says which file is finished
COVERED=0   # up to when what was captured, and what was not, is told; microseconds, 0 for never
INTERVALS=() # "from until" in seconds that the file which is being written has behind it
UNTOLD=()    # events that could not be written, as words for a shell
declare -gA UNWRITTEN=() # .meta that could not be written, by file
declare -gA DROPS=() # that dumpcap's sockets have counted so far, by interface

# --- coverage ---------------------------------------------------------------------------

# tell INTERFACE KIND ...: an event. No room for it is no reason to stop capturing: it is told
# again later.
tell() {
	local words
	words=$( (event "$@" 2>&1 >/dev/null) 2>/dev/null) && return
	[[ ${#UNTOLD[@]} -gt 0 ]] ||
		say "cannot note what happened to the capture${words:+: ${words##*error: }}; it is noted when there is room"
	[[ ${#UNTOLD[@]} -ge $UNTOLD_MAX ]] || UNTOLD+=("$(printf '%q ' "$@")")
}

# What could not be written before.
tell_again() {
	local file now words=()
	for file in "${!UNWRITTEN[@]}"; do
		if [[ -e $file ]] && ! { printf '%s' "${UNWRITTEN[$file]}" >"$file.meta"; } 2>/dev/null; then
			now_s now
			RETRY[$file]=$((now + TELL_EVERY_S + 1)) # nobody reads it without
			return 0
		fi
		unset 'UNWRITTEN[$file]' 'RETRY[$file]'
	done
	while [[ ${#UNTOLD[@]} -gt 0 ]]; do
		eval "words=(${UNTOLD[0]})"
		event "${words[@]}" 2>/dev/null || return 0
		UNTOLD=("${UNTOLD[@]:1}")
	done
}

tell_each() {
	local interface
	for interface in "${INTERFACES[@]}"; do
		tell "$interface" "$@"
	done
}

# Epoch seconds with a fraction, from microseconds.
seconds() {
	printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
}

# From now on everything up to $1 is told.
covered_until() {
	COVERED=$1
	{
		printf '%s\n' "$1" >"$CAPTURE_DIR/covered.new" &&
			mv -f -- "$CAPTURE_DIR/covered.new" "$CAPTURE_DIR/covered"
	} 2>/dev/null || true
}

# Nobody listened between COVERED and now, because of $1.
not_covered() {
	local now=${EPOCHREALTIME/./}
	if [[ $COVERED -gt 0 && $now -gt $COVERED ]]; then
		tell_each stopped "$(seconds "$COVERED")" "$(seconds "$now")" --detail "$1"
	fi
	covered_until "$now"
}

# What the kernel dropped for dumpcap since the last look, onto the end of meta.
# Its sockets count; dumpcap itself tells only at its end.
new_drops() {
	local line interface count
	while read -r line; do
		[[ $line == *"pid=$DUMPCAP,"* && $line =~ \*:([^[:space:]]+)[[:space:]].*,d([0-9]+)\) ]] || continue
		interface=${BASH_REMATCH[1]} count=${BASH_REMATCH[2]}
		[[ $interface != '*' ]] || interface=any
		if [[ $count -gt ${DROPS[$interface]:-0} ]]; then
			meta+=$'dropped\t'"$((count - ${DROPS[$interface]:-0})) $interface"$'\n'
		fi
		DROPS[$interface]=$count
	done < <(ss -0 -H -n -p -m -O 2>/dev/null)
}

# --- dumpcap ----------------------------------------------------------------------------

# DUMPCAP_ARGS from our own options.
dumpcap_arguments() {
	local interface
	DUMPCAP_ARGS=(-q)
	[[ -z ${OPT[filter]+x} ]] || DUMPCAP_ARGS+=(-f "${OPT[filter]}")
	[[ -z ${OPT[snapshot-length]+x} ]] || DUMPCAP_ARGS+=(-s "${OPT[snapshot-length]}")
	[[ -z ${OPT[buffer-size]+x} ]] || DUMPCAP_ARGS+=(-B "${OPT[buffer-size]}")
	[[ -z ${OPT[linktype]+x} ]] || DUMPCAP_ARGS+=(-y "${OPT[linktype]}")
	[[ -z ${OPT[no-promiscuous-mode]+x} ]] || DUMPCAP_ARGS+=(-p)
	[[ -z ${OPT[monitor-mode]+x} ]] || DUMPCAP_ARGS+=(-I)
	for interface in "${INTERFACES[@]}"; do
		DUMPCAP_ARGS+=(-i "$interface")
	done
	DUMPCAP_ARGS+=(-w "$CAPTURE_DIR/ring/$CAPTURE.pcapng" -b "duration:${OPT[rotate-seconds]:-5}"
		-b "filesize:$((${OPT[rotate-size]:-64} * 1000))" -b printname:stdout)
}

dumpcap_start() {
	rm -f -- "$IMPORT_DIR/names.fifo"
	mkfifo -- "$IMPORT_DIR/names.fifo"
	exec {NAMES_FD}<>"$IMPORT_DIR/names.fifo"
	OWN_FDS[names]=$NAMES_FD
	DROPS=() NAMES_PART=''
	(
		child_begins
		exec setsid -- "${DUMPCAP_RUN[@]}" "${PROGRAM[dumpcap]}" "${DUMPCAP_ARGS[@]}"
	) </dev/null >"$IMPORT_DIR/names.fifo" 2>"$IMPORT_DIR/dumpcap.err" &
	DUMPCAP=$!
	printf '%s\n' "$DUMPCAP" >"$CAPTURE_DIR/dumpcap.pid"
	now_s DUMPCAP_STARTED
}

# Wait until it listens; its own words when it does not.
dumpcap_wait() {
	while kill -0 "$DUMPCAP" 2>/dev/null; do
		! grep -qs '^File: ' -- "$IMPORT_DIR/dumpcap.err" || return 0
		sleep 0.05
	done
	grep -qs '^File: ' -- "$IMPORT_DIR/dumpcap.err"
}

dumpcap_reason() {
	awk '!/^(Capturing on|File: |Packets |Running as)/ && !/^ *$/ {
		sub(/^dumpcap: /, ""); print substr($0, 1, 300); exit }' "$IMPORT_DIR/dumpcap.err" 2>/dev/null || true
}

# Every name that dumpcap has printed.
dumpcap_names() {
	local part
	[[ -n $NAMES_FD ]] || return 0
	while read -r -t 0.01 -u "$NAMES_FD" part; do
		capture_finished "$NAMES_PART$part"
		NAMES_PART=''
	done
	NAMES_PART+=$part
}

# It has ended: what is in ring/ is finished. What it counted as dropped and the sockets did not
# tell is told here.
dumpcap_ended() {
	local line interface count rc=0
	wait "$DUMPCAP" 2>/dev/null || rc=$?
	dumpcap_names
	exec {NAMES_FD}>&-
	NAMES_FD='' DUMPCAP=''
	unset 'OWN_FDS[names]'
	rm -f -- "$CAPTURE_DIR/dumpcap.pid"
	local -A total=()
	while read -r line; do
		[[ $line =~ on\ interface\ \'(.*)\':\ [0-9]+/([0-9]+)\ \( ]] || continue
		interface=$(interface_of "${BASH_REMATCH[1]}") count=${BASH_REMATCH[2]}
		total[$interface]=$((count - ${DROPS[$interface]:-0}))
	done < <(grep -a '^Packets received/dropped' -- "$IMPORT_DIR/dumpcap.err" 2>/dev/null)
	capture_sweep_ring
	for interface in "${!total[@]}"; do
		[[ ${total[$interface]} -le 0 ]] ||
			tell "$interface" dropped "$(seconds "$CAPTURED_SINCE")" "$(seconds "$COVERED")" --packets "${total[$interface]}" \
				--detail "counted by dumpcap at its end"
	done
	return "$rc"
}

# dumpcap's words for an interface ("Loopback: lo") to the name that was asked for.
interface_of() {
	local interface
	for interface in "${INTERFACES[@]}"; do
		if [[ $1 == "$interface" || $1 == *": $interface" ]]; then
			printf '%s' "$interface"
			return 0
		fi
	done
	printf '%s' "$1"
}

# --- files ------------------------------------------------------------------------------

# A file of the ring is finished, as of now or of $2 (microseconds).
capture_finished() {
	local path=$1 until=${2:-${EPOCHREALTIME/./}} name meta=''
	[[ -f $path ]] || return 0
	name=${path##*/}
	# dumpcap names files by number and second, both of which can come again.
	while [[ -e $CAPTURE_DIR/queue/$name || -e $CAPTURE_DIR/aside/$name ]]; do
		name=${name%.pcapng}+.pcapng
	done
	# No two intervals are the same, so that each is told.
	[[ $until -gt $COVERED ]] || until=$((COVERED + 1))
	[[ $COVERED -eq 0 ]] || INTERVALS+=("$(seconds "$COVERED") $(seconds "$until")")
	[[ ${#INTERVALS[@]} -eq 0 ]] || printf -v meta 'interval\t%s\n' "${INTERVALS[@]}"
	[[ -z $DUMPCAP ]] || new_drops
	if ! { printf '%s' "$meta" >"$CAPTURE_DIR/queue/$name.meta"; } 2>/dev/null; then
		UNWRITTEN[$CAPTURE_DIR/queue/$name]=$meta
	fi
	mv -f -- "$path" "$CAPTURE_DIR/queue/$name" || return 0
	INTERVALS=()
	covered_until "$until"
	service_add "$CAPTURE_DIR/queue/$name" "$CAPTURE/$name"
}

# What a dumpcap that is gone left in the ring, oldest first: it captured until the file's last
# change.
capture_sweep_ring() {
	local path time
	while IFS= read -r -d '' path; do
		time=${path%% *}
		time=${time:0:17} # the ten digits of the seconds, a dot, microseconds
		time=${time/./}
		# The clock may have been set back since.
		[[ $time -le ${EPOCHREALTIME/./} ]] || time=${EPOCHREALTIME/./}
		capture_finished "${path#* }" "$time"
	done < <(find "$CAPTURE_DIR/ring" -type f -printf '%T@ %p\0' | sort -zn)
}

# A dumpcap of ours that outlived a start before this one.
capture_end_old_dumpcap() {
	local pid i
	[[ -r $CAPTURE_DIR/dumpcap.pid ]] || return 0
	read -r pid <"$CAPTURE_DIR/dumpcap.pid" || return 0
	[[ $pid =~ ^[0-9]+$ ]] || return 0
	for ((i = 0; i < 100; i++)); do
		tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -Fxqs "$CAPTURE_DIR/ring/$CAPTURE.pcapng" || return 0
		kill "$([[ $i -lt 80 ]] && echo -TERM || echo -KILL)" "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
}

# --- the source -------------------------------------------------------------------------

source_open() {
	local path name reason
	TELL_AT=0
	CAPTURED_SINCE=${EPOCHREALTIME/./}
	[[ ! -r $CAPTURE_DIR/covered ]] || read -r COVERED <"$CAPTURE_DIR/covered" || true
	[[ $COVERED =~ ^[0-9]{1,17}$ ]] || COVERED=0
	capture_end_old_dumpcap
	shopt -s nullglob
	for path in "$CAPTURE_DIR"/stored/*; do
		name=${path##*/}
		UNSTORED[${name%%.*}]=$path
	done
	shopt -u nullglob
	while IFS= read -r -d '' path; do
		path=${path#* }
		service_add "$path" "$CAPTURE/${path##*/}"
	done < <(find "$CAPTURE_DIR/queue" -type f ! -name '*.meta' -printf '%T@ %p\0' | sort -zn)
	capture_sweep_ring
	dumpcap_arguments
	dumpcap_rights
	dumpcap_start
	if ! dumpcap_wait; then
		dumpcap_ended || true
		reason=$(dumpcap_reason)
		case $reason in
		*'capture filter'* | *'yntax error'* | *'link'*'type'* | *'-y '*)
			usage_error "dumpcap does not take these options for ${INTERFACES[*]}: ${reason%.}"
			;;
		esac
		die "$EXIT_FAILED" "dumpcap cannot capture on ${INTERFACES[*]}: ${reason%.}; 'pcapanalyzer doctor' tells who may capture"
	fi
	not_covered "the service was not running"
	CAPTURED_SINCE=$COVERED
	capture_set_clock
	say "capturing on ${INTERFACES[*]} as sensor $SENSOR; files wait in $CAPTURE_DIR"
	DUMPCAP_PAUSE=$DUMPCAP_PAUSE_S DUMPCAP_AT=0
}

source_tick() {
	local rc=0 now
	now_s now
	if [[ $now -ge $TELL_AT ]]; then
		tell_again
		TELL_AT=$((now + TELL_EVERY_S))
	fi
	capture_check_clock
	dumpcap_names
	if [[ -n $DUMPCAP ]] && ! kill -0 "$DUMPCAP" 2>/dev/null; then
		dumpcap_ended || rc=$?
		DUMPCAP_WHY=$(dumpcap_reason)
		DUMPCAP_WHY="dumpcap ended with status $rc${DUMPCAP_WHY:+: $DUMPCAP_WHY}"
		say "$DUMPCAP_WHY; it is started again in $DUMPCAP_PAUSE s"
		DUMPCAP_AT=$((now + DUMPCAP_PAUSE))
		DUMPCAP_PAUSE=$((2 * DUMPCAP_PAUSE < DUMPCAP_PAUSE_MAX_S ? 2 * DUMPCAP_PAUSE : DUMPCAP_PAUSE_MAX_S))
	elif [[ -n $DUMPCAP && $((now - DUMPCAP_STARTED)) -gt $DUMPCAP_PAUSE_MAX_S ]]; then
		DUMPCAP_PAUSE=$DUMPCAP_PAUSE_S
	elif [[ -z $DUMPCAP && $STOP -eq 0 && $now -ge $DUMPCAP_AT ]]; then
		dumpcap_start
		if dumpcap_wait; then
			not_covered "$DUMPCAP_WHY"
			CAPTURED_SINCE=$COVERED
			say "capturing again"
		fi
	fi
}

# The clock was set when it went on by another time than the one that cannot be set.
capture_set_clock() {
	local after
	# Of the same moment: on a busy machine much can lie between two looks.
	while :; do
		now_us CLOCK_UP
		CLOCK_WALL=${EPOCHREALTIME/./}
		now_us after
		[[ $((after - CLOCK_UP)) -gt 50000 ]] || break
	done
}

capture_check_clock() {
	local wall=$CLOCK_WALL up=$CLOCK_UP jump
	capture_set_clock
	jump=$((CLOCK_WALL - wall - (CLOCK_UP - up)))
	[[ ${jump#-} -gt $CLOCK_TOLERANCE_US ]] || return 0
	# Time before the jump and after it is not one interval: the file that is being written has two.
	wall=$((wall + CLOCK_UP - up))
	[[ $wall -le $COVERED ]] || INTERVALS+=("$(seconds "$COVERED") $(seconds "$wall")")
	covered_until "$CLOCK_WALL"
	jump=$([[ $jump -ge 0 ]] || echo -)$(seconds "${jump#-}")
	say "the clock was set by $jump s"
	tell_each clock "$(seconds "$COVERED")" "$(seconds "$COVERED")" --detail "the clock was set by $jump s"
}

source_ended() {
	local n=$1 file=${FILE[$1]} name
	name=${file##*/}
	case ${RESULT[state]} in
	failed)
		mv -f -- "$file" "$CAPTURE_DIR/aside/$name"
		printf '%s\n' "${RESULT[text]}" >"$CAPTURE_DIR/aside/$name.reason" || true
		say "$name: ${RESULT[text]}; it is kept in $CAPTURE_DIR/aside"
		capture_lost "$file" "$CAPTURE_DIR/aside/$name" "could not be read: ${RESULT[text]}"
		;;
	empty) rm -f -- "$file" ;;
	*)
		if [[ ${RESULT[batches]} =~ ^[0-9a-f]{16}$ ]]; then
			mv -f -- "$file" "$CAPTURE_DIR/stored/${RESULT[batches]}.$name"
			UNSTORED[${RESULT[batches]}]=$CAPTURE_DIR/stored/${RESULT[batches]}.$name
		elif [[ ${RESULT[state]} == known ]]; then
			rm -f -- "$file" # the same content is in the spool, or stored
		else
			say "$name: its worker does not say where its rows are; it is read again at the next start"
			return 0
		fi
		;;
	esac
	rm -f -- "$file.meta"
}

source_stored() {
	rm -f -- "$1"
}

# The packets of this file are not in the database. $1: its place in the queue, where its times
# are; $2: where it is now; $3: why
capture_lost() {
	local from until count interface interfaces
	read -r _ from until < <(grep '^interval' "$1.meta" 2>/dev/null | tail -n 1) || from='' until=''
	[[ -n $until ]] || from=$(stat -c %.6Y -- "$2") until=$from
	interfaces=$(file_interfaces "$2") || true
	while read -r count interface; do
		tell "${interface:-${INTERFACES[0]}}" lost "$from" "$until" ${count:+--packets "$count"} --detail "${1##*/} $3"
	done <<<"$interfaces"
}

source_bytes() {
	bytes_below "$CAPTURE_DIR/ring" "$CAPTURE_DIR/queue" "$CAPTURE_DIR/stored"
}

# At the limit: first files whose rows are all in the spool, which loses nothing; then the oldest
# that nobody has begun to read, and the loss is told. Fails when there is neither.
source_shed() {
	local prefix n oldest=''
	for prefix in "${!UNSTORED[@]}"; do
		[[ -z $oldest || ${UNSTORED[$prefix]#*.} < ${UNSTORED[$oldest]#*.} ]] && oldest=$prefix
	done
	if [[ -n $oldest ]]; then
		rm -f -- "${UNSTORED[$oldest]}"
		unset "UNSTORED[$oldest]"
		return 0
	fi
	[[ ${#PENDING[@]} -gt 0 ]] || return 1
	n=${PENDING[0]}
	PENDING=("${PENDING[@]:1}")
	say "${NAME[$n]}: dropped unread, because --max-queue or --min-free is reached"
	capture_lost "${FILE[$n]}" "${FILE[$n]}" "was dropped unread: the disk limit was reached"
	rm -f -- "${FILE[$n]}" "${FILE[$n]}.meta"
	unset 'FAILED[${FILE[$n]}]' 'RETRY[${FILE[$n]}]' "FILE[$n]" "NAME[$n]"
}

source_words() {
	printf 'capturing on %s' "${INTERFACES[*]}"
}

# End dumpcap, and take its last file. The kernel hands packets over four times a second, and
# dumpcap leaves those that it has not got when it is told to end: what came before us is waited for.
source_stop() {
	local i
	[[ -n $DUMPCAP ]] || return 0
	sleep 0.5
	kill -TERM "$DUMPCAP" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		kill -0 "$DUMPCAP" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$DUMPCAP" 2>/dev/null || true
	dumpcap_ended || true
	tell_again
}

# We end at once: dumpcap too; its files are found at the next start.
source_abandon() {
	[[ -z $DUMPCAP ]] || kill -TERM "$DUMPCAP" 2>/dev/null || true
}

capture_run() {
	local dir lock
	no_operands
	[[ -n ${OPT[interface]:-} ]] ||
		usage_error "capture needs -i IFACE; 'dumpcap -D' lists the interfaces"
	mapfile -t INTERFACES <<<"${OPT[interface]}"
	need_wireshark dumpcap
	make_home
	CAPTURE=${INTERFACES[*]}
	CAPTURE=${OPT[name]:-${CAPTURE//[^A-Za-z0-9.-]/_}}
	[[ $CAPTURE =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] ||
		usage_error "option --name: letters, digits, dots, dashes and underscores are wanted"
	CAPTURE_DIR=$PA_HOME/capture/$CAPTURE
	for dir in ring queue stored aside; do
		mkdir -p -- "$CAPTURE_DIR/$dir" || die "$EXIT_FAILED" "cannot create $CAPTURE_DIR/$dir"
	done
	exec {lock}>"$CAPTURE_DIR/lock"
	flock -w 5 "$lock" ||
		die "$EXIT_FAILED" "another capture called $CAPTURE is running; give this one another --name"
	OWN_FDS[lock]=$lock
	service_run capture-one.sh
}
