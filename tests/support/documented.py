"""Command lines as the documents have them: fenced, indented and inline, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/users").glob("*.md")),
    *sorted((ROOT / "docs/staff").glob("*.md")),
]
BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>[^>]+) -->\n)?^```console\n(?P<text>.*?)^```", re.S | re.M)
INDENTED = re.compile(r"^    ((?:\./run|gantry) .*)$", re.M)
INLINE = re.compile(r"`((?:gantry|\./run) [^`]*)`")


@dataclass(frozen=True)
class Line:
    """One command line. `why`: why its block cannot be run; empty where it can."""

    page: str
    words: str
    fenced: bool
    why: str = ""


def documented() -> Iterator[Line]:
    """All of them, page by page."""
    for page in PAGES:
        text, name = page.read_text("utf-8"), str(page.relative_to(ROOT))
        for block in BLOCK.finditer(text):
            for line in block["text"].splitlines():
                if line.startswith("$ "):
                    yield Line(name, line[2:], True, block["why"] or "")
        for found in INDENTED.finditer(text):
            yield Line(name, found[1], True)
        for found in INLINE.finditer(text):
            yield Line(name, found[1], False)
