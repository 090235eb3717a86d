"""A measured point spread function made ready: its light in the middle, on the voxels of the stack."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SAME_SIZE = 0.02
"""Voxel sizes that differ by less than this share are the same."""


def centred(psf: np.ndarray) -> np.ndarray:
    """Return the PSF (z, y, x) with its brightest voxel in the middle of an array of odd lengths.

    Zeros are added on the shorter side. A kernel whose light is not in its middle moves what it sharpens.
    """
    peak = np.unravel_index(int(np.argmax(psf)), psf.shape)
    pads = []
    for place, length in zip(peak, psf.shape, strict=True):
        before, after = int(place), length - 1 - int(place)
        pads.append((max(0, after - before), max(0, before - after)))
    return np.pad(psf, pads)


def resampled(psf: np.ndarray, voxel: tuple[float, ...], wanted: tuple[float, ...]) -> np.ndarray:
    """Return a centred PSF of voxels `voxel` on voxels `wanted` (both in one unit), by linear interpolation.

    Values are taken at the wanted places and not averaged: planes of a stack are samples, and camera pixels have
    averaged already. The middle stays the middle.
    """
    ratios = [want / have for have, want in zip(voxel, wanted, strict=True)]
    places = []
    for length, ratio in zip(psf.shape, ratios, strict=True):
        reach = int((length // 2) / ratio)
        places.append(length // 2 + np.arange(-reach, reach + 1) * ratio)
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(ndimage.map_coordinates(psf, grid, order=1, mode="constant"))


def differ(voxel: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    """Return whether two voxel sizes are not the same."""
    return any(abs(want / have - 1) > SAME_SIZE for have, want in zip(voxel, wanted, strict=True))
