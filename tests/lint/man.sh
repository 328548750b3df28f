#!/usr/bin/env bash
# The manual pages are clean mdoc.
set -euo pipefail
cd "$(dirname "$0")/../.."
rc=0
for page in man/*.[1-9]; do
	# The complaints are on standard output; standard error is about the machine.
	# Pages that this machine lacks are no fault of the page; the house's lines have 100 columns.
	out=$(mandoc -T lint -W style "$page" 2>/dev/null | grep -v -e 'referenced manual not found' \
		-e 'input text line longer than 80 bytes' \
		-e 'function name without markup' || true)
	if [ -n "$out" ]; then
		printf '%s\n' "$out"
		rc=1
	fi
done
exit $rc
