"""A proxy between the loader and the server: it cuts the connection, swallows a reply or does
something to the server, at a step of the conversation."""
import os
import socket
import threading
import time

from injection import Fault

COMMIT = b"\x03COMMIT"
STALL_S = 2  # longer than the server is told to wait
PATIENCE_S = "2"  # of the loader
READ_ONLY_S = 1  # the loader tries again for longer

FAULTS = (
    Fault("cut before a packet", "cut", ("packet",)),
    Fault("cut after a packet", "cut-after", ("packet",)),
    Fault("cut in a packet", "cut", ("byte",)),
    Fault("lost reply to COMMIT", "lost", ("commit",)),
    Fault("KILL of the connection", "kill-connection", ("packet",)),
    Fault("kill -9 of the server", "kill-server", ("packet",)),
    Fault("stall", "stall", ("packet",)),
    Fault("silence", "silence", ("packet",)),
    Fault("read_only", "read-only", ("packet",)),
)


def _whole(end, n):
    """N bytes from a socket; fewer at its end."""
    got = b""
    while len(got) < n:
        more = end.recv(n - len(got))
        if not more:
            break
        got += more
    return got


class _Conversation:
    """One connection. A packet of the protocol has its length in its first three bytes."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(proxy.behind)
        self.thread_id = None
        self.swallow = False
        self.threads = [threading.Thread(target=self._guard, args=(f,), daemon=True)
                        for f in (self._from_client, self._from_server)]
        for thread in self.threads:
            thread.start()

    def _guard(self, work):
        try:
            work()
        except OSError:
            pass
        self.hang_up()

    def hang_up(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _from_server(self):
        while True:
            got = self.server.recv(65536)
            if not got or self.swallow:
                return
            if self.thread_id is None:  # the greeting: a version that ends in NUL, then this
                at = got.index(b"\0", 5) + 1
                self.thread_id = int.from_bytes(got[at:at + 4], "little")
            self.client.sendall(got)

    def _from_client(self):
        while True:
            head = _whole(self.client, 4)
            packet = head + _whole(self.client, int.from_bytes(head[:3], "little"))
            if not packet:
                return
            part = self.proxy.due(packet)
            if part is not None:
                self.server.sendall(packet[:part])
                if not self.proxy.happen(self):
                    return
                packet = packet[part:]
            self.server.sendall(packet)


class Proxy:
    """Listens on a socket of its own until close(); a disturbance like Injection."""
    environment = {}

    def __init__(self, place, fault, at):
        self.place, self.fault, self.at = place, fault, at
        self.behind = os.path.join(place.home, "run", "mysqld.sock")
        self.path = os.path.join(place.work, "wire.sock")
        self.lock = threading.Lock()
        self.steps = 0
        self.times = 0
        self.aside = None  # what is still being done to the server
        self.conversations = []
        if fault.action == "stall":
            self._set("net_read_timeout = 1")
            self._set("wait_timeout = 1")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _set(self, what):
        self.place.sql("SET GLOBAL " + what, "")

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.conversations.append(_Conversation(self, client))
            except OSError:
                client.close()  # no server

    def due(self, packet):
        """How many bytes of the packet go before it happens; None: it does not happen here."""
        with self.lock:
            before = self.steps
            unit = self.fault.classes[0]
            self.steps += {"packet": 1, "byte": len(packet), "commit": packet[4:] == COMMIT}[unit]
            if not before < self.at <= self.steps:
                return None
            self.times += 1
        if unit == "byte":
            return self.at - before - 1
        return len(packet) if self.fault.action in ("lost", "cut-after") else 0

    def happen(self, conversation):
        """Returns whether the conversation goes on."""
        action = self.fault.action
        if action == "lost":
            conversation.swallow = True
            conversation.threads[1].join()
        elif action == "kill-server":
            self.place.kill_server()
            self._meanwhile(self.place.start_server)
        elif action == "kill-connection":
            self.place.sql("KILL %d" % conversation.thread_id, "")
        elif action == "read-only":
            self._meanwhile(self._read_only)
            self.aside.join(0.1)  # MariaDB waits for open transactions first
        elif action == "stall":
            time.sleep(STALL_S)
        elif action == "silence":
            while conversation.client.recv(65536):
                pass  # until the client has waited long enough, and hangs up
        return action in ("kill-connection", "read-only", "stall")

    def _read_only(self):
        self._set("read_only = 1")
        time.sleep(READ_ONLY_S)
        self._set("read_only = 0")

    def _meanwhile(self, work):
        self.aside = threading.Thread(target=work)
        self.aside.start()

    def selected(self):
        return self.steps

    def fired(self):
        return self.times, "the wire"

    def close(self):
        self.listener.close()
        os.remove(self.path)
        for conversation in self.conversations:
            conversation.hang_up()
            for thread in conversation.threads:
                thread.join()
        if self.aside:
            self.aside.join()
        if self.fault.action == "stall":
            self._set("net_read_timeout = DEFAULT")
            self._set("wait_timeout = DEFAULT")
