#!/bin/sh
# The dumpcap of the fault tests, by a link of that name: the files of the folder "recorded" beside
# the link appear in the ring, each once, and then it waits to be ended.
here=${0%/*} PATH=/usr/bin:/bin
[ "$1" = -q ] || exit 2
while [ $# -gt 0 ]; do
	[ "$1" != -w ] || ring=${2%/*}
	shift
done
trap 'exit 0' TERM
echo "File: $ring/t" >&2
for file in "$here"/recorded/*; do
	[ -e "$file" ] || continue
	mv "$file" "$ring/${file##*/}"
	echo "$ring/${file##*/}"
done
while :; do
	sleep 0.1
done
