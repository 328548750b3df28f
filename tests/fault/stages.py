"""The stages of the pipeline that faults are tried on. Each knows how to begin anew, how to do its
work (with a fault in it), and what anybody would do afterwards to finish."""
import glob
import hashlib
import os
import shlex
import shutil
import subprocess
import time

import damage
import injection
import together
import wire
from injection import Injection
from place import HERE, SAMPLES, SENSOR, Broken

BATCH_ROWS = "20"
PACKETS = "53"  # with the row that is nonsense
CAPTURE_S = 30  # in which a live capture stores all
DISTURBED_S = 6  # after which one with a fault in it is told to end


class Stage:
    """One step of the pipeline, done by a PROGRAM; WORD tells its processes from others of that
    name. Where a trial is not quick, SLOW has fewer of them; SHORT is how many steps of each
    fault --short visits."""
    name = program = word = None
    faults = injection.FAULTS
    slow = False
    short = 2

    def __init__(self, place):
        self.place = place

    def disturb(self, fault, at):
        """What the work runs under: it only counts where AT is 0."""
        return Injection(self.place, self.program, self.word, fault, at)

    def begin(self):
        """The state before the work."""
        self.place.empty_tables()
        self.place.empty_spool()

    def command(self):
        """The work: words of a command, and a file for its standard input or None."""
        raise NotImplementedError

    def work(self, environment=None):
        """Do it; returns the exit code."""
        argv, stdin = self.command()
        return self.place.run(argv, environment, stdin)[0]

    def finish(self):
        """What is left to do after the work, or after a fault in it."""
        raise NotImplementedError


class Filter(Stage):
    """tshark2csv: tshark's text into batches."""
    name = "filter"
    program = "tshark2csv"

    def __init__(self, place, folder=None, replace=False, rows=BATCH_ROWS):
        super().__init__(place)
        self.replace, self.rows = replace, rows
        self.folder = folder or place.spool
        self.fields = os.path.join(place.work, "fields")
        if not os.path.exists(self.fields):
            args = place.must([place.program("tshark2csv"), "--tshark-args"]).split()
            with open(self.fields, "wb") as out:
                subprocess.run(["/usr/bin/tshark", "-r", os.path.join(SAMPLES, "sample.pcap"),
                                *args], stdout=out, stderr=subprocess.DEVNULL, check=True)
                # One row that cannot be converted is kept aside: rejects are rows, too.
                out.write(b"nonsense\n#pcapanalyzer end=complete\n")

    def command(self):
        # Another capture than the import of the same file: it has a row more.
        with open(self.fields, "rb") as f:
            sha = hashlib.sha256(f.read()).hexdigest()
        return [self.place.program("tshark2csv"), "--spool", self.folder, "--trailer",
                "--sensor", SENSOR, "--capture-name", "sample", "--capture-sha256", sha,
                "--capture-packets", PACKETS, "--batch-rows", self.rows, *(["--replace"] if self.replace else [])], self.fields

    def finish(self):
        argv, stdin = self.command()
        self.place.must(argv, stdin=stdin, codes=(0, 3))
        self.place.must(self.place.loader("load", "--spool", self.place.spool))


class Load(Stage):
    """csv2mysql load: batches into the database."""
    name = "load"

    def __init__(self, place):
        super().__init__(place)
        self.program, self.word = "csv2mysql", "load"
        self.template = os.path.join(place.work, "template")
        if not os.path.exists(self.template):
            argv, stdin = Filter(place, self.template).command()
            place.must(argv, stdin=stdin, codes=(0, 3))

    def begin(self):
        self.place.empty_tables()
        self.place.empty_spool(self.template)

    def command(self):
        return self.place.loader("load", "--spool", self.place.spool), None

    def finish(self):
        self.place.must(self.place.loader("load", "--spool", self.place.spool))


class Wire(Load):
    """csv2mysql load through a proxy."""
    name = "wire"
    faults = wire.FAULTS
    slow = True
    short = 1

    def __init__(self, place):
        super().__init__(place)
        self.defaults = os.path.join(place.work, "wire.cnf")
        # Not root, whom read_only does not hold up.
        place.sql("CREATE USER IF NOT EXISTS loader@localhost; "
                  "GRANT ALL ON pcapanalyzer.* TO loader@localhost")
        with open(self.defaults, "w", encoding="utf-8") as f:
            f.write("[client]\nuser=loader\nsocket=%s/wire.sock\n" % place.work)

    def disturb(self, fault, at):
        return wire.Proxy(self.place, fault, at)

    def command(self):
        return self.place.loader("load", "--spool", self.place.spool, "--answer-timeout",
                                 wire.PATIENCE_S, defaults=self.defaults), None


