"""House rules that no linter knows: modules under 300 lines, no machine's paths, no registries' names."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 300
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
    for path in tracked():
        name = path.relative_to(ROOT)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.count("\n")
        if path.suffix == ".py" and name.parts[0] in {"portal", "wrappers"} and lines > LONGEST:
            found.append(f"{name}: {lines} lines; is there a second noun in it? ({LONGEST} is the limit)")
        found += [f"{name}: holds {what}" for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    return found


if __name__ == "__main__":
    broken = complaints()
    print("\n".join(broken))
    sys.exit(1 if broken else 0)
