"""Several commands at once, each a moment after the other."""
import random
import time

from injection import Fault

FAULTS = tuple(Fault(words, words, ("run",)) for words in (
    "import + import",
    "load + load",
    "import + load + load",
    "import + redissect",
    "import + migrate + load + verify",
    "import + import + load + migrate + redissect + verify",
))
RUNS = 20
APART_S = 0.5
# 3: a capture is cut. 4: another one has what is needed.
CODES = (0, 3, 4)


class Together:
    """Starts the commands; at differs the time between them. A disturbance like Injection."""

    def __init__(self, fault, at):
        self.environment = {}
        self.commands = fault.action.split(" + ") if at else []
        self.random = random.Random(at)

    def start(self, start):
        """Start each by the function START; returns what that returns."""
        started = []
        for command in self.commands:
            started.append(start(command))
            time.sleep(self.random.uniform(0, APART_S))
        return started

    def selected(self):
        return RUNS

    def fired(self):
        return 1, "a run of many"

    def close(self):
        pass
