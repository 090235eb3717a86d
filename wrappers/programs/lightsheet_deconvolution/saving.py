"""What a deconvolution leaves: the volume twice, pictures, the course of the iterations, figures and doubts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gantry_formats.descriptions import ACQUIRED, CHANNELS
from wrappers.io.curve import curve
from wrappers.io.hdf5 import write_arrays
from wrappers.io.made_by import made_by
from wrappers.io.ome import About, plain, write_ome_tiff
from wrappers.io.picture import fitted, grey, grey_ends
from wrappers.io.psf import Psf
from wrappers.io.stack import AXES
from wrappers.job import Job
from wrappers.kernels.deconvolution import Course, sharpness
from wrappers.programs.lightsheet_deconvolution.psf import by
from wrappers.programs.lightsheet_deconvolution.settings import Settings
from wrappers.result import Result

NAMES = {"gaussian": "Gaussian", "file": "measured", "theoretical": "theoretical"}


@dataclass(frozen=True)
class Outcome:
    """What was computed: both volumes (z, y, x), the PSF, the time; the voxel's sizes (µm) that are known.

    `channel` and `acquired` are the stack's own; `box` is where in the stack it lies, empty for the whole.
    """

    image: np.ndarray
    result: np.ndarray
    psf: Psf
    sizes_um: Mapping[str, float]
    elapsed_s: float
    course: Course
    box: str = ""
    source: str = ""
    interpolated: int = 0
    channel: str = ""
    acquired: str | None = None
    warnings: tuple[str, ...] = ()
    """What makes the result doubtful, or was taken to be so, in words."""

    @property
    def iterations(self) -> int:
        """How many there were."""
        return len(self.course.changes)

    @property
    def stretch(self) -> float:
        """How much deeper a voxel is than wide; 1 where that is not known."""
        return self.sizes_um["z"] / self.sizes_um["x"] if {"z", "x"} <= set(self.sizes_um) else 1.0


def write(job: Job, settings: Settings, outcome: Outcome) -> None:
    """Write the volume twice, its pictures and what the catalogue keeps."""
    used = {
        "method": "Richardson-Lucy",
        "iterations": outcome.iterations,
        "psf": NAMES[settings.psf],
        "boundary": settings.boundary,
        "background": settings.background,
        "box": outcome.box or None,
    }
    how = made_by(job, outcome.source, used)
    attributes: dict[str, Any] = {"axes": "zyx", "iterations": outcome.iterations}
    attributes |= {"box": outcome.box} if outcome.box else {}
    for axis, size in outcome.sizes_um.items():
        attributes[f"voxel size {axis}"] = size
        attributes[f"voxel size {axis} units"] = "um"
    if outcome.channel:
        attributes[CHANNELS] = [plain(outcome.channel)]
    if outcome.acquired:
        attributes[ACQUIRED] = outcome.acquired
    write_arrays(
        job.output / "deconvolved.h5",
        {
            "data": outcome.result,
            "psf": outcome.psf.values.astype(np.float32),
            "residual": np.asarray(outcome.course.residuals[1:]),
            "change": np.asarray(outcome.course.changes),
        },
        {"data": attributes, "psf": {"axes": "zyx"}},
        {name: plain(value) for name, value in how.items()},
    )
    about = About(
        axes="ZYX",
        name=job.title or "deconvolved",
        sizes_um=outcome.sizes_um,
        channels=[outcome.channel] if outcome.channel else (),
        acquired=outcome.acquired,
        made_by=how,
    )
    write_ome_tiff(job.output / "deconvolved.ome.tif", outcome.result, about)
    kept = Result(job.output)
    _previews(kept, outcome)
    _parameters(kept, settings, outcome)
    for words in outcome.warnings:
        kept.warning(words)
    kept.write(f"Richardson-Lucy, {outcome.iterations} iterations, {NAMES[settings.psf]} PSF")


def _previews(kept: Result, outcome: Outcome) -> None:
    for name, axis, aspect in (("xy", 0, 1.0), ("xz", 1, outcome.stretch), ("zy", 2, 1 / outcome.stretch)):
        face = _face(outcome.result, axis)
        caption = f"Maximum projection along {AXES[axis]}, deconvolved"
        kept.preview(
            name,
            fitted(grey(face), aspect),
            caption,
            "thumbnail" if name == "xy" else "preview",
            ends=grey_ends(face),
            spans_um=_spans(outcome, name, face),
        )
    before = _face(outcome.image, 0)
    caption = "Maximum projection along z, before"
    ends, spans = grey_ends(before), _spans(outcome, "xy", before)
    kept.preview("xy-before", fitted(grey(before)), caption, ends=ends, spans_um=spans)
    residuals = 100 * np.asarray(outcome.course.residuals[1:])
    if len(residuals) > 1 and np.isfinite(residuals).all():
        plot = curve(np.arange(1, len(residuals) + 1), residuals, "iteration", "residual, % of the stack")
        kept.preview("residual", plot, "What the blurred estimate leaves of the stack, after each iteration")


def _spans(outcome: Outcome, name: str, face: np.ndarray) -> tuple[float, float] | None:
    """Width and height in µm of a face, whose `name` is its axis across and its axis down."""
    across, down = name[0], name[1]
    sizes = outcome.sizes_um
    if not {across, down} <= set(sizes):
        return None
    return face.shape[1] * sizes[across], face.shape[0] * sizes[down]


def _face(volume: np.ndarray, axis: int) -> np.ndarray:
    """Return the maximum projection, with y kept upright in the view along x."""
    face = volume.max(axis=axis)
    return np.asarray(face.T if axis == 2 else face)


def _parameters(kept: Result, settings: Settings, outcome: Outcome) -> None:
    for name, picked in (("array", settings.pick.array), *settings.pick.places):
        if picked is not None:
            kept.parameter(name, picked)
    if outcome.box:
        kept.parameter("box", outcome.box)
    kept.parameter("iterations", outcome.iterations)
    kept.parameter("residual", round(100 * outcome.course.residuals[-1], 4), "%")
    kept.parameter("last change", round(100 * outcome.course.changes[-1], 4), "%")
    if settings.stop_at is not None:
        reached = outcome.course.changes[-1] < settings.stop_at / 100
        kept.parameter("stop at change", settings.stop_at, "%")
        kept.parameter("stopped", "by its change" if reached else "by the number of iterations")
    kept.parameter("psf", settings.psf)
    kept.parameter("psf size", by(outcome.psf.values.shape), "voxels")
    for (name, units), figure in outcome.psf.figures.items():
        kept.parameter(name, figure, units)
    kept.parameter("boundary", settings.boundary)
    if outcome.interpolated:
        kept.parameter("interpolated voxels", outcome.interpolated)
    kept.parameter("background", settings.background, "counts")
    if settings.psf == "gaussian":
        kept.parameter("sigma xy", settings.sigma_xy, "um")
        kept.parameter("sigma z", settings.sigma_z, "um")
    for axis, size in outcome.sizes_um.items():
        kept.parameter(f"voxel size {axis}", size, "um")
    before = sharpness(outcome.image)
    kept.parameter("sharpness gain", round(sharpness(outcome.result) / before, 4) if before else math.nan)
    ratio = float(outcome.result.sum(dtype=np.float64)) / float(outcome.image.sum(dtype=np.float64))
    kept.parameter("total intensity ratio", round(ratio, 6))
    kept.parameter("deconvolution time", round(outcome.elapsed_s, 3), "s")
