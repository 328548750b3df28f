# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# One table of commands and options: it feeds the parser, --help, --dump-options and, through
# that, the completion.

# command|operands|what it does
COMMANDS=(
	'import|FILE\|DIR\|-...|put captures into the database (folders with all they hold, - is standard input)'
	'capture||capture live, for months: dumpcap writes short files, each is read and stored'
	'watch|DIR...|put captures into the database as other programs finish them in these folders'
	'load||store what waits in the spool; made for cron'
	'migrate||bring the database up to a profile that has grown, while it is in use'
	'prune||remove old days; made for cron'
	'plan|[FILE]|how much disk and how many cores this traffic takes, by profile and key'
	'query|[NAME\|SQL]|answer a canned question or any SQL; alone: list the questions'
	'status||how far behind the sensors are, how much is stored, how much waits'
	'coverage|FROM TO|when there was traffic, when there was none, and when nobody captured'
	'metrics||numbers for Prometheus: lag, packets, drops, spool, disk'
	'verify|[FILE...]|prove that every packet of every capture is accounted for'
	'captures||list what is stored of which capture, for scripts'
	'fields|WORD|search the fields that the installed tshark knows, with the line for a profile'
	'server|start\|stop\|status\|shell|the private database server'
	'doctor||what is wrong here, and how to mend it'
)

# commands|long name|letter|argument|what it does
OPTIONS=(
	'*|help|h||print this help'
	'-|version|V||print the version'
	'-|dump-options|||print the table of options, for the completion'
	'import capture watch|jobs|j|N|tsharks at the same time; default: one per processor core, if the memory suffices'
	'import capture watch verify captures load migrate prune plan|profile|p|NAME|profile of fields and tables; default: packets'
	'import capture watch captures verify|sensor||NAME|who captured it; default: the host name'
	'coverage|sensor||NAME|only this sensor; default: all'
	'import|redissect|||replace captures that are there, where profile or tshark is another now'
	'migrate prune|dry-run|||print what would be done, and change nothing'
	'prune|keep||DURATION|remove days that ended longer ago than this, such as 30d or 8w'
	'prune|max-size||SIZE|remove the oldest days until all tables together have this size, such as 100G'
	'plan|max-size||SIZE|how large the database may grow; default: until its disk is full'
	'prune|min-free||SIZE|remove the oldest days until the disk of the server has so much free'
	'prune|export||DIR|write what is removed into DIR before it goes'
	'import capture watch|progress||auto\|always\|never|progress line on standard error; default: on a terminal'
	'capture|interface|i|IFACE|listen here; several with one -i each'
	'plan|interface|i|IFACE|listen here, instead of reading FILE'
	'plan|seconds||N|with -i: for so long; default: 10'
	'plan|packets||N|size of the sample; default: 50000'
	'plan|rate||RATE|packets a second to plan for; default: what was captured, or as the times in FILE have it'
	'capture|filter|f|TEXT|only packets that this capture filter lets through'
	'capture|snapshot-length|s|N|keep so many bytes of a packet'
	'capture|no-promiscuous-mode|||only what is for this machine'
	'capture|monitor-mode|I||monitor mode, where the interface has it'
	'capture|buffer-size|B|N|MiB of the buffer that the kernel fills; default: dumpcap has 2'
	'capture|linktype|y|TEXT|the link type to ask for'
	'capture|name||NAME|name of this capture, for its folder; default: the interfaces'
	'capture|rotate-seconds||N|seconds of one file, and so how old rows are at least; default: 5'
	'capture|rotate-size||N|megabytes of one file; default: 64'
	'watch|settle||N|seconds without a change after which a file is finished; default: 10'
	'watch|remove|||remove a file when the database has all of it'
	'import capture watch plan|tshark-memory||MIB|address space that one tshark may have; default: 4096'
	'import capture watch plan|tshark-stall||SECONDS|end a tshark that works so long without a result; default: 60'
	'capture watch|max-queue||SIZE|disk for what waits, such as 500M or 10G (the default); then the oldest goes'
	'capture watch|min-free||SIZE|disk to be left free; default: 1G'
	'capture watch|drain-seconds||N|at the end, store what there is for so long; default: 60'
	'load|follow|||go on until standard input ends and the spool is empty'
	'status|all|||list every capture'
	'status|json|||print one JSON object'
	'metrics|output||FILE|replace FILE, for the textfile collector of node_exporter'
	'query status coverage prune plan|format||auto\|table\|csv\|tsv\|json|how to print; auto: a table on a terminal, else TSV'
	'query|limit||N|rows that a canned question answers with'
	'query|since||TIME|from this time on (UTC), for canned questions'
	'query|until||TIME|before this time (UTC), for canned questions'
)

declare -A OPT=()
OPERANDS=()
REST=()

