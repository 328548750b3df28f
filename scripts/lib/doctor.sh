# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# doctor: one screen, one check a line, and what to do about each that is bad.

DOCTOR_BAD=0

doctor_ok() {
	printf 'ok   %-14s %s\n' "$1" "$(clean "$2")"
}

# doctor_bad WHAT FINDING REMEDY
doctor_bad() {
	DOCTOR_BAD=1
	printf 'BAD  %-14s %s\n     %-14s -> %s\n' "$1" "$(clean "$2")" '' "$(clean "$3")"
}

doctor_programs() {
	local name path
	for name in tshark2csv csv2mysql pcapfile; do
		if path=$(find_program "$name"); then
			PROGRAM["$name"]=$path
			doctor_ok "$name" "$path, $("$path" --version 2>&1 | head -n 1)"
		else
			doctor_bad "$name" "not found" "build it: cmake -S . -B build && cmake --build build"
		fi
	done
	for name in tshark capinfos dumpcap; do
		if path=$(type -P -- "$name"); then
			PROGRAM["$name"]=$path
			doctor_ok "$name" "$path, $("$path" --version 2>/dev/null | head -n 1)"
		else
			doctor_bad "$name" "not found" \
				"apt-get install $([[ $name == tshark ]] && echo tshark || echo wireshark-common)"
		fi
	done
}

doctor_fields() {
	local dir dialect table out
	[[ -n ${PROGRAM[tshark]+x} && -n ${PROGRAM[tshark2csv]+x} ]] || return 0
	dir=$(mktemp -d -- "$PA_RUN/doctor.XXXXXXXX")
	remove_at_exit "$dir"
	# In subshells: what ends them does not end the doctor.
	if ! out=$(wireshark_line "$dir" 2>&1); then
		doctor_bad tshark "$(doctor_words "$out")" "install the package tshark again"
		return 0
	fi
	wireshark_line "$dir"
	if dialect=$(wireshark_dialect "$dir" 2>"$dir/err"); then
		doctor_ok dialect "tshark prints as $dialect does; every value can be told apart"
	else
		out=$(doctor_words "$(<"$dir/err")")
		doctor_bad dialect "${out%%; install*}" "install${out#*; install}"
	fi
	if table=$(wireshark_fields "$dir" 2>"$dir/err") &&
		resolve_profile "$dir" packets "$table" >/dev/null 2>"$dir/err"; then
		doctor_ok fields "$(grep -c '^F' -- "$table"), and every field of the profile packets"
	else
		doctor_bad fields "$(doctor_words "$(<"$dir/err")")" \
			"install a newer tshark, or write a profile without these fields (profile(5))"
	fi
}

# The last of the lines $1, without the name of who says it.
doctor_words() {
	tail -n 1 <<<"$1" | sed 's/^\(pcapanalyzer\|tshark2csv\): error: //'
}

doctor_ask() {
	run_csv2mysql query --format tsv "$1" 2>&1
}

doctor_server() {
	local out rc=0 row mode
	[[ -n ${PROGRAM[csv2mysql]+x} ]] || return 0
	if server_configured; then
		doctor_ok server "the one of the option file's group [pcapanalyzer] is used"
	else
		doctor_ok server "the private one in $SERVER_DB is used"
	fi
	# A subshell: a server that does not start ends it, not the doctor.
	out=$( (use_database && ensure_schema) 2>&1) || rc=$?
	if [[ $rc -ne 0 ]]; then
		doctor_bad database "$(tail -n 1 <<<"$out")" "$(doctor_remedy "$rc" "$out")"
		return 0
	fi
	use_database
	row=$(doctor_ask 'SELECT VERSION(), @@GLOBAL.local_infile, @@GLOBAL.sql_mode') || {
		doctor_bad database "$(tail -n 1 <<<"$row")" "$(doctor_remedy "$EXIT_BUSY" '')"
		return 0
	}
	IFS=$'\t' read -r out rc mode <<<"$(tail -n 1 <<<"$row")"
	doctor_ok database "answers, version $out"
	if [[ $rc == 1 || $rc == ON ]]; then
		doctor_ok local_infile "on"
	else
		doctor_bad local_infile "off: the server refuses to load" \
			"on the server: SET GLOBAL local_infile = 1; and local_infile=1 under [mysqld]"
	fi
	# Each session of ours sets its own strict mode: this is for people's own INSERTs.
	if [[ $mode == *STRICT_* ]]; then
		doctor_ok sql_mode "strict"
	else
		doctor_ok sql_mode "not strict for others; the loader sets its own"
	fi
	doctor_grants
}

