# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# The plugin pcapfields(7), through which tshark prints its fields for less work: where it is, and
# where tshark can find it.

TAP_DIR='' # a folder of plugins for this run: Wireshark's own, and pcapfields; '' without it
TAP_DIRS=${TMPDIR:-/tmp}/pcapfields

# Print the plugin's path; fails where it was not built, or not installed.
tap_plugin() {
	local bin=${PROGRAM[ptshark]%/*} path
	for path in "$bin"/pcapfields.so "$bin"/../lib*/pcapanalyzer/pcapfields.so \
		"$bin"/../lib/*/pcapanalyzer/pcapfields.so; do
		if [[ -r $path ]]; then
			readlink -f -- "$path"
			return 0
		fi
	done
	return 1
}

# Folders of runs that were killed.
tap_sweep() {
	local path pid
	shopt -s nullglob
	for path in "$TAP_DIRS".*/; do
		pid=${path#"$TAP_DIRS".}
		[[ ! -O $path || -e /proc/${pid%%.*} ]] || rm -rf -- "$path"
	done
	shopt -u nullglob
}

# Fill the folder $1 with the plugin $2 and links to those in the folder $3.
tap_fill() {
	local folder to
	mkdir -p -- "$1/epan" && cp -- "$2" "$1/epan/" || return
	for folder in "$3"/*/; do
		to=$1/$(basename -- "$folder")
		mkdir -p -- "$to" && ln -s -- "$folder"*.so "$to/" || return
	done
	chmod -R a+rX -- "$TAP_DIR"
}

# Make the folder TAP_DIR of the plugin $1 and those that Wireshark has in the folder $2, which is
# named after its version. Not in the home: as root tshark runs as a user who cannot look into that.
# What goes wrong means no more than no TAP_DIR.
tap_begin() {
	tap_end
	tap_sweep
	TAP_DIR=$(mktemp -d -- "$TAP_DIRS.$$.XXXXXXXX" 2>/dev/null) || return 0
	tap_fill "$TAP_DIR/${2##*/}" "$1" "$2" 2>/dev/null || tap_end
}

tap_end() {
	[[ -z $TAP_DIR ]] || rm -rf -- "$TAP_DIR"
	TAP_DIR=''
}
