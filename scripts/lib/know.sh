# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# Before any capture is touched: what the installed tshark is like, and whether it can do what the
# profile wants. IMPORT_DIR is the run's own folder.

CANARY=''      # pid of the one who asks tshark for its dialect, '' when it is known
KNOW_FILES=''  # of that tshark
FIELDS_ASKED='' # and of the one who asks it for the profile's fields

# What tshark is asked for: TSHARK_ARGS, and for the workers the file tshark-args.
know_arguments() {
	local words
	"${PROGRAM[tshark2csv]}" -p "$PROFILE" --dialect "$1" --tshark-args >"$IMPORT_DIR/tshark-args" || exit
	read -r -a words <"$IMPORT_DIR/tshark-args"
	TSHARK_ARGS=("${words[@]}")
	printf '%s\n' "${TSHARK_ARGS[@]}" >"$IMPORT_DIR/tshark-args"
}

# Ask this tshark for every field of the profile: through the tap, if that may be, then without.
# What it agreed to is then in the file $1: "tap" or nothing.
know_ask_fields() {
	local err
	: >"$IMPORT_DIR/empty"
	if [[ -n $TAP_DIR ]] && dissect_with "${PROGRAM[ptshark]}" 1 "$IMPORT_DIR/wireshark" \
		"${PROGRAM[tshark]}" "${TSHARK_ARGS[@]}" >/dev/null 2>&1 <"$IMPORT_DIR/empty"; then
		echo tap >"$1"
		return 0
	fi
	if err=$(clean_wireshark "$IMPORT_DIR/wireshark" "${PROGRAM[tshark]}" -r - \
		"${TSHARK_ARGS[@]}" 2>&1 >/dev/null <"$IMPORT_DIR/empty"); then
		: >"$1"
		return 0
	fi
	if [[ $err == *"Some fields aren't valid"* ]]; then
		die "$EXIT_USAGE" "this tshark does not know the field(s) $(unknown_fields "$err") of the profile ${OPT[profile]:-packets}; correct the profile, or install a tshark that knows them ('pcapanalyzer fields WORD' searches those it has)"
	fi
	die "$EXIT_FAILED" "tshark refuses to start: $(wireshark_reason <<<"$err")"
}

# Begin to ask the same, once for each tshark, its arguments and what it runs in: the folder $1
# remembers for the tshark.
know_fields() {
	local seen plugin
	plugin=$(tap_plugin) || plugin=''
	seen=$({
		cat -- "$IMPORT_DIR/tshark-args"
		printf '%s\n' "$EUID" "$SANDBOX"
		[[ -z $plugin ]] || file_marks "$plugin" "${PROGRAM[ptshark]}"
	} | sha256sum)
	seen=$1/accepted.${seen:0:16}
	if [[ -n $plugin && -n $TSHARK_PLUGINS ]] && [[ ! -e $seen || $(<"$seen") == tap ]]; then
		tap_begin "$plugin" "$TSHARK_PLUGINS"
	fi
	[[ ! -e $seen ]] || return 0
	{
		know_ask_fields "$IMPORT_DIR/accepted" || exit
		# Not what it said for want of a folder.
		[[ -z $plugin || -n $TAP_DIR ]] && cp -- "$IMPORT_DIR/accepted" "$seen" 2>/dev/null
	} &
	FIELDS_ASKED=$!
}

# Set PROFILE to the resolved one, which is the same for the same filter, profile and table of fields
# ($1): it is kept beside the table.
know_profile() {
	local file path
	path=$(resolved_name "$IMPORT_DIR" "$PROFILE")
	file=$({
		file_marks "${PROGRAM[tshark2csv]}"
		printf '%s\n' "$PROFILE"
		[[ $PROFILE == packets || ! -f $PROFILE ]] || cat -- "$PROFILE"
	} | sha256sum)
	file=${1%/*}/resolved.${file:0:16}
	if kept "$file" >"$path"; then
		PROFILE=$path
		return 0
	fi
	PROFILE=$(resolve_profile "$IMPORT_DIR" "$PROFILE" "$1") || exit
	keep "$file" <"$PROFILE"
}

# Begin to ask; sets TSHARK_LINE, and PROFILE to the resolved one.
know_begin() {
	local table
	mkdir -p -- "$IMPORT_DIR/wireshark"
	if ! wireshark_recall; then
		KNOW_FILES=$(wireshark_files) || true
		wireshark_line "$IMPORT_DIR"
		wireshark_plugins "$IMPORT_DIR"
		wireshark_dialect "$IMPORT_DIR" >"$IMPORT_DIR/dialect" 2>"$IMPORT_DIR/dialect.err" </dev/null &
		CANARY=$!
		DIALECT=$(wireshark_guess)
	fi
	table=$(wireshark_fields "$IMPORT_DIR") || exit
	know_profile "$table"
	know_arguments "$DIALECT"
	know_fields "${table%/*}"
}

# Before any capture is touched: the installed tshark speaks a DIALECT that is known, and has
# every field of the PROFILE.
know_end() {
	local rc=0 guess=$DIALECT
	if [[ -n $FIELDS_ASKED ]]; then
		wait "$FIELDS_ASKED" || rc=$?
		FIELDS_ASKED=''
		[[ -e $IMPORT_DIR/accepted ]] || exit "$rc"
		[[ $(<"$IMPORT_DIR/accepted") == tap ]] || tap_end
	fi
	[[ -n $CANARY ]] || return 0
	wait "$CANARY" || rc=$?
	CANARY=''
	if [[ $rc -ne 0 ]]; then
		cat -- "$IMPORT_DIR/dialect.err" >&2
		exit "$EXIT_FAILED"
	fi
	DIALECT=$(<"$IMPORT_DIR/dialect")
	wireshark_remember "$KNOW_FILES"
	[[ $DIALECT == "$guess" ]] || know_arguments "$DIALECT"
}
