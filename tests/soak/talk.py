"""The conversation with a running xylem: commands in flight, replies in their order, notices."""

import collections
import re
import select

from shadow import now

SENTINEL = "no-such-command"  # its error marks the end of a reply of many lines
NOTICE = re.compile(r"Heartbeat: node (\d+) is (unavailable now|available again)")
REPAIR = re.compile(r"Repair: node (\d+) (is below|was started again(?: too often)?).*")
JOB = re.compile(r"Job (\d+): (.*)")


class Ended(Exception):
    """The program does not answer any more."""


class Command:
    def __init__(self, text, check, many=False, limit=None):
        self.text, self.check, self.many, self.limit = text, check, many, limit
        self.since = self.begun = None  # when it was sent; when those before it were answered
        self.lines = []

    def target(self):
        words = self.text.split()
        known = len(words) > 1 and words[0] != "heartbeat" and words[1].isdigit()
        return int(words[1]) if known else None


def kind_of(command, line):
    """A reply without what is different each time."""
    verb = command.text.split()[0]
    if command.many or verb in ("all", "info"):
        return f"{verb}: what there is"
    return f"{verb}: " + re.sub(r"\d{2,}|\d+(?= ms)|(?<=job )\d", "N", line)


class Talk:
    def __init__(self, program, watch, figures, jobs, timeout):
        self.program, self.watch, self.figures, self.jobs = program, watch, figures, jobs
        self.timeout = timeout
        self.flying = collections.deque()

    def send(self, *commands):
        for command in commands:
            command.since = command.begun = now()
            self.flying.append(command)
            self.figures.count["commands"] += 1
        text = "".join(f"{c.text}\n" + f"{SENTINEL}\n" * c.many for c in commands)
        try:
            self.program.send(text)
        except BrokenPipeError:
            raise Ended("the program has ended") from None

    def ask(self, *commands):
        self.send(*commands)
        self.settle()

    def settle(self):
        """Until every command has its reply."""
        while self.flying:
            if self.listen(self.flying[0].begun + self.timeout + 20 - now()):
                continue
            self.figures.count["unanswered commands"] += len(self.flying)
            raise Ended(f"unanswered: {self.flying[0].text}")

    def rest(self, seconds, enough=lambda: False):
        """Listen for that long, or until it is enough."""
        until = now() + seconds
        while not enough() and now() < until:
            self.listen(min(0.02, until - now()))

    def listen(self, seconds):
        """Take what comes next; False when nothing came."""
        if not select.select([self.program.output], [], [], max(0, seconds))[0]:
            return False
        arrived = now()
        if not self.program.receive(0):
            raise Ended("the program has ended")
        *lines, self.program.buffer = self.program.buffer.split(b"\n")
        for line in lines:
            self.take(line.decode(), arrived)
        return True

    def take(self, line, arrived):
        notice = NOTICE.fullmatch(line)
        if notice:
            self.watch.notice(int(notice[1]), notice[2] == "available again", arrived,
                              self.flying[0] if self.flying else None)
        elif repair := REPAIR.fullmatch(line):
            self.watch.repaired(int(repair[1]), repair[2])
        elif job := JOB.fullmatch(line):
            self.jobs.end(int(job[1]), job[2])
        elif not self.flying:
            self.figures.count["wrong replies"] += 1
            self.figures.complain(f"a reply that is not waited for: {line}")
        elif self.flying[0].many and line != f"Error: bad command: '{SENTINEL}'":
            self.flying[0].lines.append(line)
        else:
            self.reply(self.flying.popleft(), line, arrived)

    def reply(self, command, line, arrived):
        self.watch.late(command, arrived, self.timeout)
        if self.flying:
            self.flying[0].begun = arrived
        if not command.check(command.lines if command.many else line, command.since):
            self.figures.count["wrong replies"] += 1
            self.figures.complain(f"{command.text}: {command.lines or line}"
                                  f" ({self.watch.explain(command.target())})")
        self.watch.check_fallen()
        self.figures.replies[kind_of(command, line)] += 1
