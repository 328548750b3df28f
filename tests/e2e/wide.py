#!/usr/bin/env python3
"""Compare tables of any profile with what tshark says as JSON, value by value.

    wide.py --profile FILE --client "mariadb --defaults-file=F pcapanalyzer" [--jobs N]
            [--tshark T] CAPTURE...

The other comparison (differential.py) reads tshark's columns; this one reads `tshark -T json`,
where the values of a field are an array and nothing is joined, separated or escaped by us. It
reads the profile and `tshark -G fields` by itself and models what pcapanalyzer-profile(5) says:
types of fields, rows, occurrences, layers, what is cut, what is kept aside. Every value of
every row of every table of every capture. Standard library only.

What tshark's JSON cannot tell is modelled as documented:
- tshark 4.0 prints BS, FF, LF, CR and TAB of a text as two characters; that is what is stored.
- A value that is empty counts as none; a cell of empty values only, one value, counts as none.

Exit: 0 all equal; 1 a difference; 2 wrong usage.
"""
import argparse
import base64
import collections
import datetime
import decimal
import hashlib
import ipaddress
import json
import math
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

HEADERS = ("ip", "ipv6", "arp", "tcp", "udp", "sctp", "icmp", "icmpv6")
ADDRESSES = ("ip", "ipv6", "arp")
LAYERS_MAX = 256
# pcapanalyzer-profile(5), "Layers": fields of which every header has exactly one.
ONE_EACH = set("""ip.version ip.hdr_len ip.dsfield ip.dsfield.dscp ip.dsfield.ecn ip.len ip.id
    ip.flags ip.flags.rb ip.flags.df ip.flags.mf ip.frag_offset ip.ttl ip.proto ip.checksum
    ip.checksum.status ip.src ip.src_host ip.dst ip.dst_host ipv6.version ipv6.tclass
    ipv6.tclass.dscp ipv6.tclass.ecn ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src
    ipv6.src_host ipv6.dst ipv6.dst_host arp.hw.type arp.proto.type arp.hw.size arp.proto.size
    arp.opcode arp.src.proto_ipv4 arp.dst.proto_ipv4 tcp.srcport tcp.dstport tcp.stream tcp.len
    tcp.seq tcp.seq_raw tcp.ack tcp.ack_raw tcp.hdr_len tcp.flags tcp.flags.res tcp.flags.cwr
    tcp.flags.urg tcp.flags.ack tcp.flags.push tcp.flags.reset tcp.flags.syn tcp.flags.fin
    tcp.flags.str tcp.window_size_value tcp.window_size tcp.checksum tcp.checksum.status
    udp.srcport udp.dstport udp.length udp.checksum udp.checksum.status udp.stream sctp.srcport
    sctp.dstport sctp.verification_tag sctp.checksum icmp.type icmp.code icmp.checksum
    icmpv6.type icmpv6.code icmpv6.checksum""".split())
EXTENSION_HEADERS = (0, 43, 44, 51, 60, 135, 139, 140)
NUMBER_OF = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}


class Bad(Exception):
    """A value that its column cannot hold: the packet must have been kept aside."""


# --- types ------------------------------------------------------------------------------------

BITS = {"FT_FRAMENUM": 32, "FT_IPXNET": 64}
BITS.update(("FT_UINT%d" % n, n) for n in (8, 16, 24, 32, 40, 48, 56, 64))
BITS.update(("FT_INT%d" % n, n) for n in (8, 16, 24, 32, 40, 48, 56, 64))
TYPE_OF = {ft: "int64" if ft.startswith("FT_INT") else "uint64" for ft in BITS}
TYPE_OF.update(FT_NONE="present", FT_PROTOCOL="present", FT_BOOLEAN="bool", FT_CHAR="char",
               FT_FLOAT="double", FT_DOUBLE="double", FT_IEEE_11073_FLOAT="double",
               FT_IEEE_11073_SFLOAT="double", FT_ABSOLUTE_TIME="time",
               FT_RELATIVE_TIME="duration", FT_BYTES="bytes", FT_UINT_BYTES="bytes",
               FT_ETHER="mac", FT_EUI64="eui64", FT_IPv4="ip", FT_IPv6="ip", FT_GUID="guid")
