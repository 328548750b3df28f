#!/usr/bin/env python3
"""Check what became of the captures of tests/data/make-hostile in the database.

    hostile.py packets --client CLIENT --tshark T FOLDER   the tables of the profile "packets"
    hostile.py texts --client CLIENT --tshark T FOLDER     the texts, in tables of wide.profile

packets: each capture's packets are stored or kept aside, the latter exactly where EXPECTED says;
the packets before and behind the crafted ones have the same rows as in FOLDER/plain/, where
harmless packets stand in place of the crafted ones.
texts: each text of TRUTH stands in its row, byte for byte as its dissector reads it.
Exit: 0 all as expected; 1 a difference.
"""
import argparse
import collections
import hashlib
import os
import re
import shlex
import subprocess
import sys

TABLES = ("packets", "layers", "dns", "dns_answers", "http", "tls")
COLUMN_OF = {  # of wide.profile; a comment of several lines is one value at the end from 4.4 on
    "http.user_agent": ("w_http", "http_user_agent"), "syslog.msg": ("w_types", "syslog_msg"),
    "dns.qry.name": ("w_dns", "dns_qry_name"), "frame.comment": ("w_frame", "comment_last"),
    "tls.handshake.extensions_server_name": ("w_tls", "tls_handshake_extensions_server_name"),
    "tls.handshake.extensions_alpn_str": ("w_tls", "tls_handshake_extensions_alpn_str"),
    "frame.interface_name": ("w_frame", "frame_interface_name")}
problems = []


def wrong(text):
    problems.append(text)
    if len(problems) <= 30:
        print(text)


def rows(client, query):
    out = subprocess.run(client + ["-q", "-N", "-B", "-e", query], stdout=subprocess.PIPE, check=True)
    return [line.split("\t") for line in out.stdout.decode("ascii").splitlines()]


def lines_of(folder, name):
    with open(os.path.join(folder, name), encoding="ascii") as f:
        return [line.rstrip("\n").split("\t") for line in f if line[0] != "#"]


def frames(text):
    out = set()
    for part in text.split(",") if text != "-" else []:
        low, _, high = part.partition("-")
        out.update(range(int(low), int(high or low) + 1))
    return out


def ids(client, folder, names):
    known = {digest: int(number) for digest, number in
             rows(client, "SELECT LOWER(HEX(sha256)), capture_id FROM captures")}
    out = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as f:
            out[name] = known.get(hashlib.sha256(f.read()).hexdigest())
        if out[name] is None:
            wrong("%s is not in the database" % os.path.join(folder, name))
    return out


def hashes(client, table):
    """(capture, frame) -> digest of the rows, whatever bytes are in them."""
    names = [r[0] for r in rows(client, "SELECT column_name FROM information_schema.columns WHERE "
                                "table_schema = DATABASE() AND table_name = '%s' AND column_name "
                                "<> 'capture_id' ORDER BY ordinal_position" % table)]
    cells = ", ".join("COALESCE(HEX(`%s`), '-')" % n for n in names)
    out = collections.defaultdict(list)
    order = "capture_id, frame, " + ("idx" if "idx" in names else "ts")
    for number, frame, text in rows(client, "SELECT capture_id, frame, SHA2(CONCAT_WS(',', %s), 256)"
                                    " FROM %s ORDER BY %s" % (cells, table, order)):
        out[int(number), int(frame)].append(text)
    return out


def check_packets(args, old):
    expected = lines_of(args.folder, "EXPECTED")
    names = [e[0] for e in expected]
    here = ids(args.client, args.folder, names)
    plain = ids(args.client, os.path.join(args.folder, "plain"), names)
    contents = {t: hashes(args.client, t) for t in TABLES}
    aside = collections.defaultdict(set)
    for number, frame in rows(args.client, "SELECT capture_id, COALESCE(frame, 0) FROM rejects"):
        aside[int(number)].add(int(frame))
    neighbours = 0
    for name, packets, crafted, old_aside, new_aside, _, _ in expected:
        number, other, packets = here[name], plain[name], int(packets)
        if number is None or other is None:
            continue
        want = frames(old_aside if old else new_aside)
        if aside[number] != want:
            wrong("%s: kept aside are frames %s, not %s" % (name, sorted(aside[number]), sorted(want)))
        if aside[other]:
            wrong("plain/%s: kept aside are frames %s" % (name, sorted(aside[other])))
        stored = {f for f in range(1, packets + 2) if (number, f) in contents["packets"]}
        if stored != set(range(1, packets + 1)) - want:
            wrong("%s: stored are frames %s of %d" % (name, sorted(stored), packets))
        for frame in set(range(1, packets + 1)) - frames(crafted):
            neighbours += 1
            for table in TABLES:
                if contents[table][number, frame] != contents[table][other, frame]:
                    wrong("%s: rows of ordinary frame %d differ in %s" % (name, frame, table))
    print("%d captures, %d ordinary packets beside crafted ones" % (len(names), neighbours))


def label_text(match):
    named = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r"}
    code = ord(match[0])
    return "\\" + named.get(code, "%03o" % code)


def dissected(rule, raw, old):
    """The text that tshark shows for the bytes RAW; None: not modelled."""
    if rule == "dns":
        if any(b > 0x7F for b in raw):
            return None
        return re.sub(r"[\0-\x1f\x7f]", label_text, raw.decode()) or "<Root>"
    raw = raw.split(b"\0")[0]
    if rule == "comment" or (rule == "syslog" and old):
        return raw.decode("utf-8", "replace")
    return "".join(chr(b) if b < 0x80 else "\ufffd" for b in raw)


def check_texts(args, old):
    truth = lines_of(args.folder, "TRUTH")
    here = ids(args.client, args.folder, sorted({t[0] for t in truth}))
    stored = {}
    for table, column in COLUMN_OF.values():
        for number, frame, text in rows(args.client, "SELECT capture_id, frame, HEX(%s) FROM %s" % (
                column, table)):
            stored[int(number), int(frame), column] = text
    compared = 0
    for name, frame, field, rule, data in truth:
        column = COLUMN_OF[field][1]
        want = dissected(rule, bytes.fromhex(data), old)
        if want is None:
            continue
        if old:
            for byte, letter in zip("\b\t\n\f\r", "btnfr"):
                want = want.replace(byte, "\\" + letter)
        compared += 1
        want = want.encode().hex().upper() or "NULL"
        got = stored.get((here[name], int(frame), column), "NULL")
        if got != want:
            wrong("%s frame %s %s: %.100s, not %.100s" % (name, frame, field, got, want))
    print("%d of %d texts compared" % (compared, len(truth)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["packets", "texts"])
    parser.add_argument("--client", required=True, type=shlex.split)
    parser.add_argument("--tshark", default="tshark")
    parser.add_argument("folder")
    args = parser.parse_args()
    version = subprocess.run([args.tshark, "--version"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=True).stdout.decode()
    release = re.search(r"(\d+)\.(\d+)\.\d+", version)
    old = (int(release[1]), int(release[2])) < (4, 4)
    (check_packets if args.what == "packets" else check_texts)(args, old)
    print("%d differences" % len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
