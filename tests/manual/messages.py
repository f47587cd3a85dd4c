"""The messages of the programs, as the sources have them: every text of several words in src, and
what the header calls the errors."""

import functools
import re

from pages import ROOT

# Texts that are no messages, or need no advice, with the reason: of whole files, and single ones.
FOLDERS = {
    "src/sim/check": "rules that a run has broken, which testing.md lists",
    "src/sim/run.c": "the same",
    "src/sim/steps.c": "the same",
    "src/sim/later.c": "the same",
    "src/sim/asker.c": "the same",
    "src/sim/sender.c": "the same",
    "src/cli/command_table.c": "what `help` shows",
}
EXCEPTIONS = {
    "OK: job %d": "a reply, see commands.md",
    "Job %d: node %d:": "the same",
    "Job %d:": "a notice, see commands.md",
    "Heartbeat: node %d %s": "the same",
    "is available again": "the end of that",
    "is unavailable now": "the same",
    "node %d:": "who a message is about",
    "xylem: %s; try 'xylem --help'": "only repeats a reason",
    "; try 'xylem --help'": "follows every wrong option",
    "a folder for the sockets of a xylem network": "in a file that marks the folder",
    "what is written at once comes whole out of a pipe": "an assertion",
    "a frame of xylem is about as long": "the same",
    "ended early": "in a trace, see xylem-sim.md",
    "seed %d, version": "the line of a run that fails, see xylem-sim.md",
    ", after %.6f s: %s: %s": "the same",
    "replay: xylem-sim --seeds %d%s": "the same",
    "hash %016d; %.1f s, %.2f million events a second; %d failures": "the last line of xylem-sim",
    "million events a second": "looked for in that line",
    "%*f s, %lf million": "the same",
    "% of a core": "a unit of xylem-bench",
}

# Messages of others that the page explains.
FOREIGN = ["error while loading shared libraries: libxylem.so.0.4"]

TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)+'", re.DOTALL)
BETWEEN = re.compile(r"(?:\s|PRI[a-z]+[0-9A-Z]*)*")  # parts of one text
# What separates the constant parts of a message.
FORMAT = re.compile(r"%[-+ 0#]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]|%%|\\[nv]|'")


# What a message of the page has in capitals, and what it leaves out.
VARIES = re.compile(r"\b[A-Z]{2,}\b|\bN\b|\.\.\.|'")


def plain(text):
    return " ".join(text.replace("`", "").split())


class Message:
    def __init__(self, place, text):
        self.place = place
        self.text = plain(text.replace("\\n", " "))
        parts = (plain(part).strip(" ,:;.()=-%") for part in FORMAT.split(text))
        self.parts = [part for part in parts if part]
        long = [part for part in self.parts if len(part) >= 8]
        self.parts = long or sorted(self.parts, key=len)[-1:]

    def is_in(self, page):
        page = plain(page)
        return all(part in page for part in self.parts)

    def excepted(self):
        return self.text in EXCEPTIONS

    @property
    def may_be_help(self):
        """Whether it stands where a program has its help, and its names of what can be measured."""
        return self.place.startswith(("src/cli/options.c", "src/sim/sim_options.c", "src/bench/"))


def literals(source):
    """Every string of a file in C with the number of its line; those in a row are one."""
    found, end = [], None
    for match in TOKEN.finditer(source):
        if match[0][0] != '"':
            continue
        text = match[0][1:-1]
        if end is not None and BETWEEN.fullmatch(source, end, match.start()):
            found[-1][1] += ("d" if "PRI" in source[end:match.start()] else "") + text
        else:
            found.append([source.count("\n", 0, match.start()) + 1, text])
        end = match.end()
    return found


@functools.cache
def found(header):
    result = [Message("include/xylem.h", text)
              for text in re.findall(r'X\(XYLEM_\w+, "(.+?)"\)', header)]
    for path in sorted(ROOT.glob("src/**/*.c")):
        name = str(path.relative_to(ROOT))
        if name.startswith(tuple(FOLDERS)):
            continue
        for line, text in literals(path.read_text()):
            if re.search(r"[a-z]{2,} [a-zA-Z%'(]", text) or re.fullmatch(r"(?:[a-z]+ )+", text):
                result.append(Message(f"{name}:{line}", text))
    return result


@functools.cache
def everything():
    """All that the sources, the tools and the build can say, in which messages are looked up."""
    sources = [*ROOT.glob("src/**/*.c"), *ROOT.glob("src/**/*.h"), ROOT / "include/xylem.h"]
    texts = [text for path in sources for _, text in literals(path.read_text())]
    lists = [ROOT / "CMakeLists.txt", *ROOT.glob("src/**/CMakeLists.txt"),
             ROOT / "tests/CMakeLists.txt"]
    texts += [path.read_text() for path in [*ROOT.glob("tools/*"), *lists] if path.is_file()]
    return plain(" | ".join(FORMAT.sub(" ", text) for text in texts))


def known(words, holes=2):
    """Whether the words are a text of the sources, or one and what fills a hole in it."""
    if " ".join(words).strip(" ,:;.()=-") in everything():
        return True
    return holes > 0 and any(known(words[:i], 0) and known(words[i:], holes - 1)
                             for i in range(1, len(words)))


def exists(shown):
    """Whether a message that a page shows can still be written: its constant parts are known."""
    return shown in FOREIGN or all(known(part.split()) for part in VARIES.split(plain(shown)))