TYPES = set("""time nanos uint8 uint16 uint32 uint64 int8 int16 int32 int64 double bool present
    char ip mac eui64 guid bytes text json duration set community_id""".split())


def common_type(a, b):
    """Of two fields that have one name: the one that holds both, or text."""
    if TYPE_OF.get(a, "text") == TYPE_OF.get(b, "text"):
        return a
    for one, other in ((a, b), (b, a)):
        kind, bits = TYPE_OF.get(one, "text"), BITS.get(other, 65)
        if (kind == "int64" and bits < 64) or (kind == "double" and bits <= 32) or \
                (kind == "bytes" and other in ("FT_ETHER", "FT_EUI64")):
            return one
    return "FT_STRING"


def field_types(tshark, environment):
    types = {}
    out = subprocess.run([tshark, "-G", "fields"], stdout=subprocess.PIPE, env=environment,
                         stderr=subprocess.DEVNULL, check=True).stdout
    for line in out.decode("utf-8", "replace").split("\n"):
        part = line.split("\t")
        if part[0] == "F" and len(part) > 3:
            types[part[2]] = common_type(types.get(part[2], part[3]), part[3])
        elif part[0] == "P" and len(part) > 2:
            types[part[2]] = common_type(types.get(part[2], "FT_PROTOCOL"), "FT_PROTOCOL")
    for name in ("No.", "Time", "Source", "Destination", "Protocol", "Length", "Info"):
        types["_ws.col." + name] = "FT_STRING"
    return types


# --- the profile --------------------------------------------------------------------------------

class Column:
    def __init__(self, name, kind, limit, which, sources):
        self.name, self.kind, self.limit, self.which, self.sources = \
            name, kind, limit, which, sources

    def present(self, values):
        """False when the packet has nothing for this column: so it is for most."""
        return any(s in values or s[0] == "@" for s in self.sources)


class Table:
    def __init__(self, name, rows, conditions):
        self.name, self.rows, self.conditions, self.columns = name, rows, conditions, []

    def several(self):
        return self.rows in ("each", "layers")

    def has_cut(self):
        return any((c.limit or c.kind in ("double", "duration", "time")) and c.sources[0][0] != "@"
                   for c in self.columns)


def column_name(field):
    name = field.split("/")[0].lstrip("_").lower()
    if not name[:1].isalpha() or name in ("ts", "ts_ns", "capture_id", "frame", "idx", "cut"):
        name = "f_" + name
    return re.sub(r"[^a-z0-9]", "_", name)[:64]


def pick(word, types):
    if word[0] == "@":
        return word
    for name in word.split("/"):
        if name in types:
            return name
    sys.exit("wide.py: no field " + word)


def inferred(sources, types):
    kinds = [TYPE_OF.get(types[s], "text") for s in sources]
    return kinds[0] if len(set(kinds)) == 1 else "text"


def read_profile(path, types):
    tables = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].replace("|", " | ").split()
            if not words or words[0] == "key":
                continue
            if words[0][0] == "[":
                sources = [pick(w, types) for w in words[2:] if w not in ("|", "@layer")]
                rows = words[1] if len(words) > 1 else "packet"
                tables.append(Table(words[0][1:-1],
                                    "layers" if words[2:] == ["@layer"] else rows, sources))
                continue
            if len(words) == 1:
                name, rest = column_name(words[0]), words
            else:
                name, rest = words[0], words[1:]
            head = []
            while len(rest) > 1 and rest[1] != "|":
                head.append(rest[0])
                rest = rest[1:]
            sources = [pick(w, types) for w in rest if w != "|"]
            which = head.pop() if head and head[-1] in ("first", "last", "all") else "row"
            kind, limit = None, 0
            if head:
                found = re.match(r"([a-z0-9_]+)(?:\((\d+)\))?$", head[0])
                if not found or found[1] not in TYPES or len(head) > 1:
                    sys.exit("wide.py: cannot read: " + line)
                kind, limit = found[1], int(found[2] or 0)
            if which == "all" or kind == "json":
                kind, which = "json", "all"
            tables[-1].columns.append(
                Column(name, kind or inferred(sources, types), limit, which, sources))
    return tables


