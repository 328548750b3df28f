# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # workers.sh exports what is in capitals
# What every worker begins with. Each runs in its own session, so that Ctrl-C on the terminal
# reaches only who started it: a tshark that is interrupted can end with status 0 in the middle of
# a file.
set -euo pipefail
umask 077
export LC_ALL=C

number=$1 file=$2 name=$3
work=$IMPORT_DIR/work.$number
replace=0 # 1: what is stored of this capture has to go
mkdir -p -- "$work/home"

# What pcapfile found in the file, as it is in $work/stat: the value of $1, or nothing.
statistic() {
	sed -n "s/^$1\t//p" "$work/stat"
}

# result STATE PACKETS TEXT: the last act.
result() {
	local batches=''
	[[ ! -r $work/name ]] || read -r batches <"$work/name"
	printf '%s\n%s\n%s\n%s\n%s\n' "$1" "$2" "${3//[[:cntrl:]]/?}" "$replace" "$batches" \
		>"$IMPORT_DIR/result.$number.partial"
	mv -- "$IMPORT_DIR/result.$number.partial" "$IMPORT_DIR/result.$number"
	# Opened for reading, too: who was killed reads it no more, and we do not wait.
	printf '%s\n' "$number" 1<>"$IMPORT_DIR/done.fifo"
	exit 0
}
