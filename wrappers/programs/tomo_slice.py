"""Slices of a tomography scan by filtered back-projection.

Run as `python -m wrappers.tomo_slice` on a job.json with the slot `scan` (NXtomo or Data Exchange).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES
from wrappers.io.made_by import made_by
from wrappers.io.ome import About, write_ome_tiff
from wrappers.io.picture import fitted, grey
from wrappers.io.tomography.nxtomoproc import Volume, write_nxtomoproc
from wrappers.io.tomography.scan import ANGLE_UNITS, AS_RECORDED, EVEN_STEPS, Scan, open_scan
from wrappers.job import InputFile, Job
from wrappers.kernels.bad_readings import lost, mended, with_dead_pixels
from wrappers.kernels.full_turn import find_centre_of_full_turn, is_full_turn, stitched, stitched_width
from wrappers.kernels.rotation_axis import find_centre, half_turn
from wrappers.kernels.tomography import (
    FILTERS,
    Filter,
    attenuation,
    filtered_back_projection,
    without_stripes,
)
from wrappers.result import Result

STAGES = ("reading", "centring", "reconstructing", "saving")
PORTION_BYTES = 256 * 2**20
MOST_ROWS_FOR_CENTRE = 3
LEAST_PROJECTIONS = 4
MOST_PREVIEWS = 4
MOST_FILES = 64


@dataclass(frozen=True)
class Settings:
    """The form's values; None where the program is to choose."""

    row_first: int | None
    row_count: int
    angles: str
    centre: float | None
    kind: Filter
    stripes: str
    stripe_size: int


@dataclass(frozen=True)
class Outcome:
    """Slices (rows, y, x) in `units`, the sinograms they come from, and how they were made."""

    slices: np.ndarray
    units: str
    sinogram: np.ndarray
    rows: slice
    centre: float
    full_turn: bool
    interpolated: int
    opaque: int
    lost: int


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    chosen = options.choice("filter", "ramp", FILTERS)
    first = options.optional_number("row_first", 0, 1e6)
    size = options.integer("stripe_size", 11, 3, 301)
    angles = options.choice("angles", AS_RECORDED, (AS_RECORDED, *ANGLE_UNITS, *EVEN_STEPS))
    return Settings(
        row_first=None if first is None else int(first),
        row_count=options.integer("row_count", 4, 1, 4096),
        angles=angles,
        centre=centre_of(options.values.get("centre")),
        kind=next(known for known in FILTERS if known == chosen),
        stripes=options.choice("stripes", "none", ("none", "sorting")),
        stripe_size=size + 1 - size % 2,
    )


