"""What tshark2csv writes for the table packets of its default profile, byte for byte, as a Python
program: types and their limits, the layer that a field belongs to, UTF-8, MySQL's escapes, Community
IDs. Rows that do not fit go to standard error.

    packets_same.py FIELDS <TEXT    FIELDS: the names of tshark's fields, in order

What was seen before is kept in caches, as tshark2csv does it. Transport headers before the first
address header are not looked for: tshark prints none.
"""
import re
import sys
from base64 import b64encode
from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha1
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from struct import pack

NULL = "\\N"
AGGREGATOR = "\udcff"  # between two values: the byte 0xff, as open() escapes it
SPECIAL = re.compile('[\0\t\n\r\\\\"]')
ESCAPES = str.maketrans({"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", '"': '""'})
BROKEN = re.compile("[\udc80-\udcff]")
MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
ADDRESSES = {"ip", "ipv6", "arp"}
TRANSPORTS = {"tcp": "tcp", "udp": "udp", "udplite": "udp", "sctp": "sctp", "icmp": "icmp",
              "icmpv6": "icmpv6"}
HEADERS = ADDRESSES | set(TRANSPORTS.values())
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}
NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}
PORTS = {6: ("tcp.srcport", "tcp.dstport"), 17: ("udp.srcport", "udp.dstport"),
         132: ("sctp.srcport", "sctp.dstport"), 1: ("icmp.type", "icmp.code"),
         58: ("icmpv6.type", "icmpv6.code")}
ANSWERS = {1: {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10},
           58: {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130,
                144: 145, 145: 144, 139: 140, 140: 139}}


class Reject(Exception):
    """A row that does not fit, and why."""


def number(limit):
    """A function from a cell to a number of at most LIMIT, as text."""
    @lru_cache(maxsize=1 << 16)
    def convert(text):
        try:
            value = int(text, 16) if text.startswith("0x") else int(text)
        except ValueError:
            value = -1
        if not 0 <= value <= limit or not text.isascii() or not text.isalnum():
            raise Reject(f"{text!r} is not a number up to {limit}")
        return str(value)
    return convert


@lru_cache(maxsize=1 << 16)
def ip(text):
    """The raw address, and its text."""
    family = AF_INET6 if ":" in text else AF_INET
    try:
        raw = inet_pton(family, text)
    except OSError:
        raise Reject(f"{text!r} is not an address") from None
    return raw, inet_ntop(family, raw)


def ip_text(text):
    return ip(text)[1]


@lru_cache(maxsize=1 << 16)
def mac(text):
    if not MAC.fullmatch(text):
        raise Reject(f"{text!r} is not a MAC address")
    return text


def text_of(limit):
    """A function from text to what MySQL reads as that, and how many characters were cut off."""
    def convert(text):
        if BROKEN.search(text):
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        cut = len(text) > limit
        if cut:
            text = text[:limit]
        if SPECIAL.search(text):
            text = text.translate(ESCAPES)
        return '"' + text + '"', cut
    return convert


@lru_cache(maxsize=4)
def second(text):
    return datetime.fromtimestamp(int(text), timezone.utc).strftime("%Y-%m-%d %H:%M:%S.")


def time(text):
    """MySQL's DATETIME(6), and the nanoseconds behind it."""
    whole, _, fraction = text.partition(".")
    if not whole.isdigit() or len(fraction) > 9 or (fraction and not fraction.isdigit()):
        raise Reject(f"{text!r} is not a time")
    fraction = fraction.ljust(9, "0")
    return second(whole) + fraction[:6] + "," + str(int(fraction[6:]))


@lru_cache(maxsize=1 << 12)
def layer(protocols):
    """The first address header and the transport behind it; '' for none."""
    address = transport = ""
    for name in protocols.split(":"):
        if name in ADDRESSES:
            if address:
                break
            address = name
        elif name in TRANSPORTS and not transport:
            transport = TRANSPORTS[name]
    return address, transport


@lru_cache(maxsize=1 << 15)
def community_id(src, dst, proto, ports):
    one_way = False
    if ports:
        sport, dport = ports
        if proto in ANSWERS:
            answer = ANSWERS[proto].get(sport)
            one_way = answer is None
            dport = dport if one_way else answer
        if not one_way and (src, sport) > (dst, dport):
            src, dst, sport, dport = dst, src, dport, sport
        message = b"\0\0" + src + dst + pack(">BBHH", proto, 0, sport, dport)
    else:
        message = b"\0\0" + min(src, dst) + max(src, dst) + pack(">BB", proto, 0)
    return '"1:' + b64encode(sha1(message).digest()).decode() + '"'


