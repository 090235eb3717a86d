"""A measured point spread function made ready: its light in the middle, on the voxels of the stack."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SAME_SIZE = 0.02
"""Voxel sizes that differ by less than this share are the same."""
HALF = 0.5
"""Of the brightest: what is as bright as that is a spot of its own."""
DARKEST_PERCENT = 5
"""Of the outermost voxels so many have only background, be the light ever so broad."""
_TOUCHING = np.ones((3, 3, 3), dtype=bool)


def brightest(psf: np.ndarray) -> tuple[tuple[int, int, int], int]:
    """Return the place of the brightest voxel, and how many that touch each other are as bright.

    Of several (a saturated bead, a maximum between two voxels) it is the one in their middle.
    """
    first = np.unravel_index(int(np.argmax(psf)), psf.shape)
    labels, _ = ndimage.label(psf == psf[first], _TOUCHING)
    places = np.argwhere(labels == labels[first])
    z, y, x = (int(np.floor(middle + HALF)) for middle in places.mean(axis=0))
    return (z, y, x), len(places)


def spots(psf: np.ndarray) -> int:
    """Return how many places of the PSF, noise aside, are at least half as bright as its brightest."""
    smooth = ndimage.gaussian_filter(psf, 1.0, mode="constant")
    return int(ndimage.label(smooth > HALF * smooth.max(), _TOUCHING)[1])


def background(psf: np.ndarray) -> tuple[float, float]:
    """Return the level that its outermost voxels have at least, and the share of all light that it makes up."""
    if min(psf.shape) < 3:
        return 0.0, 0.0
    outermost = np.ones(psf.shape, dtype=bool)
    outermost[1:-1, 1:-1, 1:-1] = False
    level = float(np.percentile(psf[outermost], DARKEST_PERCENT))
    return level, level * psf.size / float(psf.sum())


def cropped(psf: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """Return a centred PSF without what is beyond `shape`, and the share of its light that was there."""
    parts = []
    for length, room in zip(psf.shape, shape, strict=True):
        reach = min(length // 2, (room - 1) // 2)
        parts.append(slice(length // 2 - reach, length // 2 + reach + 1))
    inner = psf[tuple(parts)]
    return inner, 1 - float(inner.sum()) / float(psf.sum())


def centred(psf: np.ndarray) -> np.ndarray:
    """Return the PSF (z, y, x) with its brightest voxel in the middle of an array of odd lengths.

    Zeros are added on the shorter side. A kernel whose light is not in its middle moves what it sharpens.
    """
    peak, _ = brightest(psf)
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
