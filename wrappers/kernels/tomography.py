"""Parallel-beam tomography: normalisation, and filtered back-projection of slices.

Sinograms are (rows, angles, columns), float32; columns run across the rotation axis, angles are in radians.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from wrappers.kernels.arrays import Array, fourier, good_size, namespace, sweeper
from wrappers.kernels.continuation import Continuation, continued

Filter: TypeAlias = Literal["ramp", "shepp-logan", "hann"]

FILTERS: tuple[Filter, ...] = ("ramp", "shepp-logan", "hann")
LEAST_TRANSMISSION = 1e-6  # darker readings than this share of the beam are noise around nothing
_BAND = 64  # image rows a block: its arrays stay in a core's second-level cache


def attenuation(projections: Array, flat: Array, dark: Array) -> tuple[Array, Array, Array]:
    """Return -ln((projections - dark) / (flat - dark)), which readings say nothing, and which saw no light.

    `projections` is (angles, rows, columns), `flat` and `dark` (rows, columns) or one a projection; results are
    (rows, angles, columns), the first float32. A reading says nothing where it is no finite number or the beam is
    not above the dark current: its attenuation is NaN. Where the sample let less than LEAST_TRANSMISSION through,
    that is taken.
    """
    xp = namespace(projections)
    beam = flat.astype(xp.float32) - dark
    reading = projections.astype(xp.float32, copy=False) - dark
    with np.errstate(divide="ignore", invalid="ignore"):
        transmission = reading
        transmission /= beam
    bad = ~xp.isfinite(transmission) | ~(beam > 0)
    opaque = ~bad & ~(transmission > LEAST_TRANSMISSION)
    transmission[opaque] = LEAST_TRANSMISSION
    transmission[bad] = xp.nan
    sinograms = -xp.log(transmission)
    return tuple(xp.ascontiguousarray(array.transpose(1, 0, 2)) for array in (sinograms, bad, opaque))


def angle_weights(angles: Array) -> Array:
    """Return the share of the half circle each angle stands for (radians, sum pi).

    Opposite directions are the same line, so angles count modulo pi; a direction measured twice shares its part.
    """
    xp = namespace(angles)
    # Angles are rounded so that 180 degrees, written as a fraction of pi, falls on 0 and not just below pi.
    folded = xp.mod(xp.round(angles, 9), xp.round(math.pi, 9))
    order = xp.argsort(folded, kind="stable")
    ranked = folded[order]
    following = xp.concatenate([ranked[1:], ranked[:1] + math.pi])
    gap = following - ranked
    weights = xp.empty_like(folded)
    weights[order] = (gap + xp.roll(gap, 1)) / 2
    return weights


def filter_response(length: int, kind: Filter) -> np.ndarray:
    """Return a reconstruction filter for real transforms of `length` samples (length // 2 + 1 values).

    The ramp is the transform of its band-limited impulse response, which keeps the mean right (A. C. Kak,
    M. Slaney, Principles of Computerized Tomographic Imaging, 1988, equation 61); the others multiply it by a
    window.
    """
    offset = np.concatenate([np.arange(length // 2 + 1), np.arange((length - 1) // 2, 0, -1)])
    impulse = np.zeros(length)
    odd = offset % 2 == 1
    impulse[odd] = -1 / (math.pi * offset[odd]) ** 2
    impulse[0] = 0.25
    ramp = np.fft.rfft(impulse).real
    frequency = np.fft.rfftfreq(length)
    window = {
        "ramp": np.ones_like(frequency),
        "shepp-logan": np.sinc(frequency),
        "hann": 0.5 + 0.5 * np.cos(2 * math.pi * frequency),
    }
    return np.asarray(ramp * window[kind])


def filtered(sinograms: Array, kind: Filter, beyond: Continuation = "edge", axis: float | None = None) -> Array:
    """Return sinograms convolved with the reconstruction filter along the columns (float32).

    `beyond` is what lines read beyond the detector, as far as it is wide on either side; `axis` is the column of
    the rotation axis, the middle if not given.
    """
    xp = namespace(sinograms)
    columns = sinograms.shape[-1]
    reach = columns
    length = good_size(xp, columns + 2 * reach, real=True)
    response = xp.asarray(filter_response(length, kind), dtype=xp.float32)
    result = xp.empty(sinograms.shape, dtype=xp.float32)
    for row in range(len(sinograms)):
        before, behind = continued(
            sinograms[row], reach, beyond, (columns - 1) / 2 if axis is None else float(axis)
        )
        lines = xp.zeros((sinograms.shape[1], length), dtype=xp.float32)
        lines[:, :columns], lines[:, columns : columns + reach] = sinograms[row], behind
        # In a circle what stands at the end lies before the first column.
        lines[:, length - reach :] = before
        spectrum = fourier(xp).rfft(lines, axis=-1, overwrite_x=True)
        spectrum *= response
        result[row] = fourier(xp).irfft(spectrum, n=length, axis=-1, overwrite_x=True)[:, :columns]
    return result


def filtered_back_projection(
    sinograms: Array,
    angles: Array,
    centre: float,
    *,
    kind: Filter = "ramp",
    beyond: Continuation = "edge",
    width: int | None = None,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Array:
    """Return slices (rows, width, width) of attenuation a pixel, zero outside their inscribed circle.

    `centre` is the column of the rotation axis (0 is the middle of the first column). At angle 0 the beam runs
    along the slice's columns; angles count counter-clockwise, seen with row 0 on top. The axis is the middle of
    the slice, which is as wide as there are columns if `width` is not given. Values between columns are
    interpolated linearly. `beyond` is what lines are taken to read beyond the detector (see `continuation`).
    `progress(share)` is called now and then.
    """
    xp = namespace(sinograms)
    rows, _, columns = sinograms.shape
    width = width or columns
    lines = filtered(sinograms, kind, beyond, centre) * angle_weights(angles).astype(xp.float32)[None, :, None]
    radius = (width - 1) / 2
    # Zeros on either side, as far as the circle reaches beyond the detector.
    margin = max(0, math.ceil(radius - centre), math.ceil(centre + radius - columns + 1)) + 2
    lines = xp.pad(lines, ((0, 0), (0, 0), (margin, margin)))
    rises = xp.diff(lines, axis=-1, append=0).astype(xp.float32)
    slices = xp.zeros((rows, width, width), dtype=xp.float32)
    position = xp.arange(width, dtype=xp.float32) - np.float32(radius)
    cosines, sines = xp.cos(angles).astype(xp.float32), xp.sin(angles).astype(xp.float32)
    done = [0]

    def band(part: slice) -> None:
        nearest = max(0.0, part.start - radius, radius - (part.stop - 1))
        half = math.sqrt(max(0.0, radius**2 - nearest**2))
        within = slice(max(0, math.floor(radius - half)), min(width, math.ceil(radius + half) + 1))
        across, down = position[None, within], position[part, None]
        inside = across**2 + down**2 <= radius**2
        across, down = across * inside, down * inside
        for number in range(len(angles)):
            place = across * cosines[number]
            place += np.float32(centre + margin) - down * sines[number]
            left = place.astype(xp.int32)
            place -= left
            for row in range(rows):
                value = rises[row, number].take(left)
                value *= place
                value += lines[row, number].take(left)
                slices[row, part, within] += value
        slices[:, part, within] *= inside
        done[0] += part.stop - part.start
        if progress:
            progress(done[0] / width)

    with sweeper(xp, threads) as sweep:
        sweep(band, width, _BAND)
    return slices
