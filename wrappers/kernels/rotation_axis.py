"""Where the rotation axis lies in a sinogram.

N. T. Vo, M. Drakopoulos, R. C. Atwood, C. Reinhard, "Reliable method for calculating the center of rotation in
parallel-beam tomography", Opt. Express 22, 19078 (2014): a sinogram of a full turn, made of half a turn and its
mirror image, has almost no energy outside a double wedge of its Fourier transform; a wrong axis breaks the seams
and spills energy there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wrappers.kernels.arrays import Array, filters, fourier, namespace
from wrappers.kernels.mirror_images import mismatches

_COARSE_COLUMNS = 200  # the first search runs on a sinogram binned to about this many columns
_MIRRORED, _NOT_MIRRORED = 0.15, 0.5  # shares of the contrast in which mirror images differ, and others
_SEEN = 2.0  # how often the spread of noise, smoothed as the sinogram is, a sample makes at least
_SMOOTHED = 1.0  # columns: what is finer is noise for the most part
_DROP = 0.03  # the lowest angular frequencies, as a share, say nothing of the seams


def half_turn(sinogram: Array, angles: Array) -> Array:
    """Return the rows of `sinogram` (angles, columns) in order of angle that make up one half turn.

    `angles` are in radians. ValueError where they cover less than 170 degrees.
    """
    xp = namespace(sinogram)
    order = xp.argsort(angles, kind="stable")
    turned = angles[order] - angles[order[0]]
    step = float(turned[-1]) / max(1, len(angles) - 1)
    chosen = order[turned < math.pi - step / 2]
    if len(chosen) < 4 or float(turned[-1]) + step < math.radians(170):
        raise ValueError("the angles cover less than half a turn")
    return sinogram[chosen]


def shows_something(sinogram: Array) -> bool:
    """Return whether there is more in a sinogram (angles, columns) than noise: without a sample it has no axis."""
    xp = namespace(sinogram)
    width = max(2, sinogram.shape[1] // 16)
    noise = float(xp.median(xp.abs(xp.diff(sinogram, axis=1)))) / 0.954
    smooth = filters(xp).uniform_filter(sinogram, size=(1, width))
    return float(smooth.std()) > _SEEN * noise / math.sqrt(width)


def find_centre(sinogram: Array) -> float:
    """Return the column of the rotation axis from half a turn (angles, columns), to about a tenth of a pixel.

    It is looked for in the middle half of the columns, and outside where the first and the last projection, which
    look from opposite sides, are mirror images about a column there and not about what was found. ValueError where
    either search ends at its edge: the axis may lie beyond.
    """
    xp = namespace(sinogram)
    rough, reach = _coarse(sinogram), max(1, sinogram.shape[1] // _COARSE_COLUMNS) + 1
    found = _refined(sinogram, rough.place, reach)
    ends = filters(xp).uniform_filter(sinogram[[0, -1]], size=(1, max(3, sinogram.shape[1] // _COARSE_COLUMNS)))
    unlike = mismatches(ends[:1], ends[1:])
    best = min(unlike, key=lambda twice: unlike[twice])
    if unlike[best] < _MIRRORED and unlike.get(round(2 * found), math.inf) > _NOT_MIRRORED:
        if not {best - 1, best + 1} <= set(unlike):
            raise ValueError(f"the search ended at its edge, column {best / 2:g}: the axis may lie beyond")
        return _refined(sinogram, best / 2, 3)
    if rough.at_edge and abs(found - rough.place) > reach - 0.5:
        raise ValueError(f"the search ended at its edge, column {found:.1f}: the axis may lie beyond")
    return found


@dataclass(frozen=True)
class _Rough:
    place: float
    at_edge: bool


def _coarse(sinogram: Array) -> _Rough:
    """The best column of the middle half, and whether it is the first or last of them."""
    columns = sinogram.shape[1]
    binning = max(1, columns // _COARSE_COLUMNS)
    small = sinogram[:, : columns // binning * binning].reshape(len(sinogram), -1, binning).mean(axis=2)
    quarter = small.shape[1] // 4
    middle = (small.shape[1] - 1) / 2
    coarse = _best(small, middle, quarter, 0.5)
    at_edge = abs(coarse - round(middle * 2) / 2) > quarter - 0.75
    return _Rough(float(coarse * binning + (binning - 1) / 2), at_edge)


def _refined(sinogram: Array, rough: float, reach: int) -> float:
    # A shift by a part of a pixel smooths noise, and would draw the axis there; smoothed before, it does no more.
    sinogram = filters(namespace(sinogram)).gaussian_filter1d(sinogram, _SMOOTHED, axis=1)
    whole = _best(sinogram, rough, reach, 0.5)
    return _parabola(sinogram, _best(sinogram, whole, 0.5, 0.125), 0.25)


def _best(sinogram: Array, around: float, reach: float, step: float) -> float:
    half = round(reach / step)
    candidates = [round(around * 2) / 2 + step * place for place in range(-half, half + 1)]
    outside = _outside_wedge(sinogram)
    return min(candidates, key=lambda centre: spilled(sinogram, centre, outside))


def _parabola(sinogram: Array, around: float, step: float) -> float:
    outside = _outside_wedge(sinogram)
    before, here, after = (spilled(sinogram, around + step * place, outside) for place in (-1, 0, 1))
    bend = before - 2 * here + after
    return around + (step * 0.5 * (before - after) / bend if bend > 0 else 0.0)


def spilled(sinogram: Array, centre: float, outside: Array) -> float:
    """Return the mean Fourier magnitude outside the wedge for a full turn about `centre`."""
    xp = namespace(sinogram)
    columns = sinogram.shape[1]
    shift = 2 * centre - (columns - 1)
    mirrored = xp.ascontiguousarray(sinogram[:, ::-1])
    if shift == int(shift):
        moved = xp.roll(mirrored, int(shift), axis=1)
    else:
        moved = filters(xp).shift(mirrored, (0, shift), order=3, mode="nearest", prefilter=True)
    # What the mirror image does not cover is taken from the sinogram itself.
    missing = math.ceil(abs(shift))
    if missing:
        gap = slice(0, missing) if shift > 0 else slice(columns - missing, columns)
        moved[:, gap] = sinogram[:, gap]
    magnitude = xp.abs(fourier(xp).rfft2(xp.concatenate([sinogram, moved]), axes=(0, 1)))
    return float(magnitude[outside].mean())


def _outside_wedge(sinogram: Array) -> Array:
    xp = namespace(sinogram)
    angles, columns = sinogram.shape
    turns = xp.abs(xp.fft.fftfreq(2 * angles)) * 2 * angles
    across = xp.fft.rfftfreq(columns)
    radius = columns / 2
    beyond = turns[:, None] > 2 * math.pi * radius * across[None, :]
    beyond &= (turns > max(2.0, _DROP * angles))[:, None]
    beyond[:, :1] = False
    return beyond
