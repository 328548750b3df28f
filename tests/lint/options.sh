#!/usr/bin/env bash
# One table of options: --dump-options, --help, the manual page and the completion agree.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${PCAPANALYZER_PREFIX:?}/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PCAPANALYZER_HOME=$work/home
rc=0

# compare PROGRAM WHAT FILE: its long options against the program's own table.
compare()
{
	if ! diff -u "$work/$1.table" "$3" >"$work/diff"; then
		echo "$1: its table (-) and $2 (+) differ:"
		grep '^[-+]--' "$work/diff" | sed 's/^\(.\)/\1 /' || cat "$work/diff"
		rc=1
	fi
}

long_options()
{
	grep -oE -- '(^|[^A-Za-z0-9-])--[a-z][a-z0-9-]*' | grep -oE -- '--[a-z].*' | LC_ALL=C sort -u
}

for program in tshark2csv csv2mysql pcapfile pcapsandbox ptshark pcapanalyzer; do
	"$bin/$program" --dump-options >"$work/$program.dump"
	grep -o '^--[a-z0-9-]*' "$work/$program.dump" | LC_ALL=C sort -u >"$work/$program.table"
	[ -s "$work/$program.table" ] || {
		echo "$program: --dump-options prints no option"
		rc=1
	}
	# No short letter twice, unless for the same option of another command.
	awk -F'\t' '$2 != "" && !(($2, $1) in seen) {seen[$2, $1] = 1; if (n[$2]++) print $2}' \
		"$work/$program.dump" >"$work/twice"
	if [ $program != pcapanalyzer ] && [ -s "$work/twice" ]; then
		echo "$program: letters used twice: $(tr '\n' ' ' <"$work/twice")"
		rc=1
	fi

	{
		"$bin/$program" --help
		if [ $program = pcapanalyzer ]; then
			awk -F'\t' '$1 !~ /^-/ {print $1}' "$work/$program.dump" | while read -r command; do
				"$bin/$program" "$command" --help
			done
		fi
	} >"$work/$program.help"
	sed -n 's/^  *\(-[a-zA-Z], \)\{0,1\}\(--[a-z].*\)/\2/p' "$work/$program.help" |
		sed 's/[ =].*//' | LC_ALL=C sort -u >"$work/$program.helped"
	# --dump-options is for tools; --help may leave it out.
	{ cat "$work/$program.helped"; grep -x -- --dump-options "$work/$program.table" || true; } |
		LC_ALL=C sort -u >"$work/$program.help-all"
	compare $program "--help" "$work/$program.help-all"

	sed -n 's/^\.It Fl //p' "man/$program.1" | sed 's/ , / /g' |
		tr ' ' '\n' | sed -n 's/^-\([a-z][a-z0-9-]*\)$/--\1/p' | LC_ALL=C sort -u \
		>"$work/$program.man"
	compare $program "man/$program.1" "$work/$program.man"

	# The completion offers every option, from the table or by a list of its own.
	COMPLETIONS=$(
		PATH=$bin:$PATH bash --norc -c '
			. "$1" 2>/dev/null
			spec=$(complete -p "$2") || exit 1
			fn=$(sed -n "s/.* -F \([^ ]*\) .*/\1/p" <<<"$spec")
			ask() {
				COMP_WORDS=("$@" --) COMP_CWORD=$#
				COMP_LINE="$* --" COMP_POINT=${#COMP_LINE}
				COMPREPLY=()
				"$fn" "$1" -- "${*: -1}" 2>/dev/null || true
				printf "%s\n" "${COMPREPLY[@]}"
			}
			ask "$2"
			if [ "$2" = pcapanalyzer ]; then
				"$2" --dump-options | cut -f1 | grep -v "^-" | while read -r c; do
					ask "$2" "$c"
				done
			fi' - scripts/completion/pcapanalyzer.bash $program
	) || {
		echo "$program: no completion"
		rc=1
	}
	long_options <<<"$COMPLETIONS" >"$work/$program.completion"
	{ cat "$work/$program.completion"; grep -x -- --dump-options "$work/$program.table" || true; } |
		LC_ALL=C sort -u >"$work/$program.completion-all"
	compare $program "the completion" "$work/$program.completion-all"
done
exit $rc
