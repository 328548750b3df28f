# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # pcapanalyzer sources these files together
# verify: the ledger against the tables (csv2mysql does that), and with FILE operands the
# files themselves against the ledger.

verify_run() {
	local rc=0 file sha counted stored rejected state bad=0 dir
	need_program csv2mysql
	use_profile
	use_database
	ensure_schema quick
	if [[ ${#OPERANDS[@]} -eq 0 ]]; then
		run_csv2mysql verify -p "$PROFILE"
		return
	fi
	run_csv2mysql verify -p "$PROFILE" >/dev/null || rc=$?
	[[ $rc -eq 0 || $rc -eq $EXIT_ASIDE ]] || return "$rc"
	need_wireshark capinfos
	dir=$(mktemp -d -- "$PA_RUN/verify.XXXXXXXX")
	remove_at_exit "$dir"
	mkdir -- "$dir/home"
	run_csv2mysql captures --sensor "$(sensor_name)" -p "$PROFILE" >"$dir/captures" || return
	printf 'file\tin_file\tstored\trejected\tresult\n'
	while IFS= read -r -d '' file; do
		if [[ ! -e $file ]]; then
			say "$(clean "$file"): no such file"
			bad=1
			continue
		fi
		counted=$(count_packets "$dir/home" "${PROGRAM[capinfos]}" "$file") || true
		sha=$(sha256sum <"$file" 2>/dev/null) || sha=unreadable
		stored='' rejected='' state=absent
		IFS=$'\t' read -r _ state stored rejected _ < <(grep -m 1 -e "^${sha%% *}"$'\t' -- "$dir/captures" ||
			printf '%s\tabsent\t\t\t\n' "$sha") || true
		if [[ $state == absent && ( -z $counted || ! -s $file ) ]]; then
			state='not a capture'
		elif [[ -z $counted && $state == pruned ]]; then
			: # it was cut, and could not be counted when it was there either
		elif [[ -z $counted && $state == truncated ]]; then
			# Cut so short that it cannot be counted: what the import found is all there is.
			[[ $rc -ne 0 ]] || rc=$EXIT_ASIDE
		elif [[ $state == absent || -z $counted || $counted -ne $((${stored:-0} + ${rejected:-0})) ]]; then
			bad=1
			[[ $state == absent ]] || state=mismatch
		elif [[ $state == complete ]]; then
			state=ok
		elif [[ $state == pruned ]]; then
			: # all of it was there once
		else
			[[ $state == truncated ]] || bad=1
			[[ $rc -ne 0 ]] || rc=$EXIT_ASIDE
		fi
		printf '%s\t%s\t%s\t%s\t%s\n' "$(clean "$file")" "$counted" "$stored" "$rejected" "$state"
	done < <(verify_files)
	[[ $bad -eq 0 ]] || return "$EXIT_FAILED"
	return "$rc"
}

verify_files() {
	local operand
	for operand in "${OPERANDS[@]}"; do
		[[ $operand != -* ]] || operand=./$operand
		if [[ -d $operand ]]; then
			find -H "$operand" -type f -print0 | sort -z
		else
			printf '%s\0' "$operand"
		fi
	done
}
