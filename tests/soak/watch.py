"""Compares what is announced, and when, with what was done to the nodes."""

from figures import CALM, percentile
from shadow import DOWN, SETTLING, UP, now

BEHIND = 0.01  # seconds: a command that takes longer holds up the notices behind it
GROSS = 1  # seconds beyond any promise that nothing may take, besides what the machine adds
ENDING = 0.5  # seconds that a removal may take: a node that does not end by itself is killed
ENOUGH = 5  # samples, for a median


class Fault:
    """A fault that has to be announced."""

    def __init__(self, kind, bound):
        self.kind, self.bound, self.since = kind, bound, now()


class Watch:
    def __init__(self, shadow, figures, probes):
        self.shadow, self.figures, self.probes = shadow, figures, probes
        self.faults = {}  # by the id of the node that was hit
        self.fallen = []  # the nodes just announced with all that is below them
        self.strangers = {}  # notices of nodes that are being created
        self.phase, self.interval = CALM, None
        self.overdue = set()
        self.retired = []

    def bound(self):
        """4T + margin, in seconds."""
        return 4 * self.interval + max(self.interval / 2, 0.02)

    def patience(self):
        """How long a node may keep others waiting. Where a death is repaired, so may the next one."""
        return self.bound() * (3 if self.shadow.heals() else 1)

    # What is done to the nodes

    def begin(self, node, kind):
        """A node is about to be killed or stopped."""
        sound = node.available and not self.shadow.hits(node.id)
        self.forget(node.id)
        if sound:
            self.faults[node.id] = Fault(kind, self.bound() if kind == "hang" else 0)

    def go_on(self, node):
        fault = self.faults.get(node.id)
        if fault and now() > fault.since + fault.bound:
            self.figures.count["stops that were too long, unannounced"] += 1
            self.measure_hang(fault, now())
        self.forget(node.id)

    def forget(self, id):
        """What is below is hidden by it now, or is gone, or goes on."""
        for node in self.shadow.below(id):
            self.faults.pop(node.id, None)

    def change_interval(self, interval):
        self.interval = interval
        self.faults.clear()  # whose time begins anew

    # What is announced

    def notice(self, id, available, arrived, command):
        node = self.shadow.nodes.get(id)
        if not node:
            self.strangers[id] = available
            if not command or command.target() != id:
                self.figures.complain(f"a notice of node {id}, which there is not")
            return
        if node.available == available:
            self.figures.complain(f"node {id} is announced twice")
        node.available = available
        if available:
            self.check_return(node)
            self.fallen = [other for other in self.fallen if other is not node]
        else:
            node.fell = arrived
            self.check_fall(node, arrived, command)
            if self.shadow.restarts() and node.stopped:
                self.shadow.begin_again(node)  # which hung, and is killed and started again

    def repaired(self, id, what):
        """What is announced of a repair: "is below", "was started again", and that with "too often"."""
        self.figures.count[f"announced: a node {what}"] += 1
        node = self.shadow.nodes.get(id)
        if not node:
            self.figures.complain(f"a repair of node {id}, which there is not")
        elif what == "was started again":
            self.shadow.begin_again(node)
        elif what == "was started again too often":
            node.dead = node.dead or now()
            self.retired.append(node)

    def check_return(self, node):
        long_ago = now() - SETTLING
        if node.touched < long_ago and self.shadow.certainty(node.id, long_ago) == DOWN:
            self.figures.complain(f"node {node.id} is announced as available, but is not")

    def check_fall(self, node, arrived, command):
        fault = self.faults.pop(node.id, None)
        if fault:
            self.fallen.append(node)
            self.measure(node, fault, arrived, command)
        elif self.shadow.certainty(node.id, arrived) == UP:
            self.figures.alarms.append((arrived, node.id, self.interval, self.bound(), self.phase))

    def measure(self, node, fault, arrived, command):
        took = arrived - fault.since
        if fault.kind == "hang":
            self.figures.count["stops that were announced"] += 1
        below = command and command.target() in {n.id for n in self.shadow.below(node.id)}
        if command and not below and arrived - command.begun > BEHIND:
            self.figures.samples["announced late, behind a command"].append(took)
            return
        self.figures.samples[f"{fault.kind}, {self.phase}: detection"].append(took)
        if fault.kind == "hang":
            self.measure_hang(fault, arrived)

    def measure_hang(self, fault, until):
        excess = until - fault.since - fault.bound
        added = self.probes.added(fault.since, until)
        samples = self.figures.samples
        samples[f"hang, {self.phase}: beyond 4T + margin"].append(excess)
        samples[f"hang, {self.phase}: the same less the machine"].append(excess - added)
        # One whose parent dies meanwhile is first given the time to attach to another one.
        if excess > self.patience() - self.bound() + GROSS + added:
            self.figures.complain(f"a hang was not announced within {until - fault.since:.3f} s")

    def check_fallen(self):
        """With a node, what is below it is announced in the same breath."""
        for node in self.fallen:
            below = self.shadow.below(node.id) if node.id in self.shadow.nodes else []
            if any(other.available for other in below):
                self.figures.complain(f"not all below node {node.id} is announced with it")
        self.fallen.clear()

    # What takes too long

    def late(self, command, arrived, timeout):
        """A command to a node that hangs is answered as soon as that node is given up."""
        took = arrived - command.begun
        limit = command.limit or min(timeout, self.patience() + ENDING)
        self.figures.samples["replies"].append(took)
        if took > limit + GROSS + self.probes.added(command.begun, arrived):
            self.figures.complain(f"{command.text}: answered only after {took:.3f} s")

    def check_overdue(self):
        for node in self.shadow.differing():
            due = node.touched + self.patience() + GROSS
            if now() > due and now() > due + self.probes.added(node.touched, now()):
                if (node.id, node.touched) not in self.overdue:
                    self.figures.complain(f"not announced as it is: {self.explain(node.id)}")
                self.overdue.add((node.id, node.touched))

    def judge_medians(self):
        """One announcement may be late for a reason of its own; half of them may not."""
        for name in f"crash, {CALM}: detection", f"hang, {CALM}: the same less the machine":
            late = self.figures.samples.get(name, [])
            if len(late) >= ENOUGH and percentile(late, 0.5) > self.interval:
                self.figures.complain(f"{name}: most of them are late by more than T")

    def judge_alarms(self):
        """Not before the probes had their say of that time: an alarm is forgiven when a process was
        held up for an interval of the time that was waited."""
        for arrived, id, interval, bound, phase in self.figures.alarms:
            held_up = self.probes.held_up(arrived - bound - interval, arrived)
            text = f"false alarm of node {id}, {phase}, the machine held up {1000 * held_up:.0f} ms"
            if held_up < interval:
                self.figures.count["false alarms"] += 1
                self.figures.complain(text)
            else:
                self.figures.count["false alarms while held up"] += 1
                print(text, flush=True)
        self.figures.alarms.clear()

    def explain(self, id):
        node = self.shadow.nodes.get(id)
        if not node:
            return f"there is no node {id}"
        above = [f"{n.id}{' dead' if n.dead else ''}{' stopped' if n.stopped else ''}"
                 for n in self.shadow.path(id)]
        state = "available" if node.available else "unavailable"
        touched = f"{now() - node.touched:.3f} s ago" if node.touched else "never"
        return (f"node {id} with those above: {', '.join(above)}; "
                f"announced as {state}, last touched {touched}")