class Damaged(Load):
    """csv2mysql load of a damaged batch: it is kept aside, or the damage does no harm."""
    name = "damage"
    faults = damage.FAULTS

    def __init__(self, place):
        super().__init__(place)
        self.template = os.path.join(place.work, "single")
        if not os.path.exists(self.template):
            argv, stdin = Filter(place, self.template, rows="1000").command()
            place.must(argv, stdin=stdin, codes=(0, 3))

    def disturb(self, fault, at):
        return damage.Damage(self.place, fault, at)

    def finish(self):
        aside = os.path.join(self.place.spool, "aside")
        for batch in os.listdir(aside):
            reason = os.path.join(aside, batch, "reason")
            if not os.path.exists(reason) or os.path.getsize(reason) == 0:
                raise Broken("a batch is aside without a reason")
            if self.place.sql("SELECT COUNT(*) FROM batches") != ["0"]:
                raise Broken("a batch is aside and stored")
            self.place.empty_spool(self.template)
        super().finish()


class Redissect(Load):
    """csv2mysql load of batches that replace what is there."""
    name = "redissect"

    def __init__(self, place):
        super().__init__(place)
        self.second = os.path.join(place.work, "replacing")
        if not os.path.exists(self.second):
            argv, stdin = Filter(place, self.second, replace=True).command()
            place.must(argv, stdin=stdin, codes=(0, 3))

    def begin(self):
        super().begin()
        self.finish()
        self.place.empty_spool(self.second)


class Migrate(Load):
    """csv2mysql migrate: the schema, from nothing."""
    name = "migrate"
    slow = True
    short = 0

    def __init__(self, place):
        super().__init__(place)
        self.word = "migrate"

    def begin(self):
        self.place.drop_schema()
        self.place.empty_spool(self.template)

    def command(self):
        return self.place.loader("migrate", "--sql", self.place.sql_folder()), None

    def finish(self):
        self.place.must(self.command()[0])
        super().finish()


class WireRedissect(Wire, Redissect):
    """csv2mysql load of batches that replace what is there, through a proxy."""
    name = "wire-redissect"
    short = 0


class WireMigrate(Wire, Migrate):
    """csv2mysql migrate through a proxy."""
    name = "wire-migrate"
    short = 0
    # A migration does not try again by itself, and has nothing to commit.
    faults = tuple(f for f in wire.FAULTS if f.action not in ("lost", "silence", "stall"))

    def command(self):
        return self.place.loader("migrate", "--sql", self.place.sql_folder(),
                                 defaults=self.defaults), None

    def finish(self):
        self.place.must(Migrate.command(self)[0])
        Load.finish(self)


class Import(Stage):
    """pcapanalyzer import of two captures, with a tshark that says what it said before."""
    name = "import"
    program = "bash"
    word = "pcapanalyzer"
    faults = injection.SCRIPT_FAULTS
    slow = True
    short = 1
    options = ()

    def __init__(self, place):
        super().__init__(place)
        self.captures = [os.path.join(SAMPLES, f) for f in ("sample.pcap", "cut.pcap")]

    def command(self):
        return [self.place.program("pcapanalyzer"), "import", "-j", "1", "--sensor", SENSOR,
                *self.options, *self.captures], None

    def finish(self):
        # 3: one of the captures is cut. Orphans may still be at work; what they leave in the run
        # folder goes with the next import.
        self.place.must(self.command()[0], codes=(0, 3))
        self.place.settle()
        if glob.glob(os.path.join(self.place.home, "run", "import.*")):
            self.place.must(self.command()[0], codes=(0, 3))


class ImportOne(Import):
    """The worker of an import."""
    name = "import-one"
    word = "import-one.sh"
    short = 1


class ImportRedissect(Import):
    """pcapanalyzer import --redissect over what another tshark has made."""
    name = "import-redissect"
    options = ("--redissect",)

    def begin(self):
        super().begin()
        self.place.must([self.place.program("pcapanalyzer"), "import", "-j", "1", "--sensor",
                         SENSOR, *self.captures], codes=(0, 3))
        self.place.sql("UPDATE batches SET tshark = 'TShark (Wireshark) 3.9.9'; "
                       "UPDATE passports SET tshark = 'TShark (Wireshark) 3.9.9', "
                       "sha256 = REVERSE(sha256)")


class Together(Import):
    """Several commands at once; batches wait in the spool already."""
    name = "together"
    faults = together.FAULTS

    def __init__(self, place):
        super().__init__(place)
        self.template = Load(place).template
        self.disturbance = None

    def begin(self):
        self.place.empty_tables()
        self.place.empty_spool(self.template)

    def disturb(self, fault, at):
        self.disturbance = together.Together(fault, at)
        return self.disturbance

    def words(self, command):
        """The command line for a word of together.py."""
        if command == "import":
            return self.command()[0]
        if command == "redissect":
            return [*self.command()[0], "--redissect"]
        return [self.place.program("pcapanalyzer"), command]

    def work(self, environment=None):
        if not self.disturbance:
            return 0
        running = self.disturbance.start(
            lambda c: (self.place.start(self.words(c)), self.words(c)))
        worst = 0
        for process, argv in running:
            code, said = self.place.end(process, argv)
            if code not in together.CODES:
                raise Broken("%s: exit %d: %s" % (" ".join(argv), code, said[-300:]))
            worst = max(worst, code)
        return worst

    def finish(self):
        super().finish()
        self.place.must([self.place.program("pcapanalyzer"), "load"])


