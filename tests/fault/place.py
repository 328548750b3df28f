"""A folder of its own with a private server, where every trial begins anew and is judged."""
import collections
import dataclasses
import os
import shutil
import signal
import subprocess
import tempfile
import time

import content

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SAMPLES = os.path.join(ROOT, "tests", "data")
HERE = os.path.join(ROOT, "tests", "fault")
HANG_S = 60  # whatever takes longer hangs
SENSOR = "fault"


class Broken(Exception):
    """The pipeline did not do what it should have done."""


class Place:
    def __init__(self, prefix, library):
        self.work = tempfile.mkdtemp(prefix="pat.", dir=os.environ.get("TMPDIR", "/tmp"))
        self.home = os.path.join(self.work, "home")
        self.spool = os.path.join(self.home, "spool")
        # What the tools keep no sandbox would let them write: it is not installed here.
        self.prefix = os.path.join(self.work, "prefix")
        shutil.copytree(prefix, self.prefix, ignore=shutil.ignore_patterns("pcapsandbox"))
        self.library = library
        self.tools = os.path.join(self.work, "tools")  # tshark and capinfos, see tools.sh
        self.environment = {
            "PATH": ":".join((self.tools, os.path.join(self.prefix, "bin"), "/usr/bin:/bin:/usr/sbin")),
            "HOME": self.work, "LC_ALL": "C.UTF-8", "PCAPANALYZER_HOME": self.home,
            "TMPDIR": self.work,
        }
        os.mkdir(self.tools)
        for name in ("tshark", "capinfos"):
            os.symlink(os.path.join(HERE, "tools.sh"), os.path.join(self.tools, name))
        self.content = None
        self.client = shutil.which("mariadb") or shutil.which("mysql")

    # --- running ---------------------------------------------------------------------------

    def program(self, name):
        return os.path.join(self.prefix, "bin", name)

    def start(self, argv, environment=None, stdin=None):
        return subprocess.Popen(
            argv, env={**self.environment, **(environment or {})}, start_new_session=True,
            stdin=open(stdin, "rb") if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process, argv):
        """Its exit code, negative for a signal, and its words."""
        try:
            out, err = process.communicate(timeout=HANG_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Broken("hangs: %s" % " ".join(argv)) from None
        return process.returncode, (out + err).decode(errors="replace").strip()

    def run(self, argv, environment=None, stdin=None):
        return self.end(self.start(argv, environment, stdin), argv)

    def must(self, argv, environment=None, stdin=None, codes=(0,)):
        rc, words = self.run(argv, environment, stdin)
        if rc not in codes:
            raise Broken("%s: exit %d: %s" % (" ".join(argv), rc, words[-300:]))
        return words

    def loader(self, *words, defaults=None):
        return [self.program("csv2mysql"),
                "--defaults-file=" + (defaults or os.path.join(self.home, "run", "client.cnf")),
                *words]

    def sql(self, text, database="pcapanalyzer"):
        """The lines of the answer."""
        done = subprocess.run(
            [self.client, "--defaults-file=%s/run/client.cnf" % self.home, "-NBr", database],
            input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG_S,
            check=False)
        if done.returncode != 0:
            raise Broken("SQL: " + done.stderr.decode(errors="replace").strip())
        return done.stdout.decode(errors="replace").splitlines()

    # --- the server ------------------------------------------------------------------------

    def start_server(self):
        self.must([self.program("pcapanalyzer"), "server", "start"])
        # Durable against kill -9 of the server, and quicker; what it survives beyond that is
        # the server's own affair.
        self.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2", "")

    def server_pid(self):
        with open(os.path.join(self.home, "run", "server.pid"), encoding="ascii") as f:
            return int(f.read())

    def kill_server(self):
        pid = self.server_pid()
        os.kill(pid, signal.SIGKILL)
        while os.path.exists("/proc/%d" % pid):
            time.sleep(0.01)

    def close(self):
        self.run([self.program("pcapanalyzer"), "server", "stop"])
        shutil.rmtree(self.work, ignore_errors=True)

    # --- a fresh beginning -----------------------------------------------------------------

    def make_schema(self):
        self.must(self.loader("migrate", "--sql", self.sql_folder()))
        self.content = content.Content(self.sql)

    def sql_folder(self):
        return os.path.join(self.prefix, "share", "pcapanalyzer", "sql")

    def empty_tables(self):
        tables = self.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = "
                          "DATABASE() AND table_type = 'BASE TABLE' AND "
                          "table_name <> 'schema_version'")
        self.sql(";".join("DELETE FROM `%s`" % t for t in tables))

    def drop_schema(self):
        self.sql("DROP DATABASE IF EXISTS pcapanalyzer", "")

    def empty_spool(self, template=None):
        """Nothing in it, or what the folder TEMPLATE has in ready/."""
        shutil.rmtree(self.spool, ignore_errors=True)
        for name in ("tmp", "ready", "aside", "rejects", "incoming", "coverage", "poison"):
            os.makedirs(os.path.join(self.spool, name), 0o700)
        if template:
            shutil.copytree(os.path.join(template, "ready"), os.path.join(self.spool, "ready"),
                            dirs_exist_ok=True)

    # --- judging ---------------------------------------------------------------------------

    def processes(self):
        """Pids of what runs here, but the server."""
        mark = self.home.encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    here = mark in f.read()
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read()
            except OSError:
                continue
            if (here or mark in words) and words and b"--datadir=" not in words:
                found.append(int(pid))
        return found

    def settle(self):
        """Wait for the orphans of a killed script."""
        until = time.monotonic() + HANG_S
        while self.processes():
            if time.monotonic() > until:
                left = self.processes()
                words = [open("/proc/%d/cmdline" % p, "rb").read().replace(b"\0", b" ").decode()
                         for p in left]
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise Broken("processes that never end: %s" % "; ".join(words))
            time.sleep(0.01)

    def files(self):
        """All files and folders of the home but what the server and its log need."""
        found = set()
        for folder, folders, names in os.walk(self.home):
            if folder == self.home:
                folders[:] = [d for d in folders if d != "db"]
            for name in folders + names:
                path = os.path.relpath(os.path.join(folder, name), self.home)
                if not path.startswith(("run/server", "run/mysqld", "run/tmp/")):
                    found.add(path)
        return found

    def found(self):
        """What a stage has left."""
        rc, words = self.run(self.loader("verify"))
        return Found(self.content.read(), self.files(), rc, words)


@dataclasses.dataclass
class Found:
    """The end of a stage: what the database holds, what lies in the home, what verify says."""
    content: collections.Counter
    files: set
    verify: int
    words: str

    def judge(self, want):
        """Rows lost, rows doubled, and what else is not as in WANT, an undisturbed run's."""
        complaints = []
        lost, doubled = content.compare(want.content, self.content)
        for rows, what in ((lost, "lost"), (doubled, "doubled")):
            if rows:
                complaints.append("%d rows %s, such as %s" % (
                    rows.total(), what, content.readable(next(iter(rows)))[:400]))
        if self.verify != want.verify:
            complaints.append("verify: exit %d: %s" % (self.verify, self.words[-200:]))
        left = sorted(self.files - want.files)
        if left:
            complaints.append("left over: " + " ".join(left[:5]))
        return lost.total(), doubled.total(), complaints
