"""What lies behind the cells of each frame: as stored, or a median, computed as the field's program dcnum does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from gantry_formats import rtdc
from wrappers.errors import BadInput
from wrappers.io.rtdc import Measurement
from wrappers.kernels import background, sparse_median
from wrappers.kernels.rolling_median import RollingMedian

METHODS = ("stored", "sparsemed", "rollmed", "median")
FRAMES_A_STEP = 64
WINDOWS = {"sparsemed": 200, "rollmed": 100, "median": 100}
"""Images for a median where none are chosen; those of dcnum where the method is."""
ROLLING_BATCH = 10000  # of dcnum's settings; it does not change the result
MOST_PIXELS = 1_000_000
MOST_SERIES_BYTES = 256 * 2**20
WITHOUT_CLOCK_HZ, ABOUT = 3600.0, 1.5
"""What dcnum takes where a measurement has no times: frames at this rate, and so much longer for gaps."""
FEW_IMAGES = 30

Part: TypeAlias = tuple[slice, np.ndarray, np.ndarray, np.ndarray]
"""Frames, their images and backgrounds (n, y, x) uint8, and what is to be added to each background (n)."""
Progress: TypeAlias = Callable[[float, str], None]


@dataclass(frozen=True)
class Method:
    """A way to a background, as the form gives it."""

    name: str
    window: int | None = None
    split_s: float = 1.0
    kept_fraction: float = 0.8

    @property
    def images(self) -> int:
        """How many images a median is of; 0 where there is none."""
        return self.window or WINDOWS.get(self.name, 0)


@dataclass
class Told:
    """What is to be said of the backgrounds: warnings in words, and whether they are dcnum's in every value."""

    warnings: list[str] = field(default_factory=list)
    as_dcnum: bool = True


def identifier(method: Method) -> str:
    """Return the step's name with its settings, as dcnum writes those of its own."""
    return {
        "stored": "copy:",
        "sparsemed": f"sparsemed:k={method.images}^s={method.split_s:g}^t=0^f={method.kept_fraction:g}^o=1",
        "rollmed": f"rollmed:k={method.images}^b={ROLLING_BATCH}",
        "median": f"gantry-median:k={method.images}",
    }[method.name]


def check(method: Method, measurement: Measurement) -> None:
    """Raise BadInput where the method's settings do not suit the measurement."""
    if method.name != "rollmed":
        return
    if method.images % 2 or method.images >= ROLLING_BATCH:
        raise BadInput(
            f"The rolling median takes an even number of images below {ROLLING_BATCH}; {method.images} is none."
        )
    if method.images >= measurement.stored:
        raise BadInput(
            f"The rolling median of {method.images} images needs more images than that, and there are "
            f"{measurement.stored}: choose fewer, or another background."
        )
    height, width = measurement.image.shape[1:]
    if height * width > MOST_PIXELS:
        raise BadInput(
            f"Images of {width} x {height} pixels are too large for a rolling median; choose the sparse median."
        )


def parts(measurement: Measurement, method: Method, told: Told, progress: Progress) -> Iterator[Part]:
    """Yield all frames once, in order, with their backgrounds."""
    if (kernel := min(method.images, measurement.stored)) < FEW_IMAGES and method.name != "stored":
        images = "1 image" if kernel == 1 else f"{kernel} images"
        told.warnings.append(f"the median is of {images} only: what moves slowly stays in it")
    if method.name == "stored":
        told.as_dcnum = measurement.without_offset == 0
        for part in _steps(len(measurement.rows)):
            yield part, measurement.images(part), measurement.backgrounds(part), measurement.offset[part]
    elif method.name == "rollmed":
        yield from _rolling(measurement, method, told)
    elif method.name == "sparsemed":
        yield from _sparse(measurement, method, told, progress)
    else:
        told.as_dcnum = False
        yield from _median(measurement, method)


def _steps(frames: int) -> Iterator[slice]:
    for start in range(0, frames, FRAMES_A_STEP):
        yield slice(start, min(frames, start + FRAMES_A_STEP))


def _median(measurement: Measurement, method: Method) -> Iterator[Part]:
    """The median of the images around, a new one every quarter of a window."""
    rows = measurement.rows
    for run, (first, last) in background.steps(measurement.stored, method.images):
        part = slice(int(np.searchsorted(rows, run.start)), int(np.searchsorted(rows, run.stop)))
        if part.start == part.stop:
            continue
        middle = background.median_background(measurement.stored_images(first, last))
        images = measurement.images(part)
        yield part, images, np.broadcast_to(middle, images.shape), np.zeros(len(images))


