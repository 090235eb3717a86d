"""Job arrays: what Slurm's expressions for task indices stand for, and how to write one.

A pending array is one row with an expression ("0-999%2", "1,3,7-9", "20-40:4"); accounting has a bitmap ("0x3F0").
"""

import re
from collections.abc import Iterable

PART = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
BITMAP = re.compile(r"0[xX]([0-9a-fA-F]+)")
MOST_INDICES = 4_000_001
"""Slurm's own bound on MaxArraySize, plus one."""


def expand(expression: str) -> frozenset[int]:
    """The indices of an expression; a limit on running tasks ("%2") is dropped. Raises ValueError."""
    text = expression.strip().strip("[]").partition("%")[0]
    bitmap = BITMAP.fullmatch(text)
    if bitmap:
        bits = int(bitmap[1], 16)
        return frozenset(index for index in range(bits.bit_length()) if bits >> index & 1)
    indices: set[int] = set()
    for part in text.split(","):
        found = PART.fullmatch(part)
        if not found:
            raise ValueError(f"not an expression for array tasks: {expression[:80]!r}")
        first = int(found[1])
        last = int(found[2] or first)
        if last >= MOST_INDICES:
            raise ValueError(f"array indices as high as {last}")
        indices.update(range(first, last + 1, int(found[3] or 1)))
    return frozenset(indices)


def compress(indices: Iterable[int], *, at_once: int = 0) -> str:
    """The expression for sbatch's --array; `at_once` > 0 limits how many tasks run at the same time."""
    runs: list[list[int]] = []
    for index in sorted(set(indices)):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    text = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"{text}%{at_once}" if at_once > 0 else text


def place(index: int, max_array_size: int) -> tuple[int, int]:
    """The chunk and the task's index in it: Slurm wants indices below MaxArraySize."""
    return divmod(index, max_array_size)
