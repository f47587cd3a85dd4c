"""A network with hardly any ports: an error that says what to do, and everything else goes on."""

import unittest

import namespaces
from program import Program, main, until

FIRST = 40000
ORDER = 50, 25, 75, 10, 30, 60, 90
NO_PORT = r"^Error: cannot start node: .*\(no port is free: sysctl net\.ipv4\.ip_local_port_range\)$"


class TestPorts(unittest.TestCase):
    def setUp(self):
        """Each in a network of its own, where no port rests from the one before."""
        no_network = namespaces.enter_or_explain(namespaces.NETWORK)
        if no_network:
            self.skipTest(no_network)

    def fill(self, program):
        """Create nodes until one cannot be started; return those there are, and that one."""
        there = []
        for id in ORDER:
            reply = program.ask(f"create {id}")
            if not reply.startswith("OK: "):
                self.assertRegex(reply, NO_PORT)
                return there, id
            there.append(id)
        self.fail("ports for all of them")

    def check_goes_on(self, program, there, failed):
        self.assertEqual(program.ask("all"), " ".join(map(str, sorted(there))) or "Error: Not found")
        for id in there:
            self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(program.ask(f"ping {failed}"), "OK: -1")

    def create_when_ports_have_rested(self, program, id):
        """A port that was connected from may rest for a second, or for a minute."""
        def create():
            reply = program.ask(f"create {id}")
            if reply.startswith("OK: "):
                return True
            self.assertRegex(reply, NO_PORT)
        until(create, f"create {id}", ceiling=100)

    def check_end(self, program, status):
        self.assertEqual(program.ask("exit"), "OK")
        self.assertEqual(program.ended(), status)
        program.check_nothing_left()

    def test_hardly_any(self):
        for count in range(2, 9):
            namespaces.enter(namespaces.NETWORK)
            namespaces.limit_ports(FIRST, FIRST + count - 1)
            with self.subTest(ports=count), Program("--timeout", 60000) as program:
                there, failed = self.fill(program)
                print(f"{len(there)} nodes with {count} ports", flush=True)
                self.check_goes_on(program, there, failed)
                self.check_end(program, 1)

    def test_again(self):
        namespaces.limit_ports(FIRST, FIRST + 7)
        with Program("--timeout", 60000) as program:
            there, failed = self.fill(program)
            self.assertGreater(len(there), 2)
            # Two, of which each leaves a port: a new node that connects from the only one has none
            # left to listen at, and that one has to rest for a minute then.
            again, gone = there[-2:]
            for id in gone, again:
                self.assertEqual(program.ask(f"remove {id}"), "OK")
            self.create_when_ports_have_rested(program, again)
            there.remove(gone)
            self.check_goes_on(program, there, failed)
            self.assertEqual(program.take_notices(), [])
            self.check_end(program, 1)

    def test_none_to_start_with(self):
        namespaces.limit_ports(FIRST, FIRST)
        with namespaces.socket.create_server(("127.0.0.1", FIRST)), \
                Program("-c", "create 5") as program:
            self.assertEqual(program.rest(), "")
            self.assertEqual(program.ended(), 3)
            self.assertRegex(program.errors(), "cannot open a tcp port at 127.0.0.1: .*ip_local_port_range")
            program.check_nothing_left()

    def test_no_interface(self):
        """In a network without any, whose loopback is down."""
        with Program("-c", "create 5") as program:
            self.assertEqual(program.rest(), "")
            self.assertEqual(program.ended(), 3)
            self.assertRegex(program.errors(), r"cannot open a tcp port at 127\.0\.0\.1: .*"
                                               r"\(127\.0\.0\.1 needs the loopback interface: "
                                               r"ip link set lo up\)$")
            program.check_nothing_left()


if __name__ == "__main__":
    main()