def centre_of(value: object) -> float | None:
    """Return the axis' column, None for "auto"."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("auto", "")):
        return None
    try:
        centre = float(str(value))
    except ValueError:
        centre = math.nan
    if isinstance(value, bool) or not math.isfinite(centre):
        raise BadInput(f'The option centre is {value!r}; it must be "auto" or a column number.')
    return centre


def main(job: Job, events: Events) -> None:
    """Reconstruct the chosen rows; write slices.h5, slices.tif, pictures and metadata."""
    settings = settings_of(job)
    files = scan_files(job)
    events.stage("reading")
    with open_scan(files, settings.angles) as scan:
        rows = chosen_rows(settings, scan)
        events.stage("centring")
        centre = centre_column(settings, scan, rows)
        events.stage("reconstructing", f"0 of {rows.stop - rows.start} slices")
        outcome = reconstruct(job, settings, scan, (rows, centre), events)
        events.stage("saving")
        save(job, settings, scan, outcome)


def scan_files(job: Job) -> list[InputFile]:
    """Return the HDF5 files of the slot: flats and darks may have files of their own."""
    files = [file for file in job.one("scan").files if file.suffix in SUFFIXES]
    if not files:
        raise BadInput("The scan has no HDF5 file.")
    if len(files) > MOST_FILES:
        raise BadInput(f"The scan has {len(files)} HDF5 files; this analysis takes up to {MOST_FILES}.")
    return files


def chosen_rows(settings: Settings, scan: Scan) -> slice:
    """Return the detector rows to reconstruct: those asked for, as far as there are, or the middle ones."""
    count = min(settings.row_count, scan.rows)
    first = (scan.rows - count) // 2 if settings.row_first is None else settings.row_first
    if first >= scan.rows:
        raise BadInput(f"Row {first} was asked for; the scan has rows 0 to {scan.rows - 1}.")
    return slice(first, min(scan.rows, first + count))


@dataclass(frozen=True)
class Sinograms:
    """Sinograms (rows, angles, columns) of attenuation, the angles (radians) that are left, and what was wrong."""

    values: np.ndarray
    angles: np.ndarray
    interpolated: int
    opaque: int
    lost: int


def sinograms_of(settings: Settings, scan: Scan, rows: slice) -> Sinograms:
    """Return sinograms without bad readings; BadInput where too little is left."""
    flat, dark = scan.beam(rows), scan.dark(rows)
    if not (flat > dark).any():
        raise BadInput(f"The flat fields of {scan.name} are not brighter than its dark frames.")
    values, bad, opaque = attenuation(scan.projections(rows), flat, dark)
    # A projection that was lost as a whole is left out; what is missing of the others is interpolated.
    gone = lost(bad)
    kept = ~gone
    if kept.sum() < LEAST_PROJECTIONS:
        raise BadInput(f"{scan.name} has no usable readings in {int(gone.sum())} of {len(gone)} projections.")
    bad = with_dead_pixels(bad[:, kept], opaque[:, kept])
    if bad.all(axis=2).any():
        raise BadInput(f"{scan.name} has detector rows in which no pixel has usable readings.")
    values = mended(values[:, kept], bad)
    if settings.stripes == "sorting":
        values = without_stripes(values, settings.stripe_size)
    angles = np.deg2rad(scan.angles)[kept]
    return Sinograms(values, angles, int(bad.sum()), int((opaque[:, kept] & ~bad).sum()), int(gone.sum()))


def centre_column(settings: Settings, scan: Scan, rows: slice) -> float:
    """Return the axis' column, as given or found; the median over up to three of the rows."""
    if settings.centre is not None:
        if not 0 <= settings.centre <= scan.columns - 1:
            raise BadInput(f"The centre {settings.centre:g} lies outside the detector's {scan.columns} columns.")
        return settings.centre
    number = min(MOST_ROWS_FOR_CENTRE, rows.stop - rows.start)
    places = np.linspace(rows.start, rows.stop - 1, number).round().astype(int)
    found = []
    for row in places:
        one = sinograms_of(settings, scan, slice(int(row), int(row) + 1))
        try:
            if is_full_turn(one.angles):
                found.append(find_centre_of_full_turn(one.values[0], one.angles))
            else:
                found.append(find_centre(half_turn(one.values[0], one.angles)))
        except ValueError as error:
            raise BadInput(f"The centre cannot be found, because {error}; give it as a number.") from error
    return float(np.median(found))


