"""A running xylem as the tests see it: what goes in, what comes out, what it leaves behind.

Nothing here sleeps to let something happen: everything waits for a condition, with a ceiling that
only a broken program ever reaches.
"""

import argparse
import collections
import ctypes
import errno
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

WORLDS = {
    "thread": [],
    "ipc": ["--process", "--transport", "ipc"],
    "tcp": ["--process", "--transport", "tcp"],
    "simulated": ["--simulate"],
}
CEILING = 60  # seconds, for whatever must happen at all
ENDING = 5  # seconds until nothing may be left; the contract says one, on a machine of its own

UNAVAILABLE = "Heartbeat: node {} is unavailable now"
AVAILABLE = "Heartbeat: node {} is available again"
ESCAPES = r"\x1b(\[[0-9;?]*[A-Za-z~]|[=>]|[()][A-Z0-9])"  # of a terminal: colours, movements

# What is said of a node that was told to end, and does not, as one that was paused.
KILLED = (r"^xylem: (node \d+: )?warning: "
          r"(node \d+ did not end in time and is killed: the close function of its service may not have run"
          r"|\d+ more nodes did not end in time and are killed)\n")

# What the leak checker says of a worker that is killed while it is being looked at, at its end.
KILLED_AT_ITS_END = r"==\d+==Unable to get registers from thread \d+\.$"

options = argparse.Namespace(program=None, liar=None, world="thread", seed=None, count=None)

# A program that is told to end clears up first, as at any other end.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))

# Workers that lose their parent come to us, so that none of them can hide.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main():
    """Run the tests of the file that calls this, with the options that all of them share."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--program", required=True, type=os.path.abspath)
    parser.add_argument("--world", choices=WORLDS, default="thread")
    parser.add_argument("--liar", type=os.path.abspath, help="a program whose workers lie")
    parser.add_argument("--seed", type=int, help="repeat a run that depends on chance")
    parser.add_argument("--count", type=int, help="how much to do: nodes, commands, rounds")
    rest = parser.parse_known_args(namespace=options)[1]
    unittest.main(argv=[sys.argv[0], "-v", *rest])


def until(condition, what, ceiling=CEILING):
    """Wait until condition() is true, and return what it returned."""
    deadline = time.monotonic() + ceiling
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {ceiling} s: {what() if callable(what) else what}")
        time.sleep(0.005)


def process(pid):
    """(parent's pid, state); an OSError when there is none."""
    with open(f"/proc/{pid}/stat", errors="replace") as file:
        state, parent = file.read().rpartition(")")[2].split()[:2]
    return int(parent), state


def processes():
    """Every process of the system: {pid: (parent's pid, state)}."""
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            found[pid] = process(pid)
        except OSError:
            pass  # it ended meanwhile
    return found


def unread(fd):
    """How many bytes wait to be read."""
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]


def alive(pid):
    return processes().get(pid, (0, "Z"))[1] not in "ZX"


def parent_of(pid):
    return process(pid)[0]


def agent_of(worker):
    """Of a worker process: it has started it."""
    return parent_of(worker)


def title_of(pid):
    """What it is called in the list of processes."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""  # it has ended


def workers_of(program):
    """The worker processes of its nodes, without a spare one that has no node yet."""
    return {pid for pid in descendants(program.pid) if "--xylem-worker " in title_of(pid)}


def await_no_spare(program):
    until(lambda: len(descendants(program.pid)) == 1 + len(workers_of(program)), "no spare worker")


def descendants(pid):
    """The living processes below one process."""
    table = processes()
    below = collections.defaultdict(list)
    for child, (parent, state) in table.items():
        below[parent].append(child)
        if parent == os.getpid() and state == "Z" and child not in Program.started:
            os.waitpid(child, os.WNOHANG)  # an orphan that became ours
    found, todo = [], [pid]
    while todo:
        children = below[todo.pop()]
        todo += children
        found += [child for child in children if table[child][1] not in "ZX"]
    return found


class Home:
    """The private folders of a run. What is in them after its end was left behind."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="xy-", dir="/tmp")  # short: a socket's path is limited
        self.runtime, self.temporary = f"{self.base}/run", f"{self.base}/tmp"
        os.mkdir(self.runtime, 0o700)
        os.mkdir(self.temporary, 0o700)

    def environment(self):
        result = dict(os.environ, XDG_RUNTIME_DIR=self.runtime, TMPDIR=self.temporary)
        result.setdefault("TERM", "xterm")
        for name in "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS":
            given = os.environ.get(name)
            result[name] = (f"{given}:" if given else "") + f"log_path={self.base}/report"
        return result

    def files(self):
        return sorted(
            os.path.join(folder, name)
            for top in (self.runtime, self.temporary)
            for folder, folders, files in os.walk(top)
            for name in folders + files
        )

    def reports(self):
        """What the sanitizers had to say, of the program and of every worker."""
        lines = []
        for name in os.listdir(self.base):
            if name.startswith("report"):
                with open(f"{self.base}/{name}", errors="replace") as file:
                    lines += file
        return "".join(line for line in lines if not re.match(KILLED_AT_ITS_END, line))

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