def fields_of(tables):
    """In no order: JSON names them."""
    fields = {"frame.number", "frame.time_epoch", "frame.protocols"}
    for t in tables:
        fields.update(t.conditions)
        for c in t.columns:
            fields.update(s for s in c.sources if s[0] != "@")
            if c.kind == "community_id" or c.sources[0] == "@proto":
                fields.update("""ip.src ip.dst ip.proto ipv6.src ipv6.dst ipv6.nxt tcp.srcport
                    tcp.dstport udp.srcport udp.dstport sctp.srcport sctp.dstport icmp.type
                    icmp.code icmpv6.type icmpv6.code""".split())
    return sorted(fields)


# --- values ---------------------------------------------------------------------------------------

MONTHS = {m: i + 1 for i, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}
CLOCK = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{9}))?"
DATES = [re.compile(p + "$", re.ASCII) for p in (
    r"(?P<name>[A-Z][a-z]{2}) (?P<day> \d|\d\d), (?P<year>\d{1,5}) " + CLOCK + " UTC",
    r"(?P<year>\d{1,5})/(?P<yday>\d{3}):" + CLOCK + " UTC",
    r"(?P<year>\d{1,5})-(?P<month>\d\d)-(?P<day>\d\d)T" + CLOCK + "(?:Z|[+]0000)",
    r"(?P<year>\d{1,5})-(?P<yday>\d{3})T" + CLOCK + "(?:Z|[+]0000)")]
EPOCH = re.compile(r"(-?\d{1,13})(?:\.(\d{1,9}))?$", re.ASCII)
NO_NUMBERS = {"nan", "inf", "infinity", "nres", "rfu"}


def parts_of_time(value):
    """(seconds since 1970, nanoseconds), or None for no time."""
    if value == "NULL":
        return None
    match = EPOCH.match(value)
    if match:
        seconds, nanos = int(match[1]), int((match[2] or "").ljust(9, "0"))
        if (value[0] == "-" and nanos) or not FIRST <= seconds <= LAST:
            raise Bad(value)
        return seconds, nanos
    match = next(filter(None, (d.match(value) for d in DATES)), None)
    if not match:
        raise Bad(value)
    found = match.groupdict()
    try:
        year = int(found["year"])
        day = datetime.date(year, 1, 1) if "yday" in found else datetime.date(
            year, MONTHS[found["name"]] if "name" in found else int(found["month"]),
            int(found["day"]))
        if "yday" in found:
            day += datetime.timedelta(int(found["yday"]) - 1)
        hour, minute, second, nanos = match.groups()[-4:]
        moment = datetime.time(int(hour), int(minute), int(second))
    except (ValueError, KeyError, OverflowError):
        raise Bad(value) from None
    if day.year != year or year < 1000:
        raise Bad(value)
    seconds = (day - datetime.date(1970, 1, 1)).days * 86400 + moment.hour * 3600 + \
        moment.minute * 60 + moment.second
    return seconds, int(nanos or 0)


FIRST, LAST = -30610224000, 253402300799  # years 1000 and 9999, which SQL's DATETIME holds


def clock(seconds):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat(" ")


