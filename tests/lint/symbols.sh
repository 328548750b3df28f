#!/usr/bin/env bash
# The library's modules other than log and cli do not print, exit, read the environment, touch
# signals or keep writable globals: their object files say so.
set -euo pipefail
build=${PCAPANALYZER_BUILD:?}
banned='^(printf|vprintf|puts|putchar|perror|fprintf|vfprintf|fputs|fputc|fwrite|stdout|stderr|__printf_chk|__vprintf_chk|__fprintf_chk|__vfprintf_chk|exit|_exit|quick_exit|abort|getenv|secure_getenv|setenv|putenv|signal|sigaction|sigprocmask|system|popen|fork|execv|execve|execvp|execl|execlp|setlocale|strcpy|strcat|sprintf|gets|strtok)$'
rc=0
n=0
while IFS= read -r -d '' object; do
	n=$((n + 1))
	name=${object##*/}
	name=${name%.c.o}
	case $name in log | cli) continue ;; esac
	found=$(nm -u "$object" | awk '{sub(/@.*/, "", $2); print $2}' | grep -E "$banned" || true)
	# Objects in sections that stay writable; the sanitizers' own do not count.
	globals=$(objdump -t "$object" | awk '$3 == "O" || $2 == "O" || $4 == "O" {
		section = ""
		for (i = 2; i <= NF; i++) if ($i ~ /^[.*]/) {section = $i; break}
		if (section ~ /^\.(data|bss|tbss|tdata)/ && section !~ /^\.data\.rel\.ro/ || section == "*COM*")
			if ($NF !~ /^(__|\.|_GLOBAL|_sub_)/) print $NF}' || true)
	if [ -n "$found" ]; then
		echo "$name: calls" "${found//$'\n'/ }"
		rc=1
	fi
	if [ -n "$globals" ]; then
		echo "$name: writable data" "${globals//$'\n'/ }"
		rc=1
	fi
done < <(find "$build/CMakeFiles/pcapanalyzer.dir" -name '*.c.o' -print0)
[ "$n" -gt 5 ] || {
	echo "only $n object files found"
	exit 1
}
exit $rc
