# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# The private server: MariaDB or MySQL with its own data folder, one UNIX socket, one owner.

SERVER_DB=$PA_HOME/db
SERVER_LOG=$PA_RUN/server.log
SERVER_PID=$PA_RUN/server.pid

# Where the socket is. A socket's path may hold 107 bytes; a longer one moves to a private
# folder whose name is derived from ours.
server_socket_path() {
	local dir
	if [[ ${#PA_RUN} -le 90 ]]; then
		printf '%s/mysqld.sock' "$PA_RUN"
		return 0
	fi
	dir=${XDG_RUNTIME_DIR:-/tmp}
	[[ ${#dir} -le 50 && -d $dir && -w $dir ]] || dir=/tmp
	dir+=/pcapanalyzer-$(id -u)-$(printf '%s' "$PA_HOME" | sha256sum | cut -c1-16)
	mkdir -m 0700 -- "$dir" 2>/dev/null || true
	if [[ -L $dir || ! -d $dir || $(stat -c '%u %a' -- "$dir") != "$(id -u) 700" ]]; then
		die "$EXIT_FAILED" "$dir is not a private folder of yours; remove it or set a shorter PCAPANALYZER_HOME"
	fi
	printf '%s/mysqld.sock' "$dir"
}

# Print the pid of our running server; fail when there is none. The command line is checked,
# so that a pid that the system gave to somebody else is never taken for it.
server_pid() {
	local pid
	[[ -r $SERVER_PID ]] || return 1
	read -r pid <"$SERVER_PID" || true
	[[ ${pid:-} =~ ^[0-9]+$ && -r /proc/$pid/cmdline ]] || return 1
	tr '\0\n' '\n?' <"/proc/$pid/cmdline" 2>/dev/null |
		grep -Fxq -e "--datadir=${SERVER_DB//$'\n'/?}" || return 1
	printf '%s' "$pid"
}

# Sets SERVER_KIND (mariadb or mysql) and SERVER_BIN: the kind that made the data folder, or
# whichever is installed.
server_find() {
	local want='' p kind
	SERVER_KIND='' SERVER_BIN=''
	[[ ! -r $SERVER_DB/pcapanalyzer-server ]] || read -r want <"$SERVER_DB/pcapanalyzer-server" || true
	for p in mariadbd mysqld /usr/libexec/mariadbd /usr/libexec/mysqld; do
		p=$(type -P -- "$p") || continue
		kind=mysql
		[[ $("$p" --no-defaults --version 2>/dev/null) != *MariaDB* ]] || kind=mariadb
		[[ -z $want || $kind == "$want" ]] || continue
		SERVER_KIND=$kind SERVER_BIN=$p
		return 0
	done
	if [[ -n $want ]]; then
		die "$EXIT_FAILED" "$SERVER_DB was made by $want, which is not installed; install the package $want-server-core"
	fi
	die "$EXIT_FAILED" "no database server is installed; install the package mariadb-server-core (or mysql-server-core)"
}

# A quarter of the memory, at least 128 MB, at most 1 GB.
server_buffer_mb() {
	local kb mb
	kb=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
	mb=$((${kb:-0} / 4096))
	[[ $mb -le 1024 ]] || mb=1024
	[[ $mb -ge 128 ]] || mb=128
	printf '%s' "$mb"
}

# A server that starts, if only to make its data folder, clears temporary tables out of its
# tmpdir, another server's too: each has one of its own.
server_tmpdir() {
	mkdir -p -- "$PA_RUN/tmp"
	printf '%s' "$PA_RUN/tmp"
}

# Make the data folder under another name, then rename it: it is whole or not there.
server_initialise() {
	local new=$SERVER_DB.new user=() install
	local -x TMPDIR
	TMPDIR=$(server_tmpdir)
	rm -rf -- "$new"
	mkdir -m 0700 -- "$new"
	[[ $(id -u) -ne 0 ]] || user=(--user=root)
	if [[ $SERVER_KIND == mariadb ]]; then
		install=$(type -P mariadb-install-db || type -P mysql_install_db) ||
			die "$EXIT_FAILED" "mariadb-install-db is not installed; install the package mariadb-server-core"
		"$install" --no-defaults --datadir="$new" --auth-root-authentication-method=normal \
			--skip-test-db --force "${user[@]}" >"$SERVER_LOG" 2>&1 </dev/null
	else
		"$SERVER_BIN" --no-defaults --initialize-insecure --secure-file-priv=NULL --datadir="$new" "${user[@]}" \
			>"$SERVER_LOG" 2>&1 </dev/null
	fi || die "$EXIT_FAILED" "cannot create the database in $new: $(server_reason)"
	printf '%s\n' "$SERVER_KIND" >"$new/pcapanalyzer-server"
	sync -f -- "$new" 2>/dev/null || true
	rm -f -- "$PA_RUN/schema.done"
	mv -T -- "$new" "$SERVER_DB"
}

# The last thing the server complained about, in one line, and where the rest is.
server_reason() {
	local line
	line=$(grep -a -e '\[ERROR\]' -e '^ERROR' -e 'FATAL' -- "$SERVER_LOG" 2>/dev/null |
		grep -av -e 'Aborting$' | tail -n 1) || true
	[[ -n $line ]] || line=$(tail -n 1 -- "$SERVER_LOG" 2>/dev/null) || true
	line=${line//[[:cntrl:]]/?}
	printf '%s; see %s' "${line:0:300}" "$SERVER_LOG"
}

# Start the server detached: own session, own standard streams, none of our descriptors (a
# pipe that we inherited would otherwise stay open for as long as the server runs).
server_spawn() {
	local args=() socket=$1
	args=(--no-defaults "--datadir=$SERVER_DB" "--socket=$socket" "--pid-file=$SERVER_PID"
		--skip-networking --skip-name-resolve --skip-log-bin --local-infile=1
		--character-set-server=utf8mb4 --collation-server=utf8mb4_bin
		--default-time-zone=+00:00 --lc-messages=en_US --max-allowed-packet=67108864
		"--innodb-buffer-pool-size=$(server_buffer_mb)M" "--tmpdir=$(server_tmpdir)")
	[[ $(id -u) -ne 0 ]] || args+=(--user=root)
	if [[ $SERVER_KIND == mysql ]]; then
		args+=(--mysqlx=OFF --secure-file-priv=NULL --performance-schema=OFF
			--innodb-redo-log-capacity=536870912)
	else
		# Nothing that a query says may write a file of the machine, or read one.
		mkdir -p -- "$PA_RUN/nofiles"
		args+=(--innodb-log-file-size=402653184 "--secure-file-priv=$PA_RUN/nofiles")
	fi
	[[ ! -s $SERVER_LOG ]] || mv -f -- "$SERVER_LOG" "$SERVER_LOG.old"
	rm -f -- "$SERVER_PID"
	: >"$SERVER_LOG"
	(
		cd / || exit 1
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[[ $fd -le 2 ]] || eval "exec $fd>&-"
		done 2>/dev/null
		exec setsid -- "$SERVER_BIN" "${args[@]}" </dev/null >>"$SERVER_LOG" 2>&1
	) &
	SPAWNED=$!
}

# The client's option file: it names our socket and nothing of the user's own files.
server_client_file() {
	printf '# Written by pcapanalyzer at each start.\n[client]\nsocket="%s"\nuser=root\n' "$1" \
		>"$PA_RUN/client.cnf.$$"
	mv -f -- "$PA_RUN/client.cnf.$$" "$PA_RUN/client.cnf"
}

# Start the server if it is not running; return when it answers. Two at once start one.
server_start() {
	local lock socket waited=0 limit=${PCAPANALYZER_SERVER_WAIT:-120}
	make_home
	socket=$(server_socket_path)
	if server_pid >/dev/null && [[ -S $socket && -e $PA_RUN/server.ready && -s $PA_RUN/client.cnf ]]; then
		return 0
	fi
	exec {lock}>"$PA_RUN/server.lock"
	flock -w "$limit" "$lock" ||
		die "$EXIT_BUSY" "another command has been starting the server for $limit s; see $SERVER_LOG"
	if server_pid >/dev/null && [[ -S $socket && -e $PA_RUN/server.ready ]]; then
		exec {lock}>&-
		return 0
	fi
	if [[ ${PCAPANALYZER_SERVER_START:-} == never ]] && ! server_pid >/dev/null; then
		die "$EXIT_BUSY" "the private server does not run, and is not to be started from here; 'systemctl enable --now pcapanalyzer-server' starts it"
	fi
	server_find
	if [[ ! -d $SERVER_DB ]]; then
		say "creating the private $SERVER_KIND server in $SERVER_DB"
		server_initialise
	fi
	rm -f -- "$PA_RUN/server.ready"
	if SPAWNED=$(server_pid); then
		: # it is up, or coming up: an earlier command was killed while it waited
	else
		server_spawn "$socket"
	fi
	# The server says in its log when it listens; a client may not be installed.
	until [[ -S $socket ]] && grep -aq 'ready for connections' -- "$SERVER_LOG"; do
		if ! kill -0 "$SPAWNED" 2>/dev/null; then
			die "$EXIT_BUSY" "the private server did not start: $(server_reason)"
		fi
		if [[ $waited -ge $((limit * 10)) ]]; then
			die "$EXIT_BUSY" "the private server (pid $SPAWNED) is not ready after $limit s: $(server_reason)"
		fi
		sleep 0.1
		waited=$((waited + 1))
	done
	server_client_file "$socket"
	: >"$PA_RUN/server.ready"
	exec {lock}>&-
}

# Let the server start in the background while the command does something else; server_start waits
# for it, and tells what is wrong. A data folder is not made like this: that takes long, and is told.
server_start_ahead() {
	server_configured || [[ ! -d $SERVER_DB ]] || server_start </dev/null >/dev/null 2>&1 &
}

server_refuse_configured() {
	if server_configured; then
		die "$EXIT_USAGE" "an option file has a [pcapanalyzer] group: that server is used, there is no private one"
	fi
}

server_cmd_start() {
	server_refuse_configured
	unset PCAPANALYZER_SERVER_START
	server_start
	say "the private server runs (pid $(server_pid), socket $(server_socket_path))"
}

server_cmd_stop() {
	local lock pid waited=0
	server_refuse_configured
	if ! pid=$(server_pid); then
		say "the private server is not running"
		return 0
	fi
	exec {lock}>"$PA_RUN/server.lock"
	flock -w 120 "$lock" || die "$EXIT_BUSY" "another command holds $PA_RUN/server.lock"
	if pid=$(server_pid); then
		rm -f -- "$PA_RUN/server.ready"
		kill -TERM "$pid" 2>/dev/null || true
		while server_pid >/dev/null || kill -0 "$pid" 2>/dev/null; do
			# A zombie waits for its parent, not for us.
			[[ $(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) != Z* ]] || break
			[[ $waited -lt 3000 ]] ||
				die "$EXIT_FAILED" "the server (pid $pid) is still stopping after 300 s; see $SERVER_LOG"
			sleep 0.1
			waited=$((waited + 1))
		done
	fi
	exec {lock}>&-
	say "the private server is stopped"
}

server_cmd_status() {
	local pid
	if server_configured; then
		need_program csv2mysql
		use_database
		exec_csv2mysql query --format tsv 'SELECT VERSION() AS configured_server'
	fi
	if ! pid=$(server_pid); then
		echo "stopped"
		return "$EXIT_BUSY"
	fi
	printf 'running\npid\t%s\nsocket\t%s\ndata\t%s\nlog\t%s\n' "$pid" \
		"$(server_socket_path)" "$SERVER_DB" "$SERVER_LOG"
}

server_cmd_shell() {
	local client
	client=$(type -P mariadb || type -P mysql) ||
		die "$EXIT_FAILED" "no database client is installed; install the package mariadb-client-core"
	need_program csv2mysql
	use_database
	ensure_schema quick
	if server_configured; then
		server_shell_file
		exec "$client" "--defaults-file=$PA_RUN/shell.cnf" --default-character-set=utf8mb4 "$@"
	fi
	exec "$client" "--defaults-file=$PA_RUN/client.cnf" --default-character-set=utf8mb4 \
		--database=pcapanalyzer "$@"
}

# The mysql client does not read the group [pcapanalyzer]: give it the same settings as a
# file of our own, never as arguments, which other users can read.
server_shell_file() {
	local from=() show=() line
	type -P my_print_defaults >/dev/null ||
		die "$EXIT_FAILED" "my_print_defaults is not installed; install the package mariadb-client-core"
	[[ -z ${PCAPANALYZER_DEFAULTS_FILE:-} ]] || from=("--defaults-file=$PCAPANALYZER_DEFAULTS_FILE")
	[[ $(my_print_defaults --help 2>&1) != *--show* ]] || show=(--show)
	{
		echo '[client]'
		echo 'database=pcapanalyzer'
		my_print_defaults "${from[@]}" "${show[@]}" client pcapanalyzer |
			while IFS= read -r line; do
				line=${line#--}
				if [[ $line == *=* ]]; then
					# shellcheck disable=SC2001 # a backslash before each of two characters
					line=${line%%=*}=\"$(sed 's/[\\"]/\\&/g' <<<"${line#*=}")\"
				fi
				printf '%s\n' "$line"
			done
	} >"$PA_RUN/shell.cnf"
}
