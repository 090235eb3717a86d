"""Light-sheet stacks made sharper: Richardson–Lucy deconvolution with a measured or a Gaussian PSF.

Run as `python -m wrappers.lightsheet_deconvolution` on a job.json with the slot `stack` and, for psf = "file",
the slot `psf`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gantry_formats.descriptions import ACQUIRED, CHANNELS, channel_names, moment_of
from gantry_formats.images import alike
from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import write_arrays
from wrappers.io.made_by import made_by
from wrappers.io.ome import About, plain, write_ome_tiff
from wrappers.io.picture import fitted, grey
from wrappers.io.psf import gaussian, measured_psf, narrow
from wrappers.io.stack import AXES, Stack, read_stack
from wrappers.io.tiff import WHITE_IS_ZERO
from wrappers.io.volumes import Pick
from wrappers.job import Job
from wrappers.kernels.deconvolution import (
    BOUNDARIES,
    Boundary,
    richardson_lucy,
    sharpness,
)
from wrappers.result import Result

STAGES = ("reading", "deconvolving", "saving")
USUAL = (1e-6, 1e12)
"""Between these a stack's brightest value is computed as it is, in single precision too."""
MOST_BELOW = 0.01
MOST_TOLD = 6


@dataclass(frozen=True)
class Settings:
    """The form's values."""

    iterations: int
    psf: str
    sigma_xy: float
    sigma_z: float
    boundary: Boundary
    background: float
    precision: str
    voxel_xy: float | None
    voxel_z: float | None
    pick: Pick
    psf_pick: Pick


@dataclass(frozen=True)
class Outcome:
    """What was computed: both volumes (z, y, x), the PSF, the time; the voxel's sizes (µm) that are known.

    `channel` and `acquired` are the stack's own.
    """

    image: np.ndarray
    result: np.ndarray
    psf: np.ndarray
    sizes_um: Mapping[str, float]
    elapsed_s: float
    source: str = ""
    interpolated: int = 0
    channel: str = ""
    acquired: str | None = None
    remarks: tuple[str, ...] = ()
    """What makes the result doubtful, or was taken to be so, in words."""

    @property
    def stretch(self) -> float:
        """How much deeper a voxel is than wide; 1 where that is not known."""
        return self.sizes_um["z"] / self.sizes_um["x"] if {"z", "x"} <= set(self.sizes_um) else 1.0


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    boundary = options.choice("boundary", "reflect", BOUNDARIES)
    return Settings(
        iterations=options.integer("iterations", 20, 1, 1000),
        psf=options.choice("psf", "gaussian", ("gaussian", "file")),
        sigma_xy=options.number("sigma_xy", 0.3, 0.001, 100),
        sigma_z=options.number("sigma_z", 0.9, 0.001, 100),
        boundary=next(known for known in BOUNDARIES if known == boundary),
        background=options.number("background", 0.0, 0.0, 1e9),
        precision=options.choice("precision", "single", ("single", "double")),
        voxel_xy=options.optional_number("voxel_xy", 1e-5, 1000),
        voxel_z=options.optional_number("voxel_z", 1e-5, 1000),
        pick=Pick(
            array=options.text("array"),
            channel=options.optional_integer("channel", 0, 10_000),
            time=options.optional_integer("time", 0, 1_000_000),
            position=options.optional_integer("position", 0, 10_000),
        ),
        psf_pick=Pick(array=options.text("psf_array"), along=""),
    )


