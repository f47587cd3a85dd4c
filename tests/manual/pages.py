"""The pages for people: README.md, the manual, and what stands beside them, taken apart."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MANUAL = ROOT / "src/manual"
PAGES = sorted(page for page in ROOT.rglob("*.md")
               if page.relative_to(ROOT).parts[0] not in ("build", ".git"))

# A block of code: the line of its fence, its language, its lines, and the comment before it.
BLOCK = re.compile(r"(?:<!-- (?P<note>[^\n]*) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n"
                   r"(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)

# The first line of a page of which a man page is made.
MAN = re.compile(r"<!-- man: ([a-z-]+)\(([1-9])\): (.+) -->\n")


class Block:
    def __init__(self, page, match):
        self.page = page
        self.language = match["language"]
        self.text = re.sub(f"(?m)^{match['indent']}", "", match["text"])
        self.note = match["note"] or ""
        self.line = page.read_text().count("\n", 0, match.start("language")) + 1

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def not_run(self):
        """Why it is not run: `<!-- not run: REASON -->` stands before it."""
        found = re.fullmatch(r"not run: (.+)", self.note)
        return found and found[1]


def blocks(*pages):
    for page in pages or PAGES:
        yield from (Block(page, match) for match in BLOCK.finditer(page.read_text()))


def prose(page):
    """A page without its blocks of code, whose lines are empty: the others keep their numbers."""
    return BLOCK.sub(lambda match: "\n" * match[0].count("\n"), page.read_text())


def without_blocks(text):
    return BLOCK.sub("", text)


def man_pages():
    """Of the pages of the manual those that man pages are made of: {page: "xylem-limits.7"}."""
    first = {page: MAN.match(page.read_text()) for page in sorted(MANUAL.glob("*.md"))}
    return {page: f"{match[1]}.{match[2]}" for page, match in first.items() if match}


def section(text, title):
    """What stands below a heading, up to the next one that is not below it; "" without it."""
    found = re.search(rf"^(##+) {re.escape(title)}$", text, re.MULTILINE)
    if not found:
        return ""
    end = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(text, found.end())
    return text[found.end():end.start() if end else len(text)]


def codes(text):
    """What is set as code in a line: `this`."""
    return re.findall(r"`([^`]+)`", without_blocks(text))


def tables(text):
    """Each table as the set of what is code in its first cells, but for its head."""
    for table in re.findall(r"(?:^\|.*\n?)+", without_blocks(text), re.MULTILINE):
        yield {code for row in table.splitlines()[2:]
               for code in codes(re.split(r"(?<!\\)\|", row)[1])}


def items(text):
    """What the items of the lists begin with: the code before the first colon."""
    return {code for item in re.findall(r"^- ((?:, )?(?:`[^`]+`(?:, )?)+)", text, re.MULTILINE)
            for code in codes(item)}
