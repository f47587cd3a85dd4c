#!/usr/bin/env python3
"""Every link and every path that a page names leads to something, every page can be reached, and
its words are plain."""

import functools
import re
import sys

sys.dont_write_bytecode = True
from pages import MANUAL, PAGES, ROOT, man_pages, prose  # noqa: E402

FIRST_PAGE = ROOT / "README.md"
LINES = 150  # of the first page at most
LINK = re.compile(r"!?\[[^][]*\]\(([^()\s]*)\)")
SOURCES = ("src/", "tests/", "tools/", "include/")
RIDDLES = re.compile(r"\b(whoever|nobody|somebody)\b", re.IGNORECASE)


def slug(title):
    """The anchor that a heading has at GitHub."""
    title = re.sub(r"\[([^][]*)\]\([^)]*\)", r"\1", title).replace("`", "")
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


@functools.cache
def anchors(page):
    found, seen = set(), {}
    for title in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        name = slug(title)
        found.add(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return found


def lines_of(text, pattern):
    """Each match with the number of its line."""
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match


def link_fault(page, target):
    """What is wrong with the target of a link, or None."""
    if re.match(r"https?://|mailto:", target):
        return None
    path, _, anchor = target.partition("#")
    if path.startswith("/") or ":" in path:
        return "is not relative"
    place = (page.parent / path).resolve() if path else page
    if ROOT not in (place, *place.parents):
        return "leads out of the tree"
    if not place.exists():
        return "leads nowhere"
    if anchor and (place.suffix != ".md" or anchor not in anchors(place)):
        return f"{place.name} has no such heading"
    return None


def is_there(path):
    """Whether there is such a file, or such files; NAME, or *, stands for any."""
    path = re.sub(r":\d+$", "", path).rstrip("/.,")
    pattern = "/".join(re.sub(r"[A-Z]{2,}", "*", part) for part in path.split("/"))
    return (ROOT / path).exists() or any(ROOT.glob(pattern)) or any(ROOT.glob(pattern + ".*"))


def faults(page):
    whole, text = page.read_text(), prose(page)
    spoken = re.sub(r"`[^`\n]+`", lambda code: " " * len(code[0]), text)
    for line, link in lines_of(spoken, LINK):
        fault = link_fault(page, link[1])
        if fault:
            yield line, f"the link to {link[1]} {fault}"
    for line, code in lines_of(text, r"`([^`]+)`"):
        word = code[1].split()[0] if code[1].split() else ""
        if word.startswith(SOURCES) and not is_there(word):
            yield line, f"there is no {word}"
    for line, riddle in lines_of(whole, RIDDLES):
        yield line, f"who is '{riddle[1]}'?"
    if page == FIRST_PAGE and whole.count("\n") > LINES:
        yield LINES + 1, f"longer than {LINES} lines"
    if page.parent == MANUAL and page not in man_pages():
        yield 1, "not <!-- man: NAME(SECTION): DESCRIPTION -->"


def reached():
    """The pages that can be reached by links from the first one."""
    found, left = set(), [FIRST_PAGE]
    while left:
        page = left.pop()
        if page in found or not page.exists():
            continue
        found.add(page)
        targets = (link[1].partition("#")[0] for _, link in lines_of(prose(page), LINK))
        left += [(page.parent / target).resolve() for target in targets if target.endswith(".md")]
    return found


def main():
    count = 0
    for page in PAGES:
        for line, fault in faults(page):
            count += 1
            print(f"{page.relative_to(ROOT)}:{line}: {fault}")
    for page in sorted(set(PAGES) - reached()):
        count += 1
        print(f"{page.relative_to(ROOT)}:1: no link leads here from {FIRST_PAGE.name}")
    print(f"{len(PAGES)} pages, {count} faults")
    return count > 0 or FIRST_PAGE not in PAGES


if __name__ == "__main__":
    sys.exit(main())
