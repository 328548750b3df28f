#!/usr/bin/env bash
# Every header compiles by itself, with both compilers, and has a guard of its own name.
set -euo pipefail
cd "$(dirname "$0")/../.."
rc=0
for header in include/pcapanalyzer/*.h; do
	for cc in gcc clang; do
		command -v $cc >/dev/null || continue
		printf '#include "pcapanalyzer/%s"\n#include "pcapanalyzer/%s"\nint pa_one;\n' \
			"${header##*/}" "${header##*/}" |
			$cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -Iinclude \
				-fsyntax-only -x c - || rc=1
	done
	name=${header##*/}
	guard=PCAPANALYZER_$(tr 'a-z.-' 'A-Z__' <<<"$name")
	grep -q "^#ifndef $guard\$" "$header" || {
		echo "$header: the guard is not $guard"
		rc=1
	}
done
exit $rc
