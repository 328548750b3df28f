# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# watch: folders into which other programs (tcpdump -G, network recorders) write captures. A file
# is read when nobody writes to it any more; what was seen is remembered beside the spool.

# shellcheck source=scripts/lib/service.sh
. "$PA_LIB/service.sh"

readonly LOOK_EVERY_S=2
readonly CUT_SETTLES_S=300 # a capture that ends in the middle of a packet is perhaps still written
readonly SEEN_VERSION='pcapanalyzer-watch 1'

# "inode size time" by path, of files that wait until they settle; of files that are being read,
# followed by a checksum of their beginning; of files that were read, followed by what the names of
# their batches begin with, or a dash.
declare -gA SIZED=() TAKEN=() SEEN=()

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

# Does any process that we can see have the file open for writing?
watch_is_written() {
	local fd flags
	while IFS= read -r fd; do
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "${fd/\/fd\///fdinfo/}" 2>/dev/null) || continue
		[[ $((8#${flags:-0} & 3)) -eq 0 ]] || return 0
	done < <(find /proc/[0-9]*/fd -lname "$(glob_quoted "$1")" 2>/dev/null)
	return 1
}

# A text that find takes as it stands where it wants a pattern.
glob_quoted() {
	sed 's/[][*?\\]/\\&/g' <<<"$1"
}

# A capture that is cut, and was changed a moment ago, is not finished.
watch_is_cut() {
	[[ $(("$2" + CUT_SETTLES_S)) -gt $EPOCHSECONDS ]] &&
		"${PROGRAM[pcapfile]}" stat "$1" 2>/dev/null | grep -q '^end'$'\t''truncated'
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

# Look at one file; $2: "inode size time"
watch_look() {
	local path=$1 state=$2 inode size changed
	[[ ${SEEN[$path]:-} != "$state "* && ${TAKEN[$path]:-} != "$state "* ]] || return 0
	read -r inode size changed <<<"$state"
	if [[ -n ${SEEN[$path]+x} ]] && watch_has_grown "$path" "$inode" "$size"; then
		[[ ${SEEN[$path]} == *' grown' ]] ||
			say "$(clean "$path") has grown after it was read, and is left alone, for its packets would come twice"
		SEEN[$path]="$state $(watch_beginning "$path" "$size") grown" SEEN_CHANGED=1
		return 0
	fi
	if [[ ${SIZED[$path]:-} != "$state" ]]; then
		SIZED[$path]=$state
		return 0
	fi
	# Empty: something is still to come.
	[[ $((changed + SETTLE_S)) -le $EPOCHSECONDS && $size -gt 0 ]] || return 0
	! watch_is_written "$path" || return 0
	! watch_is_cut "$path" "$changed" || return 0
	unset "SIZED[$path]"
	TAKEN[$path]="$state $(watch_beginning "$path" "$size")"
	service_add "$path" "$path"
}

watch_scan() {
	local line path state
	local -A there=()
	while IFS= read -r -d '' line; do
		path=${line#* * * } state=${line%" $path"}
		there[$path]=1
		watch_look "$path" "$state"
	done < <(find -H "${FOLDERS[@]}" -type f ! -name '.*' -printf '%i %s %T@ %p\0' 2>/dev/null |
		sed -z 's/^\([0-9]* [0-9]* [0-9]*\)\.[0-9]* /\1 /')
	for path in "${!SEEN[@]}"; do
		[[ -n ${there[$path]+x} ]] || { unset "SEEN[$path]"; SEEN_CHANGED=1; }
	done
	for path in "${!SIZED[@]}"; do
		[[ -n ${there[$path]+x} ]] || unset "SIZED[$path]"
	done
}

# --- the source -------------------------------------------------------------------------

source_open() {
	local path prefix
	WATCH_AT=0 SEEN_CHANGED=0
	watch_load_seen
	for path in "${!SEEN[@]}"; do
		prefix=${SEEN[$path]##* }
		[[ ! $prefix =~ ^[0-9a-f]{16}$ ]] || UNSTORED[$prefix]=$path
	done
	say "watching ${FOLDERS[*]} as sensor $SENSOR; a file is read when it has not changed for $SETTLE_S s and nobody has it open"
}

source_tick() {
	[[ $STOP -eq 0 && $EPOCHSECONDS -ge $WATCH_AT ]] || return 0
	watch_scan
	[[ $SEEN_CHANGED -eq 0 ]] || watch_save_seen
	WATCH_AT=$((EPOCHSECONDS + LOOK_EVERY_S))
}

source_ended() {
	local file=${FILE[$1]} batches=${RESULT[batches]:--}
	if [[ ${RESULT[state]} == failed ]]; then
		say "$(clean "$file"): ${RESULT[text]}"
		batches=-
	fi
	SEEN[$file]="${TAKEN[$file]} $batches" SEEN_CHANGED=1
	unset "TAKEN[$file]"
	[[ $batches == - ]] || UNSTORED[$batches]=$file
}

# All of it is in the database. A file that has changed since it was read stays.
source_stored() {
	local file=$1
	[[ -n ${OPT[remove]+x} ]] || return 0
	[[ ${SEEN[$file]:-} == "$(stat -c '%i %s %Y' -- "$file" 2>/dev/null) "* ]] || return 0
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
	[[ $SEEN_CHANGED -eq 0 ]] || watch_save_seen
}

source_abandon() {
	:
}

watch_run() {
	local folder lock key
	[[ ${#OPERANDS[@]} -gt 0 ]] || usage_error "watch needs a DIR"
	FOLDERS=()
	for folder in "${OPERANDS[@]}"; do
		[[ -d $folder ]] || die "$EXIT_FAILED" "$(clean "$folder") is not a folder"
		FOLDERS+=("$(realpath -- "$folder")")
	done
	SETTLE_S=${OPT[settle]:-10}
	make_home
	key=$(printf '%s\0' "${FOLDERS[@]}" | sha256sum)
	mkdir -p -- "$PA_HOME/watch"
	SEEN_FILE=$PA_HOME/watch/${key:0:16}
	exec {lock}>"$SEEN_FILE.lock"
	flock -n "$lock" || die "$EXIT_FAILED" "another watch of these folders is running"
	OWN_FDS[lock]=$lock
	service_run import-one.sh
}
