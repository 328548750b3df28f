"""What tshark2csv writes for the table packets of its default profile, byte for byte, as a Python
program: types and their limits, the layer that a field belongs to, UTF-8, MySQL's escapes,
Community IDs. Rows that do not fit are left out, and standard error says why.

    packets_same.py FIELDS <TEXT    FIELDS: the names of tshark's fields, in order

What was seen before is kept in caches, as tshark2csv does it. The module csv is not used: it
cannot read a carriage return in a cell, nor write a bare \\N beside text that always has quotes.

Not here, since the bench's input has none of it: a header line, a byte order mark, the dialect
4.4, rows of more than 4 MiB or 256 address headers, tshark2csv's own words about rejected rows, and
a layer's transport header with others of its kind before the layer, which makes a rejected row.
"""
import re
import sys
from base64 import b64encode
from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha1
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from struct import pack

NULL = b"\\N"
AGGREGATOR = b"\xff"  # between two values
LAST_SECOND = 253402300799  # of the year 9999
KNOWN_MAX = 1 << 16
SPECIAL = re.compile(b'[\0\t\n\r\\\\"]')
ESCAPES = {b"\0": b"\\0", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r", b"\\": b"\\\\", b'"': b'""'}
NUMBER = re.compile(b"0x[0-9A-Fa-f]{1,16}|[0-9]{1,20}")
TIME = re.compile(rb"([0-9]{1,13})(?:\.([0-9]{1,9}))?")
MAC = re.compile(b"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
# Headers by their names in frame.protocols, as the words that their fields begin with.
ADDRESSES = {"ip", "ipv6", "arp"}
NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58}
HEADERS = {name.encode(): name for name in (*ADDRESSES, *NUMBERS)} | {b"udplite": "udp"}
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}
# The types of ICMP's and ICMPv6's messages that answer each other.
PAIRS = {1: [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)],
         58: [(128, 129), (133, 134), (135, 136), (130, 131), (144, 145), (139, 140)]}
ANSWERS = {proto: dict(pairs + [pair[::-1] for pair in pairs]) for proto, pairs in PAIRS.items()}


class Reject(Exception):
    """A row that does not fit, and why."""


def first_of(cell):
    return cell.partition(AGGREGATOR)[0]


def first(convert):
    """CONVERT for the first of a cell's values; nothing where there is none."""
    @lru_cache(maxsize=KNOWN_MAX)
    def of_cell(cell):
        value = first_of(cell)
        return convert(value) if value else b""
    return of_cell


def number(text, limit):
    if NUMBER.fullmatch(text):
        value = int(text, 16) if text.startswith(b"0x") else int(text)
        if value <= limit:
            return value
    raise Reject(f"{text} is not a number up to {limit}")


def uint(bits):
    return lambda text: b"%d" % number(text, (1 << bits) - 1)


uint8, uint16, uint32 = (first(uint(bits)) for bits in (8, 16, 32))
frame_length = lru_cache(maxsize=KNOWN_MAX)(uint(32))  # of fields that have one value


def address(text):
    """The bytes of an address."""
    try:
        return inet_pton(AF_INET6 if b":" in text else AF_INET, text.decode("ascii"))
    except (OSError, ValueError):
        raise Reject(f"{text} is not an address") from None


@first
def ip(text):
    raw = address(text)
    return inet_ntop(AF_INET if len(raw) == 4 else AF_INET6, raw).encode()


@first
def mac(text):
    if not MAC.fullmatch(text):
        raise Reject(f"{text} is not a MAC address")
    return text.lower()


def quoted(text, limit):
    """Text as MySQL reads it, and whether it was cut to LIMIT characters."""
    if not text:
        return NULL, False
    cut = False
    if not text.isascii() or len(text) > limit:
        characters = text.decode("utf-8", "replace")
        cut = len(characters) > limit
        text = characters[:limit].encode()
    if SPECIAL.search(text):
        text = SPECIAL.sub(lambda found: ESCAPES[found[0]], text)
    return b'"%b"' % text, cut


quoted_before = lru_cache(maxsize=KNOWN_MAX)(quoted)


