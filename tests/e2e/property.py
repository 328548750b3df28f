#!/usr/bin/env python3
"""Random values of every type, as each tshark would print them, through the programs and back.

    property.py --filter tshark2csv [--seed N] [--rounds N] [--rows N]
    property.py --filter tshark2csv --loader "csv2mysql --defaults-file=F" --client "mariadb ..."
                --spool DIR ...

Each round makes rows of values with random bytes in them, prints them as tshark 4.0 or 4.4
would, runs the filter, and reads its CSV (RFC 4180) with Python's own reader. With a loader and a
client the same rows also go through a spool into the database and come back by SELECT HEX().
What must come out is known from the values, not from their print. Standard library only.
Exit: 0 all equal; 1 a difference, with the seed to repeat it.
"""
import argparse
import csv
import datetime
import hashlib
import io
import json
import os
import random
import shlex
import struct
import subprocess
import sys
import tempfile
import time

csv.field_size_limit(1 << 30)
PROFILE = """[pt]
t_cut text(7) p.cut
t_all text p.text
t_last text last p.many
b_cut bytes(5) p.cutbytes
b_all bytes p.bytes
num_u uint64 p.u64
num_i int64 p.i64
num_s int16 p.i16
num_d double p.double
dur duration p.dur
flag bool p.bool
here present p.here
letter char p.char
addr ip p.v4 | p.v6
mac_ mac p.mac
eui eui64 p.eui
guid_ guid p.guid
tm time p.time
tm_ns nanos p.time
tm_lost time p.lost
js json p.many
some set p.x | p.y | p.z
[pe] each p.many | p.u64
val text p.many
num uint64 p.u64
short text(3) p.many
"""
COLUMNS = [[line.split()[0] for line in part.split("\n")[1:] if line]
           for part in PROFILE.split("[p")[1:]]
TEXTUAL = {"t_cut", "t_all", "t_last", "b_cut", "b_all", "letter", "addr", "mac_", "eui", "guid_",
           "js", "some", "val", "short"}
NASTY = [b"\t", b"\n", b"\r", b"\\", b"\"", b"'", b"`", b",", b";", b"|", b"\0", b"\x01", b"\x1b", b"\x7f",
         b"\x80", b"\xbf", b"\xc0\x80", b"\xc3", b"\xc3\xa9", b"\xe2\x82", b"\xe2\x82\xac", b"\xed\xa0\x80",
         b"\xf0\x9f\x98\x80", b"\xf0\x9f", b"\xf4\x90\x80\x80", b"\xff", b"\xfe", b"\\N", b"NULL", b"\\t", b"\\\\",
         b"#pcapanalyzer end=complete", b"1\t2\t3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"a", b"b", b" ",
         b"x" * 70, b"\x07", b"\x08", b"\x0b", b"\x0c", b"%s", b"<", b"&"]


def blob(r, old, none=True):
    """Bytes that a dissector could hold; what can be in a value of this dialect only."""
    if none and r.random() < 0.1:
        return b""
    kind = r.random()
    if kind < 0.7:
        data = b"".join(r.choice(NASTY) for _ in range(r.randrange(1, 9)))
    elif kind < 0.97:
        data = r.randbytes(r.randrange(1, 40))
    else:
        data = r.choice(NASTY) * r.randrange(1, 40000)
    # 0xff, the byte between values, stands in no value from 4.4 on.
    return data if old else data.replace(b"\xff", b"\xc3\xbf")


ESCAPES = {8: b"\\b", 12: b"\\f", 10: b"\\n", 13: b"\\r", 9: b"\\t"}
NEW_ESCAPES = {**ESCAPES, 92: b"\\\\", 7: b"\\a", 11: b"\\v"}


def printed(data, old):
    table = ESCAPES if old else NEW_ESCAPES
    return b"".join(table.get(b, bytes((b,))) for b in data)


def as_text(data, old):
    return (printed(data, True) if old else data).decode("utf-8", "replace")


