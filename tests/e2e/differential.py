#!/usr/bin/env python3
"""Compare what is in the database with what tshark prints, value by value.

    differential.py --client "mariadb --defaults-file=F pcapanalyzer" [--jobs N] CAPTURE...

Nothing of this shares code with the programs: own field list, own parsing, own walk over the
headers, own Community ID, own reading of the tables. The rules it holds the programs to are
those of the pages pcapanalyzer-profile(5) and pcapanalyzer-schema(7). Every frame of every
capture, every column of every table of the default profile. Standard library only.
Exit: 0 all equal; 1 a difference.
"""
import argparse
import base64
import hashlib
import ipaddress
import json
import os
import shlex
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

AGG = 0xFE
PLAIN = """frame.len frame.cap_len frame.interface_name eth.src wlan.sa sll.src.eth eth.dst wlan.da
vlan.id _ws.col.Protocol frame.protocols _ws.col.Info
dns.id dns.flags.response dns.flags.opcode dns.flags.rcode dns.qry.name dns.qry.type dns.qry.class
dns.count.queries dns.count.answers dns.time dns.a dns.aaaa dns.cname
http.request.method http.host http.request.uri http.request.version http.response.version
http.user_agent http.referer http.response.code http.content_type http.content_length http.server
tls.handshake.type tls.record.version tls.handshake.version
tls.handshake.extensions_server_name tls.handshake.extensions_alpn_str tls.handshake.ciphersuite
tls.handshake.ja3 tls.handshake.ja3s""".split()
ANALYSIS = """retransmission fast_retransmission spurious_retransmission out_of_order lost_segment
ack_lost_segment duplicate_ack keep_alive keep_alive_ack zero_window zero_window_probe
zero_window_probe_ack window_full window_update reused_ports""".split()
LAYERED = """ip.src ip.dst ip.proto ip.ttl ip.dsfield.dscp
ipv6.src ipv6.dst ipv6.nxt ipv6.hlim ipv6.tclass.dscp arp.src.proto_ipv4 arp.dst.proto_ipv4
tcp.srcport tcp.dstport tcp.flags tcp.seq tcp.ack tcp.len tcp.window_size tcp.stream
udp.srcport udp.dstport udp.stream sctp.srcport sctp.dstport
icmp.type icmp.code icmpv6.type icmpv6.code""".split()
FIELDS = (["frame.time_epoch", "frame.number"] + PLAIN + LAYERED
          + ["tcp.analysis." + word for word in ANALYSIS])

COLUMNS = {
    "packets": """ts ts_ns capture_id frame len cap_len iface eth_src eth_dst vlan src dst proto
        ttl dscp src_port dst_port tcp_flags tcp_seq tcp_ack tcp_len tcp_window tcp_analysis
        stream icmp_type icmp_code community_id protocol protocols info cut""".split(),
    "layers": """ts ts_ns capture_id frame idx kind quoted src dst proto ttl dscp src_port
        dst_port icmp_type icmp_code community_id""".split(),
    "dns": """ts ts_ns capture_id frame id response opcode rcode name names type class questions
        answers response_time cut""".split(),
    "dns_answers": "ts ts_ns capture_id frame idx name address cname cut".split(),
    "http": """ts ts_ns capture_id frame method host uri version user_agent referer status
        content_type content_length server cut""".split(),
    "tls": """ts ts_ns capture_id frame handshake record_version version sni alpn cipher ja3
        ja3s cut""".split(),
}
TEXT_COLUMNS = set("""iface protocol protocols info kind name cname method host uri version_text
    user_agent referer content_type server sni ja3 ja3s community_id""".split())
JSON_COLUMNS = {"names", "handshake", "alpn"}


class Bad(Exception):
    """A value that the column cannot hold: the whole packet must have been kept aside."""


# --- values -------------------------------------------------------------------------------

ESCAPES = {0x5C: 0x5C, ord("a"): 7, ord("b"): 8, ord("t"): 9, ord("n"): 10, ord("v"): 11,
           ord("f"): 12, ord("r"): 13}