def portions(rows: slice, scan: Scan) -> Iterator[slice]:
    """Yield the rows in parts whose sinograms fit in PORTION_BYTES."""
    step = max(1, PORTION_BYTES // (4 * len(scan.angles) * scan.columns))
    for start in range(rows.start, rows.stop, step):
        yield slice(start, min(rows.stop, start + step))


def reconstruct(job: Job, settings: Settings, scan: Scan, chosen: tuple[slice, float], events: Events) -> Outcome:
    """Return the slices of the chosen (rows, centre)."""
    rows, centre = chosen
    total = rows.stop - rows.start
    full = is_full_turn(np.deg2rad(scan.angles))
    width = stitched_width(scan.columns, centre) if full else scan.columns
    slices = np.empty((total, width, width), np.float32)
    interpolated = opaque = gone = 0
    sinogram = np.empty((0, 0), np.float32)
    for part in portions(rows, scan):
        made = sinograms_of(settings, scan, part)
        interpolated, opaque, gone = interpolated + made.interpolated, opaque + made.opaque, max(gone, made.lost)
        before = part.start - rows.start
        share = (part.stop - part.start) / total

        def tell(fraction: float, before: int = before, share: float = share) -> None:
            done = before / total + fraction * share
            events.progress(done, f"{int(done * total)} of {total} slices")

        values, angles, axis = made.values, made.angles, centre
        if full:
            (values, angles), axis = stitched(values, angles, centre), (width - 1) / 2
        slices[before : before + len(values)] = filtered_back_projection(
            values, angles, axis, kind=settings.kind, threads=job.cpus, progress=tell
        )
        if before == 0:
            sinogram = values[0]
    units = "1/px"
    if scan.pixel_um:
        slices /= np.float32(scan.pixel_um * 1e-3)
        units = "1/mm"
    return Outcome(slices, units, sinogram, rows, centre, full, interpolated, opaque, gone)


def save(job: Job, settings: Settings, scan: Scan, outcome: Outcome) -> None:
    """Write the slices twice, pictures and what the catalogue keeps."""
    used: dict[str, object] = {
        "method": "filtered back-projection",
        "centre": outcome.centre,
        "filter": settings.kind,
        "stripes": settings.stripes,
        "angles": scan.angles_from,
    }
    attributes: dict[str, float | str] = {
        "first row": outcome.rows.start,
        "centre": outcome.centre,
        "filter": settings.kind,
    }
    pixel = scan.pixel_um
    if pixel:
        attributes |= {"pixel size": pixel, "pixel size units": "um"}
    volume = Volume(outcome.slices, outcome.units, (scan.row_um, pixel), outcome.rows.start, attributes)
    how = made_by(job, scan.name, used)
    write_nxtomoproc(job.output / "slices.h5", volume, scan.origin, scan.name, how, title=job.title)
    sizes = {"z": scan.row_um, "y": pixel, "x": pixel}
    about = About(
        axes="ZYX",
        name=job.title or "slices",
        sizes_um={axis: size for axis, size in sizes.items() if size},
        acquired=scan.origin.started,
        made_by=how,
    )
    write_ome_tiff(job.output / "slices.tif", outcome.slices, about)
    kept = Result(job.output)
    _previews(kept, outcome)
    _parameters(kept, settings, scan, outcome)
    count = len(outcome.slices)
    words = "1 slice" if count == 1 else f"{count} slices"
    kept.write(f"{words} by filtered back-projection, axis at column {outcome.centre:.2f}")


def _previews(kept: Result, outcome: Outcome) -> None:
    count = len(outcome.slices)
    middle = count // 2
    others = [int(place) for place in np.linspace(0, count - 1, min(count, MOST_PREVIEWS)).round()]
    for place in dict.fromkeys([middle, *others]):
        row = outcome.rows.start + place
        picture = fitted(grey(outcome.slices[place], low=1, high=99.9))
        kept.preview(
            f"row-{row:04d}", picture, f"Slice at row {row}", "thumbnail" if place == middle else "preview"
        )
    sinogram = fitted(grey(outcome.sinogram))
    kept.preview("sinogram", sinogram, f"Sinogram of row {outcome.rows.start}, angles downwards")


def _parameters(kept: Result, settings: Settings, scan: Scan, outcome: Outcome) -> None:
    kept.parameter("first row", outcome.rows.start)
    kept.parameter("slices", len(outcome.slices))
    kept.parameter("projections", len(scan.angles))
    kept.parameter("centre", round(outcome.centre, 3), "px")
    kept.parameter("centre found", settings.centre is None)
    kept.parameter("full turn", outcome.full_turn)
    kept.parameter("filter", settings.kind)
    kept.parameter("stripes", settings.stripes)
    kept.parameter("angles read as", scan.angles_from)
    kept.parameter("interpolated readings", outcome.interpolated)
    kept.parameter("opaque readings", outcome.opaque)
    kept.parameter("projections left out", outcome.lost + scan.without_angle)
    if scan.pixel_um:
        kept.parameter("pixel size", scan.pixel_um, "um")
    kept.parameter("layout", scan.layout)