class Row:
    """The values that belong to the first layer of a packet."""

    def __init__(self, places, cells):
        self.places = places
        self.cells = cells
        self.address, self.transport = layer(cells[places["frame.protocols"]])

    def value(self, name):
        """The first value of a field; '' when there is none, or it is not this layer's."""
        cell = self.cells[self.places[name]]
        if not cell:
            return ""
        header = name[:name.index(".")]
        if header in HEADERS and header != self.address and header != self.transport:
            return ""
        return cell.split(AGGREGATOR, 1)[0] if AGGREGATOR in cell else cell

    def proto(self):
        if self.address not in ("ip", "ipv6"):
            return None
        text = self.value("ip.proto" if self.address == "ip" else "ipv6.nxt")
        if not text:
            return None
        value = int(UINT8(text))
        if self.address == "ipv6" and value in EXTENSIONS:
            value = NUMBERS.get(self.transport, value)
        return value

    def community_id(self, proto):
        if proto is None:
            return NULL
        src, dst = self.value(self.address + ".src"), self.value(self.address + ".dst")
        if not src or not dst:
            return NULL
        ports = None
        if proto in PORTS:
            ports = tuple(self.value(name) for name in PORTS[proto])
            if not all(ports):
                return NULL
            ports = tuple(int(UINT16(port)) for port in ports)
        return community_id(ip(src)[0], ip(dst)[0], proto, ports)


UINT8, UINT16, UINT32 = number(0xff), number(0xffff), number(0xffffffff)
# Columns between the frame's number and the Community ID; "proto" and "analysis" are made by hand.
COLUMNS = [
    (UINT32, ["frame.len"]), (UINT32, ["frame.cap_len"]), ("iface", []),
    (mac, ["eth.src", "wlan.sa", "sll.src.eth"]), (mac, ["eth.dst", "wlan.da"]),
    (UINT16, ["vlan.id"]), (ip_text, ["ip.src", "ipv6.src", "arp.src.proto_ipv4"]),
    (ip_text, ["ip.dst", "ipv6.dst", "arp.dst.proto_ipv4"]), ("proto", []),
    (UINT8, ["ip.ttl", "ipv6.hlim"]), (UINT8, ["ip.dsfield.dscp", "ipv6.tclass.dscp"]),
    (UINT16, ["tcp.srcport", "udp.srcport", "sctp.srcport"]),
    (UINT16, ["tcp.dstport", "udp.dstport", "sctp.dstport"]), (UINT16, ["tcp.flags"]),
    (UINT32, ["tcp.seq"]), (UINT32, ["tcp.ack"]), (UINT32, ["tcp.len"]),
    (UINT32, ["tcp.window_size"]), ("analysis", []), (UINT32, ["tcp.stream", "udp.stream"]),
    (UINT8, ["icmp.type", "icmpv6.type"]), (UINT8, ["icmp.code", "icmpv6.code"]),
]
IFACE, PROTOCOL, PROTOCOLS, INFO = text_of(255), text_of(64), text_of(4096), text_of(8192)


def convert(names, places, cells):
    if len(cells) != len(names):
        raise Reject(f"{len(cells)} columns")
    if cells[-1] not in ("0", "1"):
        raise Reject("the last guard is no boolean")
    frame = UINT32(cells[0])
    if frame == "0":
        raise Reject("no frame number")
    row = Row(places, cells)
    out = [time(cells[places["frame.time_epoch"]]), "0", frame]
    cut = 0
    proto = row.proto()
    for kind, sources in COLUMNS:
        value = NULL
        if kind == "proto":
            value = NULL if proto is None else str(proto)
        elif kind == "iface":
            if cells[places["frame.interface_name"]]:
                value, more = IFACE(cells[places["frame.interface_name"]])
                cut += more
        elif kind == "analysis":
            words = [word for word, name in ANALYSIS if cells[places[name]] and row.value(name)]
            if words:
                value = '"' + ",".join(words) + '"'
        else:
            for name in sources:
                first = row.value(name)
                if first:
                    value = kind(first)
                    break
        out.append(value)
    out.append(row.community_id(proto))
    for limited, name in ((PROTOCOL, "_ws.col.Protocol"), (PROTOCOLS, "frame.protocols"),
                          (INFO, "_ws.col.Info")):
        value = NULL
        if cells[places[name]]:
            value, more = limited(cells[places[name]])
            cut += more
        out.append(value)
    out.append(str(min(cut, 255)))
    return ",".join(out)


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        names = lines.read().split()
    places = {name: i for i, name in enumerate(names)}
    global ANALYSIS
    ANALYSIS = [(name.rsplit(".", 1)[1], name) for name in names
                if name.startswith("tcp.analysis.")]
    lines = open(0, encoding="utf-8", errors="surrogateescape", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    write = sys.stdout.write
    for n, line in enumerate(lines, 1):
        try:
            write(convert(names, places, line.rstrip("\n").split("\t")) + "\n")
        except Reject as why:
            print(f"{n}\t{why}", file=sys.stderr)


main()
