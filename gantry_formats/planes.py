"""The order of planes that lie in a file each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

MOST_GAPS = 4
"""Told one by one where planes are missing."""
_NUMBER = re.compile(r"\d+")
_NO_PLANES = {
    "time points": "t tp time timepoint",
    "channels": "c ch chan channel w wavelength",
    "positions": "p pos position xy field well",
    "angles": "angle theta",
}
"""What names of microscopes' programs count other than planes, by the words before the number."""
_WORDS = {word: what for what, words in _NO_PLANES.items() for word in words.split()}


def in_order(names: Sequence[str]) -> list[int]:
    """The places of files by the one number in which their names differ.

    Raises ValueError, a clause that says what they lack, where they differ otherwise, or a number is missing.
    """
    parts = [_NUMBER.split(name) for name in names]
    numbers = [[int(found) for found in _NUMBER.findall(name)] for name in names]
    if any(part != parts[0] for part in parts):
        raise ValueError(f"has planes in {len(names)} files whose names do not only differ in a number")
    varying = [place for place in range(len(numbers[0])) if len({number[place] for number in numbers}) > 1]
    if len(varying) != 1:
        raise ValueError(f"has planes in files whose names differ in {len(varying)} numbers; one counts planes")
    before = re.search(r"[A-Za-z]*$", parts[0][varying[0]].rstrip(" _-=."))
    what = _WORDS.get(before[0].lower()) if before else None
    if what is not None:
        raise ValueError(f"has files whose names count {what}, not planes")
    counted = sorted(number[varying[0]] for number in numbers)
    if len(set(counted)) < len(counted):
        twice = next(one for one, next_ in pairwise(counted) if one == next_)
        raise ValueError(f"has planes of one number: there is more than one file of number {twice}")
    gaps = [(one + 1, next_ - 1) for one, next_ in pairwise(counted) if next_ > one + 1]
    if gaps:
        raise ValueError(f"lacks planes: {_missing(gaps)}")
    return sorted(range(len(names)), key=lambda place: numbers[place][varying[0]])


def _missing(gaps: Sequence[tuple[int, int]]) -> str:
    """Of gaps, by their first and last numbers: "there is no file of the numbers 5, 6 and 9 to 20"."""
    told = [number for first, last in gaps[:MOST_GAPS] for number in _from_to(first, last)]
    more = sum(last - first + 1 for first, last in gaps[MOST_GAPS:])
    told += [f"{more} more"] if more else []
    one = len(told) == 1 and gaps[0][0] == gaps[0][1]
    words = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"there is no file of the number{'' if one else 's'} {words}"


def _from_to(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)] if last - first < 2 else [f"{first} to {last}"]
