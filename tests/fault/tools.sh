#!/bin/sh
# tshark and capinfos of the fault tests, by a link of that name: the real one under a fault when
# the file fault.env beside the link says so; else what it said the first time, since a trial has
# no second to spare for it. Its environment is empty, so everything is beside the link.
here=${0%/*} name=${0##*/} PATH=/usr/bin:/bin
if [ -e "$here/$name.env" ]; then
	# shellcheck source=/dev/null
	. "$here/$name.env"
	exec "/usr/bin/$name" "$@"
fi
key=$name
for word; do
	case $word in
	--version | fields | folders | -z) key=$key$word ;;
	-)
		# A capture on standard input, known by its content.
		input=$(mktemp "$here/input.XXXXXX")
		trap 'rm -f "$input"' EXIT
		cat >"$input"
		exec <"$input"
		key=$key-$(cksum <"$input" | tr ' ' -)
		;;
	esac
done
kept=$here/kept.$key
if [ ! -e "$kept.rc" ]; then
	rc=0
	"/usr/bin/$name" "$@" >"$kept.out" 2>"$kept.err" || rc=$?
	echo $rc >"$kept.rc"
fi
cat "$kept.err" >&2
cat "$kept.out"
read -r rc <"$kept.rc"
exit "$rc"
