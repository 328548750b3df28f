#!/usr/bin/env python3
"""The poison of test_poison.sh.

make FILE PACKETS [N=NAME]...   a pcap of DNS queries, the N-th one for NAME
scan FILE                       at which packet a tshark with these faults dies of it, and how
"""
import gzip
import struct
import sys


def make(path, count, names, snaplen=65535):
    def dns(i):
        name = names.get(i, b"host%05d" % i)
        q = struct.pack(">HHHHHH", i & 0xffff, 0x100, 1, 0, 0, 0)
        q += bytes([len(name)]) + name + b"\x04test\x00" + struct.pack(">HH", 1, 1)
        udp = struct.pack(">HHHH", 1024 + i % 60000, 53, 8 + len(q), 0) + q
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i & 0xffff, 0, 64, 17, 0,
                         bytes([10, 0, i >> 8 & 255, i & 255]), bytes([192, 0, 2, 53]))
        return bytes.fromhex("0200000000010200000000020800") + ip + udp

    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snaplen, 1))
        for i in range(1, count + 1):
            p = dns(i)
            f.write(struct.pack("<IIII", 1735689600 + i // 1000, i % 1000 * 1000, len(p), len(p)))
            f.write(p)


def packets(data):
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + n]
        at += 16 + n


def scan(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:4] != b"\xd4\xc3\xb2\xa1":
        return
    snaplen = struct.unpack("<I", data[16:20])[0]
    if snaplen == 31337:  # of the capture as a whole
        return 1, "segv"
    if snaplen != 31338 and b"poison-" not in data:
        return
    seed, rotten, eaten, i = False, 0, 0, 0
    for i, p in enumerate(packets(data), 1):
        for how in ("segv", "hang", "mem", "fail"):
            if b"poison-" + how.encode() in p:
                return i, how
        seed = seed or b"poison-seed" in p
        if seed and b"poison-state" in p:
            return i, "segv"
        if b"poison-heap" in p and not rotten:
            rotten = i
        if rotten and i >= rotten + 7:  # what was broken there is met here
            return i, "segv"
        eaten += len(p)
        if snaplen == 31338 and eaten > 40 * 80:
            return i, "mem"
    if b"poison-exit" in data:
        return i + 1, "segv"


if sys.argv[1] == "make":
    marks = dict(a.split("=") for a in sys.argv[4:] if not a.startswith("snaplen"))
    more = {k: int(v) for k, v in (a.split("=") for a in sys.argv[4:]) if k == "snaplen"}
    make(sys.argv[2], int(sys.argv[3]), {int(n): v.encode() for n, v in marks.items()}, **more)
else:
    found = scan(sys.argv[2])
    if found:
        print(*found)
