"""What should be: the tree of nodes, what was done to each, and what was announced of it."""

import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "system"))
from tree import Tree

UP, DOWN, UNSURE = "up", "down", "unsure"  # what a command to a node must find
SETTLING = 2  # seconds after a fault in which a command may find the node in either state


def now():
    return time.monotonic()


class Timer:
    """Between which bounds the timer of a node may be, in seconds; None when that cannot be known."""

    def __init__(self):
        self.started, self.shown = None, (0, 0)

    def start(self, since):
        self.started, self.shown = (since, now()), None

    def stop(self, since):
        if self.started:
            self.shown = self.bounds(since)
        self.started = None

    def lose(self):
        self.started = self.shown = None

    def bounds(self, since):
        if self.started:
            return since - self.started[1], now() - self.started[0]
        return self.shown

    def fits(self, ms, since):
        bounds = self.bounds(since)
        if self.shown:
            self.shown = ms / 1000, ms / 1000  # a timer that stands shows the same again
        return not bounds or bounds[0] - 0.002 <= ms / 1000 <= bounds[1] + 0.002


class Alone:
    """The nodes where a death is repaired: what is done to one keeps no other from answering. Where
    they are is the business of the network: who has children is read from what it draws."""

    def __init__(self):
        self.ids, self.parents, self.inner = set(), {}, set()

    def __contains__(self, id):
        return id in self.ids

    def __iter__(self):
        return iter(sorted(self.ids))

    def __len__(self):
        return len(self.ids)

    def place(self, id):
        return []

    def insert(self, id):
        self.ids.add(id)
        self.parents[id] = None

    def below(self, id):
        return [id]

    def remove(self, id):
        self.ids.discard(id)
        self.parents.pop(id)

    def drawn(self, depths):
        """`depths` of all ids in the order of the drawing, where the children of a node follow it."""
        following = depths[1:] + [(None, 0)]
        self.inner = {id for (id, depth), (_, next) in zip(depths, following) if next > depth}


class Node:
    def __init__(self, id, pid, touched):
        self.id, self.pid, self.touched = id, pid, touched
        self.handle = handle_of(pid)
        self.dead = self.stopped = None  # since when
        self.available, self.fell = True, 0  # as announced; the last time that it was not
        self.timer = Timer()


def handle_of(pid):
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:  # it was killed together with one above it
        return None


class Shadow:
    def __init__(self, repair):
        self.repair = repair
        self.tree, self.nodes, self.removed = Alone() if self.heals() else Tree(), {}, []
        self.reborn = []  # started again, under a process id that is not known yet

    def heals(self):
        return self.repair != "none"

    def restarts(self):
        return self.repair == "restart"

    def inner(self):
        """Those with children."""
        return self.tree.inner if self.heals() else set(self.tree.parents.values())

    def path(self, id):
        """The node and those above it."""
        while id is not None:
            yield self.nodes[id]
            id = self.tree.parents[id]

    def below(self, id):
        return [self.nodes[i] for i in self.tree.below(id)]

    def parent_for(self, id):
        path = self.tree.place(id)
        return self.nodes[path[-1]] if path else None

    def insert(self, id, pid):
        above = self.parent_for(id)
        self.tree.insert(id)
        node = self.nodes[id] = Node(id, pid, above.touched if above else 0)
        node.available = not above or above.available
        return node

    def remove(self, id):
        for node in self.below(id):
            self.removed.append((now(), self.nodes.pop(node.id)))
        self.tree.remove(id)

    def begin_again(self, node):
        """It has another life."""
        node.dead = node.stopped = None
        node.timer.lose()
        self.touch(node.id)
        self.forget_process(node)

    def forget_process(self, node):
        if node not in self.reborn:
            self.reborn.append(node)

    def has_process(self, node, pid):
        if node.handle:
            os.close(node.handle)
        node.pid, node.handle = pid, handle_of(pid)
        self.reborn.remove(node)

    def touch(self, id):
        for node in self.below(id):
            node.touched = now()

    def hits(self, id):
        """Since when something keeps the node from answering."""
        return [since for node in self.path(id) for since in (node.dead, node.stopped) if since]

    def certainty(self, id, since):
        """What a command that was given at `since`, and is answered now, must have found."""
        hits = self.hits(id)
        if any(hit < since for hit in hits):
            return DOWN
        return UNSURE if hits or self.nodes[id].touched > since - SETTLING else UP

    def differing(self):
        """The nodes of which something has to be announced."""
        return [node for node in self.nodes.values() if node.available == bool(self.hits(node.id))]

    def is_dead(self, id):
        return any(node.dead for node in self.path(id))

    def dead(self):
        """The topmost of the dead."""
        return [node for node in self.nodes.values() if node.dead
                and sum(bool(above.dead) for above in self.path(node.id)) == 1]
