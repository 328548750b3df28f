# shellcheck shell=bash
# shellcheck disable=SC2154 # workers.sh exports what is in capitals
# Read one capture into the spool: import-one.sh NUMBER FILE NAME.
# shellcheck source=scripts/lib/worker.sh
. "$PA_LIB/worker.sh"
# shellcheck source=scripts/lib/wireshark.sh
. "$PA_LIB/wireshark.sh"
# shellcheck source=scripts/lib/poison.sh
. "$PA_LIB/poison.sh"

# What the filter said last, without its name.
filter_words() {
	tail -n 1 -- "$work/filter.err" | sed 's/^tshark2csv: \(error\|warning\): //'
}

[[ -e $file ]] || result failed 0 "no such file"
[[ -f $file ]] || result failed 0 "not a regular file"
[[ -r $file ]] || result failed 0 "permission denied; make it readable for $(id -un)"
[[ -s $file ]] || result failed 0 "the file is empty"
# From here on it is one file, whichever gets its name: what is hashed is what is dissected.
exec {opened}<"$file" || result failed 0 "it cannot be opened"
file=/dev/fd/$opened POISON_INPUT=/dev/fd/$opened
bytes=$(stat -L -c %s -- "$file")
# Of a plain capture that is whole, one reading tells both what it is called and how many packets it
# has; somebody may have done or begun it already. Wireshark's programs know any other better.
if [[ -e $work/stat.lock ]]; then
	flock "$work/stat.lock" true
	# That may have been another one.
	[[ $(file_marks "$file") == "$(<"$work/stat.of") $file" ]] || rm -f -- "$work/stat"
fi
[[ -s $work/stat ]] || "$PCAPFILE" stat --sha256 - <"$file" >"$work/stat" 2>/dev/null || true
sha='' packets=''
if [[ $(statistic end) == complete ]]; then
	sha=$(statistic sha256) packets=$(statistic frames)
else
	sha=$(sha256sum <"$file" 2>"$work/read.err") ||
		result failed 0 "cannot be read: $(tail -n 1 "$work/read.err")"
	sha=${sha%% *}
fi

known=$(grep -m 1 -e "^$sha"$'\t' -- "$IMPORT_DIR/captures") || true
IFS=$'\t' read -r _ state stored_packets _ _ stored_profile stored_tshark <<<"$known"
if [[ $state == pruned ]]; then
	result known 0 "it was there ($stored_packets packets) and is pruned, nothing added"
elif [[ $REDISSECT -eq 1 && -n $known ]]; then
	if [[ $state != partial && $stored_profile == "$PROFILE_SHA256" && $stored_tshark == "$TSHARK_LINE" ]]; then
		result known 0 "stored with this profile and this tshark ($stored_packets packets), left alone"
	fi
	replace=1
elif [[ $state == complete || $state == truncated ]]; then
	[[ $state != truncated ]] || state=' of a capture that is cut short' || true
	[[ $state != complete ]] || state=''
	result known 0 "already there ($stored_packets packets$state), nothing added"
fi
# The same content twice in one run: the first comer reads it.
if ! mkdir -- "$IMPORT_DIR/claim.$sha" 2>/dev/null; then
	result known 0 "same content as another of these files, nothing added"
fi

# A cut capture still tells how many packets it has.
if [[ -z $packets ]]; then
	packets=$(count_packets "$work/home" "$CAPINFOS" "$file") ||
		result failed 0 "its packets cannot be counted: $(wireshark_reason <"$work/home/capinfos.err")"
fi
printf '%s\n' "${packets:-0}" >"$work/packets"