def main(job: Job, events: Events) -> None:
    """Read the stack, deconvolve it, write deconvolved.h5, deconvolved.ome.tif, projections and metadata."""
    settings = settings_of(job)
    events.stage("reading")
    stack = read_stack(job.one("stack"), "stack", settings.pick)
    sizes = sizes_of(stack, settings)
    psf, remarks = psf_of(job, settings, stack.values.shape, sizes)
    image = prepared(stack.values, settings)

    events.stage("deconvolving", f"{settings.iterations} iterations")
    started = time.monotonic()

    def tell(done: int) -> None:
        rate = done / max(1e-9, time.monotonic() - started)
        message = f"{done} of {settings.iterations} iterations"
        events.progress(done / settings.iterations, message, {"iterations/s": round(rate, 3)})

    exponent = exponent_of(image)
    result = richardson_lucy(
        np.ldexp(image, -exponent) if exponent else image,
        psf,
        settings.iterations,
        boundary=settings.boundary,
        threads=job.cpus,
        progress=tell,
    )
    if exponent:
        result = np.ldexp(result, exponent)
    elapsed = time.monotonic() - started
    if not np.isfinite(result).all():
        raise BadInput("The deconvolution does not stay finite with this PSF; try fewer iterations.")

    events.stage("saving")
    outcome = Outcome(
        image=image,
        result=result.astype(np.float32, copy=False),
        psf=psf,
        sizes_um=sizes,
        elapsed_s=elapsed,
        source=stack.file,
        interpolated=stack.interpolated,
        channel=channel_of(stack, settings.pick),
        acquired=moment_of(stack.told.get(ACQUIRED)),
        remarks=(
            *stack.remarks,
            *doubtful_values(stack, settings),
            *not_told(stack, settings),
            *remarks,
            *narrow(psf, stack.values.shape),
        ),
    )
    write(job, settings, outcome)


def exponent_of(image: np.ndarray) -> int:
    """Return by which power of two an image is divided so that arithmetic neither overflows nor ends at zero.

    0 for all usual values, which are computed as they are.
    """
    largest = float(image.max())
    return 0 if USUAL[0] <= largest <= USUAL[1] else math.frexp(largest)[1]


def doubtful_values(stack: Stack, settings: Settings) -> list[str]:
    """Return remarks on values below zero, on inverted ones, and on planes that hold one value only."""
    said, values = [], stack.values
    below = float((values < 0).mean()) if values.dtype.kind in "if" and not settings.background else 0.0
    if below > MOST_BELOW:
        said.append(
            f"{below:.0%} of the stack's values are below zero and were taken as zero: what was subtracted?"
        )
    if stack.told.get(WHITE_IS_ZERO):
        said.append("the file says that 0 is white: its values are taken as they are, large ones for light")
    flat = [z for z, plane in enumerate(values) if plane.min() == plane.max()]
    if 0 < len(flat) < len(values):
        told = ", ".join(map(str, flat[:MOST_TOLD])) + (" …" if len(flat) > MOST_TOLD else "")
        one = len(flat) == 1
        said.append(
            f"{len(flat)} of {len(values)} planes {'has' if one else 'have'} the same value everywhere (z {told}, "
            f"counted from 0): {'a frame' if one else 'frames'} may be lost"
        )
    return said


def not_told(stack: Stack, settings: Settings) -> list[str]:
    """Return a remark where the form's size in the plane stands for one that is not told, beside one that is."""
    _z, y, x = stack.voxel_um
    if settings.voxel_xy is None or (x is None) == (y is None):
        return []
    axis = "y" if y is None else "x"
    given = f"the size in the plane that was given, {settings.voxel_xy:g} µm"
    return [f"the voxel size along {axis} is not told: {given}, is taken"]


def sizes_of(stack: Stack, settings: Settings) -> dict[str, float]:
    """Return the voxel's sizes in µm by axis, the form's before the dataset's; none that nothing tells.

    The form's one size in the plane is the stack's own along x where that is what it says: then y keeps its own.
    BadInput where it is another one, and the stack has two.
    """
    z, y, x = stack.voxel_um
    given = settings.voxel_xy
    if given is not None:
        if x is None or y is None or alike(x, y):
            x = y = given
        elif not alike(given, x):
            raise BadInput(
                f"The voxels of the stack are {x:g} µm along x and {y:g} µm along y: one size in the plane "
                f"({given:g} µm) cannot stand for both. Leave it out to use them."
            )
    sizes = (settings.voxel_z or z, y, x)
    return {axis: size for axis, size in zip(AXES, sizes, strict=True) if size is not None}


