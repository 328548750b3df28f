# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# watch: folders into which other programs (tcpdump -G, network recorders) write captures. A file
# is read when nobody writes to it any more; what was seen is remembered beside the spool.

# shellcheck source=scripts/lib/service.sh
. "$PA_LIB/service.sh"

readonly LOOK_EVERY_S=2
readonly OPEN_TIMEOUT_S=10
readonly CUT_SETTLES_S=300 # a capture that ends in the middle of a packet is perhaps still written
readonly SEEN_VERSION='pcapanalyzer-watch 1'

# All by path. SIZED: "inode size time", of a file that waits until it settles, and since when it
# has them. TAKEN: the same of a file that is being read, and a checksum of its beginning. SEEN: the
# same of a file that was read, and what the names of its batches begin with; or "grown", when it
# has changed afterwards; or "-", when nothing of it could be read.
declare -gA GONE=() SIZED=() TAKEN=() SEEN=() UNREADABLE=()
declare -gA OPEN=() # descriptors by "device:inode", of every file that a process has open

# --- memory -----------------------------------------------------------------------------

watch_load_seen() {
	local line path
	[[ -r $SEEN_FILE ]] || return 0
	{
		IFS= read -r -d '' line || return 0
		[[ $line == "$SEEN_VERSION" ]] || return 0
		while IFS= read -r -d '' line && IFS= read -r -d '' path; do
			SEEN[$path]=$line
		done
	} <"$SEEN_FILE"
}

# Lost, it costs only time: the database knows every capture by its content.
watch_save_seen() {
	local path
	{
		{
			printf '%s\0' "$SEEN_VERSION"
			for path in "${!SEEN[@]}"; do
				printf '%s\0%s\0' "${SEEN[$path]}" "$path"
			done
		} >"$SEEN_FILE.new" && mv -f -- "$SEEN_FILE.new" "$SEEN_FILE"
	} 2>/dev/null || say "cannot write $SEEN_FILE: the next start looks at every file again"
	SEEN_CHANGED=0
}

# --- what is finished -------------------------------------------------------------------

# The files that processes which we can see have open. By inode: the name of a file can be another
# one in a container. Where a file system does not answer, nothing is taken for finished.
watch_find_open() {
	local key fd
	OPEN=()
	while read -r key fd; do
		OPEN[$key]+="$fd "
	done < <(timeout "$OPEN_TIMEOUT_S" find -L /proc/[0-9]*/fd -mindepth 1 -maxdepth 1 -type f \
		-printf '%D:%i %p\n' 2>/dev/null || [[ $? -ne 124 ]] || echo unknown)
}