def calendar(seconds, nanos):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return "%s.%06d" % (moment.isoformat(" "), nanos // 1000)


def time_print(r, old, seconds, nanos):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    shapes = [b"%d.%09d" % (seconds, nanos)] if seconds >= 0 else []
    if old:
        shapes.append(("%s %2d, %04d %s.%09d UTC" % (
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[moment.month - 1], moment.day,
            moment.year, moment.strftime("%H:%M:%S"), nanos)).encode())
    else:
        shapes += [(moment.isoformat() + ".%09d" % nanos + zone).encode() for zone in ("Z", "+0000")]
    return r.choice(shapes)


def char_print(code):
    named = {0: "0", 7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 39: "'", 92: "\\"}
    if code in named:
        return ("'\\%s'" % named[code]).encode()
    return ("'%c'" % code if 32 <= code < 127 else "'\\x%02x'" % code).encode()


def pairs(data, sign):
    return sign.join("%02x" % b for b in data).encode()


def number_print(r, value, width):
    if value >= 0 and r.random() < 0.5:
        return b"0x%0*x" % (width, value)
    return b"%d" % value


def make_row(r, old, number):
    """(cells as printed, columns of pt, rows of pe)"""
    cells, row = {}, {}
    cut = 0

    def text(data, limit):
        nonlocal cut
        value = as_text(data, old)
        if limit and len(value) > limit:
            cut += 1
            value = value[:limit]
        return value if data else None

    short, full = blob(r, old), blob(r, old)
    many = [blob(r, old, none=False) for _ in range(r.choice((0, 1, 1, 2, 3, 9)))]
    cells["p.cut"], cells["p.text"] = printed(short, old), printed(full, old)
    row["t_cut"], row["t_all"] = text(short, 7), text(full, 0)
    cells["p.many"] = (b"\r" if old else b"\xff").join(printed(m, old) for m in many)
    row["t_last"] = text(many[-1], 0) if many else None
    row["js"] = [as_text(m, old) for m in many] if many else None
    for field, column, limit in (("p.cutbytes", "b_cut", 5), ("p.bytes", "b_all", 0)):
        data = r.randbytes(r.choice((0, 1, 4, 5, 6, 300)))
        cells[field] = pairs(data, r.choice(("", ":")))
        cut += bool(limit and len(data) > limit)
        row[column] = (data[:limit] if limit else data) or None
    u64 = [r.choice((0, 1, 2**63, 2**64 - 1, r.getrandbits(64))) for _ in range(r.choice((0, 1, 2)))]
    cells["p.u64"] = (b"\r" if old else b"\xff").join(number_print(r, n, 16) for n in u64)
    row["num_u"] = u64[0] if u64 else None
    i64 = r.choice((0, -1, 2**63 - 1, -2**63, r.getrandbits(64) - 2**63))
    i16 = r.choice((0, -1, 32767, -32768, r.getrandbits(16) - 32768))
    cells["p.i64"], row["num_i"] = b"%d" % i64, i64
    cells["p.i16"], row["num_s"] = b"%d" % i16, i16
    double = r.choice((0.0, -0.0, 1.5, 5e-324, 1.7976931348623157e308, float("inf"), float("nan"),
                       struct.unpack("<d", r.randbytes(8))[0]))
    finite = double - double == 0
    if finite:
        cells["p.double"] = repr(double).encode()
    else:
        word = "nan" if double != double else "inf" if double > 0 else "-inf"
        cells["p.double"] = (word if old else word.replace("inf", "Infinity").replace("nan", "NaN")).encode()
    row["num_d"] = double if finite else None
    cut += not finite
    nanos = r.randrange(-10**19, 10**19)
    row["dur"] = "%s%d.%09d" % ("-" * (nanos < 0), abs(nanos) // 10**9, abs(nanos) % 10**9)
    cells["p.dur"] = row["dur"].encode()
    flag = r.random() < 0.5
    cells["p.bool"] = b"%d" % flag if old else str(flag).encode()
    row["flag"] = int(flag)
    cells["p.here"] = r.choice((b"", b"1", printed(blob(r, old, none=False), old)))
    row["here"] = 1 if cells["p.here"] else None
    code = r.randrange(256)
    cells["p.char"], row["letter"] = char_print(code), bytes((code,))
    if not old:
        cells["p.char"] = printed(cells["p.char"], old)
    v4, v6 = r.randbytes(4), r.choice((r.randbytes(16), bytes(15) + b"\1", bytes(10) + b"\xff\xff" + r.randbytes(4)))
    cells["p.v4"] = r.choice((b"", ".".join(str(b) for b in v4).encode()))
    cells["p.v6"] = ":".join("%x" % n for n in struct.unpack(">8H", v6)).encode()
    row["addr"] = v4 if cells["p.v4"] else v6
    for field, column, n in (("p.mac", "mac_", 6), ("p.eui", "eui", 8)):
        row[column] = r.randbytes(n)
        cells[field] = pairs(row[column], ":")
    guid = r.randbytes(16)
    digits = guid.hex()
    cells["p.guid"] = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])).encode()
    row["guid_"] = guid
    for field, column in (("p.time", "tm"), ("p.lost", "tm_lost")):
        seconds = r.choice((0, 253402300799, -30610224000, r.randrange(-30610224000, 253402300799)))
        fraction = r.choice((0, 999999999, 1000, r.randrange(10**9)))
        cells[field] = time_print(r, old, seconds, fraction)
        row[column] = calendar(seconds, fraction)
        if column == "tm":
            row["tm_ns"] = fraction % 1000
        else:
            cut += fraction % 1000 != 0
    for name in "xyz":
        cells["p." + name] = r.choice((b"", b"1"))
    row["some"] = ",".join(n for n in "xyz" if cells["p." + n]) or None
    row["cut"] = cut
    each = []
    for m in many:
        value = as_text(m, old)
        each.append({"val": value, "num": None, "short": value[:3], "cut": int(len(value) > 3)})
    each += [{"val": None, "num": n, "short": None, "cut": 0} for n in u64]
    cells["frame.number"] = b"%d" % number
    cells["frame.time_epoch"] = b"1735689600.%09d" % number
    cells["frame.protocols"], cells["frame.marked"] = b"eth", b"0" if old else b"False"
    return cells, row, each


