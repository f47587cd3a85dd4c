#!/usr/bin/env python3
"""A program that serves a node: it replies what it is told, or which descriptors it has got."""

import os
import sys


def descriptors():
    for fd in range(1000):
        try:
            os.fstat(fd)
            yield str(fd)
        except OSError:
            pass


inherited = " ".join(descriptors()).encode()
for head in iter(sys.stdin.buffer.readline, b""):
    node, number, size = head.split()
    text = sys.stdin.buffer.read(int(size))
    text = inherited if text == b"descriptors" else text
    sys.stdout.buffer.write(b"%s ok %d\n" % (number, len(text)) + text)
    sys.stdout.buffer.flush()
