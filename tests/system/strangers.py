"""Strangers at every socket of a whole network: nothing gets in, what they cost has a bound, and
everything goes on."""

import errno
import json
import os
import re
import resource
import signal
import statistics
import unittest

import zmtp
from attacked import HEARTBEAT, LINKS, MIB, NODES, SLACK, Attacked, Flood, descriptors
from attacked import is_closed, is_done, listening, send_as_taken
from program import AVAILABLE, CEILING, UNAVAILABLE, alive, main, options, processes, until, workers_of

LARGEST = MIB // 4 + (1 << 16) + 72  # of a message
CONNECTIONS = 16  # that bring one of these
LIMIT = 256  # descriptors, where they are to be used up
ROUNDS = 20  # of pings that are measured
A_USER_OF_OUR_OWN = 63500 + os.getpid() % 1000
CHILD = zmtp.name_of(zmtp.CHILD, 1, 0)
SECRET = bytes(32)  # a wrong one
NO_ANSWER = ("Error: cannot start node: the node did not answer within three quarters of the "
             "timeout")
NUMBERS = range(1, 200)  # of requests: of all that there are


def about(id):
    return {"id": id, "life": LINKS[id], "link": LINKS[id]}


def hello(id, life):
    return zmtp.message(zmtp.HELLO, id=id, life=life, payload=SECRET)


def changes(id, tag=0):
    """Of a node, and of what is told of it by a child that is not its parent."""
    for code in zmtp.CHANGES:
        yield zmtp.message(zmtp.CHANGE, code=code, tag=tag, **about(id))


def replies(tag=0):
    for number in NUMBERS:
        yield zmtp.message(zmtp.REPLY, request=number, tag=tag, payload=b"a lie")


def requests(id):
    """To a node, on the link by which it is attached."""
    payloads = {zmtp.EXPECT: zmtp.expectation(95, 8, 8, 0), zmtp.EXEC: b"stop"}
    for code in zmtp.OPERATIONS:
        for value in {zmtp.LET_GO: LINKS.values()}.get(code, [1]):
            yield zmtp.message(zmtp.REQUEST, code=code, request=1 << 40, value=value,
                               payload=payloads.get(code, b""), **about(id))


def intervals():
    """Which would count for ever: a network that hears nothing does not know what it lost."""
    for kind in zmtp.WELCOME, zmtp.INTERVAL:
        yield zmtp.message(kind, request=1 << 60, value=zmtp.INTERVAL_MAX)


def lies():
    """Every message about every node, from one that it does not come from."""
    for id in NODES:
        yield hello(id, LINKS[id])
        yield from changes(id)
        yield from requests(id)
    yield hello(95, 8)
    yield from replies()
    yield from intervals()
    yield zmtp.message(zmtp.HEARTBEAT)


