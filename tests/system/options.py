"""The ways to start xylem, the right ones and the wrong ones, and its exit status."""

import json
import os
import pathlib
import re
import signal
import unittest

from program import Home, Program, main, options

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


class TestOptions(unittest.TestCase):
    def run_with(self, *arguments, input="", **more):
        """Start it, feed it, and return its exit status, its output and what it says on stderr."""
        with Program(*arguments, **more) as program:
            try:
                program.send(input)
            except BrokenPipeError:
                pass
            program.close_input()
            output = program.rest() if program.output is not None else ""
            status = program.ended()
            program.check_nothing_left()
            return status, output, program.errors()

    def file(self, content):
        home = Home()
        self.addCleanup(home.close)
        with open(f"{home.base}/commands", "w") as file:
            file.write(content)
        return file.name

    def test_place_of_a_bad_command(self):
        """A file is named as it was given; what comes from anywhere else has no place."""
        name = self.file("# one\n\ufeff\nping 1; bogus\n")
        place = f"Error: {name}:2: bad command: '\ufeff'\nOK: -1\nError: {name}:3: "
        self.assertEqual(self.run_with("-f", name), (1, f"{place}bad command: 'bogus'\n", ""))
        reply = 1, "Error: bad command: 'bogus'\n", ""
        self.assertEqual(self.run_with("-c", "bogus"), reply)
        self.assertEqual(self.run_with(input="bogus\n"), reply)
        self.assertEqual(self.run_with("-f", "-", input="bogus\n"), reply)
        self.assertEqual(self.run_with("-f", "/dev/stdin", input="bogus\n"),
                         (1, "Error: /dev/stdin:1: bad command: 'bogus'\n", ""))

    def test_help_and_version(self):
        status, output, errors = self.run_with("--help")
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(self.run_with("-h"), (0, output, ""))
        self.assertEqual(self.run_with("-V"), self.run_with("--version"))
        self.assertLessEqual(max(map(len, output.splitlines())), 80)
        for option in ("--process --transport --topology --repair --restart --restarts --restart-window "
                       "--heartbeat --timeout -f -c "
                       "--output --stop-on-error --log --help --version").split():
            self.assertIn(option, output)
        status, output, errors = self.run_with("--version")
        self.assertEqual((status, errors), (0, ""))
        self.assertRegex(output, r"^xylem \d+\.\d+\.\d+\n$")

    def test_commands_from_everywhere(self):
        commands = "ping 1\n# nothing\nping 2; ping 3\n"
        replies = 0, "OK: -1\nOK: -1\nOK: -1\n", ""
        self.assertEqual(self.run_with(input=commands), replies)
        self.assertEqual(self.run_with("-c", commands), replies)
        self.assertEqual(self.run_with("-f", self.file(commands)), replies)
        self.assertEqual(self.run_with("-f", "/dev/stdin", input=commands), replies)
        self.assertEqual(self.run_with("-f", "-", input=commands), replies)
        self.assertEqual(self.run_with("-c", "ping 1;ping 2;;ping 3"), replies)
        self.assertEqual(self.run_with("-c", ""), (0, "", ""))
        self.assertEqual(self.run_with("-f", os.devnull), (0, "", ""))
        self.assertEqual(self.run_with("-c", "ping 1", input="ping 2\n"), (0, "OK: -1\n", ""))

    def test_what_other_systems_write(self):
        """A byte order mark before the first line is skipped, lines may end with CR and LF."""
        mark = "\ufeff"
        commands = f"{mark}ping 1\r\n# nothing\r\n\r\nping 2; ping 3\r\n"
        replies = 0, "OK: -1\nOK: -1\nOK: -1\n", ""
        self.assertEqual(self.run_with(input=commands), replies)
        self.assertEqual(self.run_with("-c", commands), replies)
        self.assertEqual(self.run_with("-f", self.file(commands)), replies)
        self.assertEqual(self.run_with("-c", mark), (0, "", ""))
        self.assertEqual(self.run_with("-f", self.file(mark)), (0, "", ""))
        for text in f"{mark}{mark}ping 1", f"ping 1\n{mark}ping 2", f"ping 1;{mark}ping 2":
            with self.subTest(text=text):
                status, output, _ = self.run_with("-c", text)
                self.assertEqual(status, 1)
                self.assertRegex(output, "^(OK: -1\n)?Error: bad command")

    def test_options_that_change_nothing_here(self):
        for arguments in (["--topology", "bst"], ["--topology", "balanced"],
                          ["--topology", "avl"], ["--topology", "list"], ["--topology", "tree"],
                          ["--repair", "none"], ["--repair", "adopt"], ["--repair", "restart"],
                          ["--restart", "rest-for-subtree", "--repair", "restart"],
                          ["--repair", "restart", "--restart", "one-for-one", "--restarts", "1000",
                           "--restart-window", "1"],
                          ["--log", "error"], ["--timeout", "1000"], ["--heartbeat", "0"], ["--heartbeat", "100"], ["--output", "text"],
                          ["--process"], ["--process", "--transport", "ipc"],
                          ["--transport", "tcp", "--process"]):
            with self.subTest(arguments=arguments):
                status, output, errors = self.run_with(*arguments, "-c", "create 5; ping 5; exit")
                self.assertEqual((status, errors), (0, ""))
                self.assertRegex(output, r"^OK: [1-9]\d*\nOK: 1\nOK\n$")

    def test_exit_status(self):
        self.assertEqual(self.run_with("-c", "ping 1; exit")[0], 0)
        self.assertEqual(self.run_with("-c", "bogus; ping 1; exit")[0], 1)
        self.assertEqual(self.run_with("-c", "all")[0], 1)
        self.assertEqual(self.run_with("-c", "wait 1 up 0")[0], 1)
        self.assertEqual(self.run_with("-c", "exit; bogus"), (0, "OK\n", ""))

    def test_stop_on_error(self):
        commands = "ping 1; all; ping 2; exit"
        self.assertEqual(self.run_with("-c", commands),
                         (1, "OK: -1\nError: Not found\nOK: -1\nOK\n", ""))
        self.assertEqual(self.run_with("--stop-on-error", "-c", commands),
                         (1, "OK: -1\nError: Not found\n", ""))
        self.assertEqual(self.run_with("--stop-on-error", input="ping 1\nbogus\nping 2\n")[:2],
                         (1, "OK: -1\nError: bad command: 'bogus'\n"))
        self.assertEqual(self.run_with("--stop-on-error", "-c", "ping 1; exit")[:2],
                         (0, "OK: -1\nOK\n"))

    def json(self, *arguments, **more):
        """The same as run_with, each line of the output an object."""
        status, output, errors = self.run_with("--output", "json", *arguments, **more)
        self.assertEqual(errors, "")
        return status, [json.loads(line) for line in output.splitlines()]

    def test_output_json(self):
        status, answers = self.json("-c", "create 5; ping 5; sleep 1; exec 5 time; tree; exit; all")
        pid = answers[0]["pid"]
        self.assertGreater(pid, 0)
        node = {"id": 5, "parent": None, "pid": pid, "depth": 0, "available": True}
        self.assertEqual((status, answers), (0, [
            {"command": "create", "id": 5, "ok": True, "pid": pid},
            {"command": "ping", "id": 5, "ok": True, "reached": True},
            {"command": "exec", "id": 5, "ok": True, "reply": "0 ms"},
            {"command": "tree", "ok": True, "nodes": [node]},
            {"command": "exit", "ok": True}]))

    def test_ids_in_json(self):
        """Numbers that fit into no double are strings when that is asked for, all alike."""
        large = 9007199254740993  # 2^53 + 1
        commands = (f"create {large}; create 5; ping {large}; all; tree; exec {large} x; "
                    f"exec {large} time &; wait all; heartbeat 100; kill 5; wait 5 down; exit")

        def ids(answer):
            if isinstance(answer, dict):
                found = [ids(value) if key not in ("id", "parent", "pid") else [value]
                         for key, value in answer.items()]
                found += [answer["nodes"] if answer.get("command") == "all" else []]
                return sum(found, [])
            return sum(map(ids, answer), []) if isinstance(answer, list) else []

        for arguments, kind in ([], int), (["--json-ids", "number"], int), (["--json-ids=string"], str):
            with self.subTest(arguments=arguments):
                answers = self.json(*arguments, "-c", commands)[1]
                found = [one for one in ids(answers) if one is not None]
                self.assertEqual({type(one) for one in found}, {kind})
                self.assertEqual({one for one in map(int, found) if one > 1 << 40}, {large})
                self.assertGreater(len(found), 15)
                self.assertIn({"command": "ping", "id": kind(large), "ok": True, "reached": True},
                              answers)
                self.assertIn({"notice": "unavailable", "id": kind(5), "life": 2, "cause": "signalled",
                           "signal": 9, "origin": kind(5)}, answers)

    def test_errors_in_json(self):
        bad = {"command": None, "ok": False, "error": {"code": "bad_command", "text": "bad command"}}
        for line in b"\xff\n", b"create 1\0\n", b"x" * (1 << 21):
            with self.subTest(line=line[:10]):
                self.assertEqual(self.json(input=line), (1, [bad]))
        name = self.file("ping 1\nbogus\nall; create x\nexec 1 x")
        status, answers = self.json("-f", name)
        self.assertEqual([answer["error"] for answer in answers if not answer["ok"]], [
            {"code": "bad_command", "text": "bad command: 'bogus'", "file": name, "line": 2},
            {"code": "not_found", "text": "Not found"},
            {"code": "bad_id", "text": "bad id: 'x'", "file": name, "line": 3},
            {"code": "not_found", "text": "Not found"}])
        codes = [answer["error"]["code"] for answer in self.json(
            "-c", "all; create x; sleep x; wait 1 up 0; exec 1 @/nonexistent; create '")[1]]
        self.assertEqual(codes, ["not_found", "bad_id", "bad_number", "timed_out", "cannot_read",
                                 "bad_command"])
        self.assertEqual(len(self.json("-c", "ping 1; all; ping 2")[1]), 3)
        status, answers = self.json("--stop-on-error", "-c", "ping 1; all; ping 2")
        self.assertEqual((status, [answer["ok"] for answer in answers]), (1, [True, False]))

    def test_every_error_is_in_the_schema(self):
        names = [name for path in ("include/xylem.h", "src/cli/command_error.h")
                 for name in re.findall(r"X\((?:XYLEM|COMMAND)_(\w+)", (SOURCE / path).read_text())]
        schema = json.loads((SOURCE / "src/cli/output.schema.json").read_text())
        codes = schema["$defs"]["reason"]["properties"]["code"]["enum"]
        self.assertEqual(sorted(codes), sorted(name.lower() for name in names if name != "OK"))

    def test_wrong_usage(self):
        for arguments in (["--bogus"], ["-x"], ["bogus"], ["-f"], ["-c"], ["--transport"],
                          ["--process", "--transport", "udp"], ["--topology", "ring"], ["--topology", ""],
                          ["--repair", "yes"], ["--repair", ""], ["--repair"],
                          ["--repair", "restart", "--restart", "all"], ["--restart", "one-for-one"],
                          ["--repair", "restart", "--restarts", "0"], ["--restarts", "5"],
                          ["--repair", "restart", "--restarts", "1001"],
                          ["--repair", "restart", "--restart-window", "0"],
                          ["--repair", "adopt", "--restart-window", "60000"],
                          ["--heartbeat", "abc"], ["--heartbeat", "-1"], ["--heartbeat", "1.5"],
                          ["--timeout", "abc"], ["--timeout", "-1"], ["--timeout", ""],
                          ["--log", "loud"], ["--output", "xml"], ["--output", ""], ["-c", "ping 1", "ping 2"],
                          ["--service", "nope"], ["--service", ""], ["--process", "--service", "nope"],
                          ["--json-ids", "string"], ["--output", "json", "--json-ids", "5"],
                          ["--output", "text", "--json-ids", "number"],
                          ["-f", "-", "-c", "ping 1"], ["-f", "-", "-f", "-"],
                          ["-f", "/nonexistent"], ["-f", "/"], ["--process=yes"]):
            with self.subTest(arguments=arguments):
                status, output, errors = self.run_with(*arguments)
                self.assertEqual((status, output), (2, ""))
                self.assertRegex(errors, r"\S")

    def test_no_such_service(self):
        self.assertEqual(self.run_with("--service", "nope", "-c", "create 1"),
                         (2, "", "xylem: there is no service 'nope'; there are timer, sum, dict, "
                                 "find, sleep, ask; try 'xylem --help'\n"))

    def test_no_place_for_sockets(self):
        nowhere = {"XDG_RUNTIME_DIR": "/nonexistent/run", "TMPDIR": "/nonexistent/tmp"}
        status, output, errors = self.run_with(
            "--process", "-c", "create 1", world="thread", environment=nowhere)
        self.assertEqual((status, output), (3, ""))
        self.assertRegex(errors, r"\S")
        self.assertEqual(self.run_with("-c", "create 1", world="thread", environment=nowhere)[0], 0)

    def test_socket_path_too_long(self):
        home = Home()
        self.addCleanup(home.close)
        folder = f"{home.runtime}/{'long' * 30}"
        os.mkdir(folder, 0o700)
        status, output, errors = self.run_with(
            "--process", "-c", "create 1", home=home,
            environment={"XDG_RUNTIME_DIR": folder, "TMPDIR": folder})
        self.assertEqual((status, output), (3, ""))
        self.assertRegex(errors, r"\S")
        self.assertEqual(os.listdir(folder), [])

    def test_output_that_cannot_be_written(self):
        commands = "create 5; create 6; ping 5; all"
        for world in [], ["--process"]:
            with self.subTest(world=world), open("/dev/full", "w") as full:
                status, _, errors = self.run_with(*world, "-c", commands, stdout=full)
                self.assertEqual(status, 1)
                self.assertEqual(errors, "xylem: cannot write the replies: "
                                         "No space left on device\n")
            with self.subTest(world=world, stdout="closed"):
                status = self.run_with(*world, "-c", commands, stdout=None,
                                       prepare=lambda: os.close(1))[0]
                self.assertNotEqual(status, 0)

    def test_reader_that_has_gone(self):
        """A pipe that is read no more ends the program at once, without a word."""
        def ignore():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)

        commands = self.file("create 5\n" + "ping 5\n" * 10000 + "sleep 100000000\n")
        for world in [], ["--process"]:
            for arguments in (["-f", commands], ["--output", "json", "-f", commands], ["--help"],
                              ["--version"]):
                with self.subTest(world=world, arguments=arguments):
                    reading, writing = os.pipe()
                    os.close(reading)
                    with os.fdopen(writing, "w") as pipe:
                        result = self.run_with(*world, *arguments, stdout=pipe, prepare=ignore)
                    self.assertEqual(result, (141, "", ""))

    def test_reader_that_leaves(self):
        command = "yes 'ping 1' | \"$0\" | head -1; echo ${PIPESTATUS[1]}"
        with Program("-c", command, options.program, path="/bin/bash", world="thread") as program:
            self.assertEqual(program.rest(), "OK: -1\n141\n")
            self.assertEqual(program.errors(), "")

    def test_without_standard_input(self):
        for world in [], ["--process"]:
            with self.subTest(world=world):
                status, output, _ = self.run_with(
                    *world, "-c", "create 5; create 6; ping 6", prepare=lambda: os.close(0))
                self.assertEqual(status, 0)
                self.assertRegex(output, r"^OK: [1-9]\d*\nOK: [1-9]\d*\nOK: 1\n$")


if __name__ == "__main__":
    main()
