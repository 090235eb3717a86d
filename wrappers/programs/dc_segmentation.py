"""Deformability cytometry: cells found in each frame, outlined and measured, as a new .rtdc file.

Run as `python -m wrappers.dc_segmentation` on a job.json with the slot `measurement`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from gantry_formats import plain_text, rtdc
from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES
from wrappers.io.plot import overlays, scatter
from wrappers.io.rtdc import PIXEL_UM, Measurement, not_kept, open_measurement, pipeline, result_metadata
from wrappers.io.rtdc_writer import EventWriter
from wrappers.job import InputFile, Job
from wrappers.kernels import background
from wrappers.kernels.segmentation import Found, Rules, Segmented, segment
from wrappers.kernels.shape import UNITS, brightness_features, shape_features
from wrappers.kernels.texture import texture_features
from wrappers.programs.cells import backgrounds, identifiers
from wrappers.programs.cells.backgrounds import Method, Told
from wrappers.programs.cells.doubts import Doubts, touches
from wrappers.result import Result
from wrappers.software import SOFTWARE

STAGES = ("segmenting", "saving")
MOST_OVERLAYS = 9
CLEANING = ("opening", "closing")
AT_EDGE, TOUCHING = "userdef8", "userdef9"
"""dclab's names for features that have none: whether the image cuts an event, and whether it touches another."""


@dataclass(frozen=True)
class Settings:
    """The form's values."""

    method: Method
    rules: Rules
    smallest_mask: int
    min_area_um: float
    texture: bool
    first_image: int
    images: int | None
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
    repeated: int
    share: str
    """In words which of the stored images were analysed; empty where all were."""


@dataclass(frozen=True)
class Frame:
    """One frame: its place among those analysed, image and background (y, x), and what is added to that."""

    place: int
    image: np.ndarray
    below: np.ndarray
    offset: float


class Sink:
    """Where events go: the file, some of them the gallery, and each to what counts the doubtful ones."""

    def __init__(self, writer: EventWriter, doubts: Doubts) -> None:
        self.writer = writer
        self.doubts = doubts
        self.gallery = Gallery()

    def add(self, image: np.ndarray, below: np.ndarray, found: Found, features: dict[str, float]) -> None:
        touching = touches(found.joined, features["area_ratio"], int(found.mask.sum()))
        self.doubts.event(found.at_edge, touching)
        self.gallery.offer(self.writer.count, image, found.contour)
        marks = {AT_EDGE: float(found.at_edge), TOUCHING: float(touching)}
        self.writer.add(image, below, found.mask, features | marks)


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    return Settings(
        method=Method(
            name=options.choice("background", "stored", backgrounds.METHODS),
            window=options.optional_integer("background_frames", 2, 10000),
            split_s=options.number("split_time", 1.0, 1e-4, 1e5),
            kept_fraction=options.number("kept_backgrounds", 0.8, 0.01, 1.0),
        ),
        rules=Rules(
            threshold=options.integer("threshold", -6, -200, -1),
            opening_radius=options.integer("opening_radius", 2, 0, 20),
            clear_border=options.flag("clear_border", True),
            fill_holes=options.flag("fill_holes", True),
            closing=options.choice("cleaning", "opening", CLEANING) == "closing",
        ),
        smallest_mask=options.integer("smallest_mask", 10, 1, 100000),
        min_area_um=options.number("min_area_um", 5.0, 0.0, 1e5),
        texture=options.flag("texture", True),
        first_image=options.integer("first_image", 0, 0, 10**9),
        images=options.optional_integer("images", 1, 10**9),
        pixel_um=options.optional_number("pixel_size", *PIXEL_UM),
    )