@lru_cache(maxsize=16)
def second(text):
    if int(text) > LAST_SECOND:
        raise Reject(f"{text} is after the year 9999")
    return datetime.fromtimestamp(int(text), timezone.utc).strftime("%Y-%m-%d %H:%M:%S").encode()


def time(text):
    """MySQL's DATETIME(6), and the nanoseconds behind it."""
    parts = TIME.fullmatch(text)
    if not parts:
        raise Reject(f"{text} is not a time")
    fraction = (parts[2] or b"").ljust(9, b"0")
    return b"%b.%b,%d" % (second(parts[1]), fraction[:6], int(fraction[6:]))


def community_id(proto, src, dst, ports):
    """PORTS: two numbers, of ICMP the type and the code, or none."""
    if not ports:
        ends = min(src, dst) + max(src, dst) + bytes([proto, 0])
    else:
        sport, dport = ports
        one_way = proto in ANSWERS and sport not in ANSWERS[proto]
        if proto in ANSWERS and not one_way:
            dport = ANSWERS[proto][sport]
        if not one_way and (src, sport) > (dst, dport):
            src, dst, sport, dport = dst, src, dport, sport
        ends = src + dst + pack(">BBHH", proto, 0, sport, dport)
    return b'"1:%b"' % b64encode(sha1(b"\0\0" + ends).digest())


# The columns between iface and community_id; proto and tcp_analysis stand where these runs meet.
LINK = [(mac, ["eth.src", "wlan.sa", "sll.src.eth"]), (mac, ["eth.dst", "wlan.da"]),
        (uint16, ["vlan.id"]), (ip, ["ip.src", "ipv6.src", "arp.src.proto_ipv4"]),
        (ip, ["ip.dst", "ipv6.dst", "arp.dst.proto_ipv4"])]
ENDS = [(uint8, ["ip.ttl", "ipv6.hlim"]), (uint8, ["ip.dsfield.dscp", "ipv6.tclass.dscp"]),
        (uint16, ["tcp.srcport", "udp.srcport", "sctp.srcport"]),
        (uint16, ["tcp.dstport", "udp.dstport", "sctp.dstport"])]
TCP = [(uint16, ["tcp.flags"]), (uint32, ["tcp.seq"]), (uint32, ["tcp.ack"]),
       (uint32, ["tcp.len"]), (uint32, ["tcp.window_size"])]
STREAM = [(uint32, ["tcp.stream", "udp.stream"])]
ICMP = [(uint8, ["icmp.type", "icmpv6.type"]), (uint8, ["icmp.code", "icmpv6.code"])]
NO_TCP = b",".join([NULL] * (len(TCP) + 1))


def values(columns, cells):
    """The first value that each column has, in cells that may have several."""
    out = []
    for convert, places in columns:
        value = b""
        for place in places:
            if cells[place]:
                value = convert(cells[place])
                if value:
                    break
        out.append(value or NULL)
    return out


@lru_cache(maxsize=1 << 12)
def layer_of(protocols):
    """The first address header, and the transport header that comes next; "" for none."""
    names = [HEADERS[name] for name in protocols.split(b":") if name in HEADERS]
    at = next((at for at, name in enumerate(names) if name in ADDRESSES), None)
    if at is None:
        return "", ""
    transport = "".join(names[at + 1:at + 2])
    if transport in ADDRESSES:
        transport = ""
    if transport in names[:at]:
        raise Reject(f"the header {transport} is not the first of its kind")
    return names[at], transport


