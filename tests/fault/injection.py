"""One fault for one program: the environment that inject.c reads, and the page that it counts in."""
import dataclasses
import mmap
import os
import struct

CLASSES = ("open", "read", "write", "send", "close", "sync", "name", "lock", "connect", "memory",
           "command")
CALLS = tuple(c for c in CLASSES if c not in ("memory", "command"))
PAGE = struct.Struct("2Q%dQ64s" % len(CLASSES))


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens, at which classes of steps, and to how many in a row (0: to all from there)."""
    name: str
    action: str
    classes: tuple
    times: int = 1


KILL = Fault("kill -9 before", "kill", CALLS)
KILL_AFTER = Fault("kill -9 after", "kill-after", CALLS)
FAULTS = (
    KILL,
    KILL_AFTER,
    Fault("ENOSPC", "ENOSPC", ("open", "write", "sync", "name", "close")),
    Fault("disk stays full", "ENOSPC", ("open", "write", "sync", "name", "close"), 0),
    Fault("EIO", "EIO", ("open", "read", "write", "sync", "name", "lock", "close")),
    Fault("EMFILE", "EMFILE", ("open", "connect")),
    Fault("EINTR", "EINTR", ("read", "write", "send", "lock")),
    Fault("short", "short", ("read", "write", "send")),
    Fault("SIGPIPE", "EPIPE", ("write", "send")),
    Fault("malloc", "ENOMEM", ("memory",)),
    Fault("clock +1 day", "clock:86400", CALLS),
    Fault("clock -1 day", "clock:-86400", CALLS),
)
SCRIPT_FAULTS = (
    Fault("kill -9", "kill", ("command",)),
    Fault("ENOSPC", "ENOSPC", ("open", "write")),
    Fault("disk stays full", "ENOSPC", ("open", "write"), 0),
)
TOOL_FAULTS = (
    KILL,
    KILL_AFTER,
    Fault("ENOSPC", "ENOSPC", ("open", "write", "sync", "name", "close")),
    Fault("EIO", "EIO", ("open", "read", "write", "sync", "name", "close")),
)


class Injection:
    """Counts the steps of PROGRAM (of those of its processes that have WORD on their command
    line), or makes FAULT happen at the step AT."""

    def __init__(self, place, program, word, fault, at):
        self.state = os.path.join(place.work, "state")
        with open(self.state, "wb") as f:
            f.truncate(mmap.PAGESIZE)
        self.environment = {
            "LD_PRELOAD": place.library,
            "BASH_ENV": os.path.join(os.path.dirname(os.path.abspath(__file__)), "steps.bash"),
            "PA_FAULT_STATE": self.state,
            "PA_FAULT_PROGRAM": program,
            "PA_FAULT_CLASSES": ",".join(fault.classes),
            "PA_FAULT_AT": str(at),
            "PA_FAULT_TIMES": str(fault.times),
            "PA_FAULT_ACTION": fault.action,
        }
        if word:
            self.environment["PA_FAULT_WORD"] = word

    def _page(self):
        with open(self.state, "rb") as f:
            return PAGE.unpack(f.read(PAGE.size))

    def selected(self):
        """Steps of the classes of the fault."""
        return self._page()[0]

    def fired(self):
        """How often it happened, and at which call last."""
        page = self._page()
        return page[1], page[-1].split(b"\0")[0].decode()

    def close(self):
        pass
