"""A point spread function on the voxels of a stack: a measured one, or a Gaussian; and what is to be said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gantry_formats.descriptions import CHANNELS, channel_names
from wrappers.errors import BadInput
from wrappers.io.stack import AXES, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset
from wrappers.kernels.deconvolution import gaussian_psf
from wrappers.kernels.psf.measured import (
    Dark,
    at_its_edges,
    brightest,
    centre_of_light,
    cropped,
    cut_to_one_value,
    dark,
    differ,
    drawn_off,
    light,
    on_voxels,
    spots,
)

PSF_SIGMAS = 4.0  # a Gaussian PSF reaches this far where the stack has room: 0.006 % of its light is beyond
LEAST_SIGMAS = 2.0
NEARLY_ALL = 0.99
"""Of the light of a PSF: that of a Gaussian with a sigma of 0.27 voxels in the voxel's plane."""
LEAST_BACKGROUND, MOST_BACKGROUND = 5e-3, 0.05
"""Of the light of a measured PSF: a background of less may be its own light; one of more is said."""
MOST_LOST = 1e-3
"""Of the light of a measured PSF: what may lie beyond the stack's size."""
MOST_AT_EDGE = 0.05
"""Of a PSF's brightest: more than that in its outermost planes is light that goes on beyond them."""
DETECTORS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))
MOST_EQUAL = 8
"""A maximum between voxels makes so many of them equally bright, and not more."""


@dataclass(frozen=True)
class Psf:
    """A PSF (z, y, x; float64, odd lengths, sum 1), what is to be said of it, and its figures by name and unit."""

    values: np.ndarray
    warnings: tuple[str, ...] = ()
    figures: Mapping[tuple[str, str], float | str] = field(default_factory=dict)


def measured_psf(
    dataset: InputDataset,
    pick: Pick,
    sizes: Mapping[str, float],
    shape: tuple[int, ...],
    *,
    background: float | None = None,
    channel: str = "",
) -> Psf:
    """Return a measured PSF on voxels of `sizes` (µm), the centroid of its light in its middle.

    Its background is estimated and subtracted (`background` instead, where it is given); nothing is below zero.
    Of several channels the one of the stack's `channel` is taken where none is picked.
    What of it is beyond a stack of `shape` is left out where nearly no light is there. BadInput where there is no
    light, a value is no finite number (the brightest voxel may be that one), or its voxels are others than the
    stack's as far as they are known, and not all are.
    """
    by_name = replace(pick, called=pick.called or channel or None) if pick.channel is None else pick
    found = read_stack(dataset, "PSF", by_name)
    if found.interpolated:
        count = found.interpolated
        are, those = ("value", "that one") if count == 1 else ("values", "among them")
        no = "is no finite number" if count == 1 else "are no finite numbers"
        raise BadInput(
            f"{count} {are} of the PSF {no}, and its brightest voxel may be {those}. Give one without such values."
        )
    recorded = found.values.astype(np.float64)
    if recorded.max() <= 0:
        nothing = "The PSF is zero everywhere." if not recorded.any() else "No voxel of the PSF is above zero."
        raise BadInput(nothing)
    seen = dark(recorded)
    small = abs(seen.share) <= LEAST_BACKGROUND
    level = background if background is not None else 0.0 if small else seen.level
    values = light(recorded, level, seen.noise if background is None else 0.0)
    if values.sum() <= 0:
        raise BadInput(f"No voxel of the PSF is brighter than its background, {level:g}.")
    own = {axis: size for axis, size in zip(AXES, found.voxel_um, strict=True) if size is not None}
    centre = centre_of_light(values)
    psf = on_voxels(values, centre, *_both_sizes(own, sizes))
    inner, lost = cropped(psf, shape)
    if lost <= MOST_LOST:
        psf = inner
    peak = brightest(values)[0]
    figures: dict[tuple[str, str], float | str] = {
        ("psf background", "counts"): float(f"{level:.4g}"),
        ("psf recentred by", "voxels"): ", ".join(f"{at - was:.2f}" for at, was in zip(centre, peak, strict=True)),
    }
    said = [f"PSF: {words}" for words in found.remarks]
    said += _of_another_channel(channel_of_psf(found.told, by_name), channel)
    full = found.values.dtype.kind in "iu" and recorded.max() in DETECTORS and cut_to_one_value(recorded)
    said += [*_doubtful(recorded, values, seen, background, full=full)]
    said += [*_not_centred(values, centre), *_taken_alike(own, sizes)]
    return Psf(np.asarray(psf / psf.sum()), tuple(said), figures)