# Is the file "device:inode" $1 open for writing?
watch_is_written() {
	local fd flags
	[[ -z ${OPEN[unknown]+x} ]] || return 0
	for fd in ${OPEN[$1]:-}; do
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "${fd/\/fd\///fdinfo/}" 2>/dev/null) || continue
		[[ $((8#${flags:-0} & 3)) -eq 0 ]] || return 0
	done
	return 1
}

# A capture that is cut, and was changed a moment ago, is not finished.
watch_is_cut() {
	[[ $(("$2" + CUT_SETTLES_S)) -gt $EPOCHSECONDS ]] &&
		grep -q '^end'$'\t''truncated' < <("${PROGRAM[pcapfile]}" stat "$1" 2>/dev/null)
}

# A checksum of the beginning of file $1, of at most $2 bytes: what is appended does not change it,
# another capture under the old name does.
watch_beginning() {
	head -c "$(($2 < 4096 ? $2 : 4096))" -- "$1" 2>/dev/null | cksum | cut -d ' ' -f 1
}

# A file that was read is another one now: 0 when it has grown.
watch_has_grown() {
	local path=$1 inode=$2 size=$3 old_inode old_size beginning
	read -r old_inode old_size _ beginning _ <<<"${SEEN[$path]}"
	[[ $inode == "$old_inode" && $size -ge $old_size && $(watch_beginning "$path" "$old_size") == "$beginning" ]]
}

# It has not changed for a while, by its own time or, when that is in the future, by ours.
watch_is_settled() {
	local path=$1 state=$2 changed=$3 now
	now_s now
	[[ ${SIZED[$path]:-} == "$state "* ]] || {
		SIZED[$path]="$state $now"
		return 1
	}
	[[ $((changed + SETTLE_S)) -le $EPOCHSECONDS || $((${SIZED[$path]##* } + SETTLE_S)) -le $now ]]
}

# Look at one file; $2: "inode size time", $3: "device:inode"
watch_look() {
	local path=$1 state=$2 key=$3 inode size changed
	[[ ${SEEN[$path]:-} != "$state "* && -z ${TAKEN[$path]+x} ]] || return 0
	read -r inode size changed <<<"$state"
	if [[ -n ${SEEN[$path]+x} && ${SEEN[$path]} != *' -' ]] && watch_has_grown "$path" "$inode" "$size"; then
		[[ ${SEEN[$path]} == *' grown' ]] ||
			say "$path has grown after it was read, and is left alone, for its packets would come twice"
		SEEN[$path]="$state $(watch_beginning "$path" "$size") grown" SEEN_CHANGED=1
		return 0
	fi
	watch_is_settled "$path" "$state" "$changed" || return 0
	[[ $size -gt 0 ]] || return 0 # something is still to come
	if [[ ! -r $path ]]; then
		[[ -n ${UNREADABLE[$path]+x} ]] || say "$path waits until it is readable for $(id -un)"
		UNREADABLE[$path]=1
		return 0
	fi
	[[ ${#OPEN[@]} -gt 0 ]] || watch_find_open
	! watch_is_written "$key" || return 0
	! watch_is_cut "$path" "$changed" || return 0
	unset 'SIZED[$path]' 'UNREADABLE[$path]'
	TAKEN[$path]="$state $(watch_beginning "$path" "$size")"
	service_add "$path" "$path"
}

# What is not there any more is forgotten. A folder with nothing in it is perhaps not mounted.
watch_forget() {
	local path folder
	for folder in "${FOLDERS[@]}"; do
		[[ -n $(find "$folder" -mindepth 1 -maxdepth 1 -print -quit 2>/dev/null) ]] || return 0
	done
	for path in "${!SEEN[@]}"; do
		[[ -n ${THERE[$path]+x} ]] || {
			unset 'SEEN[$path]'
			SEEN_CHANGED=1
		}
	done
	for path in "${!SIZED[@]}"; do
		[[ -n ${THERE[$path]+x} ]] || unset 'SIZED[$path]' 'UNREADABLE[$path]'
	done
}

# A folder that is not there, as when it is no longer mounted, is told of once.
watch_folders() {
	local folder
	for folder in "${FOLDERS[@]}"; do
		if [[ ! -d $folder && -z ${GONE[$folder]+x} ]]; then
			GONE[$folder]=1
			say "$folder is not there any more; what comes when it is back is read"
		elif [[ -d $folder && -n ${GONE[$folder]+x} ]]; then
			unset 'GONE[$folder]'
			say "$folder is there again"
		fi
	done
}

watch_scan() {
	local line key path state
	watch_folders
	local -A THERE=()
	OPEN=()
	while [[ $STOP -eq 0 ]] && IFS= read -r -d '' line; do
		key=${line%% *} line=${line#* }
		path=${line#* * * } state=${line%" $path"}
		THERE[$path]=1
		watch_look "$path" "$state" "$key"
	done < <(find -H "${FOLDERS[@]}" -type f ! -name '.*' -printf '%D:%i %i %s %T@ %p\0' 2>/dev/null |
		sed -z 's/^\([^ ]* [0-9]* [0-9]* [-0-9]*\)\.[0-9]* /\1 /')
	# An error is perhaps one of a folder whose files are there all the same.
	[[ $STOP -eq 1 ]] || ! wait $! || watch_forget
}

# --- the source -------------------------------------------------------------------------

source_open() {
	local path prefix
	WATCH_AT=0
	watch_load_seen
	for path in "${!SEEN[@]}"; do
		prefix=${SEEN[$path]##* }
		[[ ! $prefix =~ ^[0-9a-f]{16}$ ]] || UNSTORED[$prefix]=$path
	done
	say "watching ${FOLDERS[*]} as sensor $SENSOR; a file is read when it has not changed for $SETTLE_S s and nobody has it open"
}

source_tick() {
	local now
	now_s now
	[[ $STOP -eq 0 && $now -ge $WATCH_AT ]] || return 0
	watch_scan
	[[ $SEEN_CHANGED -eq 0 ]] || watch_save_seen
	now_s now
	WATCH_AT=$((now + LOOK_EVERY_S))
}

source_ended() {
	local file=${FILE[$1]} batches=${RESULT[batches]:--} taken
	taken=${TAKEN[$file]}
	unset 'TAKEN[$file]'
	case ${RESULT[state]} in
	known) return 0 ;; # it is the same as one that is being read: again, when that is done
	failed)
		say "$file: ${RESULT[text]}"
		batches=-
		;;
	esac
	SEEN[$file]="$taken $batches" SEEN_CHANGED=1
	[[ $batches == - ]] || UNSTORED[$batches]=$file
}

# All of it is in the database. A file that has changed since it was read stays.
source_stored() {
	local file=$1 prefix=$2
	[[ -n ${OPT[remove]+x} && ${SEEN[$file]:-} == *" $prefix" ]] || return 0
	[[ ${SEEN[$file]} == "$(stat -c '%i %s %Y' -- "$file" 2>/dev/null) "* ]] || return 0
	rm -f -- "$file" 2>/dev/null || say "$(clean "$file") cannot be removed; it is in the database"
}

# The captures are not ours to remove.
source_shed() {
	return 2
}

source_bytes() {
	printf 0
}

source_words() {
	printf 'watching %s' "${FOLDERS[*]}"
}

source_stop() {
	:
}

# What was read until now need not be read again.
source_abandon() {
	[[ $SEEN_CHANGED -eq 0 ]] || watch_save_seen
}

# What the files that belong to these folders are called.
watch_name() {
	printf '%s\0' "$@" | sha256sum | cut -c 1-16
}

watch_run() {
	local folder lock name
	[[ ${#OPERANDS[@]} -gt 0 ]] || usage_error "watch needs a DIR"
	FOLDERS=()
	for folder in "${OPERANDS[@]}"; do
		[[ -d $folder ]] || die "$EXIT_FAILED" "$folder is not a folder"
		FOLDERS+=("$(realpath -- "$folder")")
	done
	SETTLE_S=${OPT[settle]:-10} SEEN_CHANGED=0
	make_home
	mkdir -p -- "$PA_HOME/watch"
	for folder in "${FOLDERS[@]}"; do
		name=$(watch_name "$folder")
		exec {lock}>"$PA_HOME/watch/$name.lock"
		flock -w 5 "$lock" || die "$EXIT_FAILED" "another watch of $folder is running"
		OWN_FDS[$name]=$lock
	done
	SEEN_FILE=$PA_HOME/watch/$(watch_name "${FOLDERS[@]}")
	service_run import-one.sh
}