class Layer:
    """What packets with the same headers in their first layer have in common."""

    def __init__(self, places, address, transport):
        others = set(HEADERS.values()) - {address, transport}
        self.link, self.ends, self.tcp, self.stream, self.icmp = (
            [(convert, [places[name] for name in names if name.split(".")[0] not in others])
             for convert, names in run] for run in (LINK, ENDS, TCP, STREAM, ICMP))
        self.extensions = EXTENSIONS if address == "ipv6" else ()
        self.transport = NUMBERS.get(transport)
        self.flow_cells = []
        if address in ("ip", "ipv6"):
            names = ["ip.proto" if address == "ip" else "ipv6.nxt"]
            names += [address + ".src", address + ".dst"]
            if transport:
                ports = (".type", ".code") if "icmp" in transport else (".srcport", ".dstport")
                names += [transport + port for port in ports]
            self.flow_cells = [places[name] for name in names]
        steady = {place for _, choices in self.link + self.ends + self.icmp for place in choices}
        self.key = itemgetter(*steady.union(self.flow_cells))
        self.known = {}

    def flow(self, cells):
        """The columns proto and community_id."""
        if not self.flow_cells:
            return NULL, NULL
        proto, src, dst, *ports = (first_of(cells[place]) for place in self.flow_cells)
        try:
            proto = number(proto, 0xff)
        except Reject:
            return NULL, NULL
        if proto in self.extensions:
            proto = self.transport or proto
        if proto != self.transport:
            ports = [b""] if proto in NUMBERS.values() else []
        if not all((src, dst, *ports)):
            return b"%d" % proto, NULL
        ports = [number(port, 0xffff) for port in ports]
        return b"%d" % proto, community_id(proto, address(src), address(dst), ports)

    def steady(self, cells):
        """The columns up to dst_port and those behind stream, which the packets of a flow share."""
        key = self.key(cells)
        known = self.known.get(key)
        if not known:
            proto, flow = self.flow(cells)
            known = (b",".join([*values(self.link, cells), proto, *values(self.ends, cells)]),
                     b",".join([*values(self.icmp, cells), flow]))
            if len(self.known) == KNOWN_MAX:
                self.known.clear()
            self.known[key] = known
        return known


class Converter:
    """For rows of the fields called NAMES."""

    def __init__(self, names):
        places = {name: place for place, name in enumerate(names)}
        analysis = [name for name in names if name.startswith("tcp.analysis.")]
        self.n_cells = len(names)
        self.frame = itemgetter(*(places[name] for name in (
            "frame.number", "frame.time_epoch", "frame.protocols", "frame.len", "frame.cap_len",
            "frame.interface_name", "_ws.col.Protocol", "_ws.col.Info", "frame.marked")))
        self.analysis_cells = itemgetter(*(places[name] for name in analysis))
        self.words = [name.split(".")[-1].encode() for name in analysis]
        self.layer = lru_cache(maxsize=None)(lambda headers: Layer(places, *headers))

    def analysis(self, cells):
        """The column tcp_analysis, a SET."""
        found = self.analysis_cells(cells)
        if not any(found):
            return NULL
        words = b",".join(word for word, cell in zip(self.words, found) if first_of(cell))
        return b'"%b"' % words if words else NULL

    def row(self, line):
        cells = line[:-1].split(b"\t")
        if not line.endswith(b"\n") or len(cells) != self.n_cells:
            raise Reject("the row is not whole")
        frame, epoch, protocols, length, cap_len, iface, protocol, info, guard = self.frame(cells)
        frame = number(frame, 0xffffffff)
        if frame == 0 or guard not in (b"0", b"1"):
            raise Reject("a guard is broken")
        layer = self.layer(layer_of(protocols))
        ends, icmp_and_flow = layer.steady(cells)
        tcp = NO_TCP
        if layer.transport == NUMBERS["tcp"]:
            tcp = b",".join([*values(layer.tcp, cells), self.analysis(cells)])
        iface, cut = quoted_before(iface, 255)
        protocol, cut_protocol = quoted_before(protocol, 64)
        protocols, cut_protocols = quoted_before(protocols, 4096)
        info, cut_info = quoted(info, 8192)
        cut += cut_protocol + cut_protocols + cut_info
        return b",".join((
            time(epoch), b"0,%d" % frame, frame_length(length) if length else NULL,
            frame_length(cap_len) if cap_len else NULL, iface, ends, tcp,
            *values(layer.stream, cells), icmp_and_flow, protocol, protocols, info,
            b"%d\n" % cut))


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        row = Converter(lines.read().split()).row
    write = sys.stdout.buffer.write
    for n, line in enumerate(sys.stdin.buffer, 1):
        try:
            write(row(line))
        except Reject as why:
            print(f"{n}\t{why}", file=sys.stderr)


main()
