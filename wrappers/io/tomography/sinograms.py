"""Sinograms of a scan's detector rows without readings that say nothing, and how many of these there were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.tomography.references import beam, level, of_same_beam, read_all
from wrappers.io.tomography.scan import Scan
from wrappers.kernels.bad_readings import DEAD_SHARE, lost, mended, with_dead_pixels
from wrappers.kernels.stuck_pixels import cut_off, stuck
from wrappers.kernels.tomography import attenuation

LEAST_PROJECTIONS = 4


@dataclass(frozen=True)
class Sinograms:
    """Sinograms (rows, angles, columns) of attenuation, the angles (radians) that are left, and what was wrong.

    Of rows without usable readings (`without`, places in the first axis) the values are NaN.
    """

    values: np.ndarray
    angles: np.ndarray
    without: tuple[int, ...] = ()
    why: str = ""
    interpolated: int = 0
    dead: int = 0
    opaque: int = 0
    lost: int = 0


def sinograms_of(scan: Scan, rows: slice) -> Sinograms:
    """Return the sinograms of these rows, with nothing mended but readings that say nothing.

    A row without readings costs itself only, and so does a projection that was lost in any of the other rows.
    BadInput where too few projections are left.
    """
    values, bad, opaque, lit = _attenuations(scan, rows)
    # Where no light came through at all there was no exposure: a frame was dropped, or the shutter was closed.
    bad |= (bad | opaque).all(axis=2, keepdims=True)
    exposed = ~bad.all(axis=(0, 2))
    if exposed.any():
        bad = with_dead_pixels(bad, opaque, exposed)
    blind = bad[:, exposed].all(axis=2).mean(axis=1) > DEAD_SHARE if exposed.any() else np.ones(len(bad), bool)
    without = tuple(int(row) for row in np.flatnonzero(blind))
    angles = np.deg2rad(scan.angles)
    if blind.all():
        return Sinograms(np.full_like(values, np.nan), angles, without, _why(scan, rows, bad, lit))
    gone = lost(bad[~blind])
    kept = ~gone
    if kept.sum() < LEAST_PROJECTIONS:
        raise BadInput(f"{scan.name} has no usable readings in {int(gone.sum())} of {len(gone)} projections.")
    bad, opaque = bad[:, kept], opaque[:, kept]
    whole = np.full(bad.shape, np.nan, np.float32)
    whole[~blind] = mended(values[:, kept][~blind], bad[~blind])
    return Sinograms(
        whole,
        angles[kept],
        without,
        interpolated=int(bad[~blind].sum()),
        dead=int(bad[~blind].all(axis=1).sum()),
        opaque=int((opaque & ~bad)[~blind].sum()),
        lost=int(gone.sum()),
    )


def _attenuations(scan: Scan, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Return attenuation, which readings say nothing, which saw no light (rows, angles, columns); if any did."""
    readings = scan.projections.read(rows)
    flats, darks = read_all(scan.flats, rows), read_all(scan.darks, rows)
    dark = np.concatenate([one.readings for one in darks])
    dead = stuck(readings, np.concatenate([one.readings for one in flats]), dark)
    ceiling = cut_off(readings, np.concatenate([one.readings for one in flats]))[:, None]
    for frames in (readings, *(one.readings for one in flats)):
        frames[frames == ceiling] = np.nan
    light, current = beam(flats, scan.places), level(darks)
    values, bad, opaque = attenuation(of_same_beam(readings, scan.projections.current), light, current)
    return values, bad | dead[:, None], opaque, bool((light > current).any())


def _why(scan: Scan, rows: slice, bad: np.ndarray, lit: bool) -> str:
    """In words why none of these rows can be reconstructed."""
    where = f"row {rows.start}" if rows.stop - rows.start == 1 else f"rows {rows.start} to {rows.stop - 1}"
    if not lit:
        return f"The flat fields of {scan.name} are not brighter than its dark frames in {where}."
    lines = np.asarray(bad.all(axis=2).any(axis=0))
    return f"{scan.name} has no usable readings in {int(lines.sum())} of {len(lines)} projections, in {where}."