def decode(cell, escaped):
    if escaped and 0x5C in cell:
        out = bytearray()
        i = 0
        while i < len(cell):
            if cell[i] == 0x5C:
                i += 1
                if i == len(cell) or cell[i] not in ESCAPES:
                    raise Bad("escape")
                out.append(ESCAPES[cell[i]])
            else:
                out.append(cell[i])
            i += 1
        cell = bytes(out)
    return cell.decode("utf-8", "replace")


def number(limit):
    def convert(text):
        try:
            value = int(text, 16) if text[:2].lower() == "0x" else int(text, 10)
        except ValueError:
            raise Bad(text) from None
        if not 0 <= value <= limit or not text.strip() == text or "_" in text:
            raise Bad(text)
        return str(value)
    return convert


u8, u16, u32, u64 = (number(2 ** bits - 1) for bits in (8, 16, 32, 64))


cut_values = 0  # texts longer than their column, in the row that is being made


def text(limit):
    def convert(value):
        global cut_values
        cut_values += limit is not None and len(value) > limit
        value = value if limit is None else value[:limit]
        return value.encode("utf-8").hex().upper()
    return convert


def boolean(value):
    try:
        return {"0": "0", "1": "1", "False": "0", "True": "1"}[value]
    except KeyError:
        raise Bad(value) from None


def address(value):
    try:
        return ipaddress.ip_address(value).packed.hex().upper()
    except ValueError:
        raise Bad(value) from None


def mac(value):
    parts = value.split(":")
    if len(parts) != 6 or any(len(p) != 2 for p in parts):
        raise Bad(value)
    try:
        return bytes(int(p, 16) for p in parts).hex().upper()
    except ValueError:
        raise Bad(value) from None


def duration(value):
    sign = ""
    if value[:1] == "-":
        sign, value = "-", value[1:]
    whole, _, fraction = value.partition(".")
    if not whole.isdigit() or len(whole) > 11 or len(fraction) > 9:
        raise Bad(value)
    if fraction and not fraction.isdigit():
        raise Bad(value)
    out = "%d.%s" % (int(whole), fraction.ljust(9, "0"))
    if sign and set(out) - set("0."):
        out = sign + out
    return out


def when(value):
    whole, dot, fraction = value.partition(".")
    if not whole.isdigit() or len(fraction) > 9 or (dot and not fraction.isdigit()):
        raise Bad(value)
    seconds, fraction = int(whole), fraction.ljust(9, "0")
    if seconds > 253402300799:
        raise Bad(value)
    days, rest = divmod(seconds, 86400)
    # the calendar by hand: civil-from-days
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    return ("%04d-%02d-%02d %02d:%02d:%02d.%s" % (year, month, day, rest // 3600,
                                                  rest % 3600 // 60, rest % 60, fraction[:6]),
            str(int(fraction[6:])))


# --- Community ID v1 ------------------------------------------------------------------------

PAIRS4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
PAIRS6 = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130,
          139: 140, 140: 139, 144: 145, 145: 144}


def community_id(src, dst, proto, a, b):
    one_way = False
    if proto in (1, 58) and a is not None:
        pairs = PAIRS4 if proto == 1 else PAIRS6
        if a in pairs:
            b = pairs[a]
        else:
            one_way = True
    if not one_way and (src, -1 if a is None else a) > (dst, -1 if b is None else b):
        src, dst, a, b = dst, src, b, a
    raw = b"\0\0" + src + dst + bytes([proto, 0])
    if a is not None:
        raw += struct.pack(">HH", a, b)
    return "1:" + base64.b64encode(hashlib.sha1(raw).digest()).decode()


# --- one packet -----------------------------------------------------------------------------

TOKENS = {"ip", "ipv6", "arp", "tcp", "udp", "sctp", "icmp", "icmpv6"}
NUMBER_OF = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}


