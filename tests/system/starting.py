"""Nodes go on while the machine takes its time to start another one."""

import ctypes
import os
import select
import unittest

from program import Program, agent_of, await_no_spare, main

PTRACE_DETACH, PTRACE_GETEVENTMSG, PTRACE_SEIZE = 17, 0x4201, 0x4206
FORK, VFORK, CLONE = 1, 2, 3  # of events, and of options when shifted
ALL = 0x40000000  # waitpid: also for processes that are not our children

libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, pid, data=0):
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, ctypes.c_void_p(data)) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


class Detention:
    """Keeps the next process that a process starts from doing anything, until it is released."""

    def __init__(self, parent):
        self.parent = parent
        ptrace(PTRACE_SEIZE, parent, 1 << FORK | 1 << VFORK | 1 << CLONE)

    def await_child(self):
        """From then on the parent is as free as ever."""
        child = ctypes.c_ulong()
        event = os.waitpid(self.parent, ALL)[1] >> 16
        assert event in (FORK, VFORK, CLONE), event
        ptrace(PTRACE_GETEVENTMSG, self.parent, ctypes.addressof(child))
        self.child = child.value
        os.waitpid(self.child, ALL)
        ptrace(PTRACE_DETACH, self.parent)

    def release(self):
        ptrace(PTRACE_DETACH, self.child)


class TestStarting(unittest.TestCase):
    def test_slow_start(self):
        with Program("--heartbeat", 100, "--timeout", 30000) as program:
            agent = agent_of(program.create(50))
            await_no_spare(program)
            detention = Detention(agent)
            program.send("create 25\n")
            detention.await_child()
            said = select.select([program.output], [], [], 1)[0]  # twice of 4T + margin
            detention.release()
            self.assertFalse(said, "something is announced while a child is being started")
            self.assertRegex(program.reply(), "^OK: ")
            self.assertEqual(program.take_notices(), [])
            self.assertEqual(program.ask("exit"), "OK")
            program.ended()
            program.check_nothing_left()


if __name__ == "__main__":
    main()