def malformed():
    good = zmtp.message(zmtp.HEARTBEAT)
    yield from (b"", good[:-1], good + b"x", b"xy\1" + good[3:], good[:-1] + b"\1")
    yield from (good[:3] + bytes([kind]) + good[4:] for kind in (0, 8, 255))


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
                "no keys": zmtp.introduction(CHILD) + zmtp.frame(zmtp.message(zmtp.HEARTBEAT)),
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

    def test_no_descriptor_left(self):
        """What needs none goes on. A new child is let in when the strangers are sent away."""
        self.start(prepare=limit_descriptors)
        self.use_up(90)
        self.check_nothing_has_changed()
        self.use_up(90)
        self.pids[95] = self.program.create(95)
        self.assertEqual(self.program.ask("ping 95"), "OK: 1")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        del self.pids[95]
        self.use_up("program")
        for id in 60, 10:
            self.assertEqual(self.program.ask(f"pause {id}"), "OK")
            self.assertEqual(self.program.ask(f"resume {id}"), "OK")
        self.check_nothing_has_changed()
        self.check_memory()
        self.finish()

    def test_no_keys_and_wrong_keys(self):
        self.start()
        foreign = zmtp.keys()[0]
        for address in self.addresses.values():
            for key in None, foreign:
                with zmtp.Dealer(address, CHILD, key) as dealer:
                    dealer.send(zmtp.message(zmtp.HEARTBEAT))
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
            self.skipTest("over tcp no stranger gets as far as that")

    def test_lies(self):
        self.start()
        names = [zmtp.name_of(role, link, 0) for role in (zmtp.CHILD, zmtp.PARENT, zmtp.RING)
                 for link in (*LINKS.values(), 0, 1 << 40)]
        for address in self.addresses.values():
            for name in b"", b"me", CHILD[:9], *names:
                self.lie(address, name, lies())
        self.check_nothing_has_changed()
        self.check_memory()
        self.finish()

    def test_in_place_of_one_that_hangs(self):
        """Its link is known, and not its tag: it is not heard again."""
        self.start()
        self.assertEqual(self.program.ask("pause 90"), "OK")
        self.assertEqual(self.program.ask("wait 90 down"), "OK")
        name = zmtp.name_of(zmtp.CHILD, LINKS[90], 0)
        self.lie(self.addresses[75], name, [zmtp.message(zmtp.HEARTBEAT), *lies()])
        for id in 75, 60, 75, 60:
            self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(self.program.take_notices(), [UNAVAILABLE.format(90)])
        self.assertEqual(self.program.ask("resume 90"), "OK")
        self.assertEqual(self.program.ask("wait 90 up"), "OK")
        self.assertEqual(self.program.take_notices(), [AVAILABLE.format(90)])
        self.finish()

    def await_sleep(self, id):
        """The node has done all there was to do."""
        until(lambda: processes()[self.pids[id]][1] == "S", "that it sleeps")

    def begin_late(self, heartbeat=HEARTBEAT, **settings):
        """A node 95 that waits before it attaches to node 90; its parent's name."""
        self.start(path=options.liar, **settings)
        self.assertEqual(self.program.ask(f"heartbeat {heartbeat}"), "OK")
        self.fifos = [f"{self.program.home.temporary}/{name}" for name in ("late", "go")]
        for path in self.fifos:
            os.mkfifo(path)
        self.program.send("create 95 --service late\n")
        with open(self.fifos[0]) as file:
            name = bytes.fromhex(file.read())
        self.late, = workers_of(self.program) - self.workers
        return name

    def let_late_go(self):
        open(self.fifos[1], "w").close()
        for path in self.fifos:
            os.unlink(path)

    def lie_in_place_of_late(self, name):
        """Where it is expected, under the name that it has told."""
        link, tag = zmtp.numbers_of(name)
        said = [hello(95, 8), zmtp.message(zmtp.HEARTBEAT), *changes(90, tag), *lies()]
        return self.lie(self.addresses[90], zmtp.name_of(zmtp.CHILD, link, tag), said)

    def finish_without_late(self):
        until(lambda: not alive(self.late), "the end of the late node")
        self.finish()

    def test_in_place_of_a_child(self):
        """A stranger comes before a child under its name, and leaves before it comes."""
        name = self.begin_late()
        there = descriptors(self.pids[90])
        self.lie_in_place_of_late(name)
        self.leave()
        until(lambda: descriptors(self.pids[90]) == there, "that he is gone")
        self.await_sleep(90)
        self.let_late_go()
        self.assertEqual(self.program.reply(), f"OK: {self.late}")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        self.finish_without_late()

    def test_in_place_of_a_child_that_comes(self):
        """The child is not let in then; the next one has another name."""
        name = self.begin_late(timeout=4000)
        self.lie_in_place_of_late(name)
        self.let_late_go()
        self.assertEqual(self.program.reply(), NO_ANSWER)
        self.finish_without_late()

    def test_while_a_node_above_hangs(self):
        """That it has attached is not said over the tree. Nobody is given up meanwhile."""
        self.begin_late(heartbeat=0)
        os.kill(self.pids[50], signal.SIGSTOP)
        self.let_late_go()
        self.assertEqual(self.program.reply(), f"OK: {self.late}")
        os.kill(self.pids[50], signal.SIGCONT)
        self.assertEqual(self.program.ask("ping 95"), "OK: 1")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        self.finish_without_late()

    def test_in_place_of_a_parent(self):
        """At an endpoint of a child that is not attached, under a wrong name of its parent."""
        name = self.begin_late()
        address, = listening(self.late)
        link, tag = zmtp.numbers_of(name)
        for wrong in range(1, 4):
            self.lie(address, zmtp.name_of(zmtp.PARENT, link, tag ^ wrong), lies())
        self.let_late_go()
        self.assertEqual(self.program.reply(), f"OK: {self.late}")
        self.lie(address, name, lies())  # it is taken now
        self.assertRegex(self.program.ask("exec 95 nothing"), f"^OK: {name.hex()} ")
        self.assertEqual(self.program.ask(f"heartbeat {HEARTBEAT // 2}"), "OK")
        self.assertEqual(self.program.ask(f"wait 95 down {5 * HEARTBEAT}"), "Error: timed out")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        self.finish_without_late()

    def test_in_place_of_a_parent_by_its_name(self):
        """libzmq ends the child: a worker as any other that cannot start."""
        name = self.begin_late()
        address, = listening(self.late)
        self.lie(address, name, lies())
        self.let_late_go()
        self.assertRegex(self.program.reply(), "^Error: cannot start node: ")
        self.finish_without_late()

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
        self.workers = workers_of(self.program)
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


