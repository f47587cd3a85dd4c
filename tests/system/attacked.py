"""A whole network that strangers come to: where it listens, what they cost it, what must hold."""

import collections
import fcntl
import mmap
import os
import random
import signal
import struct
import sys
import termios
import time
import unittest

import zmtp
from program import AVAILABLE, CEILING, UNAVAILABLE, Program, options, until, workers_of

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "soak"))
from machine import Probes

HEARTBEAT = 250  # ms
FORGIVEN = 2 * HEARTBEAT / 1000  # seconds: who is held up for longer may be given up
NODES = 50, 25, 75, 10, 30, 60, 90
LINKS = {id: number for number, id in enumerate(NODES, 1)}  # of nodes, and their lives
MIB = 1 << 20
SLACK = 16 * MIB  # what a process may grow by when hardly anything may be kept
MEASURED = "ASAN_OPTIONS" not in os.environ  # its quarantine keeps what was freed


# What a process has


def listening(pid):
    """Where it listens: ports, and paths of sockets."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except FileNotFoundError:
            pass
    with open("/proc/net/tcp") as tcp, open("/proc/net/unix") as unix:
        found = [(words[9], int(words[1].split(":")[1], 16))
                 for words in map(str.split, tcp) if words[3] == "0A"]
        found += [(words[6], words[7])
                  for words in map(str.split, unix) if words[3] == "00010000" and len(words) == 8]
    return [address for inode, address in found if f"socket:[{inode}]" in inodes]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid, field):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) * 1024


# What a stranger sees


def is_closed(connection):
    """The other side has hung up; what it said before is thrown away."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def is_done(connection):
    """The other side has taken everything that was sent, or has hung up."""
    unread = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]
    return unread == 0 or is_closed(connection)


def send_as_taken(connection, data):
    """Send until the other side takes no more, or hangs up."""
    try:
        connection.sendall(data)
    except OSError:
        pass


# A flood


def come_and_go(addresses, most, counter):
    """As fast as possible, with `most` there at any time."""
    there, deadline = collections.deque(), time.monotonic() + CEILING
    while time.monotonic() < deadline:
        for address in addresses:
            there.append(zmtp.begin_to_connect(address))
            if len(there) > most:
                there.popleft().close()
            counter[:] = struct.pack("q", struct.unpack("q", counter)[0] + 1)


class Flood:
    """A process that floods some addresses, as long as the block lasts."""

    def __init__(self, addresses, most=200):
        self.addresses, self.most = addresses, most
        self.counter = memoryview(mmap.mmap(-1, 8))

    def __enter__(self):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.nice(10)  # other tests run beside this one
                come_and_go(self.addresses, self.most, self.counter)
            finally:
                os._exit(0)
        Program.started.add(self.pid)  # it is ours to collect
        return self

    def __exit__(self, *error):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def count(self):
        return struct.unpack("q", self.counter)[0]


class Attacked(unittest.TestCase):
    def start(self, services=(), timeout=30000, **settings):
        """A network whose nodes have timers, except some: {id: service}."""
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"--seed {seed}", flush=True)
        self.chance = random.Random(seed)
        self.visitors, self.probes = [], Probes()
        self.addCleanup(self.leave)
        self.addCleanup(lambda: self.probes and self.probes.end())
        self.since = time.monotonic()
        program = self.program = Program("--heartbeat", HEARTBEAT, "--timeout", timeout, **settings)
        self.addCleanup(program.__exit__, None, None, None)
        services = dict(services)
        self.pids = {id: program.create(id, services.get(id)) for id in NODES}
        self.timers = [id for id in NODES if id not in services]
        self.pids["program"] = program.pid
        for id in self.timers:
            self.assertEqual(program.ask(f"exec {id} start"), "OK: start")
        self.workers = workers_of(program)
        self.look_around()

    def look_around(self):
        """Where they listen, and what they have before anyone comes."""
        self.addresses, self.before, self.resident = {}, {}, {}
        for name, pid in self.pids.items():
            self.addresses[name], = listening(pid)
            self.before[name] = descriptors(pid)
            self.resident[name] = memory(pid, "VmRSS")
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")  # from now on VmHWM is the most since now

    def visit(self, address):
        self.visitors.append(zmtp.connect(address))
        return self.visitors[-1]

    def lie(self, address, name, messages):
        """Under a name, without keys."""
        connection = self.visit(address)
        connection.sendall(zmtp.introduction(name))
        heard = b""
        while b"READY" not in heard:
            heard += connection.recv(4096)
        connection.sendall(b"".join(map(zmtp.frame, messages)))
        until(lambda: is_done(connection), "that it is taken")
        return connection

    def leave(self):
        while self.visitors:
            self.visitors.pop().close()

    # What must hold

    def was_held_up(self):
        """The machine kept processes from running, for as long as may cost a node its place."""
        return self.probes.added(self.since, time.monotonic()) > FORGIVEN

    def ping_all(self):
        """Every node answers; how long each took, in ms."""
        times = []
        for id in NODES:
            asked = time.monotonic()
            reply = self.program.ask(f"ping {id}")
            times.append(1000 * (time.monotonic() - asked))
            if reply != "OK: 1":
                self.assertTrue(self.was_held_up(), f"ping {id}: {reply}")
                self.assertEqual(self.program.ask(f"wait {id} up {1000 * CEILING}"), "OK")
        return times

    def check_notices(self):
        notices = self.program.take_notices()
        if notices and self.was_held_up():
            print(f"the machine held processes up: {notices}", flush=True)
            for id in NODES:
                turns = [UNAVAILABLE.format(id), AVAILABLE.format(id)]
                own = [text for text in notices if text in turns]
                self.assertEqual(own, turns * (len(own) // 2))
        else:
            self.assertEqual(notices, [])

    def check_nothing_has_changed(self):
        for _ in range(2):  # what came before the first has been taken before the second
            self.ping_all()
        self.check_notices()
        self.assertEqual(self.program.ask("all"), " ".join(map(str, sorted(NODES))))
        self.assertEqual(workers_of(self.program), self.workers)
        for id in NODES:
            self.assertIn(f"pid:       {self.pids[id]}", self.program.ask_lines(f"info {id}"))
        for id in self.timers:  # what was started before still runs
            self.assertRegex(self.program.ask(f"exec {id} time"), r"^OK: [1-9]\d* ms$")

    def await_descriptors(self):
        def now():
            return {name: descriptors(pid) for name, pid in self.pids.items()}
        until(lambda: now() == self.before, lambda: f"{now()}, and before {self.before}")

    def growth(self, field):
        return max(memory(pid, field) - self.resident[name] for name, pid in self.pids.items())

    def check_memory(self, most=SLACK):
        print(f"memory: {self.growth('VmHWM') / MIB:.1f} MiB more at the most, "
              f"{self.growth('VmRSS') / MIB:.1f} MiB in the end", flush=True)
        if MEASURED:
            self.assertLess(self.growth("VmHWM"), most)

    def finish(self):
        self.check_nothing_has_changed()
        self.leave()
        self.await_descriptors()
        self.program.create(95)
        self.assertEqual(self.program.ask("ping 95"), "OK: 1")
        self.probes = self.probes.end()
        self.assertEqual(self.program.ask("exit"), "OK")
        self.program.ended()
        self.program.check_nothing_left()
