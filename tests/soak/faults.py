"""What is done to the workers from outside: SIGKILL, SIGSTOP, SIGCONT."""

import signal

from shadow import now

AT_ONCE = 8  # so many nodes, with all below them, are dead or stopped at a time


class Faults:
    def __init__(self, shadow, watch, figures, chance):
        self.shadow, self.watch, self.figures, self.chance = shadow, watch, figures, chance
        self.later = []  # (when, what to do, node)
        self.unburied = []  # dead, and to be removed now

    def due(self):
        """Nodes go on whose time has come; others are to be removed."""
        ready = [entry for entry in self.later if entry[0] <= now()]
        self.later = [entry for entry in self.later if entry[0] > now()]
        for _, what, node in ready:
            if self.is_there(node):
                what(node)

    def to_bury(self):
        """Where a death is repaired, not before it is known: what was below is elsewhere then."""
        self.unburied = list(filter(self.is_there, self.unburied))
        ready = [node for node in self.unburied if not self.shadow.heals() or not node.available]
        if not ready:
            return None
        self.unburied.remove(ready[0])
        return ready[0]

    def is_there(self, node):
        return self.shadow.nodes.get(node.id) is node

    def end(self):
        self.later.clear()
        self.unburied.clear()
        for node in list(self.shadow.nodes.values()):
            self.go_on(node)

    def strike(self):
        """Something happens to a node; in the end its place is free again, or it goes on."""
        node = self.victim()
        if not node:
            return
        if self.chance.random() < 0.4:
            self.kill(node)
            if not self.shadow.restarts():
                self.after(self.chance.uniform(0, 1.5), self.bury, node)
        else:
            self.stop(node)
            bound = self.watch.bound()
            short, long = (0, 0.7 * bound), (bound, bound + 1.5)
            self.after(self.chance.uniform(*self.chance.choice((short, long, long))),
                       self.go_on, node)

    def bury(self, node):
        self.unburied.append(node)

    def after(self, seconds, what, node):
        self.later.append((now() + seconds, what, node))

    def victim(self):
        """A leaf, an inner node, rarely the topmost one; where a death is repaired mostly an inner
        one."""
        tree = self.shadow.tree
        if sum(bool(node.dead or node.stopped) for node in self.shadow.nodes.values()) >= AT_ONCE:
            return None
        inner = self.shadow.inner()
        shares = (20, 80, 0) if self.shadow.heals() else (50, 48, 2)
        kind = self.chance.choices(("leaf", "inner", "top"), shares)[0]
        fits = [node for id, node in sorted(self.shadow.nodes.items())
                if not node.stopped and not self.shadow.is_dead(id) and
                node not in self.shadow.reborn and kind == self.kind_of(tree, id, inner)]
        return self.chance.choice(fits) if fits else None

    def kind_of(self, tree, id, inner):
        if tree.parents[id] is None and not self.shadow.heals():
            return "top"
        return "inner" if id in inner else "leaf"

    def kill(self, node):
        self.figures.count["kills"] += 1
        self.signal(node, signal.SIGKILL, "crash")
        node.dead = node.dead or now()

    def stop(self, node):
        self.figures.count["stops"] += 1
        self.signal(node, signal.SIGSTOP, "hang")
        node.stopped = now()

    def go_on(self, node):
        if node.stopped and not node.dead:
            self.watch.go_on(node)
            self.signal(node, signal.SIGCONT)
            node.stopped = None
            self.shadow.touch(node.id)

    def signal(self, node, number, kind=None):
        self.shadow.touch(node.id)
        if kind:
            self.watch.begin(node, kind)
        try:
            if node.handle:
                signal.pidfd_send_signal(node.handle, number)
        except ProcessLookupError:
            pass  # it died with one above it