def _rolling(measurement: Measurement, method: Method, told: Told) -> Iterator[Part]:
    """The median of the images from each one on; the last ones have that of the last whole window before them."""
    kernel, rows = method.images, measurement.rows
    last_window = measurement.stored - kernel - 1
    if measurement.has_offset:
        told.as_dcnum = measurement.without_offset == 0
        told.warnings.append(
            "the stored corrections of the background's brightness (bg_off), which were made for another "
            "background, were added to the rolling median, as dcnum does"
        )
    shape = measurement.image.shape[1:]
    position = min(int(rows[0]), last_window)
    first = (
        image
        for start in range(position, position + kernel, FRAMES_A_STEP)
        for image in measurement.stored_images(start, min(position + kernel, start + FRAMES_A_STEP))
    )
    rolling = RollingMedian(first, kernel, (shape[0], shape[1]))
    for part in _steps(len(rows)):
        wanted = np.minimum(rows[part], last_window)
        below = np.empty((len(wanted), *shape), np.uint8)
        left, new = position, 0
        while left < int(wanted[-1]):
            new = min(FRAMES_A_STEP, int(wanted[-1]) - left)
            leaving = measurement.stored_images(left, left + new)
            entering = measurement.stored_images(left + kernel, left + kernel + new)
            for step in range(new):
                below[wanted == left + step] = rolling.image
                rolling.move(leaving[step], entering[step])
            left += new
        below[wanted == left] = rolling.image
        position = left
        yield part, measurement.images(part), below, measurement.offset[part]


def _sparse(measurement: Measurement, method: Method, told: Told, progress: Progress) -> Iterator[Part]:
    """The median of the images from even times on, without backgrounds that have cells; brightness by the wall."""
    stored = measurement.stored
    kernel = min(method.images, stored)
    if kernel < method.images:
        told.warnings.append(
            f"the median is of {kernel} images, since there are no more; {method.images} were asked for"
        )
    clock = _clock(measurement, told)
    steps = _step_times(measurement, clock, method, told)
    series = np.empty((len(steps), *measurement.image.shape[1:]), np.uint8)
    for number, step in enumerate(steps):
        first, last = sparse_median.window(clock, step, kernel)
        series[number] = background.median_background(measurement.stored_images(first, last))
        progress(number / len(steps) / 2, f"{number + 1} of {len(steps)} backgrounds")
    clean = sparse_median.clean(series, method.kept_fraction)
    series, steps = series[clean], steps[clean]
    own = sparse_median.assigned(clock, steps, method.split_s)[measurement.rows]
    wall = sparse_median.wall_brightness(series)
    for part in _steps(len(measurement.rows)):
        images = measurement.images(part)
        offset = sparse_median.wall_brightness(images) - wall[own[part]]
        yield part, images, series[own[part]], offset


def _step_times(measurement: Measurement, clock: np.ndarray, method: Method, told: Told) -> np.ndarray:
    span = float(clock[-1] - clock[0])
    height, width = measurement.image.shape[1:]
    if span < 0:
        raise BadInput(
            f"The times of {measurement.name} (events/time) end before they begin; choose another background."
        )
    if span == 0:
        told.as_dcnum = False
        told.warnings.append("all images have the same time, so that the sparse median is one background for all")
    if span / method.split_s * height * width > MOST_SERIES_BYTES:
        raise BadInput(
            f"The times of {measurement.name} span {span:.6g} s, too long for a background every "
            f"{method.split_s:g} s: choose a longer time between backgrounds, or another one."
        )
    return sparse_median.step_times(clock, method.split_s)


def _clock(measurement: Measurement, told: Told) -> np.ndarray:
    """Return the time of each stored image in s, from the first on: recorded, by the frame rate, or estimated."""
    stored = measurement.stored
    rate = rtdc.typed("imaging:frame rate", measurement.attributes.get("imaging:frame rate"))
    rate = rate if isinstance(rate, float) and rate > 0 else None
    time = measurement.clock_s
    if time is not None and np.isfinite(time).all():
        return np.asarray(time - time[0])
    if time is not None:
        told.as_dcnum = False
        told.warnings.append("some recorded times are no numbers; the sparse median goes by frames instead")
    if rate is not None and measurement.numbers is not None:
        frames = measurement.numbers / rate
        return np.asarray(frames - frames[0])
    told.warnings.append(
        "the measurement does not tell its times, so that those of the sparse median are estimated from "
        + (f"the frame rate of {rate:g} Hz" if rate else f"{WITHOUT_CLOCK_HZ:g} images a second")
    )
    return np.linspace(0, stored / (rate or WITHOUT_CLOCK_HZ) * ABOUT, stored, endpoint=True)
