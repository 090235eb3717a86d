"""A measured point spread function made ready: background off, its light's centre in the middle, other voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SAME_SIZE = 0.02
"""Voxel sizes that differ by less than this share are the same."""
HALF = 0.5
"""Of the brightest: what is as bright as that is a spot of its own."""
FAINT = 0.2
"""Of the brightest: beside the axis no lens makes a spot of its own that is as bright; along it, lobes may be."""
BESIDE = 2.0
"""In voxels: so far from the axis of the brightest spot is another bead, and no lobe or ring about it."""
FAR_OFF = 2.0
"""In voxels, and beyond the half width at half maximum: so far from the brightest a centroid is drawn off."""
DARKEST_PERCENT = 5
"""Of the outermost voxels so many have only background, be the light ever so broad."""
AROUND = 3
"""In voxels: the length of the cube that is averaged."""
LEFT_AT_FACES = ((2**2 + 1) / AROUND**2 / AROUND**2) ** 0.5
"""The noise that this leaves at a face, whose voxels count twice, as a share."""
NOISE_BELOW_MEAN = 1.645
"""In standard deviations: so far below its mean that percentile of normal noise lies."""
SECOND_DIFFERENCE = 6.0
"""Of independent values, in their variance."""
NO_SHARE = 1e-3
"""Of the light: what a background or the noise of dark voxels makes up is left as it is where it is less."""
MOST_NOISE = 3.0
"""In standard deviations of smoothed noise: what is not above that is dark."""
SURELY_LIGHT = 4.0
"""In standard deviations of the noise: a voxel of more is bright whatever is around it."""
SMOOTHED = (2 * np.sqrt(np.pi)) ** -1.5
"""The noise that a Gaussian filter with a sigma of one voxel leaves in a volume, as a share."""
NEAR = 0.01
"""In voxels: a centre so near to a voxel's is there, and nothing is interpolated."""
_TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class Dark:
    """What a PSF's dark voxels read: their mean, their standard deviation, the mean's share of all light."""

    level: float
    noise: float
    share: float


def brightest(psf: np.ndarray) -> tuple[tuple[int, int, int], int]:
    """Return the place of the brightest voxel, and how many that touch each other are as bright.

    Of several (a saturated bead, a maximum between two voxels) it is the one in their middle.
    """
    first = np.unravel_index(int(np.argmax(psf)), psf.shape)
    labels, _ = ndimage.label(psf == psf[first], _TOUCHING)
    places = np.argwhere(labels == labels[first])
    z, y, x = (int(np.floor(middle + HALF)) for middle in places.mean(axis=0))
    return (z, y, x), len(places)


def cut_to_one_value(psf: np.ndarray) -> bool:
    """Return whether its brightest voxels are equal, and no pair or block about a maximum between voxels is."""
    first = np.unravel_index(int(np.argmax(psf)), psf.shape)
    labels, _ = ndimage.label(psf == psf[first], _TOUCHING)
    places = np.argwhere(labels == labels[first])
    sides = np.ptp(places, axis=0) + 1
    return len(places) > 1 and (bool((sides > 2).any()) or len(places) < int(sides.prod()))


def spots(psf: np.ndarray) -> int:
    """Return how many places of the PSF, noise aside, are at least half as bright as its brightest.

    A fifth is enough beside the axis through the brightest, where a single bead has none.
    """
    smooth = ndimage.gaussian_filter(psf, 1.0, mode="constant")
    bright = int(ndimage.label(smooth > HALF * smooth.max(), _TOUCHING)[1])
    labels, count = ndimage.label(smooth > FAINT * smooth.max(), _TOUCHING)
    axis = np.array(np.unravel_index(int(smooth.argmax()), smooth.shape))[1:]
    middles = ndimage.center_of_mass(smooth, labels, range(1, count + 1))
    beside = [middle for middle in middles if np.abs(np.array(middle)[1:] - axis).max() > BESIDE]
    return max(bright, 1 + len(beside) if count > 1 else 1)


def drawn_off(psf: np.ndarray, centre: tuple[float, ...]) -> tuple[float, ...]:
    """Return how far `centre` is from the brightest place, noise aside, in voxels; nothing where that is near."""
    smooth = ndimage.gaussian_filter(psf, 1.0, mode="nearest")
    top = np.unravel_index(int(smooth.argmax()), smooth.shape)
    away, far = [], False
    for axis, at in enumerate(centre):
        line = smooth[tuple(slice(None) if other == axis else place for other, place in enumerate(top))]
        half_width = float((line > HALF * smooth.max()).sum()) / 2
        away.append(at - float(top[axis]))
        far |= abs(away[-1]) > max(FAR_OFF, half_width)
    return tuple(away) if far else ()


def dark(psf: np.ndarray) -> Dark:
    """Return what the outermost voxels of a PSF (z, y, x) have of background, light that reaches there aside.

    It is looked for where the surroundings are darkest, since light may reach some of the faces: the mean of those
    that are within 2.5 standard deviations of where the darkest percentile puts it. A level of at least half the
    brightest is the light's own, of a PSF without dark voxels: the level is 0 then.
    """
    shell = _outermost(psf)
    if not shell.any():
        return Dark(0.0, 0.0, 0.0)
    noise = _noise(psf)
    values = ndimage.uniform_filter(psf, AROUND, mode="nearest")[shell]
    level = float(np.percentile(values, DARKEST_PERCENT)) + NOISE_BELOW_MEAN * LEFT_AT_FACES * noise
    for _ in range(2):
        near = values[np.abs(values - level) <= 2.5 * LEFT_AT_FACES * noise]
        level = float(near.mean()) if near.size else level
    light = float((psf - level).sum())
    if level >= HALF * float(psf.max()) or light <= 0:
        return Dark(0.0, noise, 0.0)
    return Dark(level, noise, level * psf.size / (light + max(level, 0.0) * psf.size))


