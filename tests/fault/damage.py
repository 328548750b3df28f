"""Damage to the files of a batch that waits in the spool."""
import os
import random
import shutil

from injection import Fault

FAULTS = (
    Fault("truncated file", "truncate", ("byte",)),
    Fault("flipped bits", "flip", ("byte",)),
    Fault("doubled byte", "double", ("byte",)),
    Fault("zeroed block", "zero", ("byte",)),
    Fault("missing file", "remove", ("file",)),
    Fault("empty file", "empty", ("file",)),
    Fault("folder for file", "folder", ("file",)),
    Fault("link for file", "link", ("file",)),
)
BLOCK = 64


class Damage:
    """Done to the one batch in the spool at the byte or file AT, all files one behind the other;
    a disturbance like Injection."""
    environment = {}

    def __init__(self, place, fault, at):
        ready = os.path.join(place.spool, "ready")
        self.batch = os.path.join(ready, os.listdir(ready)[0])
        # The manifest first: where only some steps are visited, it is not passed by.
        names = sorted(os.listdir(self.batch), key=lambda n: (n != "manifest", n))
        paths = [os.path.join(self.batch, n) for n in names]
        sizes = [1 if fault.classes == ("file",) else os.path.getsize(p) for p in paths]
        self.steps = sum(sizes)
        self.where = None
        for path, size in zip(paths, sizes):
            if 0 < at <= size:
                self.where = "%s, byte %d" % (os.path.basename(path), at)
                getattr(self, "_" + fault.action)(path, at - 1)
            at -= size

    def _write(self, path, content):
        with open(path, "wb") as f:
            f.write(content)

    def _content(self, path):
        with open(path, "rb") as f:
            return bytearray(f.read())

    def _truncate(self, path, at):
        os.truncate(path, at)

    def _flip(self, path, at):
        content = self._content(path)
        content[at] ^= random.Random(at).randrange(1, 256)
        self._write(path, content)

    def _double(self, path, at):
        content = self._content(path)
        self._write(path, content[:at + 1] + content[at:])

    def _zero(self, path, at):
        content = self._content(path)
        n = len(content[at:at + BLOCK])
        self._write(path, content[:at] + bytes(n) + content[at + n:])

    def _remove(self, path, _):
        os.remove(path)

    def _empty(self, path, _):
        os.truncate(path, 0)

    def _folder(self, path, _):
        os.remove(path)
        os.mkdir(path)

    def _link(self, path, _):
        shutil.move(path, path + ".elsewhere")
        os.symlink(path + ".elsewhere", path)

    def selected(self):
        return self.steps

    def fired(self):
        return int(self.where is not None), self.where or ""

    def close(self):
        pass
