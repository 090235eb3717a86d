"""Which frames of a scan hold a picture: a scan that was ended early leaves others that were never written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.tomography.frames import Frames, reader
from wrappers.io.tomography.references import Series
from wrappers.kernels.stuck_pixels import OFTEN_ALIKE, alike

NO_LIGHT = 1e-3
"""Share of the beam: where less comes through in the mean of a row, and more in others, the shutter was closed."""
NO_INTENSITY = 1e-2
"""Share of the beam: fractions that are all smaller do not count what its flat fields count."""
AIR = 0.05
"""Share of the beam: less at both edges, and more behind the sample, is not what air lets through."""
BELOW_DARK = 0.01
"""Share of readings below the dark current: noise around nothing, which is air after a logarithm."""
LEAST_BEAM, LEAST_COLUMNS = 0.1, 8
"""Columns with less than this share of the brightest beam are at its rim; edges of fewer columns are no edges."""
LARGEST_ATTENUATION = 20.0
"""Of more nothing could have been counted: e to its power is the range of no detector."""
INSTEAD = "this analysis takes what the detector counted, with flat fields, and takes the logarithm itself"


@dataclass(frozen=True)
class Turned:
    """The projections: which frames of which dataset, and the beam's current of each frame where it is known.

    `planned` are those that were to be taken, of which `turned` were.
    """

    data: Frames
    planned: np.ndarray
    turned: np.ndarray
    current: np.ndarray | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """Projections, flats and darks that hold pictures."""

    frames: Turned
    flats: list[Series]
    darks: list[Series]
    lines: np.ndarray | None = None
    """What each of the projections reads in one row, (frames, columns); None where no row tells anything."""


def recorded(frames: Turned, flats: Sequence[Series], darks: Sequence[Series], name: str) -> Taken:
    """Return what of these frames was taken, as one detector row tells; the rest is counted in the remarks.

    BadInput where projections are no intensities.
    """
    read = reader(frames.data, frames.turned, name)
    for row in _rows(frames.data.shape[1]):
        values = read(slice(row, row + 1))[:, 0]
        # A row that is dead tells nothing of the frames.
        if not _flat(values).all():
            break
    else:
        return Taken(frames, list(flats), list(darks))
    light, dark = _of_row(flats, row), _of_row(darks, row)
    with_dark = _unlike_others(dark)
    dark_level = _level(dark[with_dark]) if len(dark) else np.zeros(values.shape[1])
    with_light = _lit(light, dark_level)
    kept = _pictures(values, light[with_light], dark[with_dark], dark_level)
    _check_intensities(values[kept], light[with_light], dark_level, name)
    remarks = [
        (f"{count} {what} hold" if count > 1 else f"1 {what.removesuffix('s')} holds") + " no picture: left out"
        for what, which in (("projections", kept), ("flat fields", with_light), ("dark frames", with_dark))
        if (count := int((~which).sum()))
    ]
    return Taken(
        replace(frames, turned=frames.turned[kept], remarks=(*frames.remarks, *remarks)),
        _only(flats, with_light),
        _only(darks, with_dark),
        values[kept],
    )


def as_attenuation(data: Frames, name: str) -> str:
    """Return a sentence where frames without flat fields look as if their logarithm was taken; else nothing."""
    row = data.shape[1] // 2
    values = reader(data, np.arange(len(data)), name)(slice(row, row + 1))
    finite = values[np.isfinite(values)]
    if not finite.size or not _fractions(finite) or float(np.abs(finite).max()) > LARGEST_ATTENUATION:
        return ""
    return (
        f" Its frames hold fractions from {finite.min():.3g} to {finite.max():.3g}, as after division by flat "
        f"fields or a logarithm; {INSTEAD}."
    )


def _rows(number: int) -> list[int]:
    """The middle row, and others to look at if it is dead."""
    return list(dict.fromkeys([number // 2, number // 4, 3 * number // 4, 0, number - 1]))


def _of_row(series: Sequence[Series], row: int) -> np.ndarray:
    """What all frames of these read in a row: (frames, columns)."""
    read = [one.read(slice(row, row + 1))[:, 0] for one in series]
    return np.concatenate(read) if read else np.empty((0, 0), np.float32)


def _flat(values: np.ndarray) -> np.ndarray:
    """Which frames read one number in all columns, or none."""
    return np.asarray(~(np.fmin.reduce(values, axis=1) < np.fmax.reduce(values, axis=1)))


def _unlike_others(values: np.ndarray) -> np.ndarray:
    """Which frames do not read one number only that is out of the range of those that read several."""
    if not len(values):
        return np.ones(0, bool)
    flat, first = _flat(values), values[:, 0]
    if flat.all():
        return np.isfinite(first) if np.isfinite(first).any() else np.ones(len(values), bool)
    others = values[~flat]
    return np.asarray(~flat | ((first >= np.nanmin(others)) & (first <= np.nanmax(others))))


def _lit(light: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Which flats hold a picture; all if none does, which is another fault, and said elsewhere."""
    above = _mean(light - dark)
    taken = _unlike_others(light) & (above > NO_LIGHT * np.nanmax(above, initial=0))
    return np.asarray(taken if taken.any() else np.ones(len(light), bool))


