"""The machine: load that starves the workers of it, and how long it holds up a process that is ready,
or that wants memory."""

import os
import select
import shutil
import struct
import subprocess
import sys
from itertools import takewhile

from program import Program

SPIN = "import time\nend = time.monotonic() + {}\nwhile time.monotonic() < end: pass"
PROBE = """
import mmap, os, struct, time
parent = os.getppid()
while os.getppid() == parent:
    due = time.monotonic() + 0.01
    time.sleep(0.01)
    with mmap.mmap(-1, 65536) as memory:
        memory[0] = 1
    woken = time.monotonic()
    if woken - due > 0.001:
        os.write(1, struct.pack("2d", due, woken))
"""
FORGIVEN = 0.02  # seconds: shorter delays are covered by the margin
RECORD = struct.Struct("2d")


def run(*command):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    Program.started.add(process.pid)  # it is ours to collect
    return process


def end(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
        process.stdout.close()


class Load:
    """Busy loops, several on each core, which end by themselves if they are not ended before."""

    def __init__(self, seconds, loops):
        loops *= os.cpu_count()
        if shutil.which("stress-ng"):
            self.processes = [run("stress-ng", "--quiet", "--cpu", str(loops),
                                  "--timeout", f"{int(seconds) + 1}s")]
        else:
            self.processes = [run(sys.executable, "-c", SPIN.format(seconds))
                              for _ in range(loops)]

    def end(self):
        end(self.processes)


class Probes:
    """Processes that want to run every 10 ms and tell how long they were held up instead."""

    def __init__(self):
        self.processes = [run(sys.executable, "-c", PROBE) for _ in range(2 * os.cpu_count())]
        self.delays = [[] for _ in self.processes]  # of each: (due, woken)
        for process in self.processes:
            os.set_blocking(process.stdout.fileno(), False)

    def take(self):
        for process, delays in zip(self.processes, self.delays):
            while select.select([process.stdout], [], [], 0)[0]:
                data = os.read(process.stdout.fileno(), 1024 * RECORD.size)
                if not data:
                    break
                delays += RECORD.iter_unpack(data)

    def held_up(self, since, until):
        """The longest that the machine held up a process at a stretch within that time."""
        return max(map(max, self.within(since, until)))

    def added(self, since, until):
        """What that comes to within that time, for a watcher that forgives each time it was held
        up."""
        return max(sum(delay for delay in delays if delay > FORGIVEN)
                   for delays in self.within(since, until))

    def within(self, since, until):
        """Of each process: the delays within that time, and 0."""
        self.take()
        return [[0] + [woken - due for due, woken in
                       takewhile(lambda delay: delay[1] > since, reversed(delays)) if due < until]
                for delays in self.delays]

    def all(self):
        return [woken - due for delays in self.delays for due, woken in delays]

    def end(self):
        end(self.processes)
