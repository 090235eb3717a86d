"""Sinograms of a scan's detector rows without readings that say nothing, and how many of these there were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from wrappers.errors import BadInput
from wrappers.io.tomography.references import beam, level, of_same_beam, read_all
from wrappers.io.tomography.scan import Scan
from wrappers.kernels.bad_readings import DEAD_SHARE, lost, mended, with_dead_pixels
from wrappers.kernels.full_turn import is_full_turn
from wrappers.kernels.stuck_pixels import OFTEN_ALIKE, alike, cut_off, stuck
from wrappers.kernels.stuck_spells import spells
from wrappers.kernels.tomography import attenuation

ALL = slice(None)
LEAST_PROJECTIONS = 4
FULL_SCALES = frozenset(2.0**bits - 1 for bits in range(8, 32))
MOST = 0.5
BRIGHTER, OFTEN = -0.05, 0.1
"""Attenuations below the first, smoothed, in more than this share of all, are no sample's."""
SPIKE, FEW = -1.0, 0.05
"""Attenuation of readings far brighter than the beam: where they are few, it was not the beam that hit."""
AT_EDGES = 0.1
"""Share of the strongest attenuation (of a tenth at least) that is left at an edge, in a full turn at both."""
FULL_FLATS = "flat fields read their largest number almost everywhere: they may be cut off"
NOT_BRIGHTER = "are not brighter than its dark frames"
NOTHING_READ = "hold no number, or the largest of their type alone, at which the detector was cut off,"
BRIGHTER_THAN_FLATS = "many readings are brighter than the flat fields, which do not fit"
REACHES_EDGES = "the sample reaches beyond the detector, or flat fields do not fit: values are not to scale"


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
    single: int = 0
    """Those of them that are of no pixel that is dead, or stuck for a while."""
    dead: int = 0
    stuck_for_a_while: int = 0
    opaque: int = 0
    lost: int = 0
    remarks: tuple[str, ...] = ()
    """In words what makes values doubtful."""


def sinograms_of(scan: Scan, rows: slice, *, counted: slice = ALL) -> Sinograms:
    """Return the sinograms of these rows, with nothing mended but readings that say nothing.

    Of the rows `counted` (places among these) it is told what was wrong.

    A row without readings costs itself only, and so does a projection that was lost in any of the other rows.
    BadInput where too few projections are left.
    """
    found = _attenuations(scan, rows)
    values, bad, opaque, spell = found.values, found.bad, found.opaque, found.spell
    spikes = values < SPIKE
    # A row by itself: what becomes of it must not depend on what it is read with.
    bad |= spikes & (spikes.mean(axis=(1, 2), keepdims=True) < FEW)
    # Where no light came through at all there was no exposure: a frame was dropped, or the shutter was closed.
    bad |= (bad | opaque | spell).all(axis=2, keepdims=True)
    exposed = ~bad.all(axis=(0, 2))
    if exposed.any():
        bad = with_dead_pixels(bad, opaque & ~spell, exposed)
    bad |= spell
    blind = bad[:, exposed].all(axis=2).mean(axis=1) > DEAD_SHARE if exposed.any() else np.ones(len(bad), bool)
    without = tuple(int(row) for row in np.flatnonzero(blind))
    angles = np.deg2rad(scan.angles)
    if blind.all():
        return Sinograms(np.full_like(values, np.nan), angles, without, _why(scan, rows, bad, found.unlit))
    gone = lost(bad[~blind])
    kept = ~gone
    if kept.sum() < LEAST_PROJECTIONS:
        raise BadInput(f"{scan.name} has no usable readings in {int(gone.sum())} of {len(gone)} projections.")
    if gone.any():
        values, bad, opaque, spell = values[:, kept], bad[:, kept], opaque[:, kept], spell[:, kept]
    told = np.zeros(len(blind), bool)
    told[counted] = True
    told &= ~blind
    if blind.any():
        values[blind] = np.nan
        values[~blind] = mended(values[~blind], bad[~blind])
    else:
        values = mended(values, bad)
    return Sinograms(
        values,
        angles[kept],
        without,
        interpolated=int(bad[told].sum()),
        single=int((bad & ~spell & ~bad.all(axis=1, keepdims=True))[told].sum()),
        dead=int(bad[told].all(axis=1).sum()),
        stuck_for_a_while=int(np.asarray(spell.any(axis=1) & ~bad.all(axis=1))[told].sum()),
        opaque=int((opaque & ~bad)[told].sum()),
        lost=int(gone.sum()),
        remarks=(*found.remarks, *_remarks(values, ~blind, is_full_turn(angles[kept]))),
    )