class Capture(Import):
    """pcapanalyzer capture, with a dumpcap that plays files (player.sh), each once."""
    name = "capture"

    def __init__(self, place):
        super().__init__(place)
        self.folder = os.path.join(place.home, "capture", "t")
        self.recorded = os.path.join(place.tools, "recorded")
        self.said = ""
        player = os.path.join(place.tools, "dumpcap")
        if not os.path.exists(player):
            os.symlink(os.path.join(HERE, "player.sh"), player)

    def begin(self):
        super().begin()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.recorded, ignore_errors=True)
        os.mkdir(self.recorded)
        for number, name in enumerate(("sample.pcap", "sample-ns.pcapng")):
            shutil.copy(os.path.join(SAMPLES, name),
                        os.path.join(self.recorded, "t_%05d.pcapng" % number))

    def command(self):
        return [self.place.program("pcapanalyzer"), "capture", "-i", "lo", "--name", "t",
                "-j", "1", "--sensor", SENSOR], None

    def waits(self):
        """Is anything not yet in the database?"""
        folders = [os.path.join(self.folder, f) for f in ("ring", "queue", "stored")]
        folders += [os.path.join(self.place.spool, f) for f in ("ready", "coverage")]
        return any(os.path.isdir(f) and os.listdir(f) for f in [self.recorded, *folders])

    def work(self, environment=None):
        """Until all is stored, or the service is gone."""
        argv, _ = self.command()
        if os.path.exists(os.path.join(self.folder, "dumpcap.pid")):
            os.remove(os.path.join(self.folder, "dumpcap.pid"))  # of one that was killed
        service = self.place.start(argv, environment)
        until = time.monotonic() + (DISTURBED_S if environment else CAPTURE_S)
        listens = os.path.join(self.folder, "dumpcap.pid")
        while service.poll() is None and time.monotonic() < until and (
                self.waits() or not os.path.exists(listens)):
            time.sleep(0.05)
        service.terminate()
        code, self.said = self.place.end(service, argv)
        return code

    def finish(self):
        # What was killed has left processes that work to their end.
        self.place.settle()
        code = self.work()
        if code != 0 or self.waits():
            raise Broken("capture: exit %d, and %s waits: %s" % (
                code, "something" if self.waits() else "nothing", self.said[-300:]))


class CaptureOne(Capture):
    """The worker of a live capture."""
    name = "capture-one"
    word = "capture-one.sh"


class CaptureEvent(Capture):
    """A live capture in which csv2mysql has the fault, as it tells events or loads."""
    name = "capture/csv2mysql"
    program = "csv2mysql"
    word = None
    faults = injection.FAULTS[:6]
    short = 0


class LoadCommand(Load):
    """pcapanalyzer load, as cron runs it."""
    name = "load-command"
    slow = True
    short = 1
    faults = injection.SCRIPT_FAULTS

    def __init__(self, place):
        super().__init__(place)
        self.program, self.word = "bash", "pcapanalyzer"

    def command(self):
        return [self.place.program("pcapanalyzer"), "load"], None


def _tool(tool):
    """An import in which TOOL, a program that the scripts start, has the fault."""
    class Tool(Import):
        name = "import/" + tool
        program = tool
        word = None
        faults = injection.TOOL_FAULTS
    return Tool


class Wireshark(Import):
    """An import in which the real tshark or capinfos has the fault. The scripts give them an
    empty environment, so that theirs comes from a file (tools.sh)."""
    word = None
    faults = injection.TOOL_FAULTS

    def work(self, environment=None):
        path = os.path.join(self.place.tools, self.program + ".env")
        with open(path, "w", encoding="utf-8") as f:
            for name, value in (environment or {}).items():
                f.write("export %s=%s\n" % (name, shlex.quote(value)))
        try:
            return super().work()
        finally:
            os.remove(path)


class Tshark(Wireshark):
    name = program = "tshark"


class Capinfos(Wireshark):
    name = program = "capinfos"


class InImport(Import):
    """An import in which csv2mysql or tshark2csv has the fault, whatever it does there."""
    word = None
    faults = injection.FAULTS[:6]


class ImportLoader(InImport):
    name = "import/csv2mysql"
    program = "csv2mysql"


class ImportFilter(InImport):
    name = "import/tshark2csv"
    program = "tshark2csv"


STAGES = (Filter, Load, Wire, Damaged, Redissect, Migrate, WireRedissect,
          WireMigrate, Import, ImportOne, ImportRedissect, Capture, CaptureOne, CaptureEvent,
          LoadCommand, Together,
          ImportLoader, ImportFilter, Tshark, Capinfos,
          *(_tool(t) for t in ("mv", "mkdir", "rm", "sha256sum")))