def main(job: Job, events: Events) -> None:
    """Segment every frame, write segmented.rtdc, a scatter plot, outlines and metadata."""
    settings = settings_of(job)
    file = measurement_file(job)
    cv2.setNumThreads(job.cpus)
    events.stage("segmenting")
    with open_measurement(file, file.name, settings.first_image, settings.images) as opened:
        measurement = opened.with_pixel_size(settings.pixel_um)
        backgrounds.check(settings.method, measurement)
        writer = EventWriter(job.output / "segmented.rtdc", measurement.image.shape[1:])
        sink = Sink(writer, Doubts(settings.rules, median=settings.method.name != "stored"))
        told = Told()
        repeated = _segment_all(measurement, settings, sink, told, events)
        counted = Counted(
            len(measurement.rows) - repeated,
            measurement.without_offset,
            measurement.without_image,
            measurement.pixel_um,
            repeated,
            _share_words(measurement),
        )
        said = [*measurement.disagreements, *not_kept(measurement), *told.warnings]
        if measurement.without_offset and settings.method.name in {"stored", "rollmed"}:
            said.append(
                f"{measurement.without_offset} frames have no number for the background's brightness (bg_off), "
                "and were not corrected"
            )
        if repeated and measurement.numbers is not None:
            said.append(f"{repeated} images are the same as the one before, under another number, and count once")
        if writer.count == 0:
            writer.discard()
            raise BadInput(_none_found(settings, sink.doubts, measurement.stored, counted.frames))
        events.stage("saving")
        steps = identifiers.identifiers(
            measurement,
            settings.method,
            settings.rules,
            smallest_mask=settings.smallest_mask,
            min_area_um=settings.min_area_um,
            texture=settings.texture,
            as_dcnum=told.as_dcnum and not measurement.apart,
        )
        metadata = result_metadata(measurement, writer.count, SOFTWARE)
        metadata |= pipeline(steps, writer.count) | {"pipeline:dcnum mapping": identifiers.mapping(measurement)}
        metadata[identifiers.RUN_IDENTIFIER] = identifiers.run_identifier(metadata)
        writer.close(metadata, _log(settings, file, measurement))
    _keep(job, settings, sink, counted, [*said, *sink.doubts.words()])


def _segment_all(measurement: Measurement, settings: Settings, sink: Sink, told: Told, events: Events) -> int:
    """Send the events of all frames to the sink; return how many images were the same as the one before."""
    frames, repeated = len(measurement.rows), 0
    before: np.ndarray | None = None
    sparse = settings.method.name == "sparsemed"
    parts = backgrounds.parts(measurement, settings.method, told, events.progress)
    for part, images, below, offsets in parts:
        for place, image, behind, offset in zip(range(part.start, part.stop), images, below, offsets, strict=True):
            # Programs that store a frame once for each of its cells do not always number frames.
            if before is not None and np.array_equal(before, image):
                repeated += 1
                continue
            before = image
            frame = Frame(place, image, behind, float(offset))
            for found, features in _cells(measurement, settings, frame, sink.doubts):
                sink.add(image, behind, found, features)
        done = part.stop / frames
        message = f"{part.stop} of {frames} frames, {sink.writer.count} cells"
        events.progress((1 + done) / 2 if sparse else done, message)
    return repeated


def _none_found(settings: Settings, doubts: Doubts, stored: int, frames: int) -> str:
    words = (
        f"No cell of at least {settings.min_area_um:g} µm² is beyond the threshold of "
        f"{settings.rules.threshold} grey values in {_counted(frames, 'frame')}"
    )
    images = min(settings.method.images, stored)
    if settings.method.name != "stored" and images < backgrounds.FEW_IMAGES:
        words += f"; the median is of {_counted(images, 'image')} only, so that cells stay in it"
    if doubts.cut:
        words += f"; {doubts.cut} that the image's edge cuts were left out"
    if doubts.bright_instead():
        words += "; there is much that is brighter than the background, and this analysis finds what is darker"
    return f"{words}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def measurement_file(job: Job) -> InputFile:
    """Return the only .rtdc file of the slot."""
    files = [file for file in job.one("measurement").files if file.suffix in SUFFIXES]
    files = [file for file in files if file.suffix == ".rtdc"] or files
    if len(files) != 1:
        raise BadInput(f"The measurement has {len(files)} .rtdc files; this analysis takes one.")
    return files[0]


def _cells(
    measurement: Measurement, settings: Settings, frame: Frame, doubts: Doubts
) -> Iterator[tuple[Found, dict[str, float]]]:
    """Yield the cells of one frame with all their features."""
    image, below = frame.image, frame.below
    difference = background.difference(image, below, frame.offset)
    segmented = segment(difference, settings.rules, settings.smallest_mask + 1)
    doubts.frame(difference, segmented)
    cells = list(_shaped(segmented, settings, measurement.pixel_um))
    for found, shape in cells:
        features = shape | brightness_features(image, below, frame.offset, found.mask)
        if settings.texture:
            features |= texture_features(image.astype(np.int16) - below, found.mask)
        yield found, features | _origin(measurement, frame.place) | {"nevents": len(cells)}