class TestLiars(Attacked):
    """Workers that lie to their parents: at the controlling node, at one that is not."""

    LIARS = 50, 75, 90

    def begin(self):
        self.start(dict.fromkeys(self.LIARS, "liar"), path=options.liar)

    def ask(self, id, messages=()):
        """Have the node send them just before its reply. Its name, its hello, and its keys."""
        text = " ".join(message.hex() for message in messages) or "nothing"
        reply = self.program.ask(f"exec {id} {text}")
        self.assertRegex(reply, "^OK: [0-9a-f]")
        name, *rest = map(bytes.fromhex, reply[4:].split())
        link, tag = zmtp.numbers_of(name)
        self.assertEqual(link, LINKS[id])
        return tag, *rest

    def check_liars(self, messages_of):
        """What each says, by its own tag and hello."""
        self.begin()
        for id in self.LIARS:
            self.ask(id, messages_of(id, *self.ask(id)[:2]))
            self.check_nothing_has_changed()
        self.finish()

    def test_changes(self):
        """It knows the tag of its own link alone."""
        self.check_liars(lambda id, own_tag, hello: [
            message for other in NODES for tag in ((0, own_tag) if other != id else (0,))
            for message in changes(other, tag)])

    def test_own_silence(self):
        """What it may say: of itself."""
        self.begin()
        tag = self.ask(90)[0]
        said = " ".join(zmtp.message(zmtp.CHANGE, code=code, tag=tag, **about(90)).hex()
                        for code in (zmtp.SILENT, zmtp.BACK))
        self.assertEqual(self.program.ask(f"exec 90 {said}"), "Error: Node is not available")
        self.ping_all()
        self.assertEqual(self.program.take_notices(), [UNAVAILABLE.format(90), AVAILABLE.format(90)])
        self.finish()

    def test_replies(self):
        """To every request, that of the liar included, before the true one."""
        self.check_liars(lambda id, tag, hello: [*replies(0)])

    def test_requests(self):
        self.check_liars(lambda id, tag, hello: [
            message for other in NODES for message in requests(other)])

    def test_intervals(self):
        """After them a silence is heard as before."""
        self.begin()
        for id in self.LIARS:
            self.ask(id, intervals())
        self.check_nothing_has_changed()
        for id in 60, 90, 75, 50:
            self.assertEqual(self.program.ask(f"pause {id}"), "OK")
            self.assertEqual(self.program.ask(f"wait {id} down 10000"), "OK")
            self.assertEqual(self.program.ask(f"resume {id}"), "OK")
            self.assertEqual(self.program.ask(f"wait {id} up"), "OK")
            self.ping_all()
        self.program.take_notices()
        self.finish()

    def test_second_hello(self):
        """The same, and one with another secret."""
        self.check_liars(lambda id, tag, hello: [hello, hello[:-1] + bytes([hello[-1] ^ 1])])

    def test_malformed(self):
        self.check_liars(lambda id, tag, hello: [
            hello[:40], *[b"xy" + self.chance.randbytes(100) for _ in range(100)],
            *[message for message in malformed() if message]])

    def come(self, id, name, keys, messages):
        """Another connection to the parent of a node: over tcp with the keys of a liar."""
        address = self.addresses[{50: "program", 75: 50, 90: 75, 60: 75}[id]]
        if options.world == "ipc":
            self.lie(address, name, messages)
            return
        public, secret, server = keys
        dealer = zmtp.Dealer(address, name, server, (public, secret))
        self.assertTrue(dealer.is_let_in())
        for message in messages:
            dealer.send(message)
        dealer.close(1000 * CEILING)

    def test_other_connections(self):
        """Under its own name, or another one: what it says there is said by a stranger."""
        self.begin()
        for id in self.LIARS:
            tag, hello, *keys = self.ask(id)
            own = zmtp.name_of(zmtp.CHILD, LINKS[id], tag)
            names = [zmtp.name_of(role, link, 0) for role in (zmtp.CHILD, zmtp.PARENT)
                     for link in LINKS.values()]
            for name in own, zmtp.name_of(zmtp.PARENT, LINKS[id], tag), b"me", *names:
                self.come(id, name, keys, [hello, *changes(id, tag), *lies()])
            self.leave()
            self.await_descriptors()
        self.check_nothing_has_changed()
        self.finish()

    def test_other_connection_while_a_sibling_hangs(self):
        self.begin()
        keys = self.ask(90)[2:]
        self.assertEqual(self.program.ask("pause 60"), "OK")
        self.assertEqual(self.program.ask("wait 60 down"), "OK")
        name = zmtp.name_of(zmtp.CHILD, LINKS[60], 0)
        self.come(60, name, keys, [zmtp.message(zmtp.HEARTBEAT), *lies()])
        self.leave()
        self.await_descriptors()
        for id in 75, 90, 75, 90:
            self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(self.program.take_notices(), [UNAVAILABLE.format(60)])
        self.assertEqual(self.program.ask("resume 60"), "OK")
        self.assertEqual(self.program.ask("wait 60 up"), "OK")
        self.assertEqual(self.program.take_notices(), [AVAILABLE.format(60)])
        self.finish()

    def test_of_the_dead(self):
        """A name, a tag and a secret that were true once."""
        self.begin()
        tag, hello, *keys = self.ask(90)
        self.assertEqual(self.program.ask("remove 90"), "OK")
        del self.pids[90]
        self.pids[90] = self.program.create(90)
        self.assertEqual(self.program.ask("exec 90 start"), "OK: start")
        self.workers = workers_of(self.program)
        self.look_around()
        name = zmtp.name_of(zmtp.CHILD, LINKS[90], tag)
        said = [hello, *changes(90, tag), *lies()]
        if options.world == "ipc":
            self.come(90, name, keys, said)
        else:
            public, secret, server = keys
            with zmtp.Dealer(self.addresses[75], name, server, (public, secret)) as dealer:
                dealer.send(hello)
                self.assertFalse(dealer.is_let_in())
        self.leave()
        self.await_descriptors()
        self.check_nothing_has_changed()
        self.finish()

    def test_wrong_hello(self):
        """Before the right one: a wrong secret, a part of it, another id, another life, none."""
        self.start(path=options.liar)
        pid = self.program.create(95, "forger")
        self.assertEqual({pid}, workers_of(self.program) - self.workers)
        self.assertIn(f"pid:       {pid}", self.program.ask_lines("info 95"))
        self.program.create(97)  # at its address
        self.assertEqual(self.program.ask("ping 97"), "OK: 1")
        self.assertEqual(self.program.ask("remove 95"), "OK")
        self.check_nothing_has_changed()
        self.finish()

    def test_wrong_hello_alone(self):
        """Nobody is let in by any of them."""
        self.start(path=options.liar, timeout=4000)
        self.assertEqual(self.program.ask("create 95 --service stranger"), NO_ANSWER)
        self.check_nothing_has_changed()
        self.finish()


if __name__ == "__main__":
    main()
