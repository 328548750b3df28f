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

# doctor_note WHAT FINDING REMEDY: not as good as it could be, or not used here.
doctor_note() {
	printf 'note %-14s %s\n     %-14s -> %s\n' "$1" "$(clean "$2")" '' "$(clean "$3")"
}

doctor_programs() {
	local name path
	for name in tshark2csv csv2mysql pcapfile pcapsandbox ptshark; do
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

# Whether this user may capture; importing needs no such right.
doctor_capture() {
	local dumpcap=${PROGRAM[dumpcap]:-} user
	[[ -n $dumpcap ]] || return 0
	user=$(id -un)
	if [[ $(id -u) -eq 0 ]]; then
		doctor_ok capture "dumpcap may, as root"
	elif [[ ! -x $dumpcap ]]; then
		doctor_note capture "not as $user, who may not run dumpcap" \
			"usermod -aG $(stat -L -c %G -- "$dumpcap") $user, then log in again"
	elif [[ -u $dumpcap || $(getcap -- "$dumpcap" 2>/dev/null) == *cap_net_raw* ]]; then
		doctor_ok capture "dumpcap may, as $user"
	else
		doctor_note capture "not as $user: dumpcap has no such right" \
			"pcapanalyzer-capture@IFACE.service has it; for yourself: dpkg-reconfigure wireshark-common, or setcap cap_net_raw,cap_net_admin+eip $dumpcap"
	fi
}

# What the sandbox lacks on this system.
doctor_sandbox() {
	local report line remedy lacks=0
	[[ -n ${PROGRAM[pcapsandbox]+x} ]] || return 0
	report=$("${PROGRAM[pcapsandbox]}" --report 2>&1) || {
		doctor_bad sandbox "$(doctor_words "$report")" "tshark runs without it: read pcapsandbox(1)"
		return 0
	}
	while IFS= read -r line; do
		[[ $line == *' missing: '* ]] || continue
		lacks=1
		case $line in
		user*) remedy="useradd --system pcapsandbox" ;;
		network* | processes*) remedy="let users make namespaces: sysctl user.max_user_namespaces" ;;
		files*) remedy="a kernel from 5.19 on, with landlock among lsm= of its command line" ;;
		*) remedy="run it outside of the container, or let that be less strict" ;;
		esac
		doctor_note sandbox "$line" "$remedy"
	done <<<"$report"
	[[ $lacks -eq 1 ]] || doctor_ok sandbox "every layer: $(cut -d ' ' -f 1 <<<"$report" | paste -sd ' ')"
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
	doctor_tap "$dir"
}