def _pictures(values: np.ndarray, light: np.ndarray, darks: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Which projections hold a picture; all if none does.

    One number in all columns is none where a sound detector shows noise. Without noise it may be air, which reads
    what flats read.
    """
    flat, first = _flat(values), values[:, 0]
    noisy = any(len(one) and float(alike(one[:, None])[0]) <= OFTEN_ALIKE for one in (light, darks))
    is_air = (first >= np.nanmin(light, initial=np.inf)) & (first <= np.nanmax(light, initial=-np.inf))
    never = flat & (noisy | ~is_air)
    beam = float(np.nanmax(_mean(light - dark), initial=0))
    closed = ~(_mean(values - dark) > NO_LIGHT * beam)
    taken = ~(never | closed)
    return np.asarray(taken if taken.any() else np.ones(len(values), bool))


def _check_intensities(values: np.ndarray, light: np.ndarray, dark: np.ndarray, name: str) -> None:
    """Return if readings may be intensities; BadInput where a logarithm, or a division, was taken before."""
    if not _fractions(values):
        return
    readings, beam = values - dark, _level(light) - dark
    if not np.isfinite(beam).any():
        return
    usual = float(np.nanmedian(beam))
    brightest = float(np.nanpercentile(readings, 99.9))
    if brightest < NO_INTENSITY * usual:
        raise BadInput(
            f"The projections of {name} hold fractions up to {brightest:.3g}, its flat fields {usual:.3g}: they "
            f"seem to be divided by flat fields, or their logarithm to be taken, already; {INSTEAD}."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        through = np.where(beam > 0, readings / beam, np.nan)
    # Where a slit keeps the beam off, readings are nothing by nothing.
    through = through[:, beam > LEAST_BEAM * float(np.nanmax(beam, initial=0))]
    if through.shape[1] < LEAST_COLUMNS or not np.isfinite(through).any():
        return
    width = max(2, through.shape[1] // 16)
    sides = [_median(through[:, :width]), _median(through[:, -width:])]
    nothing = float((through[np.isfinite(through)] <= 0).mean())
    inside = float(np.nanpercentile(through, 95))
    if max(sides) < AIR < inside and inside > 3 * max(sides) and nothing > BELOW_DARK:
        raise BadInput(
            f"The projections of {name} are nothing at both edges and more behind the sample: their logarithm "
            f"seems to be taken already; {INSTEAD}."
        )


def _fractions(values: np.ndarray) -> bool:
    """Whether readings are other than whole numbers, which a detector counts."""
    finite = values[np.isfinite(values)]
    return bool((finite != np.round(finite)).any())


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.inf


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean of each frame's finite readings; NaN where it has none."""
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(finite, values, 0).sum(axis=1, dtype=np.float64) / finite.sum(axis=1))


def _level(frames: np.ndarray) -> np.ndarray:
    """The mean reading of each column; NaN where it has none."""
    return _mean(frames.T)


def _only(series: Sequence[Series], taken: np.ndarray) -> list[Series]:
    """Those frames of these series that were taken, in the order in which `taken` counts them."""
    found, start = [], 0
    for one in series:
        number = len(one.read(slice(0, 1)))
        which = taken[start : start + number]
        start += number
        if which.all():
            found.append(one)
        elif which.any():
            current = None if one.current is None else one.current[which]
            found.append(replace(one, read=_chosen(one, which), current=current))
    return found


def _chosen(series: Series, which: np.ndarray) -> Callable[[slice], np.ndarray]:
    return lambda rows: series.read(rows)[which]
