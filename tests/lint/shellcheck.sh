#!/usr/bin/env bash
# Every shell script of the tree, found by its first line or its name. What is only sourced is
# checked where it is sourced, with the names that it has there.
set -euo pipefail
cd "$(dirname "$0")/../.."
files=()
while IFS= read -r -d '' file; do
	case $file in
	scripts/lib/*) ;;
	*.sh | *.bash) files+=("$file") ;;
	*)
		read -r first <"$file" 2>/dev/null || true
		case ${first:-} in
		'#!'*[/\ ]bash | '#!'*[/\ ]sh | '#!'*[/\ ]bash\ * | '#!'*[/\ ]sh\ * | '# shellcheck shell='*)
			files+=("$file")
			;;
		esac
		;;
	esac
	first=
done < <(find .ci scripts tests -type f ! -path '*/corpus/*' ! -path '*/golden/cases/*' ! -name '*.[ch]' ! -name '*.py' -size -200k -print0)
exec shellcheck --severity=info --external-sources --check-sourced --source-path=SCRIPTDIR --source-path="$PWD" "${files[@]}"
