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

# event_of_file FILE all|some KIND FROM UNTIL [OPTION]...: one for each interface of a capture file,
# with the number of its packets, which is not known when only some of them are meant.
event_of_file() {
	local file=$1 which=$2 kind=$3 from=$4 until=$5 key value name='' packets
	shift 5
	while IFS=$'\t' read -r key value; do
		case $key in
		interface.*.name) name=$value ;;
		interface.*.packets)
			packets=(--packets "$value")
			[[ $which == all || $value -eq 0 ]] || packets=()
			event "${name:-unknown}" "$kind" "$from" "$until" "${packets[@]}" "$@" || return
			name=''
			;;
		esac
	done < <("$PCAPFILE" stat "$file" 2>/dev/null)
}