def channel_of_psf(told: Mapping[str, object], pick: Pick) -> str:
    """Return the name of the channel of a PSF that was taken; empty where it has none."""
    names = channel_names(told.get(CHANNELS))
    if len(names) == 1 or pick.channel is None:
        return names[0] if len(names) == 1 else pick.called or ""
    return names[pick.channel] if pick.channel < len(names) else ""


def _of_another_channel(own: str, stacks: str) -> list[str]:
    if not own or not stacks or own.casefold() == stacks.casefold():
        return []
    return [f"the PSF is that of channel “{own}”, and the stack's channel is “{stacks}”"]


def _both_sizes(
    own: Mapping[str, float], stacks: Mapping[str, float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the voxel sizes of a PSF and those of the stack; none where they are the same as far as is known."""
    both = [axis for axis in AXES if axis in own and axis in stacks]
    have, wanted = tuple(own[axis] for axis in both), tuple(stacks[axis] for axis in both)
    if not differ(have, wanted):
        return (), ()
    if len(both) < len(AXES):
        raise BadInput(
            "The PSF has other voxels than the stack, and not all of their sizes are known: give the stack's "
            "voxel size, and record that of the PSF."
        )
    return have, wanted


def _not_centred(values: np.ndarray, centre: tuple[float, ...]) -> list[str]:
    """Return a remark where the centroid of the light is far from the brightest voxel."""
    away = drawn_off(values, centre)
    if not away:
        return []
    told = ", ".join(f"{step:+.1f} along {axis}" for axis, step in zip(AXES, away, strict=True) if abs(step) > 1)
    words = f"the centre of the PSF's light is away from its brightest voxel ({told}, in voxels)"
    return [f"{words}: an uneven background or another bead may draw it, and everything in the result is moved"]


def _doubtful(
    recorded: np.ndarray, values: np.ndarray, seen: Dark, given: float | None, *, full: bool
) -> list[str]:
    """Return what in a measured PSF is not the light of one bead."""
    said = []
    many = spots(values)
    if many > 1:
        said.append(f"the PSF has {many} bright spots, where one bead is needed: the result has copies")
    if given is None and seen.share > MOST_BACKGROUND:
        said.append(
            f"the PSF had a background of {seen.level:.4g}, {seen.share:.0%} of its light: it was estimated at "
            "the edges and subtracted"
        )
    _, equal = brightest(recorded)
    if equal > MOST_EQUAL or full:
        said.append(
            f"the PSF's {equal} brightest voxels have one value: it may be saturated; its middle is theirs"
        )
    return [*said, *cut_off(values)]


def cut_off(values: np.ndarray) -> list[str]:
    """Return a remark where a PSF still has light in its outermost planes."""
    edges = {axis: share for axis, share in zip(AXES, at_its_edges(values), strict=True) if share > MOST_AT_EDGE}
    if not edges:
        return []
    where, most = in_words(list(edges)), max(edges.values())
    words = f"the PSF is cut off along {where}: at its edge it is still {most:.0%} as bright as at its brightest"
    return [f"{words}, and the light beyond is missing"]


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


def gaussian(widths: Sequence[float], shape: tuple[int, ...], sizes: Mapping[str, float]) -> Psf:
    """Return a Gaussian PSF of these sigmas (µm, along z, y, x) on voxels of `sizes` that fits the stack.

    BadInput where a size is not known, or the stack is too small.
    """
    check_sizes(sizes)
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
    values = gaussian_psf((sigma[0], sigma[1], sigma[2]), (support[0], support[1], support[2]))
    return Psf(np.asarray(values))


def check_sizes(sizes: Mapping[str, float]) -> None:
    """Return if all sizes of the stack's voxels are known; BadInput names those that are not."""
    if len(sizes) < len(AXES):
        lacking = "" if not sizes else f" along {in_words([axis for axis in AXES if axis not in sizes])}"
        raise BadInput(
            f"The voxel size of this stack is not known{lacking}; give voxel_xy and voxel_z, or use a PSF file."
        )


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
