"""A point spread function on the voxels of a stack: a measured one, or a Gaussian; and what is to be said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.stack import AXES, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset
from wrappers.kernels.deconvolution import gaussian_psf
from wrappers.kernels.measured_psf import background, brightest, centred, cropped, differ, resampled, spots

PSF_SIGMAS = 4.0  # a Gaussian PSF reaches this far where the stack has room: 0.006 % of its light is beyond
LEAST_SIGMAS = 2.0
NEARLY_ALL = 0.99
"""Of the light of a PSF: that of a Gaussian with a sigma of 0.27 voxels in the voxel's plane."""
MOST_BACKGROUND = 0.05
MOST_LOST = 1e-3
"""Of the light of a measured PSF: that of a background, and what may lie beyond the stack's size."""
MOST_EQUAL = 8
"""A maximum between voxels makes so many of them equally bright, and not more."""


def measured_psf(
    dataset: InputDataset, pick: Pick, sizes: Mapping[str, float], shape: tuple[int, ...]
) -> tuple[np.ndarray, list[str]]:
    """Return the PSF on voxels of `sizes` (µm), centred on its brightest, with a sum of 1; and remarks.

    What of it is beyond a stack of `shape` is left out where nearly no light is there. Values below zero, which a
    subtracted background leaves, count as no light. BadInput where there is no light, a value is no finite number
    (the brightest voxel may be that one), or its voxels are others than the stack's as far as they are known, and
    not all are.
    """
    found = read_stack(dataset, "PSF", pick)
    if found.interpolated:
        count = found.interpolated
        are, those = ("value", "that one") if count == 1 else ("values", "among them")
        no = "is no finite number" if count == 1 else "are no finite numbers"
        raise BadInput(
            f"{count} {are} of the PSF {no}, and its brightest voxel may be {those}. Give one without such values."
        )
    values = np.maximum(found.values.astype(np.float64), 0)
    if values.sum() <= 0:
        raise BadInput("The PSF is zero everywhere.")
    psf = centred(values)
    own = {axis: size for axis, size in zip(AXES, found.voxel_um, strict=True) if size is not None}
    both = [axis for axis in AXES if axis in own and axis in sizes]
    have, wanted = tuple(own[axis] for axis in both), tuple(sizes[axis] for axis in both)
    if differ(have, wanted):
        if len(both) < len(AXES):
            raise BadInput(
                "The PSF has other voxels than the stack, and not all of their sizes are known: give the stack's "
                "voxel size, and record that of the PSF."
            )
        psf = resampled(psf, have, wanted)
    inner, lost = cropped(psf, shape)
    if lost <= MOST_LOST:
        psf = inner
    said = [f"PSF: {words}" for words in found.remarks]
    return np.asarray(psf / psf.sum()), [*said, *_doubtful(values), *_taken_alike(own, sizes)]


def _doubtful(values: np.ndarray) -> list[str]:
    """Return what in a measured PSF is not the light of one bead."""
    said = []
    many = spots(values)
    if many > 1:
        said.append(f"the PSF has {many} bright spots, where one bead is needed: the result has copies")
    level, share = background(values)
    if share > MOST_BACKGROUND:
        said.append(
            f"the PSF has a background of {level:.4g}, {share:.0%} of its light: it is to be subtracted first, "
            "since with it too much is sharpened"
        )
    _, equal = brightest(values)
    if equal > MOST_EQUAL:
        said.append(
            f"the PSF's {equal} brightest voxels have one value: it may be saturated; its middle is theirs"
        )
    return said


def _taken_alike(own: Mapping[str, float], stacks: Mapping[str, float]) -> list[str]:
    """Return along which axes the voxels of a PSF and a stack were taken to be the same, and why."""
    said = (
        (
            "the PSF's file does not tell its voxel size along {}: its voxels are taken to be the stack's",
            [axis for axis in AXES if axis not in own and axis in stacks],
        ),
        (
            "the stack's voxel size is not known along {}: its voxels are taken to be the PSF's",
            [axis for axis in AXES if axis in own and axis not in stacks],
        ),
        (
            "voxel sizes of stack and PSF are not known along {}: they are taken to be the same",
            [axis for axis in AXES if axis not in own and axis not in stacks],
        ),
    )
    return [words.format(in_words(axes)) for words, axes in said if axes]


def gaussian(widths: Sequence[float], shape: tuple[int, ...], sizes: Mapping[str, float]) -> np.ndarray:
    """Return a Gaussian PSF of these sigmas (µm, along z, y, x) on voxels of `sizes` that fits the stack.

    BadInput where a size is not known, or the stack is too small.
    """
    if len(sizes) < len(AXES):
        lacking = "" if not sizes else f" along {in_words([axis for axis in AXES if axis not in sizes])}"
        raise BadInput(
            f"The voxel size of this stack is not known{lacking}; give voxel_xy and voxel_z, or use a PSF file."
        )
    sigma = tuple(width / size for width, size in zip(widths, map(sizes.__getitem__, AXES), strict=True))
    support = []
    for axis, width, length in zip(AXES, sigma, shape, strict=True):
        radius = min(math.ceil(PSF_SIGMAS * width), (length - 1) // 2)
        if radius < LEAST_SIGMAS * width and length > 1:
            raise BadInput(
                f"The PSF is larger than the stack: its sigma is {width:.1f} voxels along {axis}, which takes "
                f"{least_length(width)} voxels, and the stack has {length}. Give a smaller width along {axis} or "
                "a stack with more voxels there; check the voxel size, too."
            )
        support.append(2 * radius + 1)
    return np.asarray(gaussian_psf((sigma[0], sigma[1], sigma[2]), (support[0], support[1], support[2])))


def least_length(sigma: float) -> int:
    """Return how many voxels a stack needs along an axis on which a Gaussian has this sigma, in voxels."""
    return 2 * math.ceil(LEAST_SIGMAS * sigma) + 1


def narrow(psf: np.ndarray, shape: tuple[int, ...]) -> list[str]:
    """Return a remark where the PSF has its light in one plane of voxels along an axis: no blur there."""
    axes = [
        axis
        for place, axis in enumerate(AXES)
        if shape[place] > 1
        and psf.sum(axis=tuple(other for other in range(psf.ndim) if other != place)).max() > NEARLY_ALL
    ]
    if not axes:
        return []
    where = in_words(axes)
    check = "; check its widths and the voxel sizes" if len(axes) == sum(length > 1 for length in shape) else ""
    return [f"the PSF is narrower than a voxel along {where}: nothing is sharpened there{check}"]


def in_words(axes: Sequence[str]) -> str:
    """Return "z, y and x"."""
    return " and ".join(part for part in (", ".join(axes[:-1]), axes[-1]) if part)
