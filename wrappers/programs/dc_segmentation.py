"""Deformability cytometry: cells found in each frame, outlined and measured, as a new .rtdc file.

Run as `python -m wrappers.dc_segmentation` on a job.json with the slot `measurement`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from gantry_formats import plain_text, rtdc
from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES
from wrappers.io.plot import overlays, scatter
from wrappers.io.rtdc import (
    PIXEL_UM,
    EventWriter,
    Measurement,
    not_kept,
    open_measurement,
    pipeline,
    result_metadata,
)
from wrappers.job import InputFile, Job
from wrappers.kernels import background
from wrappers.kernels.segmentation import Found, Rules, binary, objects
from wrappers.kernels.shape import UNITS, brightness_features, shape_features
from wrappers.result import Result
from wrappers.software import SOFTWARE

STAGES = ("segmenting", "saving")
FRAMES_A_STEP = 64
MOST_OVERLAYS = 9


@dataclass(frozen=True)
class Settings:
    """The form's values."""

    background: str
    window: int
    rules: Rules
    min_area_um: float
    pixel_um: float | None = None
    """As given; None: the file's."""


@dataclass
class Gallery:
    """Every n-th event for the picture with outlines, thinned as more come, so that all parts are seen."""

    every: int = 1
    images: list[np.ndarray] = field(default_factory=list)
    contours: list[np.ndarray] = field(default_factory=list)

    def offer(self, number: int, image: np.ndarray, contour: np.ndarray) -> None:
        if number % self.every:
            return
        if len(self.images) == 2 * MOST_OVERLAYS:
            self.every *= 2
            self.images, self.contours = self.images[::2], self.contours[::2]
            if number % self.every:
                return
        self.images.append(image.copy())
        self.contours.append(contour)


@dataclass(frozen=True)
class Counted:
    """How many frames there are, of how many the background's offset is lost, how many events have no image.

    And the side of a pixel with which they are measured, in µm.
    """

    frames: int
    without_offset: int
    without_image: int
    pixel_um: float


@dataclass(frozen=True)
class Sink:
    """Where events go: the file, and some of them the gallery."""

    writer: EventWriter
    gallery: Gallery

    def add(self, image: np.ndarray, below: np.ndarray, found: Found, features: dict[str, float]) -> None:
        self.gallery.offer(self.writer.count, image, found.contour)
        self.writer.add(image, below, found.mask, features)


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    return Settings(
        background=options.choice("background", "stored", ("stored", "median")),
        window=options.integer("background_frames", 100, 3, 10000),
        rules=Rules(
            threshold=options.integer("threshold", -6, -200, -1),
            opening_radius=options.integer("opening_radius", 2, 0, 20),
            clear_border=options.flag("clear_border", True),
            fill_holes=options.flag("fill_holes", True),
        ),
        min_area_um=options.number("min_area_um", 5.0, 0.0, 1e5),
        pixel_um=options.optional_number("pixel_size", *PIXEL_UM),
    )


def main(job: Job, events: Events) -> None:
    """Segment every frame, write segmented.rtdc, a scatter plot, outlines and metadata."""
    settings = settings_of(job)
    file = measurement_file(job)
    cv2.setNumThreads(job.cpus)
    events.stage("segmenting")
    with open_measurement(file, file.name) as opened:
        measurement = opened.with_pixel_size(settings.pixel_um)
        writer = EventWriter(job.output / "segmented.rtdc", measurement.image.shape[1:])
        sink = Sink(writer, Gallery())
        counted = Counted(
            len(measurement.rows), measurement.without_offset, measurement.without_image, measurement.pixel_um
        )
        frames, said = counted.frames, (*measurement.disagreements, *not_kept(measurement))
        for part, images, backgrounds in frames_with_background(measurement, settings):
            for place, image, below in zip(range(part.start, part.stop), images, backgrounds, strict=True):
                for found, features in _frame(measurement, settings, place, image, below):
                    sink.add(image, below, found, features)
            message = f"{part.stop} of {frames} frames, {writer.count} cells"
            events.progress(part.stop / frames, message)
        events.stage("saving")
        metadata = result_metadata(measurement, writer.count, SOFTWARE)
        metadata |= pipeline(identifiers(measurement, settings), writer.count)
        writer.close(metadata, _log(settings, file))
    if writer.count == 0:
        (job.output / "segmented.rtdc").unlink()
        raise BadInput(
            f"No cell of at least {settings.min_area_um:g} µm² is beyond the threshold of "
            f"{settings.rules.threshold} grey values in {frames} frames."
        )
    _keep(job, settings, sink, counted, said)


def identifiers(measurement: Measurement, settings: Settings) -> dict[str, str]:
    """Return the name of each step with its settings, as dcnum writes those of its own pipeline.

    The threshold and what follows it are dcnum's, and called so; what is Gantry's own is called so, too.
    """
    rules = settings.rules
    given = plain_text(measurement.attributes.get("pipeline:dcnum background"))
    stored = given or "copy"
    return {
        "generation": SOFTWARE.replace(" ", "-"),
        "data": f"hdf:p={measurement.pixel_um:.4g}",
        "background": stored if settings.background == "stored" else f"gantry-median:k={settings.window}",
        "segmenter": f"thresh:t={rules.threshold}:cle={rules.clear_border:d}^f={rules.fill_holes:d}"
        f"^clo={rules.opening_radius}",
        "feature": "gantry",
        "gate": f"gantry:a={settings.min_area_um:g}",
    }


