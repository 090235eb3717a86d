"""House rules that no linter knows: functions that can be seen whole, folders that can be overlooked, no machine's
paths, no registries' names, no empty files.

A file has one reason to change: only a reader can judge that, and no number of lines is asked for.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("portal", "wrappers", "gantry_formats")
LONGEST = 80
"""Lines of a function. Of a migration's none is too long: it lists the columns of tables."""
FULLEST = 24
"""Modules in a folder: twice as many as serve well."""
# Written in pieces, so that this file does not hold what it forbids.
REGISTRIES = ("pypi" + r"\.org", "pythonhosted" + r"\.org", r"registry\." + "npmjs", r"deb\." + "debian")
FORBIDDEN = {
    "an address of a package registry": re.compile(rf"\b(?:{'|'.join(REGISTRIES)})"),
    "a path of one machine": re.compile("/" + r"(?:work/main|root/\.)"),
}


def tracked() -> list[Path]:
    """Files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def complaints() -> list[str]:
    """A sentence for each broken rule."""
    found = []
    modules: Counter[Path] = Counter()
    for path in tracked():
        name = path.relative_to(ROOT)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if not text and path.suffix not in {".py", ".typed"}:
            found.append(f"{name}: is empty; what left it there?")
        if path.suffix == ".py" and name.parts[0] in CODE and "migrations" not in name.parts:
            modules[name.parent] += path.stem != "__init__"
            found += [f"{name}: {what}" for what in long_functions(text)]
        found += [f"{name}: holds {what}" for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    found += [
        f"{folder}: {count} modules; which of them belong together? ({FULLEST} is the limit)"
        for folder, count in modules.items()
        if count > FULLEST
    ]
    return found


def long_functions(text: str) -> Iterator[str]:
    """A sentence for each function that is longer than two screens."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST:
                yield f"{node.name} has {lines} lines; what in it has a name of its own? ({LONGEST} is the limit)"


if __name__ == "__main__":
    broken = complaints()
    print("\n".join(broken))
    sys.exit(1 if broken else 0)
