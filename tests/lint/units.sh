#!/usr/bin/env bash
# The units for systemd, as they are installed: systemd can read them, what they run exists with
# the options that it is given, and they leave pcapsandbox what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
prefix=${PCAPANALYZER_PREFIX:?}
units=$prefix/lib/systemd/system
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rc=0

complain()
{
	printf '%s\n' "$*"
	rc=1
}

# --- what is in the tree is what is installed ---------------------------------------------------

mkdir "$work/tree" "$work/installed"
cp -R scripts/systemd/pcapanalyzer-* "$work/tree"
cp -R "$units"/pcapanalyzer-* "$work/installed"
diff -r "$work/tree" "$work/installed" || complain "the units above are not installed as they are"
for kind in sysusers tmpfiles; do
	cmp "scripts/systemd/$kind.conf" "$prefix/lib/$kind.d/pcapanalyzer.conf" || rc=1
done

# --- every command and option is one of the table -----------------------------------------------

"$prefix/bin/pcapanalyzer" --dump-options >"$work/table"
# know COMMAND WORD...: the words of a command line, or of PCAPANALYZER_ARGS in a comment.
know()
{
	local command=$1 word
	shift
	for word in "$@"; do
		[[ $word == -[!-]* || $word == --?* ]] || continue
		awk -F '\t' -v w="$word" -v c="$command" '$5 == c && ($1 == w || $2 == w) { ok = 1 }
			END { exit !ok }' "$work/table" || complain "$unit: $command has no option $word"
	done
}

for unit in "$units"/*.service; do
	n=0
	while read -r -a words; do
		n=$((n + 1))
		if [ "${words[0]}" != pcapanalyzer ] || ! cut -f 1 "$work/table" | grep -Fxq -e "${words[1]}"; then
			complain "$unit: does not run a command of ours: ${words[*]}"
		fi
		know "${words[@]:1}"
		read -r -a words < <(sed -n 's/^# *PCAPANALYZER_ARGS="\(.*\)"/\1/p' "$unit" | sed "s/'[^']*'/TEXT/g") || true
		know "$(sed -n 's/^ExecStart=pcapanalyzer \([a-z]*\).*/\1/p' "$unit")" "${words[@]}"
	done < <(sed -n 's/^Exec[A-Za-z]*=//p' "$unit")
	[ $n -gt 0 ] || complain "$unit: runs nothing"
	# The common settings cannot say it: a service that has capabilities adds them.
	grep -q '^CapabilityBoundingSet=' "$unit" || complain "$unit: has all capabilities"
done
for unit in "$units"/*.timer; do
	[ -e "${unit%.timer}.service" ] || complain "$unit: has no service"
done

# Long enough to store what --drain-seconds gives time for.
drain=$(sed -n "s/.*drain-seconds||N|.*default: \([0-9]*\)'$/\1/p" scripts/lib/options.sh)
for unit in "$units"/pcapanalyzer-{capture,watch}@.service; do
	stop=$(sed -n 's/^TimeoutStopSec=//p' "$unit")
	[ "$stop" -ge $((drain + 30)) ] || complain "$unit: TimeoutStopSec=$stop, --drain-seconds $drain"
done

# --- every unit that somebody is told to use is there -------------------------------------------

while IFS=: read -r file name; do
	compgen -G "$units/${name/@*/@}*" >/dev/null || complain "$file: there is no unit $name"
done < <(grep -oE 'pcapanalyzer-[a-z]+(@|\.(service|timer))' README.md man/*.[1-9] scripts/lib/*.sh \
	scripts/cron.example)

# --- systemd's own opinion ----------------------------------------------------------------------

if ! type -P systemd-analyze >/dev/null; then
	echo "note: systemd-analyze is not installed, so systemd was not asked"
	exit $rc
fi
# It looks for programs in the system's folders only, and wants a template's instance.
sed -i "s|^\(Exec[A-Za-z]*=\)pcapanalyzer|\1$prefix/bin/pcapanalyzer|" "$work"/installed/*.service
mv "$work/installed/pcapanalyzer-capture@.service" "$work/installed/pcapanalyzer-capture@eth0.service"
mv "$work/installed/pcapanalyzer-watch@.service" "$work/installed/pcapanalyzer-watch@srv-captures.service"
# Complaints about the system's own units are not ours.
systemd-analyze verify --man=no "$work"/installed/*.{service,timer} >"$work/said" 2>&1 || true
! grep -F pcapanalyzer "$work/said" || rc=1
exit $rc
