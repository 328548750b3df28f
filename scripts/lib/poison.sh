# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # import-one.sh sources this file and has the names
# Packets that tshark dies of: found, kept aside as small captures, and taken out of what tshark is
# given, so that the rest can be read. import-one.sh sources this.
#
# A packet is taken out by emptying it (pcapfile mask): its frame number, time and length stay, and
# so do those of all others. Nothing is published that a later run would make otherwise: tshark dies
# before it prints the packet's row, so all batches that it has made until then have rows from before
# the packet only, and they are the same when the packet is empty. Where that does not hold
# (poison_bisect), the capture's batches replace each other. Which packets they were is written
# down before the first batch that is without them.

# With more packets than that, or more time than that (the capture service goes on writing
# meanwhile), it is the capture, this tshark or the machine, and a person has to look.
readonly POISON_PACKETS_MAX=16
readonly POISON_SECONDS_MAX=3600
# So many that do no harm by themselves are no poison: memory runs out somewhere.
readonly POISON_LINKED_MAX=3
# tshark is run whole so often, in case it dies here and there without a reason in the capture.
readonly POISON_ROUNDS_MAX=4
# The loader has to store what was published first, before it can be replaced.
readonly POISON_SETTLE_SECONDS=120

POISON_DIR=$PA_SPOOL/poison
POISON_INPUT=$file    # what tshark is given
POISON_FILTER=()      # and what the filter is told of it
POISON_TSHARK=()      # more arguments for tshark
POISON_MASK=''        # frames that are emptied, commas between
POISON_LINES=()       # the same with their reasons, as in the list
POISON_SUFFIX=pcapng  # of the small captures
poison_rounds=0 poison_late=0
plain='' frames=0 plain_end=''

# --- what is known ------------------------------------------------------------------------

# The list of this capture's poison, as the filter takes it. It is named after what its batches are
# named after: sensor, profile, and with $1 = 1, for batches that replace others, tshark.
poison_list() {
	local key=("$SENSOR" "$PROFILE_SHA256")
	[[ $1 -eq 0 ]] || key+=("$TSHARK_LINE")
	printf '%s' "$POISON_DIR/$sha-$(printf '%s\n' "${key[@]}" | sha256sum | head -c 16).list"
}

# An earlier run may have found the poison and been killed: the same packets are taken out again.
poison_recall() {
	local list
	[[ $replace -eq 1 || ! -s $(poison_list 1) ]] || replace=1
	list=$(poison_list "$replace")
	[[ -s $list ]] || return 0
	mapfile -t POISON_LINES <"$list"
	POISON_MASK=$(cut -f 1 -- "$list" | paste -sd , -)
	poison_plain
	poison_use
}

# tshark is given the capture without the packets of the list.
poison_use() {
	poison_mask "$POISON_MASK" "$work/read" || poison_give_up "$(poison_mask_words)"
	POISON_INPUT=$work/read
	POISON_FILTER=(--aside-file "$(poison_list "$replace")")
}

# "tshark crashed on packet 7, ...; " for the user, or nothing.
poison_words() {
	local how
	[[ -n $POISON_MASK ]] || return 0
	how=$(printf '%s\n' "${POISON_LINES[@]}" | sed 's/^[0-9]*\t//; s/ on this packet;.*//' | sort -u)
	[[ $how != *$'\n'* ]] || how='tshark died'
	case $POISON_MASK in
	*,*) printf '%s' "$how on packets ${POISON_MASK//,/, }, which are" ;;
	*) printf '%s' "$how on packet $POISON_MASK, which is" ;;
	esac
	printf '%s' " kept aside in $POISON_DIR; the rest is in; "
}

# No more of it: the capture fails as a whole.
poison_give_up() {
	local why=$1 where='left where it is'
	if [[ $name == - ]]; then
		# Nobody has standard input a second time.
		cp -- "$file" "$POISON_DIR/$sha.partial" &&
			mv -- "$POISON_DIR/$sha.partial" "$POISON_DIR/$sha.capture" &&
			where="kept as $POISON_DIR/$sha.capture"
	fi
	poison_reason "$sha" "$why" "the capture was $where" || true
	result failed 0 "tshark cannot read it: $why; the capture was $where"
}

# poison_reason NAME LINE...: the file NAME.reason.
poison_reason() {
	local to=$POISON_DIR/$1.reason
	shift
	printf '%s\n' "$@" "capture: $text" "sha256: $sha" "tshark: $TSHARK_LINE" >"$work/reason" &&
		mv -- "$work/reason" "$to"
}

# --- whose fault --------------------------------------------------------------------------

