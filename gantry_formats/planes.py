"""The order of planes that lie in a file each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

MOST_GAPS = 4
"""Told one by one where planes are missing."""
_NUMBER = re.compile(r"\d+")
_NO_PLANES = {
    "time points": "t tp time timepoint timepoints frame frames day days hour hours hr min minute sec second week",
    "channels": "c ch chan channel w wavelength laser filter",
    "positions": "p pos position xy field fov well site scene stage tile x y row col column roi region point",
    "angles": "angle theta rot rotation view",
    "repetitions": "run rep repeat replicate trial",
}
"""What names of microscopes' programs count other than planes, by the words before the number."""
_WORDS = {word: what for what, words in _NO_PLANES.items() for word in words.split()}
_PLANES = frozenset(
    ("z", "depth", "plane", "planes", "slice", "slices", "section", "sections", "layer", "zplane", "zslice")
)
_UNCLEAR = {"s": "slices, or positions of the stage"}
_WELL = re.compile(r"(?:^|[^A-Za-z0-9])[A-P]$")
"""Before two digits: a well of a plate, A01 to P24."""
_YEARS, _MONTHS, _DAYS = range(1900, 2101), range(1, 13), range(1, 32)


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
    word = _word(parts[0][varying[0]])
    what = _WORDS.get(word) or _wells_or_days(names, parts[0], numbers, varying[0])
    if what:
        raise ValueError(f"has files whose names count {what}, not planes")
    if word in _UNCLEAR:
        raise ValueError(f"has files whose names count what may be {_UNCLEAR[word]}: give names that say which")
    counted = sorted(number[varying[0]] for number in numbers)
    if len(set(counted)) < len(counted):
        twice = next(one for one, next_ in pairwise(counted) if one == next_)
        raise ValueError(f"has planes of one number: there is more than one file of number {twice}")
    gaps = [(one + 1, next_ - 1) for one, next_ in pairwise(counted) if next_ > one + 1]
    if gaps:
        raise ValueError(f"lacks planes: {_missing(gaps)}")
    return sorted(range(len(names)), key=lambda place: numbers[place][varying[0]])


def counted_by(names: Sequence[str]) -> str | None:
    """What stands before the number by which the files are in order; None where it is a word for planes.

    Names with another word, or none, do not say what they count: that it is planes is taken to be so.
    """
    parts = [_NUMBER.split(name) for name in names]
    numbers = [_NUMBER.findall(name) for name in names]
    place = next((at for at in range(len(numbers[0])) if len({int(number[at]) for number in numbers}) > 1), 0)
    return None if _word(parts[0][place]) in _PLANES else parts[0][place].rpartition("/")[2]


def _word(before: str) -> str:
    """The last word before a number, in small letters."""
    found = re.search(r"[A-Za-z]*$", before.rstrip(" _-=.("))
    return found[0].lower() if found else ""


def _wells_or_days(names: Sequence[str], parts: list[str], numbers: list[list[int]], place: int) -> str:
    """What the number at this place counts where it is a well's, or a day's in a date; nothing for all else."""
    digits = {len(_NUMBER.findall(name)[place]) for name in names}
    if _WELL.search(parts[place]) and digits == {2}:
        return "wells"
    if place < 2 or parts[place] not in ("-", "_", ".") or parts[place - 1] != parts[place]:
        return ""
    dates = (
        found[place - 2] in _YEARS and found[place - 1] in _MONTHS and found[place] in _DAYS for found in numbers
    )
    return "days" if all(dates) else ""


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