class Program:
    """One xylem. Use it with `with`: whatever happens, its processes end and its folders go."""

    started = set()

    def __init__(self, *arguments, world=None, path=None, home=None, environment=(), prepare=None,
                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, terminal=False, session=True):
        self.home, self.own_home = home or Home(), home is None
        self.notices, self.buffer = [], b""
        self.folders_before = set(self.home.files())
        command = [path or options.program, *WORLDS[world or options.world], *map(str, arguments)]
        if terminal:
            self.input, stdin = pty.openpty()
            stdout = stdin
            fcntl.ioctl(stdin, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.error_file = open(f"{self.home.base}/stderr", "wb")

        def before():
            if terminal:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if prepare:
                prepare()

        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stdin if terminal else self.error_file,
            env=dict(self.home.environment(), **dict(environment)), start_new_session=session,
            preexec_fn=before if terminal or prepare else None)
        self.pid = self.process.pid
        Program.started.add(self.pid)
        if terminal:
            os.close(stdin)
            self.output = self.input
        else:
            self.input = self.process.stdin and self.process.stdin.fileno()
            self.output = self.process.stdout and self.process.stdout.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for pid in [self.pid] * (self.process.poll() is None) + descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        descendants(os.getpid())  # collects the dead
        self.close_input()
        if self.process.stdout:
            self.process.stdout.close()
        self.error_file.close()
        if error[0] or self.home.reports():
            sys.stderr.write(self.errors() + self.home.reports())
        if self.own_home:
            self.home.close()

    # What goes in and comes out

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        while data:
            data = data[os.write(self.input, data):]

    def close_input(self):
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        elif self.input is not None:
            os.close(self.input)
            self.input = None

    def receive(self, ceiling=CEILING):
        """Take what there is to read into the buffer; False at the end of the output."""
        if not select.select([self.output], [], [], ceiling)[0]:
            raise AssertionError(f"nothing to read for {ceiling} s; so far {self.buffer[-500:]!r}")
        try:
            data = os.read(self.output, 1 << 16)
        except OSError as error:  # a terminal's way to say that its other end is closed
            if error.errno != errno.EIO:
                raise
            data = b""
        self.buffer += data
        return bool(data)

    def line(self, ceiling=CEILING):
        """The next line, whatever it is; None at the end of the output."""
        while b"\n" not in self.buffer:
            if not self.receive(ceiling):
                return None
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()

    def reply(self, ceiling=CEILING):
        """The next line that is no notice; the notices before it are kept in order."""
        while True:
            line = self.line(ceiling)
            if line is None or not line.startswith("Heartbeat: "):
                return line
            self.notices.append(line)

    def ask(self, command, ceiling=CEILING):
        self.send(command + "\n")
        return self.reply(ceiling)

    def ask_lines(self, command):
        """All lines of a reply that has many of them, by a line behind it that is an error."""
        self.send(command + "\nno-such-command\n")
        return list(iter(self.reply, "Error: bad command: 'no-such-command'"))

    def create(self, id, service=None):
        """Create a node that must come into being, and return its pid."""
        reply = self.ask(f"create {id}" + (f" --service {service}" if service else ""))
        if not re.fullmatch(r"OK: [1-9]\d*", reply or ""):
            raise AssertionError(f"create {id}: {reply!r}")
        return int(reply[4:])

    def take_notices(self):
        taken, self.notices = self.notices, []
        return taken

    def wait_notice(self):
        """The next notice, though nothing was asked."""
        if not self.notices:
            self.notices.append(self.line())
        return self.notices.pop(0)

    def rest(self, ceiling=CEILING):
        """Everything up to the end of the output."""
        deadline = time.monotonic() + ceiling
        while self.receive(max(0, deadline - time.monotonic())):
            pass
        text, self.buffer = self.buffer.decode(errors="replace"), b""
        return text

    def expect(self, pattern):
        """On a terminal: wait for a pattern, take everything up to it, and return the match."""
        while True:
            seen = re.sub(ESCAPES, "", self.buffer.decode(errors="replace"))
            match = re.search(pattern, seen)
            if match:
                self.buffer = seen[match.end():].encode()
                return match
            if not self.receive():
                raise AssertionError(f"ended before {pattern!r}: {seen!r}")

    def errors(self, killed=False):
        """What it complained of; that nodes had to be killed, only if asked for: a busy machine may
        keep any node from ending in time."""
        with open(self.error_file.name, errors="replace") as file:
            text = file.read()
        return text if killed else re.sub(KILLED, "", text, flags=re.MULTILINE)

    # What it is doing

    def busy(self):
        """It has taken all its input, and sleeps over it."""
        return unread(self.input) == 0 and processes().get(self.pid, (0, ""))[1] == "S"

    def blocked(self):
        """It cannot write any more until its output is read."""
        output = os.open(f"/proc/{self.pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
        try:
            return not select.select([], [output], [], 0)[1]
        finally:
            os.close(output)

    def ended(self, ceiling=CEILING):
        """Wait for its end and return its exit status."""
        return self.process.wait(ceiling)

    def left(self):
        """Processes and files that are still there after the end."""
        names = [f"process {pid}" for pid in descendants(os.getpid())]
        return names + [name for name in self.home.files() if name not in self.folders_before]

    def check_nothing_left(self):
        until(lambda: not self.left(), lambda: f"left: {', '.join(self.left())}", ENDING)
        if self.home.reports():
            raise AssertionError("a sanitizer reports")
