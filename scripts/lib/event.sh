# shellcheck shell=bash
# shellcheck disable=SC2154 # whoever sources this has set what is in capitals
# Coverage: what happened to a capture goes into the spool as small files, and from there into
# the table coverage. CSV2MYSQL and PCAPFILE are the programs.

# event INTERFACE KIND FROM UNTIL [OPTION]...: it comes once, however often it is written.
event() {
	local interface=$1 kind=$2 from=$3 until=$4
	shift 4
	"$CSV2MYSQL" event --spool "$PA_SPOOL" --sensor "$SENSOR" --interface "$interface" \
		--kind "$kind" --from "$from" --until "$until" "$@"
}

# The interfaces of a capture file, "PACKETS NAME" each.
file_interfaces() {
	local stat key value name=''
	stat=$("$PCAPFILE" stat "$1" 2>/dev/null) || [[ -n $stat ]] || return
	while IFS=$'\t' read -r key value; do
		case $key in
		interface.*.name) name=$value ;;
		interface.*.packets)
			printf '%s %s\n' "$value" "${name:-unknown}"
			name=''
			;;
		esac
	done <<<"$stat"
}

# event_of_file FILE all|some KIND FROM UNTIL [OPTION]...: one for each interface of a capture file,
# with the number of its packets, which is not known when only some of them are meant.
event_of_file() {
	local file=$1 which=$2 kind=$3 from=$4 until=$5 interfaces count name packets
	shift 5
	interfaces=$(file_interfaces "$file") || return
	while read -r count name; do
		packets=(--packets "$count")
		[[ $which == all || $count -eq 0 ]] || packets=()
		event "$name" "$kind" "$from" "$until" "${packets[@]}" "$@" || return
	done <<<"$interfaces"
}