def integer(value, kind):
    number = re.match(r"-?\d+$", value, re.ASCII)
    if number:
        out = int(value)
    elif re.match(r"0x[0-9a-fA-F]{1,16}$", value, re.ASCII):
        out = int(value, 16)
    else:
        raise Bad(value)
    width = int(kind.lstrip("uint"))
    low, high = (0, 2 ** width) if kind[0] == "u" else (-2 ** (width - 1), 2 ** (width - 1))
    if not low <= out < high:
        raise Bad(value)
    return str(out)


def hexadecimal(value, pairs=None):
    """Pairs with one sign between all of them, or none."""
    sign = value[2:3] if value[2:3] in tuple(":-. ") else ""
    parts = value.split(sign) if sign else [value[i:i + 2] for i in range(0, len(value), 2)]
    if pairs and (sign != ":" or len(parts) != pairs):
        raise Bad(value)
    if not all(re.match(r"[0-9a-fA-F]{2}$", p, re.ASCII) for p in parts):
        raise Bad(value)
    return "".join(parts).upper()


CHARS = {"0": 0, "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "\\": 92, "'": 39,
         '"': 34}


def character(value):
    match = re.match(r"'(?:\\x([0-9a-f]{2})|\\([0-7]{3})|\\(.)|([^\\]))'$", value, re.DOTALL)
    if not match:
        raise Bad(value)
    if match[1]:
        code = int(match[1], 16)
    elif match[2]:
        code = int(match[2], 8)
    elif match[3]:
        if match[3] not in CHARS:
            raise Bad(value)
        code = CHARS[match[3]]
    else:
        code = ord(match[4])
    if code > 255:
        raise Bad(value)
    return "%02X" % code


def text_hex(text):
    return text.encode("utf-8", "surrogatepass").hex().upper()


def floating(value):
    """A float, or None where SQL has no such number."""
    if value.lstrip("+-").lower() in NO_NUMBERS:
        return None
    if not re.match(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$", value, re.ASCII):
        raise Bad(value)
    number = float(value)
    return number if math.isfinite(number) else None


def duration(value):
    """Seconds, or None for more than DECIMAL(20,9) has."""
    match = re.match(r"-?(\d{1,20})(?:\.\d{1,9})?$", value, re.ASCII)
    if not match:
        raise Bad(value)
    return decimal.Decimal(value) if len(match[1]) <= 11 else None


PAIRS4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
PAIRS6 = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130,
          139: 140, 140: 139, 144: 145, 145: 144}


def community_id(src, dst, proto, ports):
    a, b = ports or (0, 0)
    one_way = False
    if proto in (1, 58) and ports:
        pairs = PAIRS4 if proto == 1 else PAIRS6
        one_way = a not in pairs
        b = pairs.get(a, b)
    if not one_way and (dst, b) < (src, a):
        src, dst, a, b = dst, src, b, a
    data = bytes(2) + src + dst + bytes((proto, 0)) + (struct.pack(">HH", a, b) if ports else b"")
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


# --- one packet -----------------------------------------------------------------------------------

class Layer:
    def __init__(self, kind, number, quoted):
        self.kind, self.quoted, self.transport = kind, quoted, None
        self.place = {kind: number}


def walk(protocols):
    layers, seen, quoted = [], collections.Counter(), False
    for word in protocols.split(":"):
        word = "udp" if word == "udplite" else word
        if word not in HEADERS:
            continue
        if word in ADDRESSES:
            if len(layers) == LAYERS_MAX:
                raise Bad("layers")
            layers.append(Layer(word, seen[word], quoted))
        else:
            if layers and layers[-1].transport is None:
                layers[-1].transport = word
                layers[-1].place[word] = seen[word]
            quoted = quoted or word in ("icmp", "icmpv6")
        seen[word] += 1
    return layers, seen


