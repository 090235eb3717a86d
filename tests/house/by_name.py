"""Commands that are chosen by name: the list of them, and the word for a name that is none."""

import sys
from collections.abc import Mapping


def choose(words: list[str], about: Mapping[str, str], usage: str, kind: str) -> str | int:
    """The name that was asked for; otherwise the list has been printed: 0 if it was asked for, 2 if not."""
    asked = not words or words[0] in {"-h", "--help"}
    if not asked and words[0] in about:
        return words[0]
    out = sys.stdout if asked else sys.stderr
    if not asked:
        print(f"There is no {kind} “{words[0]}”.", file=out)
    print(f"{usage}, where NAME is one of", file=out)
    for name, what in about.items():
        print(f"  {name:<{max(map(len, about))}} {what}", file=out)
    return 0 if asked else 2
