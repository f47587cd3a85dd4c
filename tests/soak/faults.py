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
        self.unburied = list(filter(self.is_there, self.unburied))
        return self.unburied.pop() if self.unburied else None

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
        """A leaf, an inner node, rarely the topmost one."""
        tree = self.shadow.tree
        if sum(bool(node.dead or node.stopped) for node in self.shadow.nodes.values()) >= AT_ONCE:
            return None
        kind = self.chance.choices(("leaf", "inner", "top"), (50, 48, 2))[0]
        inner = set(tree.parents.values())
        fits = [node for id, node in sorted(self.shadow.nodes.items())
                if not node.stopped and not self.shadow.is_dead(id) and
                kind == ("top" if tree.parents[id] is None else "inner" if id in inner else "leaf")]
        return self.chance.choice(fits) if fits else None

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
            signal.pidfd_send_signal(node.handle, number)
        except ProcessLookupError:
            pass  # it died with one above it