# Split a row of a table at its unescaped bars into F.
fields() {
	local row=${1//\\|/$'\001'}
	IFS='|' read -r -a F <<<"$row"
	F=("${F[@]//$'\001'/|}")
}

known_command() {
	local row
	for row in "${COMMANDS[@]}"; do
		[[ ${row%%|*} != "$1" ]] || return 0
	done
	return 1
}

# 0 when the option whose commands are $1 belongs to command $2 ('' for none).
belongs() {
	[[ $1 == '*' ]] && return 0
	[[ $1 == - ]] && { [[ -z $2 ]] && return 0 || return 1; }
	[[ " $1 " == *" $2 "* && -n $2 ]]
}

# Find option by long name or by letter: sets F to its row.
option_by() {
	local index=$1 value=$2 command=$3 row
	for row in "${OPTIONS[@]}"; do
		fields "$row"
		if belongs "${F[0]}" "$command" && [[ ${F[$index]} == "$value" ]]; then
			return 0
		fi
	done
	return 1
}

help_options() {
	local row left
	for row in "${OPTIONS[@]}"; do
		fields "$row"
		belongs "${F[0]}" "$1" || continue
		left="    "
		[[ -z ${F[2]} ]] || left="-${F[2]}, "
		left+="--${F[1]}"
		[[ -z ${F[3]} ]] || left+=" ${F[3]}"
		printf '  %-34s %s\n' "$left" "${F[4]}"
	done
}

help_global() {
	local row
	printf 'Usage: pcapanalyzer COMMAND [OPTION]... [OPERAND]...\n'
	printf 'Network captures in a MySQL or MariaDB database.\n\nCommands:\n'
	for row in "${COMMANDS[@]}"; do
		fields "$row"
		printf '  %-10s %s\n' "${F[0]}" "${F[2]}"
	done
	printf '\nOptions:\n'
	help_options ''
	printf '\n%s\n' "'pcapanalyzer COMMAND --help' tells more; pcapanalyzer(1) tells all."
}

help_command() {
	local row
	for row in "${COMMANDS[@]}"; do
		fields "$row"
		[[ ${F[0]} == "$1" ]] || continue
		printf 'Usage: pcapanalyzer %s [OPTION]...%s\n' "$1" "${F[1]:+ ${F[1]}}"
		printf '%s.\n\nOptions:\n' "${F[2]^}"
	done
	help_options "$1"
}

# "--name TAB -x or nothing TAB argument TAB help TAB command or nothing": as the C programs
# print it, and the command that it belongs to. Rows of commands have no dashes.
dump_options() {
	local row command c
	for command in '' "${COMMANDS[@]%%|*}"; do
		for row in "${OPTIONS[@]}"; do
			fields "$row"
			belongs "${F[0]}" "$command" || continue
			printf -- '--%s\t%s\t%s\t%s\t%s\n' "${F[1]}" "${F[2]:+-${F[2]}}" "${F[3]}" "${F[4]}" "$command"
		done
	done
	for c in "${COMMANDS[@]}"; do
		fields "$c"
		printf '%s\t\t%s\t%s\t\n' "${F[0]}" "${F[1]}" "${F[2]}"
	done
}

parse_global() {
	case ${1:-} in
	--help | -h)
		help_global
		exit 0
		;;
	--version | -V)
		echo "pcapanalyzer $PA_VERSION"
		exit 0
		;;
	--dump-options)
		dump_options
		exit 0
		;;
	-*) usage_error "unknown option \"$(clean "$1")\" before the command; see 'pcapanalyzer --help'" ;;
	esac
	REST=("$@")
}

# Give option F (see option_by) the value $1, checked as its argument column says.
set_option() {
	local name=${F[1]} arg=${F[3]} value=$1
	case $arg in
	N | MIB | SECONDS)
		[[ $value =~ ^[0-9]{1,9}$ ]] || usage_error "option --$name: \"$(clean "$value")\" is not a whole number"
		value=$((10#$value))
		[[ $value -ge 1 ]] || usage_error "option --$name: 0 is too small"
		;;
	SIZE)
		[[ $value =~ ^[0-9]{1,9}[KMGT]?$ && ! $value =~ ^0+[KMGT]?$ ]] ||
			usage_error "option --$name: \"$(clean "$value")\" is not a size such as 500M or 10G"
		;;
	IFACE)
		[[ -n $value && $value != -* && $value != *[[:cntrl:]]* ]] ||
			usage_error "option --$name: \"$(clean "$value")\" is not an interface"
		value=${OPT[$name]:+${OPT[$name]}$'\n'}$value
		;;
	*'|'*)
		[[ "|$arg|" == *"|$value|"* && $value != *'|'* ]] ||
			usage_error "option --$name: \"$(clean "$value")\" is not one of $arg"
		;;
	esac
	OPT[$name]=$value
}

# Options and operands may be mixed; "--" ends the options.
parse_command() {
	local command=$1 word name letter
	shift
	while [[ $# -gt 0 ]]; do
		word=$1
		shift
		case $word in
		--)
			OPERANDS+=("$@")
			break
			;;
		--*)
			name=${word#--}
			name=${name%%=*}
			option_by 1 "$name" "$command" ||
				usage_error "$command has no option --$(clean "$name"); see 'pcapanalyzer $command --help'"
			if [[ -z ${F[3]} ]]; then
				[[ $word != *=* ]] || usage_error "option --$name takes no argument"
				OPT[$name]=1
			elif [[ $word == *=* ]]; then
				set_option "${word#*=}"
			else
				[[ $# -gt 0 ]] || usage_error "option --$name needs an argument, ${F[3]}"
				set_option "$1"
				shift
			fi
			;;
		-?*)
			letter=${word:1:1}
			option_by 2 "$letter" "$command" ||
				usage_error "$command has no option -$(clean "$letter"); see 'pcapanalyzer $command --help'"
			if [[ -z ${F[3]} ]]; then
				OPT[${F[1]}]=1
				[[ ${#word} -eq 2 ]] || set -- "-${word:2}" "$@"
			elif [[ ${#word} -gt 2 ]]; then
				set_option "${word:2}"
			else
				[[ $# -gt 0 ]] || usage_error "option -$letter needs an argument, ${F[3]}"
				set_option "$1"
				shift
			fi
			;;
		*)
			OPERANDS+=("$word")
			# What follows "server shell" belongs to the shell.
			if [[ $command == server && $word == shell ]]; then
				[[ ${1:-} != -- ]] || shift
				OPERANDS+=("$@")
				break
			fi
			;;
		esac
	done
	if [[ -n ${OPT[help]+x} ]]; then
		help_command "$command"
		exit 0
	fi
}
