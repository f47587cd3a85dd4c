"""Strangers at every socket of a whole network: nothing gets in, what they cost has a bound, and
everything goes on."""

import errno
import json
import os
import re
import resource
import statistics
import unittest

import zmtp
from attacked import MIB, NODES, SLACK, Attacked, Flood, descriptors, is_closed, is_done
from attacked import send_as_taken
from program import UNAVAILABLE, alive, descendants, main, options, processes, until
from starting import Detention

LARGEST = MIB // 4 + 48  # of a message
CONNECTIONS = 16  # that bring one of these
LIMIT = 256  # descriptors, where they are to be used up
ROUNDS = 20  # of pings that are measured
A_USER_OF_OUR_OWN = 63500 + os.getpid() % 1000


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class TestEveryone(Attacked):
    def said(self):
        """What they say who do not belong, by what it is."""
        curve, null = zmtp.greeting(b"CURVE"), zmtp.greeting(b"NULL")
        noise = self.chance.randbytes(4096)
        said = {
            "nothing": b"", "half a greeting": curve[:20], "a greeting": curve,
            "noise behind the first byte": b"\xff" + noise,
            "a handshake of noise": curve + zmtp.frame(b"\5HELLO" + noise[:194], flags=4),
            "a command of noise": null + zmtp.frame(noise, flags=4) + noise,
            "another mechanism": zmtp.greeting(b"PLAIN") + zmtp.ready(b"me"),
        }
        if options.world == "tcp":  # over ipc these are let in
            said |= {
                "noise": noise, "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "ZMTP 1": b"\1\0\6\0hello", "ZMTP 2": null[:10] + b"\1\5\0\0\6\0hello",
                "no keys": zmtp.introduction(zmtp.name_of(1)) + zmtp.frame(zmtp.message(zmtp.STOP)),
            }
        return said

    def test_garbage(self):
        """Who has not proved himself after five seconds is sent away."""
        self.start()
        visitors = {(name, what): self.visit(address) for what in self.said()
                    for name, address in self.addresses.items()}
        said = self.said()
        for (name, what), visitor in visitors.items():
            send_as_taken(visitor, said[what])
        self.check_nothing_has_changed()

        def there():
            return [key for key, visitor in visitors.items() if not is_closed(visitor)]
        until(lambda: not there(), lambda: f"not sent away: {there()}")
        self.await_descriptors()
        self.check_memory()
        self.finish()

    def announce(self, address, size):
        """Get as far as a stranger can get, and begin a frame."""
        connection, tcp = self.visit(address), options.world == "tcp"
        connection.sendall(zmtp.greeting(b"CURVE") if tcp else zmtp.introduction(b"stranger"))
        send_as_taken(connection, zmtp.announced(size, flags=4 if tcp else 0))
        return connection

    def test_frame_of_gigabytes(self):
        self.start()
        for address in self.addresses.values():
            connection = self.announce(address, 1 << 31)
            for _ in range(2 * SLACK // MIB):
                send_as_taken(connection, b"x" * MIB)
            until(lambda: is_closed(connection), "the end of the connection")
        self.check_memory()
        self.finish()

    def test_frames_that_do_not_end(self):
        """Each connection costs the memory of a message, and not more."""
        self.start()
        for address in self.addresses.values():
            connections = [self.announce(address, LARGEST) for _ in range(CONNECTIONS)]
            for connection in connections:
                send_as_taken(connection, b"x" * (LARGEST - 1))
            until(lambda: all(map(is_done, connections)), "that all is taken")
        self.check_nothing_has_changed()
        self.check_memory(CONNECTIONS * LARGEST + SLACK)
        self.finish()

    def test_flood(self):
        self.start()
        times = {"before": [], "meanwhile": [], "after": []}

        def ping(when):
            times[when] += self.ping_all()
            return len(times[when]) >= ROUNDS * len(NODES)
        until(lambda: ping("before"), "pings")
        with Flood(list(self.addresses.values())) as flood:
            until(lambda: ping("meanwhile") and flood.count() > 1000 * len(self.addresses),
                  lambda: f"{flood.count()} connections")
            most, count = max(map(descriptors, self.pids.values())), flood.count()
        self.await_descriptors()
        until(lambda: ping("after"), "pings")
        print(f"{count} connections, {most} descriptors in one process", flush=True)
        for when, values in times.items():
            print(f"ping {when}: {statistics.median(values):.2f} ms (median), "
                  f"{max(values):.2f} ms (the longest of {len(values)})", flush=True)
        self.check_memory()
        self.finish()


class TestTcp(Attacked):
    def setUp(self):
        if options.world != "tcp":
            self.skipTest("over ipc there are no keys")

    def use_up(self, name):
        """Connect and say nothing, until the process has no descriptor left."""
        def used_up():
            self.visitors += [zmtp.begin_to_connect(self.addresses[name]) for _ in range(10)]
            return descriptors(self.pids[name]) == LIMIT
        until(used_up, lambda: f"{descriptors(self.pids[name])} of {LIMIT} descriptors")

    def is_refused(self, id, parent):
        """For want of descriptors, which may be there again when it is asked."""
        self.use_up(parent)
        reply = self.program.ask(f"create {id}")
        if reply.startswith("OK: "):
            self.assertEqual(self.program.ask(f"remove {id}"), "OK")
            return False
        self.assertRegex(reply, "^Error: cannot start node: (the limit of 256 open descriptors is "
                                r"reached \(ulimit -n\)|no process to be had: Too many open files)$")
        return True

    def is_told_of(self, id):
        """That a signal was not sent, since nobody could make sure to whom."""
        self.use_up("program")
        self.assertEqual(self.program.ask(f"resume {id}"), "OK")
        return re.search(f"^xylem: warning: no signal was sent to process {self.pids[id]}: "
                         "Too many open files$", self.program.errors(), re.MULTILINE)

    def test_no_descriptor_left(self):
        self.start(prepare=limit_descriptors)
        until(lambda: self.is_refused(95, 90), "that it is refused")
        self.check_nothing_has_changed()
        self.leave()
        self.await_descriptors()
        until(lambda: self.is_told_of(60), "a warning")
        self.check_nothing_has_changed()
        self.check_memory()
        self.finish()

    def test_no_keys_and_wrong_keys(self):
        self.start()
        foreign = zmtp.keys()[0]
        for address in self.addresses.values():
            for key in None, foreign:
                with zmtp.Dealer(address, zmtp.name_of(1), key) as dealer:
                    dealer.send(zmtp.message(zmtp.STOP))
                    self.assertFalse(dealer.is_let_in())
        self.finish()


def as_another_user(attempts):
    """What errors another user gets, by the name of what he tries."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(A_USER_OF_OUR_OWN)
        os.setuid(A_USER_OF_OUR_OWN)
        errors = {}
        for name, attempt in attempts.items():
            try:
                attempt()
                errors[name] = None
            except OSError as error:
                errors[name] = errno.errorcode[error.errno]
        os.write(writing, json.dumps(errors).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        errors = json.load(file)
    os.waitpid(pid, 0)
    return errors


class TestIpc(Attacked):
    """The same user is trusted; without the secret he changes nothing all the same."""

    def setUp(self):
        if options.world != "ipc":
            self.skipTest("over tcp nobody gets as far as that")

    def lies(self):
        """Every message about every node, from whom it does not come."""
        for incarnation, id in enumerate([*NODES, 95], 1):
            about = {"id": id, "incarnation": incarnation}
            yield zmtp.message(zmtp.HELLO, value=os.getpid(), payload=bytes(32), **about)
            yield zmtp.message(zmtp.REPLY, status=5, request=incarnation)
            for code in zmtp.CHANGES:
                yield zmtp.message(zmtp.CHANGE, code=code, **about)
            for code in zmtp.OPERATIONS:
                yield zmtp.message(zmtp.REQUEST, code=code, request=incarnation, **about)
        for kind in zmtp.WELCOME, zmtp.BEAT, zmtp.PACE, zmtp.STOP:
            yield zmtp.message(kind)

    def lie(self, address, name):
        connection = self.visit(address)
        connection.sendall(zmtp.introduction(name))
        heard = b""
        while b"READY" not in heard:
            heard += connection.recv(4096)
        connection.sendall(b"".join(map(zmtp.frame, self.lies())))
        until(lambda: is_done(connection), "that it is taken")
        return connection

    def test_lies(self):
        self.start()
        living = [zmtp.name_of(incarnation) for incarnation in range(1, len(NODES) + 1)]
        for address in self.addresses.values():
            for name in b"", b"me", zmtp.name_of(1 << 40), zmtp.PARENT, *living:
                self.lie(address, name)
        self.check_nothing_has_changed()
        self.check_memory()
        self.finish()

    def await_sleep(self, id):
        """The node has done all there was to do."""
        until(lambda: processes()[self.pids[id]][1] == "S", "that it sleeps")

    def test_in_place_of_a_child(self):
        """While it is being started, somebody else comes first under its name."""
        self.start()
        detention = Detention(self.pids[90])
        self.program.send("create 95\n")
        detention.await_child()
        self.await_sleep(90)
        there = descriptors(self.pids[90])
        self.lie(self.addresses[90], zmtp.name_of(len(NODES) + 1))
        self.leave()
        until(lambda: descriptors(self.pids[90]) == there, "that he is gone")
        self.await_sleep(90)
        detention.release()
        self.assertEqual(self.program.reply(), f"OK: {detention.child}")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        self.finish()

    def overwhelm(self, id):
        """Until it has no descriptor left, or has ended for that."""
        pid = self.pids[id]
        try:
            for _ in range(10):
                self.visitors.append(zmtp.begin_to_connect(self.addresses[id]))
            return descriptors(pid) == LIMIT
        except OSError:
            return not alive(pid)

    def test_no_descriptor_left(self):
        """libzmq ends the process: a worker as any other that dies."""
        self.start(prepare=limit_descriptors)
        until(lambda: self.overwhelm(90), "that it has no descriptor left")
        for id in set(NODES) - {90}:
            self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
        self.leave()
        self.assertEqual(self.program.ask("remove 90"), "OK")
        self.assertIn(self.program.take_notices(), ([], [UNAVAILABLE.format(90)]))
        self.pids[90] = self.program.create(90)
        self.assertEqual(self.program.ask("exec 90 start"), "OK: start")
        self.workers = set(descendants(self.program.pid))
        self.look_around()
        self.finish()

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_another_user(self):
        self.start(prepare=lambda: os.umask(0))
        home = self.program.home
        for path in home.base, home.runtime:
            os.chmod(path, 0o755)  # only the network's own folder is in the way
        attempts = {"look": lambda: os.listdir(os.path.dirname(self.addresses[50]))}
        for path in self.addresses.values():
            attempts[path] = lambda path=path: zmtp.connect(path)
        self.assertEqual(as_another_user(attempts), dict.fromkeys(attempts, "EACCES"))
        self.finish()


if __name__ == "__main__":
    main()
