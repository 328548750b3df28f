#!/usr/bin/env bash
# Install the build into its own folder, as `cmake --install` does for a user; the other tests
# run from there.
set -euo pipefail
build=${PCAPANALYZER_BUILD:?}
prefix=${PCAPANALYZER_PREFIX:?}
rm -rf "$prefix"
cmake --install "$build" --prefix "$prefix" >"$build/install.log"
for file in bin/tshark2csv bin/csv2mysql bin/pcapfile bin/pcapsandbox bin/ptshark bin/pcapanalyzer share/pcapanalyzer/lib/common.sh \
	share/pcapanalyzer/sql/profiles/packets.profile \
	share/bash-completion/completions/pcapanalyzer share/man/man1/tshark2csv.1 \
	lib/systemd/system/pcapanalyzer-capture@.service lib/sysusers.d/pcapanalyzer.conf \
	lib/tmpfiles.d/pcapanalyzer.conf; do
	[ -e "$prefix/$file" ] || {
		echo "not installed: $file"
		exit 1
	}
done
"$prefix/bin/pcapanalyzer" --version
