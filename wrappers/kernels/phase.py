"""Phase retrieval from one distance, for a sample of one material.

D. Paganin, S. C. Mayo, T. E. Gureyev, P. R. Miller, S. W. Wilkins, J. Microsc. 206, 33 (2002), equation 10: the
projected attenuation is -ln F^-1[F[I/I0] / (1 + z delta / mu k^2)] with mu = 4 pi beta / lambda.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft

WAVELENGTH_UM_KEV = 1.239841984e-3
"""Wavelength in µm of photons of 1 keV: h c."""
REACH = 6.0
"""Lengths after which what a reading adds to others is less than a four-hundredth."""
LEAST_TRANSMISSION = 1e-6
_ANGLES = 16  # projections transformed at once


def strength(delta_beta: float, energy_kev: float, distance_mm: float, pixel_um: float) -> float:
    """Return pi lambda z (delta / beta) / p^2, which multiplies the square of a frequency in cycles a pixel."""
    wavelength = WAVELENGTH_UM_KEV / energy_kev
    return math.pi * wavelength * distance_mm * 1e3 * delta_beta / pixel_um**2


def reach_of(strength_along: float) -> int:
    """Return over how many pixels the filter reaches: it falls as exp(-x / L), L^2 = strength / (2 pi)^2."""
    return math.ceil(REACH * math.sqrt(strength_along) / (2 * math.pi)) + 1


def retrieved(sinograms: np.ndarray, along_rows: float, along_columns: float) -> np.ndarray:
    """Return sinograms (rows, angles, columns) of attenuation after phase retrieval, each projection by itself.

    `along_rows` and `along_columns` are the strengths for a pixel's height and width. Beyond the edges readings
    are those at the edges.
    """
    rows, angles, columns = sinograms.shape
    deep, wide = min(reach_of(along_rows), 2 * rows), min(reach_of(along_columns), 2 * columns)
    shape = [scipy.fft.next_fast_len(number, real=True) for number in (rows + 2 * deep, columns + 2 * wide)]
    inner = np.s_[:, deep : deep + rows, wide : wide + columns]
    down = scipy.fft.fftfreq(shape[0])[:, None] ** 2 * along_rows
    across = scipy.fft.rfftfreq(shape[1])[None, :] ** 2 * along_columns
    window = (1 / (1 + down + across)).astype(np.float32)
    pad = ((0, 0), (deep, shape[0] - rows - deep), (wide, shape[1] - columns - wide))
    result = np.empty_like(sinograms)
    for first in range(0, angles, _ANGLES):
        part = slice(first, first + _ANGLES)
        light = np.pad(np.exp(-sinograms[:, part].swapaxes(0, 1)), pad, mode="edge")
        spectrum = scipy.fft.rfft2(light, overwrite_x=True)
        spectrum *= window
        smooth = scipy.fft.irfft2(spectrum, s=shape, overwrite_x=True)[inner]
        result[:, part] = -np.log(np.maximum(smooth, LEAST_TRANSMISSION)).swapaxes(0, 1)
    return result
