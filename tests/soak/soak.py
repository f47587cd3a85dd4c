"""A soak: a network of real processes, random commands and random faults, until the time is over.

Every reply and every announcement is compared with a shadow of the network. What depends on the
speed of the machine is measured and shown, not judged, except for gross limits.
"""

import argparse
import os
import random
import select
import stat
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "system"))
from faults import Faults
from figures import CALM, STARVED, Figures, Hopeless
from jobs import Jobs
from machine import Load, Probes
from program import ENDING, Program, workers_of
from shadow import SETTLING, Shadow, now
from talk import Command, Ended, Talk
from watch import GROSS, Watch
from workload import Workload

PHASE = 15  # seconds
FAULTS = 5  # a second
FILLING = 60  # seconds, for as many nodes as there are at most
GAP = 0.01  # seconds from one turn to the next
LOOPS = (2, 8, 24)  # of the load, on each core
STALE = 5  # sockets
TIMEOUT = 5  # seconds, of a command


class Soak:
    def __init__(self, options, program, probes):
        self.options, self.program, self.probes = options, program, probes
        self.chance = random.Random(options.seed)
        self.figures, self.shadow = Figures(), Shadow(options.repair)
        self.watch = Watch(self.shadow, self.figures, probes)
        self.watch.interval = self.interval = options.heartbeat / 1000
        self.jobs = Jobs(self.figures)
        self.talk = Talk(program, self.watch, self.figures, self.jobs, TIMEOUT)
        self.workload = Workload(self.shadow, self.watch, self.figures, self.jobs, self.chance,
                                 options.nodes, options.topology)
        self.workload.program_pid = program.pid
        self.faults = Faults(self.shadow, self.watch, self.figures, self.chance)
        self.next_fault = 0

    def run(self):
        until = now() + self.options.seconds
        self.fill()
        starved = False
        while now() < until:
            self.phase(min(PHASE, max(1, until - now() - SETTLING)), starved)
            self.calm_down()
            starved = not starved

    # A phase

    def phase(self, seconds, starved):
        until = now() + seconds
        load = Load(seconds, self.chance.choice(LOOPS)) if starved else None
        self.watch.phase = STARVED if starved else CALM
        self.figures.count["phases of starvation"] += starved
        try:
            while now() < until:
                self.turn()
        finally:
            if load:
                load.end()

    def turn(self):
        """A few commands, and perhaps a fault: before, during or after them."""
        self.faults.due()
        self.faults.unburied += self.watch.retired
        self.watch.retired.clear()
        self.talk.ask(*map(self.workload.find_process, list(self.shadow.reborn)))
        dead = self.faults.to_bury()
        if dead:
            batch = [self.workload.remove(dead.id)]
        elif self.chance.random() < 0.002:
            factor = self.chance.choice((0.5, 1, 1, 2))
            batch = [self.workload.heartbeat(factor * self.interval)]
        else:
            batch = self.workload.batch()
        if self.shadow.heals() and now() >= self.next_fault:
            self.talk.ask(self.workload.draw(None))  # to know who has children
        self.talk.send(*batch)
        if now() >= self.next_fault:
            self.faults.strike()
            self.next_fault = now() + self.chance.expovariate(FAULTS)
        self.talk.settle()
        self.figures.sizes.append(len(self.shadow.tree))
        self.watch.check_overdue()
        self.talk.rest(self.chance.uniform(0, 2 * GAP))

    # Between the phases

    def fill(self):
        until = now() + FILLING
        while len(self.shadow.tree) < self.options.nodes:
            if now() > until:
                raise Hopeless("the network does not get back to its size")
            self.talk.ask(self.workload.create())

    def calm_down(self):
        """The faults are over: all must be well again."""
        self.talk.rest(GAP)  # to take what has been announced meanwhile
        self.faults.end()
        if self.shadow.heals():
            self.talk.rest(self.watch.patience() + GROSS, lambda: not self.shadow.differing())
        for node in self.shadow.dead():
            self.talk.ask(self.workload.remove(node.id))
        self.talk.rest(self.watch.patience() + GROSS, lambda: not self.shadow.differing())
        self.talk.rest(SETTLING + 0.1)
        self.talk.ask(*map(self.workload.find_process, list(self.shadow.reborn)))
        self.watch.check_overdue()
        self.fill()
        self.check_everything()
        self.watch.phase = CALM

    def check_everything(self):
        self.figures.count["checks of everything"] += 1
        self.talk.ask(self.workload.all(None), self.workload.draw(None))
        self.talk.ask(*map(self.workload.ping, self.shadow.tree))
        self.talk.ask(self.workload.wait_for_jobs(4 * TIMEOUT))
        self.jobs.check_all_ended()
        self.watch.judge_alarms()
        self.check_processes()

    def check_processes(self):
        """The workers that live are those of the tree, and no others but their agent."""
        for removed, node in self.shadow.removed:
            left = max(0, removed + ENDING - now())
            if node.handle and not select.select([node.handle], [], [], left)[0]:
                self.figures.count["left behind"] += 1
                self.figures.complain(f"process {node.pid} of node {node.id}, which was removed")
            if node.handle:
                os.close(node.handle)
        self.shadow.removed.clear()
        living = workers_of(self.program)
        known = {node.pid for node in self.shadow.nodes.values()}
        if living != known:
            self.figures.complain(f"processes that no node knows: {sorted(living - known)}, "
                                  f"nodes without a process: {sorted(known - living)}")
        if self.options.transport == "ipc":
            self.check_sockets()

    def check_sockets(self):
        """One that is bound at the moment of death may stay until the end, but few do."""
        sockets = sum(map(is_socket, self.program.home.files()))
        stale = sockets - len(self.shadow.nodes) - 1
        self.figures.count["stale sockets"] = stale
        if not 0 <= stale <= STALE:
            self.figures.complain(f"{sockets} sockets for {len(self.shadow.nodes)} nodes")

    # The end

    def end(self):
        """While some hang and others are dead."""
        self.talk.ask(self.workload.status(self.figures.status.update))
        for _ in range(3):
            self.faults.strike()
        since = now()
        self.talk.ask(Command("exit", lambda reply, since: reply == "OK"))
        self.jobs.check_all_ended()
        if self.program.rest():
            self.figures.complain("something is said after the reply to exit")
        status = self.program.ended()
        if status not in (0, 1):
            self.figures.complain(f"the program ended with {status}")
        return since

    def left_behind(self, since):
        while self.program.left() and now() < since + ENDING:
            time.sleep(0.005)
        self.figures.samples["the end"].append(now() - since)
        for name in self.program.left():
            self.figures.count["left behind"] += 1
            self.figures.complain(f"left: {name}")


