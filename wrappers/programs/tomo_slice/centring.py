"""Where the rotation axis lies: as given, or found by two methods that know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.tomography.scan import Scan
from wrappers.io.tomography.sinograms import Sinograms, sinograms_of
from wrappers.kernels.axis_by_slices import least_negative
from wrappers.kernels.full_turn import find_centre_by_edges, find_centre_of_full_turn, is_full_turn
from wrappers.kernels.rotation_axis import find_centre, half_turn, shows_something

MOST_ROWS = 3
LEFT_OUT = ": left out"
MOST_NAMED = 5
LEAST_ERROR = 0.05
"""Columns: no method tells the axis better."""
DISAGREE = 0.5
"""Columns: an axis that is wrong by more shows as arcs in a slice."""
NEAR_EDGE = 0.08
"""Share of the columns from an edge: an axis is looked for up to a twentieth from it."""
WEDGE = "the Fourier transform of half a turn and its mirror image"
SLICES = "the least below nothing in a slice"
OPPOSITE = "opposite projections as mirror images"
EDGES = "the edges in opposite projections"


@dataclass(frozen=True)
class Method:
    """A way to find the axis, in words, and what it found: the median over rows, None where it found nothing."""

    words: str
    column: float | None


@dataclass(frozen=True)
class Axis:
    """The rotation axis' column; where it was found, by which methods, and how far off it may be, in columns."""

    column: float
    methods: tuple[Method, ...] = ()
    error: float | None = None
    columns: int = 0

    @property
    def found(self) -> bool:
        """Whether it was looked for: nobody gave it."""
        return bool(self.methods)

    @property
    def doubts(self) -> list[str]:
        """In words what speaks against it."""
        if not self.methods:
            return []
        first, second = self.methods
        said = []
        if second.column is None:
            said.append(
                f"only one of two methods finds the rotation centre: {_at(self.column)} by {first.words}, "
                f"nothing near it by {second.words}"
            )
        elif abs(second.column - self.column) > DISAGREE:
            said.append(
                f"two methods disagree on the rotation centre: {_at(self.column)} by {first.words} (taken), "
                f"{_at(second.column)} by {second.words}; try seven centres around it"
            )
        if min(self.column, self.columns - 1 - self.column) < NEAR_EDGE * self.columns:
            said.append(f"the rotation centre, {_at(self.column)}, lies near the edge of where it was looked for")
        return said


def _at(column: float) -> str:
    return f"column {column:.2f}"


def find_axis(scan: Scan, rows: slice, given: float | None, mended: Callable[[np.ndarray], np.ndarray]) -> Axis:
    """Return the axis, as given or found in up to three of the rows that have readings; BadInput where in none.

    `mended` takes stripes out of sinograms, where that is wanted.
    """
    if given is not None:
        if not 0 <= given <= scan.columns - 1:
            raise BadInput(f"The centre {given:g} lies outside the detector's {scan.columns} columns.")
        return Axis(given)
    found: list[tuple[float, float | None]] = []
    full = False
    why: list[str] = []
    for row in rows_to_look_at(rows):
        one = sinograms_of(scan, slice(row, row + 1))
        if words := _no_axis_in(scan, row, one):
            why.append(words)
            continue
        full = is_full_turn(one.angles)
        try:
            found.append(_in_row(mended(one.values)[0], one.angles, full))
        except BadInput as error:
            raise BadInput(" ".join([str(error), *_left_out(scan)])) from error
        if len(found) == MOST_ROWS:
            break
    if not found:
        raise BadInput(" ".join([why[0], *_left_out(scan)]))
    firsts = [first for first, _ in found]
    seconds = [second for _, second in found if second is not None]
    column = float(np.median(firsts))
    other = float(np.median(seconds)) if seconds else None
    off = max(abs(one - column) for one in [*firsts, column if other is None else other])
    methods = (Method(OPPOSITE if full else WEDGE, column), Method(EDGES if full else SLICES, other))
    return Axis(column, methods, max(LEAST_ERROR, off), scan.columns)


def _no_axis_in(scan: Scan, row: int, one: Sinograms) -> str:
    """Why this row tells nothing of the axis; nothing where it does."""
    if one.without:
        return one.why
    if 2 * one.dead > scan.columns:
        return (
            f"The centre cannot be found, because {one.dead} of {scan.columns} pixels in row {row} of "
            f"{scan.name} are dead; give it as a number."
        )
    if not shows_something(one.values[0]):
        return (
            f"The centre cannot be found, because row {row} of {scan.name} shows nothing but noise; "
            "give it as a number, or choose rows that see the sample."
        )
    return ""


def _in_row(sinogram: np.ndarray, angles: np.ndarray, full: bool) -> tuple[float, float | None]:
    """Return the axis' column of one sinogram (angles, columns), and a second opinion; BadInput without one."""
    try:
        found = find_centre_of_full_turn(sinogram, angles) if full else find_centre(half_turn(sinogram, angles))
    except ValueError as error:
        raise BadInput(f"The centre cannot be found, because {error}; give it as a number.") from error
    try:
        if full:
            return found, find_centre_by_edges(sinogram, angles)
        reach = max(8.0, sinogram.shape[1] / 16)
        return found, least_negative(sinogram, angles, found, reach).centre
    except ValueError:
        return found, None


def rows_to_look_at(rows: slice) -> list[int]:
    """Return all rows in the order in which to look for the axis: first, middle, last, and then between them."""
    spread = [
        np.linspace(rows.start, rows.stop - 1, min(number, rows.stop - rows.start)).round().astype(int)
        for number in (MOST_ROWS, 3 * MOST_ROWS, rows.stop - rows.start)
    ]
    return [int(row) for row in dict.fromkeys(np.concatenate(spread).tolist())]


def _left_out(scan: Scan) -> list[str]:
    """What was left out before, in sentences: with that the axis might have been found."""
    said = [remark for remark in scan.remarks if remark.endswith(LEFT_OUT)]
    said += lacking(scan.without_angle, "angle")
    return [
        f"{one.removesuffix(LEFT_OUT)} and {'was' if one.startswith('1 ') else 'were'} left out."
        for one in said[:MOST_NAMED]
    ]


def lacking(count: int, what: str) -> list[str]:
    """In words that so many projections have none of `what` and were left out; nothing for none."""
    words = f"{count} projections have" if count > 1 else "1 projection has"
    return [f"{words} no {what}{LEFT_OUT}"] if count else []