def headers(protocols):
    """[(address kind, its number, transport kind or None, its number, quoted)]"""
    count = dict.fromkeys(TOKENS, 0)
    found, in_error = [], False
    for token in protocols.split(":"):
        if token == "udplite":
            token = "udp"
        if token not in TOKENS:
            continue
        if token in ("ip", "ipv6", "arp"):
            found.append([token, count[token], None, 0, in_error])
        else:
            if found and found[-1][2] is None:
                found[-1][2:4] = [token, count[token]]
            in_error = in_error or token.startswith("icmp")
        count[token] += 1
    return found, count


class Packet:
    def __init__(self, cells, index, escaped):
        self.cells, self.index, self.escaped = cells, index, escaped

    def all(self, field):
        cell = self.cells[self.index[field]]
        if not cell:
            return []
        return [decode(part, self.escaped) for part in cell.split(bytes([AGG]))]

    def first(self, *names):
        for name in names:
            values = self.all(name)
            if values:
                return values[0] or None
        return None

    def at(self, number_of, *names):
        for name in names:
            values = self.all(name)
            if number_of < len(values):
                return values[number_of] or None
        return None

    def layer(self, found):
        """The columns that address layers have, as a dict of tables' text."""
        row = dict.fromkeys("""src dst proto ttl dscp src_port dst_port tcp_flags tcp_seq tcp_ack
            tcp_len tcp_window stream icmp_type icmp_code community_id""".split())
        if found is None:
            return row
        kind, k, transport, t, _ = found
        names = {"ip": ("ip.src", "ip.dst", "ip.proto", "ip.ttl", "ip.dsfield.dscp"),
                 "ipv6": ("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.hlim", "ipv6.tclass.dscp"),
                 "arp": ("arp.src.proto_ipv4", "arp.dst.proto_ipv4", None, None, None)}[kind]
        for column, name, convert in zip(("src", "dst", "proto", "ttl", "dscp"), names,
                                         (address, address, u8, u8, u8)):
            value = self.at(k, name) if name else None
            row[column] = None if value is None else convert(value)
        if (kind == "ipv6" and row["proto"] is not None and int(row["proto"]) in EXTENSIONS
                and transport):
            row["proto"] = str(NUMBER_OF[transport])
        ports = (None, None)
        if transport in ("tcp", "udp", "sctp"):
            for column, suffix in (("src_port", ".srcport"), ("dst_port", ".dstport")):
                value = self.at(t, transport + suffix)
                row[column] = None if value is None else u16(value)
            ports = row["src_port"], row["dst_port"]
        if transport == "tcp":
            for column, suffix, convert in (("tcp_flags", "flags", u16), ("tcp_seq", "seq", u32),
                                            ("tcp_ack", "ack", u32), ("tcp_len", "len", u32),
                                            ("tcp_window", "window_size", u32)):
                value = self.at(t, "tcp." + suffix)
                row[column] = None if value is None else convert(value)
        if transport in ("tcp", "udp"):
            value = self.at(t, transport + ".stream")
            row["stream"] = None if value is None else u32(value)
        if transport in ("icmp", "icmpv6"):
            for column, suffix in (("icmp_type", ".type"), ("icmp_code", ".code")):
                value = self.at(t, transport + suffix)
                row[column] = None if value is None else u8(value)
            ports = row["icmp_type"], row["icmp_code"]
        if kind != "arp" and None not in (row["src"], row["dst"], row["proto"]):
            proto = int(row["proto"])
            if proto not in (1, 6, 17, 58, 132):
                ports = (None, None)
            elif None in ports:
                return row  # a later fragment, a short capture: the flow is not known
            a, b = (None if p is None else int(p) for p in ports)
            row["community_id"] = text(None)(community_id(
                bytes.fromhex(row["src"]), bytes.fromhex(row["dst"]), proto, a, b))
        return row


def closed(row):
    """The row with its last column: how many of its values were cut."""
    global cut_values
    row.append(str(min(cut_values, 255)))
    cut_values = 0
    return row


def json_of(values):
    return json.dumps(values) if values else None


