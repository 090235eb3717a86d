"""What makes a deconvolved stack doubtful, in words."""

from __future__ import annotations

import numpy as np

from wrappers.io.stack import Stack
from wrappers.io.tiff import WHITE_IS_ZERO
from wrappers.kernels.deconvolution import Course
from wrappers.programs.lightsheet_deconvolution.settings import Settings

MOST_BELOW = 0.01
MOST_TOLD = 6
MOST_DARK = 0.75
"""Of a stack's values: a camera's offset is above half of what is dark, and not above more."""
DETECTORS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))
MOST_SATURATED = 1e-4
STILL_CHANGING = 0.05
MOST_GAINED = 0.02
"""Of the sum of all values: what deconvolution gains or loses at a stack's faces is less."""


def of_the_stack(stack: Stack, background: float) -> list[str]:
    """Return remarks on values below zero or the background, on saturated, inverted and lost ones."""
    said, values = [], stack.values
    below = float((values < 0).mean()) if values.dtype.kind in "if" and not background else 0.0
    if below > MOST_BELOW:
        said.append(
            f"{below:.0%} of the stack's values are below zero and were taken as zero: what was subtracted?"
        )
    dark = float((values < background).mean()) if background else 0.0
    if dark > MOST_DARK:
        said.append(
            f"{dark:.0%} of the stack's values are below the background, {background:g}, and were taken as zero"
        )
    if values.dtype.kind in "iu" and (most := int(values.max())) in DETECTORS:
        count = int((values == most).sum())
        if count > MOST_SATURATED * values.size:
            said.append(f"{count:,} voxels have the value {most}: the stack may be saturated, and is not to scale")
    if stack.told.get(WHITE_IS_ZERO):
        said.append("the file says that 0 is white: its values are taken as they are, large ones for light")
    if values.min() == values.max() and values.size > 1:
        said.append(
            f"every voxel of the stack has the value {values.flat[0]:g}: there is nothing in it to sharpen"
        )
    flat = [z for z, plane in enumerate(values) if plane.min() == plane.max()]
    if 0 < len(flat) < len(values):
        told = ", ".join(map(str, flat[:MOST_TOLD])) + (" …" if len(flat) > MOST_TOLD else "")
        one = len(flat) == 1
        said.append(
            f"{len(flat)} of {len(values)} planes {'has' if one else 'have'} the same value everywhere (z {told}, "
            f"counted from 0): {'a frame' if one else 'frames'} may be lost"
        )
    return said


def of_the_course(course: Course, settings: Settings) -> list[str]:
    """Return a remark where the estimate still changed when the iterations ended."""
    last = course.changes[-1]
    if settings.stop_at is not None and last >= settings.stop_at / 100:
        words = (
            f"the last of {settings.iterations} iterations still changed the estimate by {last:.2%}: the "
            f"{settings.stop_at:g} % at which to stop was not reached"
        )
        return [words]
    if settings.stop_at is None and last > STILL_CHANGING and len(course.changes) > 1:
        return [f"the last iteration still changed the estimate by {last:.1%}: more iterations sharpen more"]
    return []


def of_the_total(image: np.ndarray, result: np.ndarray) -> list[str]:
    """Return a remark where the sum of all values is not kept."""
    ratio = float(result.sum(dtype=np.float64)) / float(image.sum(dtype=np.float64))
    if abs(ratio - 1) <= MOST_GAINED:
        return []
    words = f"the sum of all values is {ratio:.3f} times what it was: intensities are not to scale"
    return [f"{words}, as bright things at the faces of a stack do"]