# What exit status $1 means, with the words in tshark.err.
poison_how() {
	local words
	if grep -aqiE 'failed to allocate|out of memory|cannot allocate' -- "$work/tshark.err"; then
		echo 'tshark ran out of memory'
	elif [[ $1 -eq 124 ]]; then
		echo 'tshark did not come back'
	elif [[ $1 -eq 137 ]]; then
		echo 'tshark was killed (out of memory?)'
	elif [[ $1 -gt 128 ]]; then
		echo "tshark crashed (signal $(($1 - 128)))"
	else
		# A reason of the table rejects has 255 bytes, and this is not all of it.
		words=$(wireshark_reason <"$work/tshark.err" | head -c 100)
		echo "tshark failed (${words:-exit status $1})"
	fi
}

# 0 when tshark, which ended with status $1, may have died of a packet: the filter has nothing to
# say, the capture can be read, and nobody ended tshark.
poison_likely() {
	[[ ${packets:-0} -gt 0 ]] && grep -aq 'did not finish' -- "$work/filter.err" || return 1
	case $1 in
	125 | 126 | 127 | 130 | 141 | 143) return 1 ;; # it did not start, or was ended
	esac
	[[ $1 -ge 124 ]] ||
		clean_wireshark "$work/home" "$CAPINFOS" -c - <"$file" >/dev/null 2>"$work/capinfos.err" ||
		wireshark_cut "$work/capinfos.err"
}

# How the filter is told that tshark ended; $1 is what tshark said. When tshark dies behind the
# last packet nothing is missing; the filter counts the rows.
poison_verdict() {
	if [[ $1 == failed && $poison_late -eq 1 ]]; then
		printf '%s\n' "$plain_end"
	else
		printf '%s\n' "$1"
	fi
}

# --- copies -------------------------------------------------------------------------------

# 0 when pcapfile finds all packets in the file $1; sets frames, plain_end and POISON_SUFFIX.
poison_fits() {
	local key value counted=0
	while IFS=$'\t' read -r key value; do
		case $key in
		format) POISON_SUFFIX=$value ;;
		packets) counted=$value ;;
		frames) frames=$value ;;
		end) plain_end=$value ;;
		esac
	done < <("$PCAPFILE" stat -- "$1" 2>/dev/null || true)
	[[ $plain_end != damaged && $counted -eq $packets ]]
}