def readable(column, value):
    """What stands in CSV for people."""
    if value is None:
        return ""
    if column in ("b_cut", "b_all"):
        return value.hex()
    if column in ("mac_", "eui"):
        return pairs(value, ":").decode()
    if column == "js":
        return value
    return value if isinstance(value, str) else str(value)


def check_csv(name, expected, data):
    """expected: (frame, idx or None, row) in order. What has several prints is left to the
    database."""
    bad = 0
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    header = next(reader)
    got = list(reader)
    if len(got) != len(expected):
        print("%s: %d rows of CSV, not %d" % (name, len(got), len(expected)))
        return 1
    for line, (frame, index, row) in zip(got, expected):
        cells = dict(zip(header, line))
        if len(line) != len(header) or cells["frame"] != str(frame) or \
                (index is not None and cells["idx"] != str(index)):
            print("%s: row %d is out of place" % (name, frame))
            bad += 1
            continue
        for column, value in row.items():
            if column in ("num_d", "dur", "letter", "addr", "guid_", "js"):
                if (value is None) != (cells[column] == "") or \
                        (column == "js" and value and json.loads(cells[column]) != value):
                    print("%s.%s of %d: %.80r" % (name, column, frame, cells[column]))
                    bad += 1
            elif cells[column] != readable(column, value):
                print("%s.%s of %d: %.80r, not %.80r" % (name, column, frame, cells[column],
                                                        readable(column, value)))
                bad += 1
    return bad


def stored_form(column, value, text):
    """(what must be, what is) in one form."""
    if text == "NULL":
        return None, value
    if column == "js":
        return json.loads(bytes.fromhex(text).decode()), value
    if column in TEXTUAL:
        return bytes.fromhex(text), value.encode() if isinstance(value, str) else value
    if column == "num_d":
        return float(text), value
    return text, str(value)


