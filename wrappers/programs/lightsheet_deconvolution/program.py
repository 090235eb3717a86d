"""Light-sheet stacks made sharper: Richardson–Lucy deconvolution.

Run as `python -m wrappers.lightsheet_deconvolution` on a job.json with the slot `stack` and, for psf = "file",
the slot `psf`.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from gantry_formats.descriptions import ACQUIRED, CHANNELS, channel_names, moment_of
from gantry_formats.images import alike
from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.box import Box, box_of
from wrappers.io.psf import narrow
from wrappers.io.stack import AXES, Stack, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import Job
from wrappers.kernels.deconvolution import Course, richardson_lucy
from wrappers.programs.lightsheet_deconvolution.doubts import of_the_course, of_the_stack, of_the_total
from wrappers.programs.lightsheet_deconvolution.psf import psf_of, undersampled
from wrappers.programs.lightsheet_deconvolution.saving import Outcome, write
from wrappers.programs.lightsheet_deconvolution.settings import Settings, settings_of

STAGES = ("reading", "deconvolving", "saving")
LARGEST = float(np.finfo(np.float32).max)
"""Of the result's values, whatever is computed in."""
USUAL = (1e-6, 1e12)
"""Between these a stack's brightest value is computed as it is, in single precision too."""


def main(job: Job, events: Events) -> None:
    """Read the stack, deconvolve it, write deconvolved.h5, deconvolved.ome.tif, projections and metadata."""
    settings = settings_of(job)
    events.stage("reading")
    stack = read_stack(job.one("stack"), "stack", settings.pick)
    sizes = sizes_of(stack, settings)
    channel = channel_of(stack, settings.pick)
    psf = psf_of(job, settings, stack, sizes, channel)
    box = box_of(settings.box, stack.values.shape, psf.values.shape)
    part = stack if box is None else replace(stack, values=stack.values[box.around])
    image = prepared(part.values, settings)

    events.stage("deconvolving", f"{settings.iterations} iterations")
    started = time.monotonic()
    result, course = deconvolved(image, psf.values, settings, job, events)
    elapsed = time.monotonic() - started

    events.stage("saving")
    image, result = _inside(image, box), _inside(result, box)
    outcome = Outcome(
        image=image,
        result=result.astype(np.float32, copy=False),
        psf=psf,
        sizes_um=sizes,
        elapsed_s=elapsed,
        course=course,
        box=box.words if box else "",
        source=stack.file,
        interpolated=stack.interpolated,
        channel=channel,
        acquired=moment_of(stack.told.get(ACQUIRED)),
        warnings=(
            *stack.remarks,
            *of_the_stack(part, settings.background),
            *not_told(stack, settings),
            *psf.warnings,
            *narrow(psf.values, stack.values.shape),
            *undersampled(settings, stack, sizes),
            *of_the_course(course, settings),
            *of_the_total(image, result),
        ),
    )
    write(job, settings, outcome)


def deconvolved(
    image: np.ndarray, psf: np.ndarray, settings: Settings, job: Job, events: Events
) -> tuple[np.ndarray, Course]:
    """Return the deconvolved volume, and how it went, told of each iteration; BadInput where it is not finite."""
    course = Course()
    started = time.monotonic()

    def tell(done: int) -> None:
        rate = done / max(1e-9, time.monotonic() - started)
        message = f"{done} of {settings.iterations} iterations"
        figures = {"iterations/s": rate, "residual %": 100 * course.residuals[-1]}
        figures["change %"] = 100 * course.changes[-1]
        told = {name: float(f"{figure:.4g}") for name, figure in figures.items() if math.isfinite(figure)}
        events.progress(done / settings.iterations, message, told)

    exponent = exponent_of(image)
    result = richardson_lucy(
        np.ldexp(image, -exponent) if exponent else image,
        psf,
        settings.iterations,
        boundary=settings.boundary,
        threads=job.cpus,
        progress=tell,
        course=course,
        stop_at=(settings.stop_at or 0.0) / 100,
    )
    if not np.isfinite(result).all():
        raise BadInput("The deconvolution does not stay finite with this PSF; try fewer iterations.")
    if math.ldexp(float(result.max()), exponent) > LARGEST:
        raise BadInput(f"The result has values above {LARGEST:.2g}, which it cannot hold: divide the stack's.")
    return np.asarray(np.ldexp(result, exponent) if exponent else result), course


def _inside(volume: np.ndarray, box: Box | None) -> np.ndarray:
    return volume if box is None else np.ascontiguousarray(volume[box.within])


def exponent_of(image: np.ndarray) -> int:
    """Return by which power of two an image is divided so that arithmetic neither overflows nor ends at zero.

    0 for all usual values, which are computed as they are.
    """
    largest = float(image.max())
    return 0 if USUAL[0] <= largest <= USUAL[1] else math.frexp(largest)[1]


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


def prepared(values: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the stack as floats without its background, not below zero; BadInput where nothing is left."""
    if float(values.max()) > LARGEST:
        raise BadInput(
            f"The stack has values up to {float(values.max()):.3g}, and the result holds none above "
            f"{LARGEST:.2g}: divide them beforehand."
        )
    image = values.astype(np.float32 if settings.precision == "single" else np.float64)
    np.subtract(image, settings.background, out=image)
    np.maximum(image, 0, out=image)
    if not image.any():
        raise BadInput(f"No voxel of the stack is brighter than the background, {settings.background:g}.")
    return image
