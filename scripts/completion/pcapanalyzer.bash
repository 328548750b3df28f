# shellcheck shell=bash
# bash completion for pcapanalyzer, tshark2csv, csv2mysql, pcapfile, pcapsandbox and ptshark. Nothing is listed here: the
# programs are asked with --dump-options ("--name TAB -x TAB argument TAB help TAB command").

_pcapanalyzer_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# The argument of option $2 in table $1, of command $3 ('' for any).
_pcapanalyzer_argument() {
	awk -F '\t' -v o="$2" -v c="$3" \
		'($1 == o || $2 == o) && ($5 == "" || $5 == c) { print $3; exit }' <<<"$1"
}

_pcapanalyzer() {
	local program=$1 cur=$2 prev=$3 table command='' argument words i
	COMPREPLY=()
	table=$("$program" --dump-options 2>/dev/null) || return 0
	# readline splits --name=value into three words
	if [[ $cur == '=' ]]; then
		cur=''
	elif [[ $prev == '=' && $COMP_CWORD -ge 2 ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	# Commands are the rows without dashes; only pcapanalyzer and csv2mysql have them.
	words=$(awk -F '\t' '$1 !~ /^-/ { print $1 }' <<<"$table")
	for ((i = 1; i < COMP_CWORD; i++)); do
		if grep -Fxq -e "${COMP_WORDS[i]}" <<<"$words"; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	if [[ $prev == -* ]]; then
		argument=$(_pcapanalyzer_argument "$table" "$prev" "$command")
		case $argument in
		'') ;;
		*'|'*)
			mapfile -t COMPREPLY < <(compgen -W "${argument//|/ }" -- "$cur")
			return 0
			;;
		*)
			_pcapanalyzer_files "$cur"
			return 0
			;;
		esac
	fi
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(awk -F '\t' -v c="$command" \
			'/^-/ && $5 == c { print $1; if ($2 != "") print $2 }' <<<"$table")" -- "$cur")
		return 0
	fi
	if [[ -n $words && -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return 0
	fi
	if [[ -n $command ]]; then
		argument=$(awk -F '\t' -v c="$command" '$1 == c { print $3 }' <<<"$table")
		case $command:$argument in
		query:*)
			mapfile -t COMPREPLY < <(compgen -W \
				"$("$program" query 2>/dev/null | awk '{ print $1 }')" -- "$cur")
			return 0
			;;
		*:WORD) return 0 ;;
		*:[a-z]*'|'*)
			mapfile -t COMPREPLY < <(compgen -W "${argument//|/ }" -- "$cur")
			return 0
			;;
		esac
	fi
	_pcapanalyzer_files "$cur"
}

complete -F _pcapanalyzer pcapanalyzer tshark2csv csv2mysql pcapfile pcapsandbox ptshark
