#!/usr/bin/env python3
"""A service in Python: how many words a text has.

xylem --program wc='python3 wordcount.py' -c "create 1 --service wc; exec 1 'one two three'"
"""

import sys


def serve(answer, requests, replies):
    """Answers each request in its turn, until there are no more."""
    for head in iter(requests.readline, b""):
        node, number, size = map(int, head.split())
        text = requests.read(size)
        try:
            verdict, reply = "ok", answer(node, text)
        except ValueError as error:
            verdict, reply = "error", str(error).encode()
        replies.write(f"{number} {verdict} {len(reply)}\n".encode() + reply)
        replies.flush()


def count_words(node, text):
    words = len(text.decode("utf-8").split())  # what is no UTF-8 is a ValueError
    if words == 0:
        raise ValueError("there are no words")
    return str(words).encode()


serve(count_words, sys.stdin.buffer, sys.stdout.buffer)
