"""What is asked of the network: random commands, each with a check of its reply."""

import re

from program import agent_of, parent_of
from shadow import DOWN, UP, now
from talk import Command

IDS = range(1000)
GONE = "Error: Node is not available"


class Workload:
    def __init__(self, shadow, watch, figures, jobs, chance, size, topology):
        self.moves, self.arranges = topology == "tree", topology in ("avl", "balanced")
        self.shadow, self.watch, self.figures, self.jobs = shadow, watch, figures, jobs
        self.chance, self.size = chance, size
        self.wanted = []  # ids whose place is to be taken again

    def batch(self):
        """Commands to be sent at once: of those that change the tree, only one."""
        if len(self.shadow.tree) < self.size or self.chance.random() < 0.02:
            return [self.create()]
        if self.chance.random() < 0.01 and (not self.shadow.heals() or self.arranges):
            return [self.remove(self.id())]
        if self.moves and self.chance.random() < 0.2:
            return [self.move(self.id(), self.chance.choice((-1, self.id(), self.id(), self.id())))]
        return [self.harmless() for _ in range(self.chance.choice((1, 1, 1, 2, 8)))]

    def harmless(self):
        kind = self.chance.choices(
            [self.ping, self.exec, self.job, self.all, self.draw, self.wait, self.bad],
            [40, 30, 10, 6, 2, 4, 1])[0]
        return kind(self.id())

    def id(self):
        """Mostly of a node; not often of one that hangs and is waited for."""
        limbo = {node.id for node in self.shadow.differing()}
        groups = [limbo, [id for id in self.shadow.tree if id not in limbo], IDS]
        group = self.chance.choices(groups, (1, 94, 5))[0]
        return self.chance.choice(sorted(group) or IDS)

    # What a reply may be

    def either(self, id, since, good, bad):
        """The reply `good` of a node that answers, `bad` of one that cannot."""
        certainty = self.shadow.certainty(id, since)
        node = self.shadow.nodes[id]
        given_up = not node.available or node.fell >= since  # and those that wait are told
        if certainty == UP:
            return good or given_up and bad
        return bad if certainty == DOWN else good or bad

    # Commands that change nothing

    def ping(self, id):
        def check(reply, since):
            if id not in self.shadow.nodes:
                return reply == "OK: -1"
            return self.either(id, since, reply == "OK: 1", reply == "OK: -1")
        return Command(f"ping {id}", check)

    def exec(self, id):
        what = self.chance.choice(("start", "stop", "time", "time", "nonsense"))

        def check(reply, since):
            if id not in self.shadow.nodes:
                return reply == "Error: Not found"
            good = self.done(self.shadow.nodes[id].timer, what, reply, since)
            return self.either(id, since, good, reply == GONE)
        return Command(f"exec {id} {what}", check)

    def job(self, id):
        """Its end comes later, and unasked."""
        def check(reply, since):
            begun = re.fullmatch(r"OK: job (\d+)", reply)
            if id not in self.shadow.nodes:
                return reply == "Error: Not found"
            good = begun and self.jobs.begin(int(begun[1]))
            return good or not begun and self.either(id, since, False, reply == GONE)
        return Command(f"exec {id} time &", check)

    def wait_for_jobs(self, limit):
        return Command(f"wait all {1000 * limit}", lambda reply, since: reply == "OK", limit=limit)

    def done(self, timer, what, reply, since):
        if what == "nonsense":
            return reply.startswith("Error: bad subcommand: ")
        if what == "time":
            shown = re.fullmatch(r"OK: (\d+) ms", reply)
            return shown and timer.fits(int(shown[1]), since)
        if reply == f"OK: {what}":
            getattr(timer, what)(since)
            return True
        timer.lose()  # the node may do it when it goes on
        return False

    def all(self, _):
        return Command("all", lambda reply, since:
                       reply == (" ".join(map(str, self.shadow.tree)) or "Error: Not found"))

    def draw(self, _):
        def check(lines, since):
            shown = [re.fullmatch(r"(\W*)(\d+) (available|unavailable)", line) for line in lines]
            if not self.shadow.nodes:
                return lines == ["Error: Not found"]
            if all(shown) and self.shadow.heals():
                self.shadow.tree.drawn([(int(s[2]), len(s[1])) for s in shown])
            return all(shown) and {int(s[2]): s[3] == "available" for s in shown} == {
                node.id: node.available for node in self.shadow.nodes.values()}
        return Command("tree", check, many=True)

    def bad(self, _):
        return Command("nonsense", lambda reply, since: reply == "Error: bad command: 'nonsense'")

    def wait(self, id):
        """For what is true already, for what is about to become true, or, shortly, for what is
        not."""
        fault = id in self.watch.faults
        up = not fault and self.chance.random() < 0.5
        limit = self.watch.bound() + 1 if fault else self.chance.uniform(0, 0.05)

        def check(reply, since):
            good, bad = reply == "OK", reply == "Error: timed out"
            if id not in self.shadow.nodes:
                return bad if up else good
            node = self.shadow.nodes[id]
            if not good and not bad or good and not up and node.available and node.fell < since:
                return False
            certain = self.shadow.certainty(id, since) == UP and node.available
            return not certain or node.fell >= since or (good if up else bad)
        return Command(f"wait {id} {'up' if up else 'down'} {1000 * limit:.0f}", check, limit=limit)

    def find_process(self, node):
        """Of one that was started again."""
        def check(lines, since):
            shown = dict(line.split(":", 1) for line in lines)
            if "pid" not in shown:
                return False
            self.shadow.has_process(node, int(shown["pid"]))
            return True
        return Command(f"info {node.id}", check, many=True)

    def status(self, show):
        def check(lines, since):
            show({name: int(value.split()[0]) for name, value in
                  (line.split(":", 1) for line in lines)})
            return True
        return Command("status", check, many=True)

    # Commands that change something

    def move(self, id, parent):
        """It may be there already, whatever has become of it; and what keeps the parent from being
        reached may be above that."""
        def check(reply, since):
            if id not in self.shadow.nodes:
                return reply == "Error: Not found"
            if parent >= 0 and parent not in self.shadow.nodes:
                return reply == "Error: Parent not found"
            self.figures.count["moves"] += reply == "OK"
            if reply in ("Error: Parent is below it", "Error: Parent is unavailable"):
                return parent >= 0
            return reply == "OK" or self.either(id, since, False, reply == GONE)
        return Command(f"move {id} {parent}", check)

    def create(self):
        id = self.free_id()

        def check(reply, since):
            early = self.watch.strangers.pop(id, None)
            if id in self.shadow.tree:
                return reply == "Error: Already exists"
            created = re.fullmatch(r"OK: (\d+)", reply)
            if created:
                return self.created(id, int(created[1]), early)
            above = self.shadow.parent_for(id)
            refused = reply == "Error: Parent is unavailable"
            refused = refused or reply.startswith("Error: cannot start node")
            return above and self.either(above.id, since, False, refused)
        return Command(f"create {id}", check)

    def free_id(self):
        """Where a node was before, as a rule; rarely below one that cannot be reached, or taken."""
        wanted = [id for id in self.wanted if id not in self.shadow.tree and self.is_open(id)]
        if self.chance.random() < 0.03:
            return self.chance.choice(IDS)
        if wanted:
            return self.chance.choice(wanted)
        return next(filter(self.is_free, self.chance.sample(IDS, len(IDS))))

    def is_free(self, id):
        return id not in self.shadow.tree

    def is_open(self, id):
        above = self.shadow.parent_for(id)
        return not above or above.available and not self.shadow.hits(above.id)

    def created(self, id, pid, early):
        if id in self.wanted:
            self.wanted.remove(id)
        node = self.shadow.insert(id, pid)
        self.figures.count["nodes created"] += 1
        if early is not None:
            node.available = early
        if self.shadow.certainty(id, now()) != UP:
            return True  # it may be gone already
        return self.shadow.restarts() or of_process(pid) == (self.program_pid, id)

    def remove(self, id):
        def check(reply, since):
            if id not in self.shadow.tree:
                return reply == "Error: Not found"
            self.wanted += self.shadow.tree.below(id)
            self.watch.forget(id)
            self.shadow.remove(id)
            return reply == "OK"
        return Command(f"remove {id}", check)

    def heartbeat(self, interval):
        self.watch.change_interval(max(interval, self.watch.interval))

        def check(reply, since):
            self.watch.change_interval(interval)
            return reply == "OK"
        return Command(f"heartbeat {1000 * interval:.0f}", check)


def of_process(pid):
    """Of a worker: the parent of its agent, and its node; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            node = int(file.read().replace("\0", " ").split()[2])
        return parent_of(agent_of(pid)), node
    except (OSError, ValueError, IndexError):
        return None