@dataclass(frozen=True)
class _Attenuations:
    """Attenuation, which readings say nothing, which saw no light, which were stuck; why flats saw none.

    Arrays are (rows, angles, columns).
    """

    values: np.ndarray
    bad: np.ndarray
    opaque: np.ndarray
    spell: np.ndarray
    unlit: str
    remarks: tuple[str, ...]


def _attenuations(scan: Scan, rows: slice) -> _Attenuations:
    readings = scan.projections.read(rows)
    flats, darks = read_all(scan.flats, rows), read_all(scan.darks, rows)
    light = np.concatenate([one.readings for one in flats])
    without = np.concatenate([one.readings for one in darks])
    spell = spells(readings, light, without)
    # Flats from both sides of the moment when a pixel stuck differ as if it read anything.
    dead = stuck(readings, light, without) & ~spell.any(axis=0)
    for one in flats:
        one.readings[:, _taken_stuck(one.readings, readings, spell)] = np.nan
    ceiling = cut_off(readings, light)[:, None]
    for frames in (readings, *(one.readings for one in flats)):
        frames[frames == ceiling] = np.nan
    dark = level(darks)
    without_sample = beam([one.without(dark) for one in flats], scan.places)
    readings -= dark
    seen = of_same_beam(readings, scan.projections.current)
    del readings
    values, bad, opaque = attenuation(seen, without_sample, np.zeros_like(dark))
    full = _at_full_scale(light) or _all_cut_off(light, without)
    remarks = (FULL_FLATS,) if full else ()
    unlit = "" if (without_sample > 0).any() else NOT_BRIGHTER if np.isfinite(light).any() else NOTHING_READ
    return _Attenuations(values, bad | dead[:, None], opaque, spell.swapaxes(0, 1), unlit, remarks)


def _taken_stuck(flats: np.ndarray, readings: np.ndarray, spell: np.ndarray) -> np.ndarray:
    """Which pixels (rows, columns) read in these flats what they are stuck at in a part of the projections."""
    found = np.zeros(spell.shape[1:], bool)
    for row, column in np.argwhere(spell.any(axis=0)):
        at = np.median(readings[spell[:, row, column], row, column])
        found[row, column] = bool((flats[:, row, column] == at).all())
    return found


def _at_full_scale(flats: np.ndarray) -> bool:
    """Whether most pixels of the flats read the largest number of some bits: simulated so, or cut off."""
    largest = float(np.nanmax(flats, initial=0))
    return largest in FULL_SCALES and bool((flats == largest).mean() > MOST)


def _all_cut_off(flats: np.ndarray, darks: np.ndarray) -> bool:
    """Whether most pixels of the flats read one number, the largest, though the darks show noise."""
    noisy = bool((alike(darks) <= OFTEN_ALIKE).any())
    return noisy and len(flats) > 1 and bool((flats == np.nanmax(flats, initial=0)).all(axis=0).mean() > MOST)


def _remarks(values: np.ndarray, usable: np.ndarray, full: bool) -> list[str]:
    """In words what mended attenuations of the usable rows show that cannot be of a sample in its beam.

    In a full turn (`full`) each ray is seen from both sides, and the sample may reach beyond one edge.
    """
    said = []
    rows = np.flatnonzero(usable)
    smooth = (uniform_filter1d(values[row], min(5, values.shape[2]), axis=1) for row in rows)
    if np.mean([(row < BRIGHTER).mean() for row in smooth]) > OFTEN:
        said.append(BRIGHTER_THAN_FLATS)
    profile = np.mean([values[row].mean(axis=0) for row in rows], axis=0)
    sides = max(2, values.shape[2] // 50)
    edges = float(profile[:sides].mean()), float(profile[-sides:].mean())
    if (min(edges) if full else max(edges)) > AT_EDGES * max(float(np.percentile(profile, 95)), 0.1):
        said.append(REACHES_EDGES)
    return said


def _why(scan: Scan, rows: slice, bad: np.ndarray, unlit: str) -> str:
    """In words why none of these rows can be reconstructed."""
    where = f"row {rows.start}" if rows.stop - rows.start == 1 else f"rows {rows.start} to {rows.stop - 1}"
    if unlit:
        return f"The flat fields of {scan.name} {unlit} in {where}."
    lines = np.asarray(bad.all(axis=2).any(axis=0))
    return f"{scan.name} has no usable readings in {int(lines.sum())} of {len(lines)} projections, in {where}."
