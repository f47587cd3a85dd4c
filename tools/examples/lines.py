#!/usr/bin/env python3
"""A service in Python that answers in parts: the lines of a text that have a word in them, each as
soon as it is found.

xylem --program lines='python3 lines.py' -c "create 1 --service lines; exec 1 'word FILE'"
"""

import sys

PART = 64 * 1024  # a part is at most so long


def write(number, verdict, text):
    sys.stdout.buffer.write(f"{number} {verdict} {len(text)}\n".encode() + text)
    sys.stdout.buffer.flush()  # which waits as long as no more is wanted


def serve():
    """Answers each request in its turn, until there are no more."""
    for head in iter(sys.stdin.buffer.readline, b""):
        _, number, size = map(int, head.split())
        word, _, path = sys.stdin.buffer.read(size).partition(b" ")
        found = 0
        try:
            with open(path, "rb") as file:
                for line in file:
                    if word in line:
                        write(number, "part", line[:PART])
                        found += 1
            write(number, "ok", f"{found} lines\n".encode())
        except (OSError, ValueError) as error:
            write(number, "error", str(error).encode())


serve()
