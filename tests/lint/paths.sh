#!/usr/bin/env bash
# Nothing in the tree names the machine it was written on.
set -euo pipefail
cd "$(dirname "$0")/../.."
list()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . -type f ! -path './build*' -print0
	fi
}
if list | xargs -0 grep -nIE '(^|[^A-Za-z0-9_.~-])/(work|home/[a-z]+|root|mnt|Users)/' -- |
	grep -v '^tests/lint/paths.sh:'; then
	echo "the lines above hold paths of one machine" >&2
	exit 1
fi
here=$(pwd -P)
if list | xargs -0 grep -lF -- "$here" ; then
	echo "the files above hold the path of this tree" >&2
	exit 1
fi
