# shellcheck shell=bash
# How tshark and capinfos are run, and what their words mean.

# Run a program of Wireshark's with nothing of the user's: no environment, no settings.
# $1: an empty private folder for its home and settings
clean_wireshark() {
	local dir=$1
	shift
	env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC HOME="$dir" TMPDIR="$dir" \
		WIRESHARK_CONFIG_DIR="$dir" "$@"
}

# Wireshark's words on standard input, one line out: the first that means something.
wireshark_reason() {
	awk '
		/^Running as user/ || /^ \*\* / || /^Capturing on/ || /^tshark: *$/ || /^ *$/ { next }
		{ sub(/^(tshark|capinfos): /, ""); gsub(/[[:cntrl:]]+/, " "); print substr($0, 1, 300); exit }'
}

# Which end tshark's exit status $1 and words (file $2) tell of: complete, truncated, failed.
# 2 is tshark 4.0 to 4.4, 14 is 4.6.
wireshark_verdict() {
	local status=$1
	if [[ $status -eq 0 ]]; then
		echo complete
	elif [[ $status -eq 2 || $status -eq 14 ]] &&
		grep -aqE 'appears to (have been cut short|be damaged or corrupt)' -- "$2"; then
		echo truncated
	else
		echo failed
	fi
}

# How many packets capinfos ($2) finds in FILE ($3): a number, or nothing when it cannot tell.
# Of a capture that is cut it counts what is there.
# $1: as for clean_wireshark
count_packets() {
	clean_wireshark "$1" "$2" -c -M -- "$3" 2>/dev/null |
		sed -n 's/^Number of packets: *\([0-9][0-9]*\)$/\1/p' | tail -n 1 || true
}

# The fields that tshark's words $1 call unknown, in one line.
unknown_fields() {
	sed -n "/Some fields aren't valid/,\$p" <<<"$1" | sed 1d | tr -s '[:space:]' ' ' |
		sed 's/^ //; s/ $//'
}