def check_server(args, tables, digest):
    bad = 0
    for name, columns, expected in tables:
        several = name == "pe"
        cells = ["frame"] + ["idx"] * several + [
            "HEX(`%s`)" % c if c in TEXTUAL else "`%s`" % c for c in columns + ["cut"]]
        query = "SELECT %s FROM %s JOIN captures USING (capture_id) WHERE sha256 = UNHEX('%s') ORDER " \
            "BY frame%s" % (", ".join(cells), name, digest, ", idx" * several)
        out = subprocess.run(args.client + ["-q", "-N", "-B", "-e", query], stdout=subprocess.PIPE, check=True)
        got = [line.split("\t") for line in out.stdout.decode("ascii").splitlines()]
        if len(got) != len(expected):
            print("%s: %d rows stored, not %d" % (name, len(got), len(expected)))
            bad += 1
            continue
        for line, (frame, index, row) in zip(got, expected):
            if [int(n) for n in line[:1 + several]] != [frame] + [index] * several:
                print("%s: stored row %s is out of place" % (name, line[:2]))
                bad += 1
            for column, text in zip(columns + ["cut"], line[1 + several:]):
                is_, must = stored_form(column, row[column], text)
                if is_ != must:
                    print("%s.%s of %d stored: %.80r, not %.80r" % (name, column, frame, is_, must))
                    bad += 1
    return bad


def one_round(args, seed, profile):
    r = random.Random(seed)
    old = r.random() < 0.5
    dialect = "4.0" if old else "4.4"
    base = [args.filter, "-p", profile, "--dialect", dialect]
    words = subprocess.run(base + ["--tshark-args"], stdout=subprocess.PIPE, check=True).stdout.split()
    order = [words[i + 1].decode() for i, w in enumerate(words) if w == b"-e"]
    lines, packets, each = [], [], []
    for number in range(1, args.rows + 1):
        cells, row, more = make_row(r, old, number)
        lines.append(b"\t".join(cells[f] for f in order) + b"\n")
        packets.append((number, None, row))
        each += [(number, i, e) for i, e in enumerate(more)]
    data = b"".join(lines)
    bad = 0
    for name, expected in (("pt", packets), ("pe", each)):
        run = subprocess.run(base + ["--format", "rfc4180", "-t", name], input=data, stdout=subprocess.PIPE)
        if run.returncode:
            print("the filter ends with %d" % run.returncode)
            return 1
        bad += check_csv(name, expected, run.stdout)
    if args.loader:
        digest = hashlib.sha256(data).hexdigest()
        subprocess.run(base + ["--trailer", "--spool", args.spool, "--capture-name", "round %d" % seed,
                               "--capture-sha256", digest, "--capture-bytes", str(len(data))],
                       input=data + b"#pcapanalyzer end=complete\n", check=True)
        subprocess.run(args.loader + ["load", "--spool", args.spool], check=True, stdout=subprocess.DEVNULL)
        bad += check_server(args, (("pt", COLUMNS[0], packets), ("pe", COLUMNS[1], each)), digest)
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", required=True)
    parser.add_argument("--loader", type=shlex.split)
    parser.add_argument("--client", type=shlex.split)
    parser.add_argument("--spool")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=150)
    args = parser.parse_args()
    started, bad = time.time(), 0
    with tempfile.TemporaryDirectory() as work:
        profile = os.path.join(work, "property.profile")
        with open(profile, "w", encoding="ascii") as f:
            f.write(PROFILE)
        if args.loader:
            subprocess.run(args.loader + ["init", "-p", profile], check=True, stdout=subprocess.DEVNULL)
        for seed in range(args.seed, args.seed + args.rounds):
            found = one_round(args, seed, profile)
            if found:
                print("seed %d: %d differences" % (seed, found))
            bad += found
    print("%d rounds of %d rows from seed %d, %s the database: %d differences (%.0f s)" % (
        args.rounds, args.rows, args.seed, "with" if args.loader else "without", bad,
        time.time() - started))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
