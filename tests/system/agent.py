"""The agent: workers are safe from what is meant for the program, and end with it and with the agent."""

import os
import random
import shutil
import signal
import time
import unittest

import namespaces
from program import (AVAILABLE, CEILING, ENDING, UNAVAILABLE, Home, Program, agent_of, alive, await_no_spare, descendants,
                     main, options, processes, until)

PIDS = 0x20000000
NODES = 50, 25, 75, 10
COUNT = 5  # of nodes that are created and removed while something is killed


def zombies(pid):
    """Of the processes below one."""
    table = processes()

    def is_below(child):
        while child in table and child != pid:
            child = table[child][0]
        return child == pid
    return [child for child, (_, state) in table.items() if state == "Z" and is_below(child)]


def be_first():
    """The program becomes process 1 of a namespace. This process waits for its end."""
    namespaces.call("unshare", PIDS if os.geteuid() == 0 else PIDS | namespaces.USERS)
    child = os.fork()
    if child:
        os.closerange(0, 256)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)


def hide_proc():
    namespaces.enter(namespaces.MOUNTS)
    namespaces.mount("/proc", "size=4k")


def is_allowed(attempt):
    """Whether a child of ours can do it."""
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


class TestAgent(unittest.TestCase):
    def start(self, *arguments, **settings):
        program = Program(*arguments, **settings)
        self.addCleanup(program.__exit__, None, None, None)
        self.pids = {id: program.create(id) for id in NODES}
        return program

    def check_all_live(self, program):
        for id in NODES:
            self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(program.take_notices(), [])

    def finish(self, program, status=0):
        self.assertEqual(program.ask("exit"), "OK")
        self.assertEqual(program.ended(), status)
        program.check_nothing_left()
        self.assertEqual(program.take_notices(), [])
        self.assertEqual(program.errors(), "")

    # Signals

    def test_hangup_of_group(self):
        """As nohup starts it: what was ignored stays ignored, by all."""
        program = self.start(prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        os.killpg(program.pid, signal.SIGHUP)
        self.check_all_live(program)
        for pid in self.pids.values():
            os.kill(pid, signal.SIGHUP)
        self.check_all_live(program)
        self.finish(program)

    def check_ends_at(self, number, status):
        """A signal for the group, as of a terminal or of timeout, is the program's alone."""
        program = self.start()
        for pid in descendants(program.pid):
            self.assertNotEqual(os.getpgid(pid), program.pid)
        os.killpg(program.pid, number)
        self.assertEqual(program.ended(), status)
        program.check_nothing_left()
        self.assertEqual(program.rest(), "")
        self.assertEqual(program.errors(), "")

    def test_interrupt_of_group(self):
        self.check_ends_at(signal.SIGINT, 130)

    def test_end_of_group(self):
        self.check_ends_at(signal.SIGTERM, 130)

    def test_groups_of_their_own(self):
        program = self.start()
        await_no_spare(program)
        groups = {os.getpgid(pid) for pid in [program.pid, *descendants(program.pid)]}
        self.assertEqual(len(groups), len(NODES) + 2)
        self.finish(program)

    # Processes

    def test_agent_is_the_only_child(self):
        program = self.start()
        agent, = [pid for pid, (parent, _) in processes().items() if parent == program.pid]
        self.assertEqual({agent_of(pid) for pid in self.pids.values()}, {agent})
        self.finish(program)

    def test_no_zombies(self):
        program = self.start()
        for id in 75, 10, 25:
            os.kill(self.pids[id], signal.SIGKILL)
            self.assertEqual(program.ask(f"wait {id} down 10000"), "OK")
        self.assertEqual(zombies(program.pid), [])
        program.take_notices()
        self.finish(program)

    def test_first_process(self):
        if not is_allowed(be_first):
            self.skipTest("no namespace to be had")
        home = Home()
        self.addCleanup(home.close)
        sanitizers = home.environment()["ASAN_OPTIONS"]  # they look for leaks by numbers in /proc
        program = self.start(prepare=be_first, home=home,
                             environment={"ASAN_OPTIONS": f"{sanitizers}:detect_leaks=0"})
        for id in NODES[1:]:
            self.assertEqual(program.ask(f"kill {id}"), "OK")
            self.assertEqual(program.ask(f"wait {id} down 10000"), "OK")
        self.assertEqual(zombies(program.pid), [])
        program.take_notices()
        self.assertEqual(program.ask("remove 25"), "OK")
        program.create(25)
        self.finish(program)

    # The executable, and /proc

    def copy(self):
        home = Home()
        self.addCleanup(home.close)
        self.path = shutil.copy(options.program, f"{home.base}/xylem")
        return home

    def check_works(self, program):
        self.check_all_live(program)
        program.create(5)
        self.assertEqual(program.ask("pause 75"), "OK")
        self.assertEqual(program.ask("resume 75"), "OK")
        self.assertEqual(program.ask("remove 5"), "OK")
        self.finish(program)

    def test_executable_removed(self):
        program = self.start(home=self.copy(), path=self.path)
        os.unlink(self.path)
        self.check_works(program)

    def test_executable_replaced(self):
        program = self.start(home=self.copy(), path=self.path)
        os.unlink(self.path)
        shutil.copy("/bin/false", self.path)
        self.check_works(program)

    def test_executable_not_executable(self):
        program = self.start(home=self.copy(), path=self.path)
        os.chmod(self.path, 0o600)
        self.check_works(program)

    def test_no_proc_at_start(self):
        if not is_allowed(hide_proc):
            self.skipTest("no namespace to be had")
        if "ASAN_OPTIONS" in os.environ:
            self.skipTest("the sanitizer reads its options in /proc")
        self.check_works(self.start(prepare=hide_proc))

    def test_no_proc_later(self):
        if not is_allowed(hide_proc):
            self.skipTest("no namespace to be had")
        namespaces.enter(namespaces.MOUNTS)  # the program and we see the same
        program = self.start()
        namespaces.mount("/proc", "size=4k")
        try:
            self.check_all_live(program)
            program.create(5)
            self.assertEqual(program.ask("kill 5"), "OK")
            self.assertEqual(program.ask("wait 5 down 10000"), "OK")
            program.take_notices()
            self.assertEqual(program.ask("remove 5"), "OK")
        finally:
            namespaces.unmount("/proc")
        self.check_works(program)

    # The end of the agent

    def lose_agent(self, program):
        agent = agent_of(self.pids[50])
        os.kill(agent, signal.SIGKILL)
        for id in NODES:
            self.assertEqual(program.ask(f"wait {id} down 10000"), "OK")
        self.assertEqual(sorted(program.take_notices()), sorted(UNAVAILABLE.format(id) for id in NODES))
        until(lambda: not any(map(alive, self.pids.values())), "workers without an agent", ENDING)

    def test_agent_killed(self):
        program = self.start()
        self.lose_agent(program)
        self.assertEqual(program.ask("exec 25 time"), "Error: Node is not available")
        self.assertEqual(program.ask("remove 50"), "OK")
        self.assertEqual(program.ask("all"), "Error: Not found")
        self.pids = {id: program.create(id) for id in NODES}
        self.check_all_live(program)
        self.finish(program, 1)

    def test_agent_killed_while_nodes_hang(self):
        program = self.start()
        for id in NODES:
            self.assertEqual(program.ask(f"pause {id}"), "OK")
            until(lambda: processes()[self.pids[id]][1] == "T", "it is stopped")
        self.lose_agent(program)
        self.assertEqual(program.ask("exit"), "OK")
        program.ended()
        program.check_nothing_left()

    def test_no_other_agent(self):
        """Why another one cannot be had is said, and not for ever."""
        program = self.start(home=self.copy(), path=self.path)
        os.chmod(self.path, 0o600)
        self.lose_agent(program)
        self.assertEqual(program.ask("remove 50"), "OK")
        self.assertEqual(program.ask("create 50"),
                         "Error: cannot start node: cannot execute the program as the agent of worker processes: "
                         "/proc/self/exe: Permission denied; its own path: Permission denied")
        os.chmod(self.path, 0o700)
        program.create(50)
        self.finish(program, 1)

    # Killed in the middle of something

    def check_killed(self, whom):
        """While nodes are created and removed, as often as it is asked for."""
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"--seed {seed}", flush=True)
        chance = random.Random(seed)
        for number in range(options.count or 10):
            with Program() as program:
                root = program.create(50)
                text = "".join(f"create {id}\n" for id in range(COUNT))
                text += "".join(f"remove {id}\n" for id in range(COUNT))
                program.send(text)
                time.sleep(chance.uniform(0, 0.03))
                victim = {"program": program.pid, "agent": agent_of(root), "inner": root}[whom]
                os.kill(victim, signal.SIGKILL)
                if whom == "program":
                    program.ended()
                    until(lambda: not descendants(os.getpid()), "workers without a program", 1)
                    continue
                replies = [program.reply() for _ in range(2 * COUNT)]
                self.assertNotIn(None, replies)
                self.assertEqual(program.ask("remove 50"), "OK")
                program.create(50)
                until(lambda: len(descendants(program.pid)) == 2, "workers that were lost", 1)
                self.assertEqual(program.ask("exit"), "OK")
                program.ended()
                program.check_nothing_left()

    def test_program_killed(self):
        self.check_killed("program")

    def test_agent_killed_meanwhile(self):
        self.check_killed("agent")

    def test_inner_node_killed(self):
        self.check_killed("inner")


if __name__ == "__main__":
    main()