# The capture's name must be text: a database column holds it.
text=$(printf '%s' "$name" | iconv -f UTF-8 -t UTF-8 2>/dev/null) || {
	text=$(printf '%s' "$name" | tr '\200-\377' '?')
}
text=${text//[[:cntrl:]]/?}

mapfile -t args <"$IMPORT_DIR/tshark-args"
note=''

# The one place where a capture is dissected: dissect FILE ARGUMENT... What tshark says besides
# goes to $work/tshark.err. TSHARK_JOBS tsharks share the work, where that is worth it.
dissect() {
	local input=$1
	shift
	dissect_with "$PTSHARK" "$TSHARK_JOBS" "$work/home" "$TSHARK" --log-level critical "${args[@]}" "$@" \
		<"$input" 2>"$work/tshark.err"
}

# Read the capture into the spool; sets end, rc (the filter's) and rows.
read_capture() {
	local filter
	filter=(--spool "$PA_SPOOL" -p "$PROFILE" --trailer --dialect "$DIALECT" --sensor "$SENSOR"
		--capture-name "$text" --capture-sha256 "$sha" --capture-bytes "$bytes"
		--tshark "$TSHARK_LINE" --progress-file "$work/progress" --name-file "$work/name"
		"${POISON_FILTER[@]}")
	[[ -z $packets ]] || filter+=(--capture-packets "$packets")
	[[ $replace -eq 0 ]] || filter+=(--replace)
	set +e
	{
		dissect "$POISON_INPUT" "${POISON_TSHARK[@]}"
		printf '%s\n' "$?" >"$work/tshark.rc"
		poison_verdict "$(wireshark_verdict "$(<"$work/tshark.rc")" "$work/tshark.err")" >"$work/verdict"
		[[ -z $TAP_DIR || $(<"$work/verdict") != truncated ]] || echo failed >"$work/verdict"
		printf '#pcapanalyzer end=%s\n' "$(<"$work/verdict")"
	} | env -i "$TSHARK2CSV" "${filter[@]}" 2>"$work/filter.err"
	rc=$?
	set -e
	end=$(<"$work/verdict")
	rows=0
	{ read -r rows <"$work/progress"; } 2>/dev/null || true
	[[ $rows =~ ^[0-9]+$ ]] || rows=0
}

poison_recall
# The tap of a packet that has too many others is not called. So it is good for a capture whose packets
# are known, and counted by the filter; any other end than that of all of them, one that is cut
# included, is not taken from it.
[[ -n $packets ]] || TAP_DIR=''
read_capture
if [[ -n $TAP_DIR && ( $end == failed || ($rc -ne 0 && $rc -ne 3) ) && $(<"$work/tshark.rc") != 141 ]]; then
	TAP_DIR=''
	read_capture
fi
# Several need more memory than one, and the search for poison looks at one.
if [[ $end == failed && $TSHARK_JOBS -gt 1 ]] && poison_likely "$(<"$work/tshark.rc")"; then
	note="$(poison_how "$(<"$work/tshark.rc")") with $TSHARK_JOBS of them at work; one has read it"
	TSHARK_JOBS=1
	read_capture
fi
while [[ $end == failed ]] && poison_likely "$(<"$work/tshark.rc")"; do
	poison_find
	read_capture
done

if [[ $end == failed ]]; then
	status=$(<"$work/tshark.rc")
	reason=$(wireshark_reason <"$work/tshark.err")
	# 141: the filter was gone first, and its message is the one that tells why.
	if [[ -s $work/filter.err && $rc -ne 0 && ( $status -eq 141 || -z $reason ) ]] &&
		! grep -aq 'did not finish' -- "$work/filter.err"; then
		result failed 0 "$(filter_words)"
	fi
	if [[ $reason == *"isn't a capture file"* ]]; then
		result failed 0 "not a capture that tshark can read"
	elif [[ -z $reason && $status -gt 128 ]]; then
		reason="it was ended by signal $((status - 128))$([[ $status -ne 137 ]] || echo ' (out of memory?)')"
	fi
	result failed 0 "tshark could not read it: ${reason:-exit status $status}"
fi
case $rc in
0 | 3) ;;
*) result failed 0 "$(filter_words)" ;;
esac
if [[ $end == truncated ]]; then
	aside=''
	[[ $rc -ne 3 ]] || aside="; $(poison_words)$(filter_words)"
	result truncated "$rows" "cut short after $rows packets; these are in$aside"
elif [[ $rc -eq 3 ]]; then
	result rejects "$rows" "$(poison_words)$(filter_words)"
fi
result 'done' "$rows" "$note"