class Packet:
    def __init__(self, values, old):
        self.values, self.old = values, old
        self.protocols = (self.values.get("frame.protocols") or [""])[0]
        self.layers, self.seen = walk(self.protocols)

    def all(self, field):
        """What is in the cell; one empty value is an empty cell."""
        found = self.values.get(field) or []
        return [] if found == [""] else found

    def own(self, field, layer, table):
        head = field.split(".")[0] if "." in field else None
        found = self.all(field)
        if head not in HEADERS:
            return found[0] if found else ""
        if layer is None or head not in layer.place:
            return ""
        place, seen = layer.place[head], self.seen[head]
        if field in ONE_EACH or seen <= 1:
            return found[place] if place < len(found) else ""
        if not found:
            return ""
        if len(found) % seen == 0:
            return found[place * (len(found) // seen)]
        return found[0] if table.rows != "layers" else ""


class Row:
    """One row of a table: what each of its columns takes."""

    def __init__(self, packet, table, layer, index=0, each=None, occurrence=None):
        self.packet, self.table, self.layer, self.index = packet, table, layer, index
        self.each, self.occurrence, self.cut = each, occurrence, 0

    def field(self, field, which):
        found = self.packet.all(field)
        if which == "first":
            return found[0] if found else ""
        if which == "last":
            return found[-1] if found else ""
        if self.each and field in self.table.conditions:
            return self.occurrence if field == self.each else ""
        return self.packet.own(field, self.layer, self.table)

    def flow(self, *fields):
        out = []
        for f in fields:
            value = self.packet.own(f, self.layer, self.table)
            if not value:
                return None
            out.append(value)
        return out

    def proto(self):
        if self.layer is None or self.layer.kind == "arp":
            return None
        six = self.layer.kind == "ipv6"
        found = self.flow("ipv6.nxt" if six else "ip.proto")
        if not found:
            return None
        number = int(integer(found[0], "uint16"))
        if six and number in EXTENSION_HEADERS:
            number = NUMBER_OF.get(self.layer.transport, number)
        return number

    def community(self):
        proto = self.proto()
        if proto is None:
            return None
        ends = self.flow(*[self.layer.kind + s for s in (".src", ".dst")])
        if not ends:
            return None
        ports = None
        for name, number in NUMBER_OF.items():
            if number == proto:
                found = self.flow(*(["%s.type" % name, "%s.code" % name] if name[0] == "i" else
                                    ["%s.srcport" % name, "%s.dstport" % name]))
                if not found:
                    return None
                ports = [int(integer(p, "uint16")) for p in found]
        src, dst = (ipaddress.ip_address(e).packed for e in ends)
        return community_id(src, dst, proto, ports)

    def at(self, c):
        source = c.sources[0]
        if source == "@index":
            return str(self.index)
        if source == "@proto":
            number = self.proto()
            return None if number is None else str(number)
        if self.layer is None:
            return None
        if source == "@layer":
            found = self.community()
            return found and text_hex(found)
        return text_hex(self.layer.kind) if source == "@kind" else str(int(self.layer.quoted))

    def text(self, value, limit):
        if self.packet.old:
            value = value.replace("\b", "\\b").replace("\f", "\\f").replace("\n", "\\n") \
                .replace("\r", "\\r").replace("\t", "\\t")
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if limit and len(value) > limit:
            self.cut += 1
            value = value[:limit]
        return value

    def column(self, c):
        if c.sources[0][0] == "@":
            return self.at(c)
        if c.kind == "set":
            words = [s.rpartition(".")[2] for s in c.sources if self.field(s, c.which)]
            return text_hex(",".join(words)) if words else None
        if c.kind == "json":
            for s in c.sources:
                found = self.packet.all(s)
                if found:
                    return [self.text(v, 0) for v in found]
            return None
        for s in c.sources:
            value = self.field(s, c.which)
            if value:
                return self.typed(c, s, value)
        return None

    def typed(self, c, source, value):
        kind = c.kind
        if kind == "text":
            return text_hex(self.text(value, c.limit))
        if kind == "present":
            return "1"
        if kind == "bool":
            if value not in ("0", "1", "False", "True"):
                raise Bad(value)
            return "1" if value in ("1", "True") else "0"
        if kind[:4] == "uint" or kind[:3] == "int":
            return integer(value, kind)
        if kind == "bytes":
            value = "" if value == "<MISSING>" else hexadecimal(value)
            if c.limit and len(value) > 2 * c.limit:
                self.cut += 1
                value = value[:2 * c.limit]
            return value
        if kind in ("time", "nanos"):
            found = parts_of_time(value)
            if found is None:
                return None
            if kind == "nanos":
                return str(found[1] % 1000)
            beside = any(o.kind == "nanos" and o.sources[0] == c.sources[0] and o.which == c.which
                         for o in self.table.columns) or \
                (c.sources[0] == "frame.time_epoch" and c.which == "row")  # ts_ns
            self.cut += found[1] % 1000 != 0 and not beside
            return "%s.%06d" % (clock(found[0]), found[1] // 1000)
        if kind == "double":
            found = floating(value)
            self.cut += found is None
            return found
        if kind == "duration":
            found = duration(value)
            self.cut += found is None
            return found
        if kind == "char":
            return character(value)
        if kind == "ip":
            try:
                return ipaddress.ip_address(value).packed.hex().upper()
            except ValueError:
                raise Bad(value) from None
        if kind in ("mac", "eui64"):
            return hexadecimal(value, 6 if kind == "mac" else 8)
        if kind == "guid":
            if not re.match(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", value):
                raise Bad(value)
            return value.replace("-", "").upper()
        raise AssertionError(kind)

    def make(self, standard):
        out = standard + ([str(self.index)] if self.table.several() else [])
        values = self.packet.values
        out += [self.column(c) if c.present(values) else None for c in self.table.columns]
        return out + ([str(min(self.cut, 255))] if self.table.has_cut() else [])


def rows_of(packet, table):
    outer = packet.layers[0] if packet.layers else None
    if table.rows == "packet":
        yield Row(packet, table, outer)
    elif table.rows == "when":
        if any(packet.all(f) for f in table.conditions):
            yield Row(packet, table, outer)
    elif table.rows == "layers":
        if len(packet.layers) > 1:
            for i, layer in enumerate(packet.layers):
                yield Row(packet, table, layer, i)
    else:
        index = 0
        for f in table.conditions:
            for value in packet.all(f):
                yield Row(packet, table, outer, index, f, value)
                index += 1


def expected_of(packet, tables):
    """Per table the rows, or None when the packet must have been kept aside."""
    try:
        packet = Packet(*packet)
        stamp = packet.values.get("frame.time_epoch", [""])[0]
        if not re.match(r"\d{1,12}\.\d{9}$", stamp, re.ASCII):
            raise Bad(stamp)
        seconds, nanos = parts_of_time(stamp)
        standard = ["%s.%06d" % (clock(seconds), nanos // 1000), str(nanos % 1000),
                    packet.values["frame.number"][0]]
        return [[row.make(standard) for row in rows_of(packet, t)] for t in tables]
    except Bad:
        return None


# --- the database ---------------------------------------------------------------------------------

HEX = {"text", "json", "bytes", "char", "ip", "mac", "eui64", "guid", "set", "community_id"}


def select_of(table):
    names = ["capture_id", "frame", "ts", "ts_ns"] + (["idx"] if table.several() else [])
    wanted = ["HEX(`%s`)" % c.name if c.kind in HEX else "`%s`" % c.name for c in table.columns]
    return "SELECT %s FROM `%s` ORDER BY capture_id, frame%s" % (
        ", ".join(names + wanted + (["cut"] if table.has_cut() else [])), table.name,
        ", idx" if table.several() else "")


def dump(client, query, path, ids):
    """The rows in a file; where those of each capture are."""
    places = {}
    with open(path, "wb") as out:
        proc = subprocess.Popen(client + ["-q", "-N", "-B", "-e", query], stdout=subprocess.PIPE)
        at = 0
        for line in proc.stdout:
            number = line[:line.index(b"\t")]
            if number in ids:
                begin, _ = places.get(number, (at, 0))
                out.write(line)
                at += len(line)
                places[number] = (begin, at)
        if proc.wait():
            sys.exit("wide.py: the client failed on " + query[:80])
    return places


def stored_rows(path, place):
    """frame -> rows, each the cells behind capture_id, in the order of the model."""
    out = collections.defaultdict(list)
    if place:
        with open(path, "rb") as f:
            f.seek(place[0])
            for line in f.read(place[1] - place[0]).split(b"\n")[:-1]:
                cells = line.decode("ascii").split("\t")[1:]
                # frame ts ts_ns -> ts ts_ns frame
                out[int(cells[0])].append([cells[1], cells[2], cells[0]] + cells[3:])
    return out


def same(column, want, got):
    if got == "NULL":
        return want is None
    if want is None:
        return False
    if column.kind == "double":
        return float(got) == want
    if column.kind == "duration":
        return decimal.Decimal(got) == want
    if column.kind == "json":
        return json.loads(bytes.fromhex(got).decode("utf-8")) == want
    return want == got


# --- one capture ----------------------------------------------------------------------------------

def tshark_json(setup, path):
    command = [setup["tshark"], "-n", "-r", path, "-T", "json"]
    for f in setup["fields"]:
        command += ["-e", f]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         env=setup["environment"])
    data = run.stdout.decode("utf-8", "surrogateescape")
    if not data.strip():
        return []
    try:
        packets = json.loads(data, strict=False)
    except ValueError:
        # A capture that is cut short: tshark does not always close the array.
        packets = json.loads(data.rstrip().rstrip(",") + "\n]", strict=False)
    packets = [p["_source"]["layers"] for p in packets]
    for name in setup["fields"]:
        # From 4.4 on the columns of the packet list are called in small letters.
        if name.startswith("_ws.col."):
            for p in packets:
                if name.lower() in p:
                    p[name] = p[name.lower()]
    return packets


def names_of(table):
    return ["ts", "ts_ns", "frame"] + (["idx"] if table.several() else []) + \
        [c.name for c in table.columns] + (["cut"] if table.has_cut() else [])


PLAIN = Column("", "plain", 0, "row", ["@"])


def compare(job):
    setup, path, number, places, aside = job
    tables, problems = setup["tables"], []
    tally, rows, values, kept = collections.Counter(), 0, 0, 0
    stored = [stored_rows(setup["dumps"][i], places[i]) for i in range(len(tables))]
    packets = tshark_json(setup, path)
    rules = [[PLAIN] * (4 if t.several() else 3) + t.columns + [PLAIN] * t.has_cut() for t in tables]
    kinds = [[None] * (4 if t.several() else 3)
             + [setup["types"].get(c.sources[0]) for c in t.columns] + [None] * t.has_cut()
             for t in tables]
    for values_of in packets:
        frame = int(values_of["frame.number"][0])
        want = expected_of((values_of, setup["old"]), tables)
        if want is None:
            kept += 1
            if frame not in aside:
                problems.append("frame %d: not kept aside" % frame)
        elif frame in aside:
            problems.append("frame %d: kept aside: %s" % (frame, aside[frame]))
            want = None
        for i, t in enumerate(tables):
            got = stored[i].pop(frame, [])
            expected = want[i] if want else []
            if len(got) != len(expected):
                problems.append("%s frame %d: %d rows, not %d" % (t.name, frame, len(got),
                                                                  len(expected)))
                continue
            rows += len(got)
            for w_row, g_row in zip(expected, got):
                values += len(w_row)
                for c, kind, w, g in zip(rules[i], kinds[i], w_row, g_row):
                    if w is None and g == "NULL":
                        continue
                    if w != g and not same(c, w, g):
                        name = names_of(t)[rules[i].index(c)] if c is not PLAIN else "standard"
                        problems.append("%s.%s frame %d: %r, not %r" % (
                            t.name, name, frame, str(g)[:200], str(w)[:200]))
                    elif w is not None and kind:
                        tally[kind] += 1
    for i, t in enumerate(tables):
        for frame in stored[i]:
            problems.append("%s frame %d: tshark has no such frame" % (t.name, frame))
    return path, len(packets), rows, values, kept, tally, problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", required=True)
    parser.add_argument("--client", required=True, type=shlex.split)
    parser.add_argument("--tshark", default="tshark")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--show", type=int, default=40, help="differences to print")
    parser.add_argument("captures", nargs="+")
    args = parser.parse_args()
    started = time.time()
    work = tempfile.TemporaryDirectory()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": work.name,
                   "TMPDIR": work.name, "WIRESHARK_CONFIG_DIR": work.name}
    version = subprocess.run([args.tshark, "--version"], stdout=subprocess.PIPE, env=environment,
                             stderr=subprocess.DEVNULL, check=True).stdout.decode()
    release = re.search(r"(\d+)\.(\d+)\.\d+", version)
    types = field_types(args.tshark, environment)
    tables = read_profile(args.profile, types)
    setup = {"tshark": args.tshark, "environment": environment, "types": types, "tables": tables,
             "fields": fields_of(tables), "old": (int(release[1]), int(release[2])) < (4, 4),
             "dumps": [os.path.join(work.name, t.name) for t in tables]}

    known, captures = {}, []
    query = "SELECT LOWER(HEX(sha256)), capture_id FROM captures"
    out = subprocess.run(args.client + ["-N", "-B", "-e", query], stdout=subprocess.PIPE, check=True)
    for line in out.stdout.decode().splitlines():
        digest, number = line.split("\t")
        known[digest] = number.encode()
    seen, missing = set(), []
    for path in args.captures:
        with open(path, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        if digest in known and digest not in seen:
            captures.append((path, known[digest]))
        elif digest not in seen:
            missing.append(path)
        seen.add(digest)
    ids = {number for _, number in captures}
    places = [dump(args.client, select_of(t), setup["dumps"][i], ids) for i, t in enumerate(tables)]
    aside = collections.defaultdict(dict)
    query = "SELECT capture_id, frame, HEX(reason) FROM rejects"
    out = subprocess.run(args.client + ["-N", "-B", "-e", query], stdout=subprocess.PIPE, check=True)
    for line in out.stdout.decode().splitlines():
        number, frame, reason = line.split("\t")
        if frame != "NULL":
            aside[number.encode()][int(frame)] = bytes.fromhex(reason).decode("utf-8", "replace")

    captures.sort(key=lambda c: -os.path.getsize(c[0]))
    jobs = [(setup, path, number, [p.get(number) for p in places], aside.get(number, {}))
            for path, number in captures]
    tally, packets, rows, values, kept, bad = collections.Counter(), 0, 0, 0, 0, 0
    with ProcessPoolExecutor(args.jobs) as pool:
        for path, n, r, v, k, found, problems in pool.map(compare, jobs):
            packets, rows, values, kept = packets + n, rows + r, values + v, kept + k
            tally.update(found)
            for text in problems[:max(0, min(args.show - bad, 12))]:
                print("%s: %s" % (os.path.basename(path), text))
            bad += len(problems)
    for path in missing:
        if tshark_json(setup, path):
            print("not in the database: " + path)
            bad += 1
    print("%d captures, %d packets, %d kept aside, %d tables, %d fields, %d rows, %d values; "
          "%d differences (tshark %s, %.0f s)" % (
              len(captures), packets, kept, len(tables), len(setup["fields"]), rows, values, bad,
              release[0], time.time() - started))
    print("values that are there, by type: " + ", ".join(
        "%s %d" % (k, n) for k, n in sorted(tally.items(), key=lambda x: -x[1])))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