# Whether tshark takes the plugin that lets it print for less work. $1: as for wireshark_line
doctor_tap() {
	local plugin remedy="apt-get install libwireshark-dev of tshark's version, and build again"
	[[ -n ${PROGRAM[ptshark]+x} ]] || return 0
	plugin=$(tap_plugin) || {
		doctor_note pcapfields "not built: an import takes tshark half as long again" "$remedy"
		return 0
	}
	wireshark_plugins "$1"
	[[ -z $TSHARK_PLUGINS ]] || tap_begin "$plugin" "$TSHARK_PLUGINS"
	[[ -z $TAP_DIR ]] || remove_at_exit "$TAP_DIR"
	if [[ -n $TAP_DIR ]] && PLUGINS=$TAP_DIR clean_wireshark "$1/wireshark" "${PROGRAM[tshark]}" \
		-z help 2>&1 | grep -qx '[[:space:]]*pcapfields'; then
		doctor_ok pcapfields "$plugin, and tshark takes it"
	else
		doctor_note pcapfields "tshark does not take $plugin" "$remedy"
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
	doctor_clock
	doctor_database_disk
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

# Whether the account may do $1, which is asked and not done. Our questions can only read, and the
# server says so (1792) after it has looked at the privileges.
doctor_may() {
	local answer
	answer=$(doctor_ask "EXPLAIN $1") || [[ $answer == *'(error 1792)'* ]]
}

# Judged by what this machine does: a sensor's account need not read, an analyst's not load.
doctor_grants() {
	local may='' waiting
	waiting=$(count_batches ready)
	if doctor_may "REPLACE INTO packets (ts, capture_id, frame) VALUES ('2026-01-01', 0, 0)"; then
		may+=', load'
	elif [[ $waiting -gt 0 ]]; then
		doctor_bad grants "this account cannot load, and $waiting batches wait" \
			"GRANT pcapanalyzer_loader TO this account (sql/roles.sql), or use one that has it"
		return 0
	fi
	! doctor_may "SELECT 1 FROM packets" || may+=', read'
	! doctor_may "DELETE FROM batches WHERE 1 = 0" || may+=', replace captures'
	if [[ -n $may ]]; then
		doctor_ok grants "this account may ${may#, }"
	else
		doctor_bad grants "this account may neither load nor read" \
			"GRANT one of the roles of sql/roles.sql TO this account"
	fi
}

# How far the server's clock is from ours: rows bear the sensor's time, questions the server's.
doctor_clock() {
	local before after row offset
	before=${EPOCHREALTIME/./}
	row=$(doctor_ask 'SELECT UNIX_TIMESTAMP(UTC_TIMESTAMP(6))') || return 0
	after=${EPOCHREALTIME/./}
	row=$(tail -n 1 <<<"$row")
	row=${row/./}
	offset=$((row - (before + after) / 2))
	if [[ ${offset#-} -gt $((1000000 + (after - before) / 2)) ]]; then
		doctor_bad clock "the server's is $((offset / 1000)) ms ahead of this machine's" \
			"synchronise both with NTP: timedatectl set-ntp true, or install chrony"
	else
		doctor_ok clock "the server's and this machine's agree"
	fi
}

doctor_ntp() {
	local synchronised
	synchronised=$(timedatectl show -p NTPSynchronized --value 2>/dev/null) || return 0
	if [[ $synchronised == yes ]]; then
		doctor_ok ntp "this machine's clock is synchronised"
	else
		doctor_bad ntp "this machine's clock is not synchronised" \
			"timedatectl set-ntp true, or install chrony"
	fi
}

# doctor_disk WHAT FOLDER REMEDY
doctor_disk() {
	local free
	free=$(df -Pk -- "$2" | awk 'NR == 2 { print int($4 / 1024) }')
	if [[ ${free:-0} -ge 2048 ]]; then
		doctor_ok "$1" "$free MB free"
	else
		doctor_bad "$1" "only ${free:-0} MB free" "$3"
	fi
}

# The database's disk can be seen when it is one of this machine.
doctor_database_disk() {
	local host folder
	IFS=$'\t' read -r host folder <<<"$(doctor_ask 'SELECT @@hostname, @@datadir' | tail -n 1)"
	[[ $host == "$(uname -n)" && -d $folder ]] || return 0
	doctor_disk 'database disk' "$folder" "make room, or remove old days"
}

# Whether somebody loads and imports here when nobody looks.
doctor_unattended() {
	local unit state found=''
	while read -r unit _ state _; do
		case $state:$unit in
		failed:*)
			doctor_bad unattended "$unit has failed" "journalctl -u $unit, then systemctl restart $unit"
			;;
		active:pcapanalyzer-server.service) ;; # it brings nothing by itself
		active:*) found+=", $unit" ;;
		esac
	done < <(systemctl list-units --all --plain --no-legend 'pcapanalyzer-*' 2>/dev/null)
	if grep -Eqs '^[^#]*pcapanalyzer' /etc/crontab /etc/cron.d/* ||
		crontab -l 2>/dev/null | grep -Eq '^[^#]*pcapanalyzer'; then
		found+=', cron'
	fi
	if [[ -n $found ]]; then
		doctor_ok unattended "${found#, }"
	else
		doctor_note unattended "nothing is captured or loaded here by a service, a timer or cron" \
			"systemctl enable --now pcapanalyzer-capture@IFACE.service, or pcapanalyzer-load.timer; or cron.example"
	fi
}

doctor_spool() {
	local ready aside poison
	doctor_ok home "$PA_HOME"
	if : 2>/dev/null >"$PA_SPOOL/tmp/.doctor.$$"; then
		rm -f -- "$PA_SPOOL/tmp/.doctor.$$"
		doctor_ok spool "$PA_SPOOL can be written"
	else
		doctor_bad spool "$PA_SPOOL/tmp cannot be written" "chown or chmod it, or set PCAPANALYZER_HOME"
	fi
	doctor_disk 'spool disk' "$PA_SPOOL" "make room, or move PCAPANALYZER_HOME to a larger disk"
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
	use_sandbox
	doctor_programs
	doctor_capture
	doctor_sandbox
	doctor_fields
	doctor_server
	doctor_spool
	doctor_ntp
	doctor_unattended
	return "$DOCTOR_BAD"
}
