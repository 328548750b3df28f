#!/usr/bin/env bash
# Any field of the installed tshark by one line of a profile; and a tshark that prints in a way
# that is not known is refused before it has done anything.
# shellcheck disable=SC2016  # the fakes are written as text
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
real=$(type -P tshark)

# fake NAME TEXT: a tshark in a folder of its own; TEXT is bash, "$real" the right one and "$log"
# a file.
fake()
{
	mkdir -p "$work/$1"
	{
		printf '#!/usr/bin/env bash\nset -o pipefail\nreal=%q log=%q\n' "$real" "$work/$1.log"
		printf '%s\n' "$2"
	} >"$work/$1/tshark"
	chmod +x "$work/$1/tshark"
}

# tshark does not run as root: it has to get at the fakes.
chmod 711 "$work"

# with NAME EXIT COMMAND...: run, with the fake in place of tshark.
with()
{
	local PATH=$work/$1:$PATH
	shift
	run "$@"
}

nothing_left()
{
	local left
	left=$(entries "$PCAPANALYZER_HOME/run" | grep -E '/(import|profile|fields|verify|doctor)\.' || true)
	[ -z "$left" ] || fail "left in run/: $left"
	[ -z "$(entries "$PCAPANALYZER_HOME/spool/ready" "$PCAPANALYZER_HOME/spool/tmp")" ] ||
		fail "something is left in the spool"
}

# --- search ---------------------------------------------------------------------------------
run 0 pcapanalyzer fields http.user_agent
line=$(awk -F'\t' '$1 == "http.user_agent" {print $4}' "$work/out")
is "$line" "http_user_agent text http.user_agent" "the line to paste"
run 0 pcapanalyzer fields 'function code'
grep -q '^modbus.func_code	FT_UINT8	' "$work/out" || fail "titles are not searched"
run 1 pcapanalyzer fields no.such.field.anywhere
one_line 'no field'
run 2 pcapanalyzer fields
ok "fields searches names and titles"

# --- a profile that leaves the types to tshark ------------------------------------------------
# QUIC where there is a capture of it.
capture=$root/../shared/captures/ndpi/default__quic-34.pcap field=quic.version digits=8
if [ ! -r "$capture" ]; then
	note "no capture of QUIC here (shared/captures/ndpi): TLS of the samples instead"
	capture=$samples/sample.pcap field=tls.handshake.version digits=4
fi
proto=${field%%.*} column=${field//./_}
cat >"$work/mine.profile" <<END
# nobody says a type here
[mine] when $proto
$field
frame.time_delta
eth.src
udp.payload
$line
here          $proto
of_two        no.such.name/frame.protocols
every   json  all $field
END
run 0 pcapanalyzer import -p "$work/mine.profile" "$capture"
is "$(sql "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE()
	AND table_name = 'mine' AND column_name NOT IN ('ts', 'ts_ns', 'capture_id', 'frame')
	ORDER BY ordinal_position" | tr '\t\n' ' ,')" \
	"$column bigint,frame_time_delta decimal,eth_src binary,udp_payload longblob,http_user_agent longtext,here tinyint,of_two longtext,every longtext,cut tinyint," \
	"typed columns"
tshark -n -r "$capture" -Y "$proto" -T fields -E occurrence=f -e frame.number -e "$field" \
	-e udp.payload -e eth.src 2>/dev/null >"$work/want"
sql "SELECT frame, IFNULL(CONCAT('0x', LPAD(LOWER(HEX($column)), $digits, '0')), ''),
	IFNULL(LOWER(HEX(udp_payload)), ''), INSERT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX(eth_src)),
	11, 0, ':'), 9, 0, ':'), 7, 0, ':'), 5, 0, ':'), 3, 0, ':') FROM mine ORDER BY frame" >"$work/got"
cmp "$work/want" "$work/got" || fail "values differ from tshark's"
ok "$(wc -l <"$work/got") rows as tshark prints them"
is "$(sql 'SELECT MIN(here), MAX(here), COUNT(of_two) - COUNT(*) FROM mine')" "1	1	0" \
	"presence, and the name of two that this tshark knows"
for command in verify captures load; do
	run 0 pcapanalyzer $command -p "$work/mine.profile"
done
run 0 pcapanalyzer import -p "$work/mine.profile" "$capture"
grep -q 'already there' "$work/err" || fail "the same profile is not known again"
nothing_left
ok "verify, captures, load and import know a profile without types"

# --- what cannot be is refused with its line ---------------------------------------------------
refused()
{
	printf '%b' "$1" >"$work/bad.profile"
	run 2 pcapanalyzer import -p "$work/bad.profile" "$samples/sample.pcap"
	one_line "bad.profile:$2: error: .*$3"
	nothing_left
}
refused '[t]\nframe.len\nno.such.field\n' 3 'no\.such\.field'
run 2 pcapanalyzer verify -p "$work/bad.profile"
refused '[t]\n\nn uint8 frame.len\n' 3 'frame\.len'
refused '[t]\nframe.len\nframe.len\n' 3 'frame_len'
ok "an unknown field, a narrow type and a column twice"

