# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# One table of commands and options: it feeds the parser, --help, --dump-options and, through
# that, the completion.

# command|operands|what it does
COMMANDS=(
	'import|FILE\|DIR\|-...|put captures into the database (folders with all they hold, - is standard input)'
	'load||store what waits in the spool; made for cron'
	'migrate||bring the database up to a profile that has grown, while it is in use'
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
	'import|jobs|j|N|captures read at the same time; default: one per processor core'
	'import verify captures load migrate|profile|p|NAME|profile of fields and tables; default: packets'
	'import captures verify|sensor||NAME|who captured it; default: the host name'
	'coverage|sensor||NAME|only this sensor; default: all'
	'import|redissect|||replace captures that are there, where profile or tshark is another now'
	'migrate|dry-run|||print the statements, and change nothing'
	'import|progress||auto\|always\|never|progress line on standard error; default: on a terminal'
	'query status coverage|format||auto\|table\|csv\|tsv\|json|how to print; auto: a table on a terminal, else TSV'
	'status|all|||list every capture'
	'status|json|||print one JSON object'
	'metrics|output||FILE|replace FILE, for the textfile collector of node_exporter'
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
	N)
		[[ $value =~ ^[0-9]{1,9}$ ]] || usage_error "option --$name: \"$(clean "$value")\" is not a whole number"
		value=$((10#$value))
		[[ $value -ge 1 ]] || usage_error "option --$name: 0 is too small"
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