# Set plain: the capture in a form that pcapfile reads.
poison_plain() {
	local unpack=()
	[[ -z $plain ]] || return 0
	plain=$file
	poison_fits "$plain" && return 0
	plain=$work/plain
	case $(head -c 4 -- "$file" | od -An -tx1 | tr -d ' ') in
	1f8b*) unpack=(gzip -dc) ;;
	28b52ffd) unpack=(zstd -qdc) ;;
	04224d18) unpack=(lz4 -qdc) ;;
	esac
	# One that is cut is unpacked up to the cut, and tshark tells of it.
	if [[ ${#unpack[@]} -gt 0 ]] && type -P -- "${unpack[0]}" >/dev/null; then
		"${unpack[@]}" <"$file" >"$plain" 2>/dev/null || true
		poison_fits "$plain" && return 0
	fi
	clean_wireshark "$work/home" editcap -F pcapng - - <"$file" >"$plain" 2>/dev/null || true
	poison_fits "$plain" || poison_give_up "it dies, and the capture is of a kind from which no packet can be taken out"
}

# A copy $2 of the capture without the bytes of the frames $1. A capture that is cut stays so.
poison_mask() {
	"$PCAPFILE" mask --frames "$1" -- "$plain" "$2" 2>"$work/mask.err" || [[ $? -eq 3 ]]
}

poison_mask_words() {
	tail -n 1 -- "$work/mask.err" | sed 's/^.*error: //'
}

# --- the search ---------------------------------------------------------------------------

# Run tshark without the frames $1 ('' for none). 0: it reads all. Otherwise died_at is the packet
# behind the last one that it printed, and died_how tells of its end.
poison_probe() {
	local from=$plain status=0
	[[ $SECONDS -lt $POISON_SECONDS_MAX ]] ||
		poison_give_up "$died_how, and after $((SECONDS / 60)) minutes it is still not clear on which packets"
	if [[ -n $1 ]]; then
		from=$work/masked
		poison_mask "$1" "$from" || poison_give_up "$(poison_mask_words)"
	fi
	{
		dissect "$from" -l || status=$?
		printf '%s\n' "$status" >"$work/probe.rc"
	} | awk -F '\t' '{ last = $1 } END { print last + 0 }' >"$work/probe.last"
	status=$(<"$work/probe.rc")
	[[ $(wireshark_verdict "$status" "$work/tshark.err") == failed ]] || return 0
	died_at=$(($(<"$work/probe.last") + 1))
	died_how=$(poison_how "$status")
	return 1
}

# The frames $1 beside those that are known.
poison_with() {
	printf '%s' "${POISON_MASK:+$POISON_MASK,}$1"
}

# Is frame $1 enough to kill tshark? Leaves alone what the last probe told.
poison_alone() {
	local died_at=$died_at died_how=$died_how others=()
	[[ $1 -eq 1 ]] || others+=("1-$(($1 - 1))")
	[[ $1 -eq $frames ]] || others+=("$(($1 + 1))-")
	[[ ${#others[@]} -eq 0 ]] || ! poison_probe "$(IFS=, && echo "${others[*]}")"
}

# Keep frame $1 aside, of which tshark died as $2 says.
poison_keep() {
	local id=$sha-$1 how=$2 alone='by itself'
	[[ ,$POISON_MASK, != *,"$1",* ]] || poison_give_up "$how on packet $1, even when that is empty"
	if ! poison_alone "$1"; then
		alone='only after other packets of the capture'
		linked=$((linked + 1))
		[[ $linked -le $POISON_LINKED_MAX ]] ||
			poison_give_up "$how wherever it has read for long enough, whatever is taken out; give it more memory, or divide the capture (editcap -c 100000)"
	fi
	POISON_MASK=$(poison_with "$1")
	found+=("$1")
	POISON_LINES+=("$1"$'\t'"$how on this packet; it is in .../poison/$id.$POISON_SUFFIX")
	"$PCAPFILE" pick --frames "$1" -- "$plain" "$work/evidence" 2>"$work/mask.err" || [[ $? -eq 3 ]] ||
		poison_give_up "$(poison_mask_words)"
	mv -- "$work/evidence" "$work/found.$1"
	printf '%s\n' "$how on frame $1, $alone" >"$work/found.$1.reason"
}

# tshark dies at frame $1, even when that is empty: something before it is to blame, which is the
# smallest n for which it dies when all behind n is empty. Sets n.
poison_bisect() {
	local low=0 high=$1 middle
	poison_probe 1- || poison_give_up "$died_how even when every packet is empty"
	while [[ $((high - low)) -gt 1 ]]; do
		middle=$(((low + high) / 2))
		if poison_probe "$(poison_with "$((middle + 1))-")"; then
			low=$middle
		else
			high=$middle
		fi
	done
	n=$high
}

# What is found is written down; from now on every run takes it out.
poison_record() {
	local list frame
	list=$(poison_list "$replace")
	for frame in "${found[@]}"; do
		mv -- "$work/found.$frame" "$POISON_DIR/$sha-$frame.$POISON_SUFFIX"
		poison_reason "$sha-$frame" "$(<"$work/found.$frame.reason")"
	done
	printf '%s\n' "${POISON_LINES[@]}" | sort -n >"$work/list"
	sync -- "$work/list"
	mv -- "$work/list" "$list"
	sync -- "$POISON_DIR"
	rm -f -- "$POISON_DIR/$sha.reason"
}

# Rows behind the poison were published. They must be stored before they can be replaced.
poison_settle() {
	local until=$((SECONDS + POISON_SETTLE_SECONDS))
	while grep -Fqs -- "$sha" "$PA_SPOOL"/ready/*/manifest; do
		[[ $SECONDS -lt $until ]] ||
			result failed 0 "a part of it waits in the spool; import it again when that is stored"
		sleep 0.2
	done
	replace=1
}

# tshark has died of the capture: find all packets that it dies of, and take them out.
poison_find() {
	local found=() linked=0 n=0 at how died_at=0 died_how=''
	SECONDS=0
	poison_rounds=$((poison_rounds + 1))
	died_how=$(poison_how "$(<"$work/tshark.rc")")
	[[ $poison_rounds -lt $POISON_ROUNDS_MAX ]] ||
		poison_give_up "$died_how $poison_rounds times, each time elsewhere"
	poison_plain
	# Once more, and it may read it: somebody has killed it, or the machine was out of memory.
	poison_probe "$POISON_MASK" && return 0
	while [[ $died_at -le $frames ]]; do
		at=$died_at how=$died_how
		[[ ${#found[@]} -lt $POISON_PACKETS_MAX ]] ||
			poison_give_up "$how on more than $POISON_PACKETS_MAX packets"
		if poison_probe "$(poison_with "$at")"; then
			poison_keep "$at" "$how"
			break
		fi
		if [[ $died_at -le $at ]]; then
			poison_bisect "$at"
			[[ $n -lt $at ]] || poison_give_up "$how on packet $at, even when that is empty"
			poison_settle
			at=$n
			if poison_probe "$(poison_with "$at")"; then
				poison_keep "$at" "$how"
				break
			fi
		fi
		poison_keep "$at" "$how"
	done
	# Died behind the last packet: with -l all rows are out by then.
	if [[ $died_at -gt $frames ]]; then
		poison_late=1
		POISON_TSHARK=(-l)
	fi
	[[ ${#found[@]} -gt 0 ]] || return 0
	poison_record
	poison_use
}