def _outermost(psf: np.ndarray) -> np.ndarray:
    shell = np.ones(psf.shape, dtype=bool)
    shell[tuple(slice(1, -1) if length > 2 else slice(None) for length in psf.shape)] = False
    return shell


def _noise(psf: np.ndarray) -> float:
    """Return the noise among the darker half of the outer voxels: what second differences along all axes leave.

    These take almost nothing of light that is as smooth as a microscope's (J. Immerkær, Comput. Vis. Image
    Underst. 64, 300 (1996), in three dimensions).
    """
    rough, smooth, axes = psf, ndimage.uniform_filter(psf, AROUND, mode="nearest"), 0
    for axis, length in enumerate(psf.shape):
        if length > 2:
            rough, axes = np.diff(rough, 2, axis=axis), axes + 1
            smooth = np.take(smooth, np.arange(1, length - 1), axis=axis)
    shell = _outermost(rough)
    if not axes or not shell.any():
        return 0.0
    darker = shell & (smooth <= np.median(smooth[shell]))
    return float(np.sqrt((rough[darker] ** 2).mean() / SECOND_DIFFERENCE**axes))


def light(psf: np.ndarray, level: float, noise: float) -> np.ndarray:
    """Return the PSF without a background of `level`, nothing of it below zero.

    Clipped noise has a mean above zero, which is a background again: where it would make up more than a thousandth
    of the light, voxels whose surroundings are not brighter than noise are dark.
    """
    above = psf - level
    found = np.maximum(above, 0)
    total = float(above.sum())
    if noise * psf.size / np.sqrt(2 * np.pi) > NO_SHARE * total > 0:
        surroundings = ndimage.gaussian_filter(above, 1.0, mode="nearest")
        found[(surroundings <= MOST_NOISE * SMOOTHED * noise) & (above < SURELY_LIGHT * noise)] = 0
    return np.asarray(found)


def centre_of_light(psf: np.ndarray) -> tuple[float, float, float]:
    """Return where the centroid of a PSF's light is, in voxels from the first.

    Of a window that is as far to either side of the centroid, so that a bead near an edge is not drawn to the
    middle: first about the brightest voxel, then about the centroid found until that stays.
    """
    centre = np.asarray(brightest(psf)[0], dtype=float)
    for _ in range(50):
        weighted = psf
        for axis, (at, length) in enumerate(zip(centre, psf.shape, strict=True)):
            reach = max(1.0, min(at, length - 1 - at))
            weights = np.clip(reach + HALF - np.abs(np.arange(length) - at), 0, 1)
            weighted = weighted * np.expand_dims(weights, tuple({0, 1, 2} - {axis}))
        total = float(weighted.sum())
        if total <= 0:
            break
        found = np.array(
            [
                float((weighted.sum(axis=tuple({0, 1, 2} - {axis})) * np.arange(length)).sum()) / total
                for axis, length in enumerate(psf.shape)
            ]
        )
        moved, centre = float(np.abs(found - centre).max()), found
        if moved < NEAR / 100:
            break
    return float(centre[0]), float(centre[1]), float(centre[2])


def on_voxels(
    psf: np.ndarray, centre: tuple[float, ...], voxel: tuple[float, ...] = (), wanted: tuple[float, ...] = ()
) -> np.ndarray:
    """Return a PSF with `centre` in the middle of an array of odd lengths, on voxels `wanted` instead of `voxel`.

    By cubic splines, and nothing below zero; zeros where the PSF has no voxels. Values are taken at the wanted
    places and not averaged: planes of a stack are samples, and camera pixels have averaged already. Without sizes
    (in one unit, z, y, x) the voxels stay.
    """
    ratios = [want / have for have, want in zip(voxel, wanted, strict=True)] or [1.0] * psf.ndim
    places = []
    for length, at, ratio in zip(psf.shape, centre, ratios, strict=True):
        step = 1.0 if abs(ratio - 1) <= SAME_SIZE else ratio
        middle = round(at) if abs(at - round(at)) < NEAR else at
        reach = int(max(middle, length - 1 - middle) / step + NEAR)
        places.append(middle + np.arange(-reach, reach + 1) * step)
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(np.maximum(ndimage.map_coordinates(psf, grid, order=3, mode="constant"), 0))


def cropped(psf: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """Return a centred PSF without what is beyond `shape`, and the share of its light that was there."""
    parts = []
    for length, room in zip(psf.shape, shape, strict=True):
        reach = min(length // 2, (room - 1) // 2)
        parts.append(slice(length // 2 - reach, length // 2 + reach + 1))
    inner = psf[tuple(parts)]
    return inner, 1 - float(inner.sum()) / float(psf.sum())


def at_its_edges(psf: np.ndarray) -> tuple[float, ...]:
    """Return for each axis how bright, noise aside, the brighter of the two outermost planes is, of the brightest.

    0 along an axis of fewer than three voxels: there nothing says where the light ends.
    """
    smooth = ndimage.gaussian_filter(psf, 0.5, mode="nearest")
    most = float(smooth.max())
    found = []
    for axis, length in enumerate(psf.shape):
        outer = np.take(smooth, (0, length - 1), axis=axis)
        found.append(float(outer.max()) / most if length > 2 and most > 0 else 0.0)
    return tuple(found)


def differ(voxel: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    """Return whether two voxel sizes are not the same."""
    return any(abs(want / have - 1) > SAME_SIZE for have, want in zip(voxel, wanted, strict=True))
