# shellcheck shell=bash
# The BASH_ENV of a script whose commands are counted: the one called PA_FAULT_WORD. Before each
# command of it and of its subshells PA_FAULT_STATE is opened, which inject.c counts as a step,
# and where it may kill the shell that does it.
if [[ ${0##*/} == "${PA_FAULT_WORD:-}" ]]; then
	set -o functrace
	trap ': <"$PA_FAULT_STATE"' DEBUG
fi
