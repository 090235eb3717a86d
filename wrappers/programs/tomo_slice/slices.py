"""Slices of a scan's rows, in portions that fit in the job's memory, each written as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.tomography.scan import Scan
from wrappers.io.tomography.sinograms import Sinograms
from wrappers.kernels.full_turn import is_full_turn, stitched, stitched_width
from wrappers.kernels.opposite_views import are_unlike
from wrappers.kernels.tomography import filtered_back_projection
from wrappers.programs.tomo_slice.centring import Axis
from wrappers.programs.tomo_slice.mending import Phase, prepared
from wrappers.programs.tomo_slice.settings import Settings

Write = Callable[[int, np.ndarray], None]


@dataclass(frozen=True)
class Geometry:
    """What is reconstructed and how wide slices are: rows, the axis' column, whether both sides are joined."""

    rows: slice
    centre: float
    full_turn: bool
    width: int

    @property
    def number(self) -> int:
        return int(self.rows.stop - self.rows.start)


def geometry(scan: Scan, rows: slice, centre: float) -> Geometry:
    """Return how slices about this axis come out."""
    full = is_full_turn(np.deg2rad(scan.angles))
    return Geometry(rows, centre, full, stitched_width(scan.columns, centre) if full else scan.columns)


@dataclass(frozen=True)
class Work:
    """What is to be done: a scan's rows about an axis, as a person chose."""

    scan: Scan
    settings: Settings
    axis: Axis
    geometry: Geometry
    phase: Phase | None = None


@dataclass
class Outcome:
    """What was wrong with the rows that were reconstructed, and the sinogram of the first sound one of them."""

    geometry: Geometry
    units: str
    made: list[Sinograms] = field(default_factory=list)
    blind: list[int] = field(default_factory=list)
    """Detector rows that have no usable readings; their slices are NaN."""
    sinogram: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    shown: int = 0
    """The row that the sinogram is of."""
    unlike: bool = False
    """Whether projections from opposite sides are no mirror images about this axis."""

    @property
    def lost(self) -> int:
        """Projections that were left out."""
        return max(one.lost for one in self.made)


def reconstruct(work: Work, portions: Sequence[slice], write: Write, events: Events, threads: int) -> Outcome:
    """Make the slices of all rows, portion by portion; `write(first, slices)` takes them in order.

    Attenuation is in 1/mm where the pixel size is known, else per pixel. BadInput where no row has usable
    readings.
    """
    scan, wanted = work.scan, work.geometry
    outcome = Outcome(wanted, "1/mm" if scan.pixel.um else "1/px")
    for number, part in enumerate(portions):
        done = part.start - wanted.rows.start
        share = (part.stop - part.start) / wanted.number
        words = f"{done} of {wanted.number} slices written"
        if len(portions) > 1:
            words += f"; part {number + 1} of {len(portions)}, rows {part.start} to {part.stop - 1}"

        def tell(fraction: float, done: int = done, share: float = share, words: str = words) -> None:
            events.progress(done / wanted.number + fraction * share, words)

        tell(0.0)
        one = prepared(scan, work.settings, work.phase, part)
        note(outcome, one, part)
        slices = slices_of(one.values, one.angles, work, threads, tell)
        slices[list(one.without)] = np.nan
        if scan.pixel.um:
            slices /= np.float32(scan.pixel.um * 1e-3)
        write(done, slices)
    if not outcome.sinogram.size:
        raise BadInput(outcome.made[0].why)
    return outcome


def note(outcome: Outcome, one: Sinograms, part: slice) -> None:
    """Keep what was wrong with a portion of rows, and the sinogram of its first sound one."""
    values = one.values
    outcome.blind += [part.start + row for row in one.without]
    sound = next((row for row in range(len(values)) if row not in one.without), None)
    if not outcome.sinogram.size and sound is not None:
        outcome.sinogram, outcome.shown = values[sound].copy(), part.start + sound
        outcome.unlike = are_unlike(values[sound], one.angles, outcome.geometry.centre)
    outcome.made.append(replace(one, values=np.empty(0, np.float32)))


def slices_of(
    values: np.ndarray,
    angles: np.ndarray,
    work: Work,
    threads: int,
    tell: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Return slices (rows, y, x) of attenuation a pixel from sinograms (rows, angles, columns), radians."""
    wanted, settings, axis = work.geometry, work.settings, work.geometry.centre
    if wanted.full_turn:
        values, angles, axis = stitched(values, angles, axis)
    found = filtered_back_projection(
        values,
        angles,
        axis,
        kind=settings.kind,
        beyond=settings.beyond,
        width=wanted.width,
        threads=threads,
        progress=tell,
    )
    return np.asarray(found)