def _shaped(segmented: Segmented, settings: Settings, pixel_um: float) -> Iterator[tuple[Found, dict[str, float]]]:
    for found in segmented.objects:
        shape = shape_features(found.contour, pixel_um)
        if shape and shape["area_um"] >= settings.min_area_um:
            yield found, shape


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
    return known | {name: float(values[place]) for name, values in measurement.of_frames.items()}


def _log(settings: Settings, file: InputFile, measurement: Measurement) -> list[str]:
    stored = plain_text(measurement.attributes.get("pipeline:dcnum background"))
    return [
        SOFTWARE,
        f"measurement: {file.name}",
        f"images: {_share_words(measurement) or 'all'}",
        f"background: {_background_words(settings.method)}",
        *([f"stored background made by: {stored}"] if stored and settings.method.name == "stored" else []),
        f"threshold: {settings.rules.threshold}",
        f"cleaning: {'closing' if settings.rules.closing else 'opening'}",
        f"radius: {settings.rules.opening_radius}",
        f"clear border: {settings.rules.clear_border}",
        f"fill holes: {settings.rules.fill_holes}",
        f"smallest mask: more than {settings.smallest_mask} pixels",
        f"smallest area: {settings.min_area_um:g} um^2",
        f"{AT_EDGE}: 1 where the image's edge cuts the event",
        f"{TOUCHING}: 1 where it touches another event, or is dented (two cells in one, or frayed)",
    ]


def _share_words(measurement: Measurement) -> str:
    share = measurement.share
    return f"{share[0]} to {share[1] - 1} of {measurement.stored}" if share else ""


def _background_words(method: Method) -> str:
    kind = {"stored": "as stored", "sparsemed": "sparse median", "rollmed": "rolling median"}
    words = kind.get(method.name, method.name)
    if method.images:
        words += f" of {method.images} images"
    return f"{words}, one every {method.split_s:g} s" if method.name == "sparsemed" else words


def _keep(job: Job, settings: Settings, sink: Sink, counted: Counted, said: Sequence[str]) -> None:
    writer, gallery, doubts = sink.writer, sink.gallery, sink.doubts
    kept = Result(job.output)
    area, deformation = writer.features("area_um"), writer.features("deform")
    plot = scatter(area, deformation, "Area in square micrometres", "Deformation")
    kept.preview("scatter", plot, "Deformation against area", "thumbnail")
    step = max(1, len(gallery.images) // MOST_OVERLAYS)
    images, contours = gallery.images[::step][:MOST_OVERLAYS], gallery.contours[::step][:MOST_OVERLAYS]
    kept.preview("outlines", overlays(images, contours), "Some cells with their outlines")
    kept.parameter("cells", writer.count)
    kept.parameter("frames", counted.frames)
    counts = {
        "frames without a background offset": counted.without_offset if settings.method.name == "stored" else 0,
        "events without an image": counted.without_image,
        "repeated images": counted.repeated,
        "cells cut by the edge, left out": doubts.cut,
        "events cut by the edge": doubts.at_edge,
        "events that touch or are dented": doubts.touching,
    }
    for name, count in counts.items():
        if count:
            kept.parameter(name, count)
    if counted.share:
        kept.parameter("images analysed", counted.share)
    for words in said:
        kept.warning(words)
    for name in ("area_um", "deform", "bright_avg"):
        kept.parameter(
            f"median {name}", float(np.median(writer.features(name))), UNITS.get(name, "").replace("µ", "u")
        )
    kept.parameter("background", _background_words(settings.method))
    if doubts.noise is not None:
        kept.parameter("noise of the background", round(doubts.noise, 3), "grey values")
    kept.parameter("threshold", settings.rules.threshold, "grey values")
    kept.parameter("cleaning", "closing" if settings.rules.closing else "opening")
    kept.parameter("radius of cleaning", settings.rules.opening_radius, "px")
    kept.parameter("smallest area", settings.min_area_um, "um²")
    kept.parameter("pixel size", counted.pixel_um, "um")
    cells, frames = _counted(writer.count, "cell"), _counted(counted.frames, "frame")
    summary = [f"{cells} in {frames}, median deformation {np.median(deformation):.3f}"]
    summary += [f"{counted.without_image} events without an image not analysed"] if counted.without_image else []
    summary += [f"images {counted.share} only"] if counted.share else []
    kept.write("; ".join(summary))