# What to do about exit status $1 and the words $2.
doctor_remedy() {
	if [[ ${2:-} == *'install the package'* ]]; then
		echo "apt-get install mariadb-server-core"
	elif ! server_configured; then
		echo "read $SERVER_LOG; 'pcapanalyzer server start' tries again"
	elif [[ $1 -eq $EXIT_DENIED ]]; then
		echo "correct user and password in the group [pcapanalyzer], or grant what is missing"
	else
		echo "start that server; correct host or socket in the group [pcapanalyzer]"
	fi
}

doctor_grants() {
	local grants word missing=''
	grants=$(doctor_ask 'SHOW GRANTS') || {
		doctor_bad grants "cannot be read" "ask the server's administrator"
		return 0
	}
	if [[ $grants != *'ALL PRIVILEGES'* ]]; then
		for word in SELECT INSERT DELETE CREATE ALTER DROP 'CREATE VIEW'; do
			grep -Eq "(GRANT |, )$word(,| ON)" <<<"$grants" || missing+=", $word"
		done
	fi
	if [[ -z $missing ]]; then
		doctor_ok grants "enough to load and to create tables"
	else
		doctor_bad grants "missing: ${missing#, }" "GRANT ${missing#, } ON pcapanalyzer.* TO this account"
	fi
}

doctor_spool() {
	local free ready aside poison
	doctor_ok home "$PA_HOME"
	if : 2>/dev/null >"$PA_SPOOL/tmp/.doctor.$$"; then
		rm -f -- "$PA_SPOOL/tmp/.doctor.$$"
		doctor_ok spool "$PA_SPOOL can be written"
	else
		doctor_bad spool "$PA_SPOOL/tmp cannot be written" "chown or chmod it, or set PCAPANALYZER_HOME"
	fi
	free=$(df -Pk -- "$PA_HOME" | awk 'NR == 2 { print int($4 / 1024) }')
	if [[ ${free:-0} -ge 2048 ]]; then
		doctor_ok disk "$free MB free"
	else
		doctor_bad disk "only ${free:-0} MB free" "make room, or move PCAPANALYZER_HOME to a larger disk"
	fi
	ready=$(count_batches ready) aside=$(count_batches aside)
	if [[ $ready -eq 0 ]]; then
		doctor_ok waiting "no batch waits"
	else
		doctor_bad waiting "$ready batches wait in the spool" "pcapanalyzer load"
	fi
	if [[ $aside -eq 0 ]]; then
		doctor_ok aside "no batch is kept aside"
	else
		doctor_bad aside "$aside batches are kept aside" \
			"read $PA_SPOOL/aside/*/reason; move a folder back to ready/ to try again"
	fi
	poison=$(count_poison)
	if [[ $poison -eq 0 ]]; then
		doctor_ok poison "no packet has killed tshark"
	else
		doctor_bad poison "$poison packets or captures kill tshark" \
			"read $PA_SPOOL/poison/*.reason and remove them; with a newer tshark: import --redissect"
	fi
}

doctor_run() {
	make_home
	doctor_programs
	doctor_fields
	doctor_server
	doctor_spool
	return "$DOCTOR_BAD"
}