# --- one table of fields per tshark ------------------------------------------------------------
fake another 'exec "$real" "$@"'
mkdir -p "$PCAPANALYZER_HOME/wireshark/old"
touch -d '40 days ago' "$PCAPANALYZER_HOME/wireshark/old"
with another 0 pcapanalyzer fields frame.number
tables=$(stat -c '%i %n' "$PCAPANALYZER_HOME"/wireshark/*/fields)
with another 0 pcapanalyzer fields frame.number
is "$(stat -c '%i %n' "$PCAPANALYZER_HOME"/wireshark/*/fields)" "$tables" "tshark -G fields runs once"
is "$(find "$PCAPANALYZER_HOME/wireshark" -mindepth 1 -type d | wc -l)" 2 "tables: one per tshark, without that of long ago"
fake broken 'case "$*" in *"-G fields"*) "$real" "$@" | head -c 1000000 ;; *) exec "$real" "$@" ;; esac'
with broken 1 pcapanalyzer fields frame.number
[ -z "$(find "$PCAPANALYZER_HOME/wireshark" -name 'fields.*')" ] || fail "half a table is left"
ok "half a table is not kept"

# --- dialects ----------------------------------------------------------------------------------
# Who tells another version than it is: the canary has the last word.
for version in 3.6.2 4.6.0; do
	fake "liar-$version" 'case "$*" in --version) echo "TShark (Wireshark) '$version'." ;; *) exec "$real" "$@" ;; esac'
	with "liar-$version" 0 pcapanalyzer import --sensor "liar-$version" "$samples/sample.pcap"
done
is "$(sql 'SELECT COUNT(DISTINCT dialect) FROM passports')" 1 "the version's number decides nothing"

# One escape, one boolean, one value, one line that is otherwise: nothing is loaded.
canary=$(tshark2csv --canary | wc -c)
before=$(fingerprint)
gzip -nc "$samples/sample.pcap" >"$work/again.gz"
for edit in 's/\\n/\\x0a/g' 's/True/TRUE/g; s/\t1\t/\tyes\t/g' 's/192\.0\.2\.2/192.0.2.3/' '1d' 's/$/\t/'; do
	fake stranger 'case $(stat -L -c %s /dev/stdin) in '"$canary"') "$real" "$@" | sed '"'$edit'"' ;; *) exec "$real" "$@" ;; esac'
	with stranger 1 pcapanalyzer import "$work/again.gz"
	one_line 'not known here.*canary.*install a tshark'
	nothing_left
done
is "$(fingerprint)" "$before" "a tshark that prints in an unknown way is refused"
with stranger 1 pcapanalyzer doctor
grep -q '^BAD *dialect ' "$work/out" || fail "doctor does not see it"
run 0 pcapanalyzer doctor
grep -qE '^ok +dialect .*4\.[04]' "$work/out" || fail "doctor does not tell the dialect"
grep -qE '^ok +fields +[0-9]{6}' "$work/out" || fail "doctor does not count the fields"
ok "doctor tells dialect and fields"
# What tshark says of itself is kept, for as long as its files are the same.
mkdir "$work/own"
cp "$(readlink -f "$real")" "$work/own/tshark"
# told SENSOR: what a batch of this sensor has kept of the version.
told()
{
	with own 0 pcapanalyzer import --sensor "$1" "$samples/sample-ns.pcapng"
	sql "SELECT p.tshark, p.dialect FROM batches JOIN passports p USING (passport_id)
		JOIN captures USING (capture_id) JOIN sensors s USING (sensor_id) WHERE s.name = '$1'"
}
# edit SED: the answers, so that they look whole.
edit()
{
	local text
	text=$(sed '$d' "$asked" | sed "$1")
	printf '%s\n# %s\n' "$text" "$(sha256sum <<<"$text")" >"$asked"
}
if ldd "$work/own/tshark" | grep -q libwireshark; then
	rm -f "$PCAPANALYZER_HOME"/wireshark/answers.*
	first=$(told asks)
	asked=$(echo "$PCAPANALYZER_HOME"/wireshark/answers.*)
	is "$(sed -n '1p;2p' "$asked" | paste -s)" "$first" "the answers are kept"
	edit '1s/.*/kept/'
	is "$(told recalls | cut -f 1)" kept "and used"
	touch "$work/own/tshark"
	is "$(told asks-again)" "$first" "a tshark that has changed is asked again"
	edit "1s/.*/kept/; \$s|/.*|$work/gone|"
	is "$(told one-is-gone)" "$first" "or one of whose libraries is gone"
	for damage in 2d 's/4/9/' '$d' '1,$d' '1q'; do
		sed -i "$damage" "$asked"
		is "$(told "damaged-$damage")" "$first" "or whose answers are damaged ($damage)"
	done
	for kept in "$PCAPANALYZER_HOME"/wireshark/*/resolved.*; do
		truncate -s 200 "$kept"
	done
	is "$(told resolved)" "$first" "a resolved profile that is damaged is not used"
	is "$(sql 'SELECT COUNT(*) FROM rejects')" 0 "and nothing is kept aside for it"
else
	note "this tshark is linked with no library of Wireshark's: nothing is kept of it"
fi

# The built-in profile needs no tshark where nothing is dissected.
fake dead 'exit 9'
for command in verify captures load status; do
	with dead 0 pcapanalyzer $command
done
ok "the built-in profile needs no tshark"
nothing_left