def channel_of(stack: Stack, pick: Pick) -> str:
    """Return the name of the channel that was taken; empty where it has none."""
    names = channel_names(stack.told.get(CHANNELS))
    place = pick.channel or 0
    return names[place] if place < len(names) and (pick.channel is not None or len(names) == 1) else ""


def psf_of(
    job: Job, settings: Settings, shape: tuple[int, ...], sizes: Mapping[str, float]
) -> tuple[np.ndarray, list[str]]:
    """Return the PSF (float64, sum 1), from its file or a Gaussian of the given widths, and what is to be said."""
    widths = (settings.sigma_z, settings.sigma_xy, settings.sigma_xy)
    psf, remarks = (
        measured_psf(job.one("psf"), settings.psf_pick, sizes, shape)
        if settings.psf == "file"
        else (gaussian(widths, shape, sizes), [])
    )
    if any(support > length for support, length in zip(psf.shape, shape, strict=True)):
        raise BadInput(
            f"The PSF ({_by(psf.shape)} voxels, z × y × x) is larger than the stack ({_by(shape)} voxels)."
        )
    return psf, remarks


def prepared(values: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the stack as floats without its background, not below zero; BadInput where nothing is left."""
    image = values.astype(np.float32 if settings.precision == "single" else np.float64)
    np.subtract(image, settings.background, out=image)
    np.maximum(image, 0, out=image)
    if not image.any():
        raise BadInput(f"No voxel of the stack is brighter than the background, {settings.background:g}.")
    return image


def write(job: Job, settings: Settings, outcome: Outcome) -> None:
    """Write the volume twice, its pictures and what the catalogue keeps."""
    used = {
        "method": "Richardson-Lucy",
        "iterations": settings.iterations,
        "psf": "Gaussian" if settings.psf == "gaussian" else "measured",
        "boundary": settings.boundary,
        "background": settings.background,
    }
    how = made_by(job, outcome.source, used)
    attributes: dict[str, Any] = {"axes": "zyx", "iterations": settings.iterations}
    for axis, size in outcome.sizes_um.items():
        attributes[f"voxel size {axis}"] = size
        attributes[f"voxel size {axis} units"] = "um"
    if outcome.channel:
        attributes[CHANNELS] = [plain(outcome.channel)]
    if outcome.acquired:
        attributes[ACQUIRED] = outcome.acquired
    write_arrays(
        job.output / "deconvolved.h5",
        {"data": outcome.result, "psf": outcome.psf.astype(np.float32)},
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
    words = "Gaussian PSF" if settings.psf == "gaussian" else "measured PSF"
    for remark in outcome.remarks:
        kept.warning(remark)
    kept.write(f"Richardson-Lucy, {settings.iterations} iterations, {words}")


def _previews(kept: Result, outcome: Outcome) -> None:
    for name, axis, aspect in (("xy", 0, 1.0), ("xz", 1, outcome.stretch), ("zy", 2, 1 / outcome.stretch)):
        picture = fitted(grey(_face(outcome.result, axis)), aspect)
        caption = f"Maximum projection along {AXES[axis]}, deconvolved"
        kept.preview(name, picture, caption, "thumbnail" if name == "xy" else "preview")
    before = fitted(grey(_face(outcome.image, 0)))
    kept.preview("xy-before", before, "Maximum projection along z, before")


def _face(volume: np.ndarray, axis: int) -> np.ndarray:
    """Return the maximum projection, with y kept upright in the view along x."""
    face = volume.max(axis=axis)
    return np.asarray(face.T if axis == 2 else face)


def _parameters(kept: Result, settings: Settings, outcome: Outcome) -> None:
    for name, picked in (("array", settings.pick.array), *settings.pick.places):
        if picked is not None:
            kept.parameter(name, picked)
    kept.parameter("iterations", settings.iterations)
    kept.parameter("psf", settings.psf)
    kept.parameter("psf size", _by(outcome.psf.shape), "voxels")
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


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape)