def measurement_file(job: Job) -> InputFile:
    """Return the only .rtdc file of the slot."""
    files = [file for file in job.one("measurement").files if file.suffix in SUFFIXES]
    files = [file for file in files if file.suffix == ".rtdc"] or files
    if len(files) != 1:
        raise BadInput(f"The measurement has {len(files)} .rtdc files; this analysis takes one.")
    return files[0]


def frames_with_background(
    measurement: Measurement, settings: Settings
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield (frames, images, backgrounds), all frames once, in order."""
    frames = len(measurement.rows)
    if settings.background == "stored":
        for start in range(0, frames, FRAMES_A_STEP):
            part = slice(start, min(frames, start + FRAMES_A_STEP))
            yield part, measurement.images(part), measurement.backgrounds(part)
        return
    for part, (first, last) in background.steps(frames, settings.window):
        middle = background.median_background(measurement.images(slice(first, last)))
        images = measurement.images(part)
        yield part, images, np.broadcast_to(middle, images.shape)


def _frame(
    measurement: Measurement, settings: Settings, place: int, image: np.ndarray, below: np.ndarray
) -> Iterator[tuple[Found, dict[str, float]]]:
    """Yield the cells of one frame with all their features."""
    offset = float(measurement.offset[place]) if settings.background == "stored" else 0.0
    difference = background.difference(image, below, offset)
    smallest = max(1, math.floor(settings.min_area_um / measurement.pixel_um**2 / 2))
    cells: list[tuple[Found, dict[str, float]]] = []
    for found in objects(binary(difference, settings.rules), smallest):
        shape = shape_features(found.contour, measurement.pixel_um)
        if shape and shape["area_um"] >= settings.min_area_um:
            cells.append((found, shape))
    for found, shape in cells:
        features = shape | brightness_features(image, below, offset, found.mask)
        yield found, features | _origin(measurement, place) | {"nevents": len(cells)}


def _origin(measurement: Measurement, place: int) -> dict[str, float]:
    frame = int(measurement.frame[place])
    known: dict[str, float] = {"frame": frame}
    rate = rtdc.typed("imaging:frame rate", measurement.attributes.get("imaging:frame rate"))
    if measurement.time_s is not None:
        known["time"] = float(measurement.time_s[place])
    elif isinstance(rate, float) and rate > 0:
        known["time"] = (frame - int(measurement.frame[0])) / rate
    if measurement.temperature is not None:
        known["temp"] = float(measurement.temperature[place])
    return known


def _log(settings: Settings, file: InputFile) -> list[str]:
    return [
        SOFTWARE,
        f"measurement: {file.name}",
        f"background: {settings.background}",
        f"threshold: {settings.rules.threshold}",
        f"opening radius: {settings.rules.opening_radius}",
        f"clear border: {settings.rules.clear_border}",
        f"fill holes: {settings.rules.fill_holes}",
        f"smallest area: {settings.min_area_um:g} um^2",
    ]


def _keep(job: Job, settings: Settings, sink: Sink, counted: Counted, said: Sequence[str]) -> None:
    writer, gallery = sink.writer, sink.gallery
    kept = Result(job.output)
    area, deformation = writer.features("area_um"), writer.features("deform")
    plot = scatter(area, deformation, "Area in square micrometres", "Deformation")
    kept.preview("scatter", plot, "Deformation against area", "thumbnail")
    step = max(1, len(gallery.images) // MOST_OVERLAYS)
    images, contours = gallery.images[::step][:MOST_OVERLAYS], gallery.contours[::step][:MOST_OVERLAYS]
    kept.preview("outlines", overlays(images, contours), "Some cells with their outlines")
    kept.parameter("cells", writer.count)
    kept.parameter("frames", counted.frames)
    if counted.without_offset and settings.background == "stored":
        kept.parameter("frames without a background offset", counted.without_offset)
    if counted.without_image:
        kept.parameter("events without an image", counted.without_image)
    for words in said:
        kept.warning(words)
    for name in ("area_um", "deform", "bright_avg"):
        kept.parameter(
            f"median {name}", float(np.median(writer.features(name))), UNITS.get(name, "").replace("µ", "u")
        )
    kept.parameter("background", settings.background)
    kept.parameter("threshold", settings.rules.threshold, "grey values")
    kept.parameter("smallest area", settings.min_area_um, "um²")
    kept.parameter("pixel size", counted.pixel_um, "um")
    summary = [f"{writer.count} cells in {counted.frames} frames, median deformation {np.median(deformation):.3f}"]
    summary += [f"{counted.without_image} events without an image not analysed"] if counted.without_image else []
    kept.write("; ".join(summary))