def expected(packet, capture_id):
    """{table: [row]} of one packet; a row is a list in the order of COLUMNS."""
    p = packet
    global cut_values
    cut_values = 0
    frame = u32(p.first("frame.number"))
    ts, ts_ns = when(p.first("frame.time_epoch") or "")
    start = [ts, ts_ns, capture_id, frame]
    tables = {}

    def get(convert, *names):
        value = p.first(*names)
        return None if value is None else convert(value)

    # The protocols are read before they are cut to their column.
    protocols = p.first("frame.protocols") or ""
    found, count = headers(protocols)
    outer = p.layer(found[0] if found else None)
    words = []
    if found and found[0][2] == "tcp":
        words = [w for w in ANALYSIS if p.cells[p.index["tcp.analysis." + w]]]
    row = dict(outer)
    row.update(
        len=get(u32, "frame.len"), cap_len=get(u32, "frame.cap_len"),
        iface=get(text(255), "frame.interface_name"),
        eth_src=get(mac, "eth.src", "wlan.sa", "sll.src.eth"),
        eth_dst=get(mac, "eth.dst", "wlan.da"), vlan=get(u16, "vlan.id"),
        tcp_analysis=text(None)(",".join(words)) if words else None,
        protocol=get(text(64), "_ws.col.Protocol"),
        protocols=get(text(4096), "frame.protocols"),
        info=get(text(8192), "_ws.col.Info"))
    tables["packets"] = [closed(start + [row[c] for c in COLUMNS["packets"][4:-1]])]

    if len(found) >= 2:
        tables["layers"] = []
        for i, one in enumerate(found):
            row = p.layer(one)
            row.update(kind=text(None)(one[0]), quoted=str(int(one[4])))
            tables["layers"].append(start + [str(i)] + [row[c] for c in COLUMNS["layers"][5:]])

    if p.all("dns.id") or p.all("dns.flags.response"):
        tables["dns"] = [closed(start + [
            get(u16, "dns.id"), get(boolean, "dns.flags.response"), get(u8, "dns.flags.opcode"),
            get(u16, "dns.flags.rcode"), get(text(2048), "dns.qry.name"),
            json_of(p.all("dns.qry.name")), get(u16, "dns.qry.type"), get(u16, "dns.qry.class"),
            get(u16, "dns.count.queries"), get(u16, "dns.count.answers"),
            get(duration, "dns.time")])]
    answers = []
    for field in ("dns.a", "dns.aaaa", "dns.cname"):
        for value in p.all(field):
            where, what = None, None
            if field == "dns.cname":
                what = text(2048)(value) if value else None
            else:
                where = address(value) if value else None
            answers.append(closed(start + [str(len(answers)), get(text(2048), "dns.qry.name"),
                                           where, what]))
    if answers:
        tables["dns_answers"] = answers
    if p.all("http.request.method") or p.all("http.response.code"):
        tables["http"] = [closed(start + [
            get(text(64), "http.request.method"), get(text(None), "http.host"),
            get(text(None), "http.request.uri"),
            get(text(64), "http.request.version", "http.response.version"),
            get(text(None), "http.user_agent"), get(text(None), "http.referer"),
            get(u32, "http.response.code"), get(text(None), "http.content_type"),
            get(u64, "http.content_length"), get(text(None), "http.server")])]
    if p.all("tls.handshake.type"):
        tables["tls"] = [closed(start + [
            json_of(p.all("tls.handshake.type")), get(u16, "tls.record.version"),
            get(u16, "tls.handshake.version"),
            get(text(2048), "tls.handshake.extensions_server_name"),
            json_of(p.all("tls.handshake.extensions_alpn_str")),
            get(u16, "tls.handshake.ciphersuite"), get(text(32), "tls.handshake.ja3"),
            get(text(32), "tls.handshake.ja3s")])]
    return tables, count


# --- the two sides ----------------------------------------------------------------------------

def tshark_env(config):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": config,
            "WIRESHARK_CONFIG_DIR": config}


