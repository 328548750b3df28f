#!/usr/bin/env bash
# clang-tidy over our sources, with the checks of .clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/../.."
db=${PCAPANALYZER_BUILD:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# gcc's sanitizer options mean nothing to the analysis.
sed 's/-fsanitize=[^ ]*//g; s/-fno-sanitize-recover=[^ ]*//g' "$db/compile_commands.json" \
	>"$work/compile_commands.json"
# The analysis of a function gives up after so many states, a third of clang's own number, which
# takes three times as long. TIDY_NODES=225000 is for a change of the long functions.
options=(--quiet -p "$work")
for word in -analyzer-config "max-nodes=${TIDY_NODES:-75000}"; do
	options+=(--extra-arg=-Xclang "--extra-arg=$word")
done
rc=0
find src -name '*.c' ! -path src/lib/error.c -print0 |
	xargs -0 -r -n 3 -P 2 clang-tidy "${options[@]}" \
		--extra-arg=-include --extra-arg="$PWD/tests/lint/tidy.h" \
		>"$work/found" 2>"$work/noise" || rc=1
clang-tidy "${options[@]}" src/lib/error.c >>"$work/found" 2>>"$work/noise" || rc=1
# The findings, then the way to each of them.
grep -E '(error|warning):' "$work/found" | sort -u || true
if [ $rc -ne 0 ]; then
	echo "--- in full"
	cat "$work/found"
	grep -v -e ' generated.$' -e Suppressed -e 'Use -header-filter' "$work/noise" || true
fi
exit $rc