def is_socket(path):
    return os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode)


def read_options():
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__)
    parser.add_argument("seconds", type=float, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--transport", choices=("ipc", "tcp"), default="ipc")
    parser.add_argument("--topology", choices=("bst", "avl", "balanced", "list", "tree"),
                        default="bst")
    parser.add_argument("--repair", choices=("none", "adopt", "restart"), default="none")
    parser.add_argument("--heartbeat", type=int, default=100, metavar="MS")
    parser.add_argument("--program", type=os.path.abspath, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.topology != "bst" and options.repair == "none":
        parser.error("the topology bst is the only one without --repair adopt or restart")
    return options


def main():
    options = read_options()
    print(f"--seed {options.seed}", flush=True)
    probes, began = Probes(), now()
    # In one session with the probes and the load: to each session the kernel gives its own share.
    with Program("--topology", options.topology, "--repair", options.repair,
                 "--heartbeat", options.heartbeat, "--timeout", 1000 * TIMEOUT,
                 "--job-timeout", 1000 * TIMEOUT, world=options.transport,
                 path=options.program, session=False) as program:
        soak = Soak(options, program, probes)
        ending = None
        try:
            soak.run()
            soak.watch.judge_medians()
            ending = soak.end()
        except (Ended, Hopeless) as error:
            soak.figures.complain(str(error))
        finally:
            soak.watch.judge_alarms()
            probes.end()
        if ending:
            soak.left_behind(ending)
        said = program.errors()
    print(said, end="")
    print(f"{'seed':<44} {options.seed}\n{'seconds':<44} {now() - began:.0f}")
    soak.figures.samples["the machine held up a process"] = probes.all()
    soak.figures.show()
    sys.exit(bool(soak.figures.wrong))


if __name__ == "__main__":
    main()