def escapes_text(config):
    """Does this tshark escape backslashes? It then knows the option that governs it."""
    empty = os.path.join(config, "empty")
    open(empty, "wb").close()
    return subprocess.run(["tshark", "-r", empty, "-T", "fields", "-E", "escape=y", "-e",
                           "frame.number"], env=tshark_env(config), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def tshark_rows(path, config):
    command = [b"tshark", b"-n", b"-r", os.fsencode(path), b"-T", b"fields", b"-E",
               b"occurrence=a", b"-E", b"separator=/t", b"-E", b"aggregator=" + bytes([AGG])]
    for field in FIELDS:
        command += [b"-e", field.encode()]
    with subprocess.Popen(command, env=tshark_env(config), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        for line in process.stdout:
            if line.endswith(b"\n"):
                yield line[:-1].split(b"\t")


def sql_column(column, kinds):
    kind = kinds[column]
    if kind == "set":
        return "HEX(CAST(`%s` AS CHAR CHARACTER SET utf8mb4))" % column
    if kind in ("varchar", "char", "text", "longtext", "mediumtext", "varbinary", "binary",
                "longblob"):
        return "HEX(`%s`)" % column
    return "`%s`" % column


def dump(client, database, table, path):
    """Write a table, by capture and frame; returns {capture_id: (offset, length)}."""
    kinds = {}
    out = subprocess.run(client + ["-N", "-B", "-e", "SELECT COLUMN_NAME, DATA_TYPE FROM "
                                   "information_schema.COLUMNS WHERE TABLE_SCHEMA = '%s' AND "
                                   "TABLE_NAME = '%s' ORDER BY ORDINAL_POSITION"
                                   % (database, table)],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    columns = []
    for line in out.splitlines():
        name, kind = line.split("\t")
        kinds[name] = kind.lower()
        columns.append(name)
    if columns != COLUMNS[table]:
        print("table %s has the columns\n  %s\nexpected\n  %s" % (table, columns, COLUMNS[table]))
        sys.exit(1)
    order = "capture_id, frame" + (", idx" if "idx" in columns else "")
    query = "SELECT %s FROM `%s` ORDER BY %s" % (
        ", ".join(sql_column(c, kinds) for c in columns), table, order)
    with open(path, "wb") as out:
        subprocess.run(client + ["-N", "-B", "--quick", "-e", query], stdout=out, check=True)
    places, offset, now, start = {}, 0, None, 0
    with open(path, "rb") as lines:
        for line in lines:
            capture = line.split(b"\t", 3)[2].decode()
            if capture != now:
                if now is not None:
                    places[now] = (start, offset - start)
                now, start = capture, offset
            offset += len(line)
    if now is not None:
        places[now] = (start, offset - start)
    return places


def stored(path, place, columns):
    """{frame: [row]}"""
    rows = {}
    if place is None:
        return rows
    with open(path, "rb") as file:
        file.seek(place[0])
        block = file.read(place[1])
    json_at = [i for i, c in enumerate(columns) if c in JSON_COLUMNS]
    for line in block.split(b"\n")[:-1]:
        row = [None if cell == "NULL" else cell for cell in line.decode("ascii").split("\t")]
        for i in json_at:
            if row[i] is not None:
                row[i] = json.dumps(json.loads(bytes.fromhex(row[i]).decode("utf-8")))
        rows.setdefault(row[3], []).append(row)
    return rows


def compare(job):
    path, capture_id, places, folder, config, escaped, rejected = job
    index = {name: i for i, name in enumerate(FIELDS)}
    have = {t: stored(os.path.join(folder, t), places[t].get(capture_id), COLUMNS[t])
            for t in COLUMNS}
    rejected = set(rejected)
    problems, values, frames, several = [], 0, 0, 0
    for cells in tshark_rows(path, config):
        frames += 1
        frame = str(frames)
        if len(cells) != len(FIELDS) or cells[1] != frame.encode():
            problems.append("frame %d: tshark printed an odd row" % frames)
            continue
        try:
            want, count = expected(Packet(cells, index, escaped), capture_id)
        except Bad as bad:
            if frame not in rejected:
                problems.append("frame %s: %r cannot be stored, but was" % (frame, str(bad)))
            rejected.discard(frame)
            continue
        if frame in rejected:
            rejected.discard(frame)
            problems.append("frame %s: kept aside without need" % frame)
            continue
        several += max(count.values()) > 1
        for table, columns in COLUMNS.items():
            got, need = have[table].pop(frame, []), want.get(table, [])
            if len(got) != len(need):
                problems.append("frame %s: table %s has %d rows, expected %d"
                                % (frame, table, len(got), len(need)))
            for g, n in zip(got, need):
                values += len(columns)
                if g != n:
                    for c, x, y in zip(columns, g, n):
                        if x != y:
                            problems.append("frame %s: %s.%s is %s, expected %s"
                                            % (frame, table, c, show(c, x), show(c, y)))
    for table, rows in have.items():
        for frame in list(rows)[:5]:
            problems.append("frame %s: table %s has a row, tshark none" % (frame, table))
    for frame in list(rejected)[:5]:
        problems.append("frame %s: kept aside, but tshark printed none" % frame)
    return path, frames, values, several, problems


def show(column, value):
    if value is None:
        return "NULL"
    if column in TEXT_COLUMNS:
        try:
            return repr(bytes.fromhex(value).decode("utf-8"))[:300]
        except ValueError:
            pass
    return value[:300]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", required=True)
    parser.add_argument("--database", default="pcapanalyzer")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("captures", nargs="+")
    args = parser.parse_args()
    client = shlex.split(args.client)
    started = time.monotonic()

    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "config")
        os.mkdir(config)
        escaped = escapes_text(config)
        ids = {}
        out = subprocess.run(client + ["-N", "-B", "-e",
                                       "SELECT capture_id, LOWER(HEX(sha256)) FROM captures"],
                             stdout=subprocess.PIPE, check=True).stdout.decode()
        for line in out.splitlines():
            number_of, digest = line.split("\t")
            ids[digest] = number_of
        aside = {}
        out = subprocess.run(client + ["-N", "-B", "-e",
                                       "SELECT capture_id, COALESCE(frame, row_no) FROM rejects"],
                             stdout=subprocess.PIPE, check=True).stdout.decode()
        for line in out.splitlines():
            number_of, frame = line.split("\t")
            aside.setdefault(number_of, []).append(frame)
        places = {t: dump(client, args.database, t, os.path.join(folder, t)) for t in COLUMNS}

        jobs, missing, seen = [], [], set()
        for path in args.captures:
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            if digest in seen:
                continue
            seen.add(digest)
            number_of = ids.get(digest)
            if number_of is None:
                missing.append(path)
                continue
            jobs.append((path, number_of,
                         {t: {number_of: places[t][number_of]} if number_of in places[t] else {}
                          for t in COLUMNS}, folder, config, escaped, aside.get(number_of, [])))
        failed = 0
        for path in missing:
            if next(tshark_rows(path, config), None) is not None:
                print("%s: not in the database, but tshark reads it" % path)
                failed += 1
        jobs.sort(key=lambda job: -os.path.getsize(job[0]))
        frames = values = several = 0
        with ProcessPoolExecutor(args.jobs) as pool:
            for path, n, v, s, problems in pool.map(compare, jobs):
                frames, values, several = frames + n, values + v, several + s
                if problems:
                    failed += 1
                    for problem in problems[:10]:
                        print("%s: %s" % (os.path.basename(path), problem))
                    if len(problems) > 10:
                        print("%s: and %d more" % (os.path.basename(path), len(problems) - 10))
    print("compared %d captures, %d frames (%d with nested headers), %d values, %d kept aside, "
          "in %.0f s: %s" % (len(jobs), frames, several, values,
                             sum(len(v) for v in aside.values()), time.monotonic() - started,
                             "%d captures differ" % failed if failed else "all equal"))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
