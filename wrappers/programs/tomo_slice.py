"""Slices of a tomography scan by filtered back-projection.

Run as `python -m wrappers.tomo_slice` on a job.json with the slot `scan` (NXtomo or Data Exchange).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES
from wrappers.io.made_by import made_by
from wrappers.io.ome import About, write_ome_tiff
from wrappers.io.picture import fitted, grey
from wrappers.io.tomography.nxtomoproc import Volume, write_nxtomoproc
from wrappers.io.tomography.scan import ANGLE_UNITS, AS_RECORDED, EVEN_STEPS, Scan, open_scan
from wrappers.io.tomography.sinograms import Sinograms, sinograms_of
from wrappers.job import InputFile, Job
from wrappers.kernels.continuation import CONTINUATIONS, Continuation
from wrappers.kernels.full_turn import find_centre_of_full_turn, is_full_turn, stitched, stitched_width
from wrappers.kernels.opposite_views import are_unlike
from wrappers.kernels.rotation_axis import find_centre, half_turn, shows_something
from wrappers.kernels.tomography import (
    FILTERS,
    Filter,
    filtered_back_projection,
    without_stripes,
)
from wrappers.result import Result

STAGES = ("reading", "centring", "reconstructing", "saving")
PORTION_BYTES = 256 * 2**20
MOST_ROWS_FOR_CENTRE = 3
MOST_PREVIEWS = 4
MOST_FILES = 64
MOST_NAMED = 5
LEFT_OUT = ": left out"
LEAST_ARC = 5.0
"""Degrees: of a narrower one without projections nothing is to be seen in slices."""


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
    beyond: Continuation


@dataclass(frozen=True)
class Outcome:
    """Slices (rows, y, x) in `units`, the sinograms they come from, and how they were made."""

    slices: np.ndarray
    units: str
    sinogram: np.ndarray
    rows: slice
    centre: float
    full_turn: bool
    made: Sequence[Sinograms]
    unlike: bool = False
    """Whether projections from opposite sides are no mirror images about this axis."""

    @property
    def blind(self) -> list[int]:
        """Detector rows that have no usable readings; their slices are NaN."""
        return [self.rows.start + row for row in np.flatnonzero(np.isnan(self.slices).all(axis=(1, 2)))]

    @property
    def lost(self) -> int:
        """Projections that were left out."""
        return max(one.lost for one in self.made)


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    chosen = options.choice("filter", "ramp", FILTERS)
    first = options.optional_number("row_first", 0, 1e6)
    size = options.integer("stripe_size", 11, 3, 301)
    beyond = options.choice("padding", "edge", CONTINUATIONS)
    angles = options.choice("angles", AS_RECORDED, (AS_RECORDED, *ANGLE_UNITS, *EVEN_STEPS))
    return Settings(
        row_first=None if first is None else int(first),
        row_count=options.integer("row_count", 4, 1, 4096),
        angles=angles,
        centre=centre_of(options.values.get("centre")),
        kind=next(known for known in FILTERS if known == chosen),
        stripes=options.choice("stripes", "none", ("none", "sorting")),
        stripe_size=size + 1 - size % 2,
        beyond=next(known for known in CONTINUATIONS if known == beyond),
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


def centre_column(settings: Settings, scan: Scan, rows: slice) -> float:
    """Return the axis' column, as given or found; the median over up to three of the rows that have readings."""
    if settings.centre is not None:
        if not 0 <= settings.centre <= scan.columns - 1:
            raise BadInput(f"The centre {settings.centre:g} lies outside the detector's {scan.columns} columns.")
        return settings.centre
    found: list[float] = []
    why: list[str] = []
    for row in rows_to_look_at(rows):
        one = sinograms_of(scan, slice(row, row + 1))
        if one.without:
            why.append(one.why)
            continue
        if 2 * one.dead > scan.columns:
            why.append(
                f"The centre cannot be found, because {one.dead} of {scan.columns} pixels in row {row} of "
                f"{scan.name} are dead; give it as a number."
            )
            continue
        if not shows_something(one.values[0]):
            why.append(
                f"The centre cannot be found, because row {row} of {scan.name} shows nothing but noise; "
                "give it as a number, or choose rows that see the sample."
            )
            continue
        try:
            found.append(axis_of(without_rings(settings, one.values)[0], one.angles))
        except BadInput as error:
            raise BadInput(" ".join([str(error), *_left_out(scan)])) from error
        if len(found) == MOST_ROWS_FOR_CENTRE:
            break
    if not found:
        raise BadInput(" ".join([why[0], *_left_out(scan)]))
    return float(np.median(found))


def _left_out(scan: Scan) -> list[str]:
    """What was left out before, in sentences: with that the axis might have been found."""
    said = [remark for remark in scan.remarks if remark.endswith(LEFT_OUT)]
    said += _lacking(scan.without_angle, "angle")
    return [
        f"{one.removesuffix(LEFT_OUT)} and {'was' if one.startswith('1 ') else 'were'} left out."
        for one in said[:MOST_NAMED]
    ]


def _lacking(count: int, what: str) -> list[str]:
    words = f"{count} projections have" if count > 1 else "1 projection has"
    return [f"{words} no {what}{LEFT_OUT}"] if count else []


def rows_to_look_at(rows: slice) -> list[int]:
    """Return all rows in the order in which to look for the axis: first, middle, last, and then between them."""
    spread = [
        np.linspace(rows.start, rows.stop - 1, min(number, rows.stop - rows.start)).round().astype(int)
        for number in (MOST_ROWS_FOR_CENTRE, 3 * MOST_ROWS_FOR_CENTRE, rows.stop - rows.start)
    ]
    return [int(row) for row in dict.fromkeys(np.concatenate(spread).tolist())]


def axis_of(sinogram: np.ndarray, angles: np.ndarray) -> float:
    """Return the column of the axis of one sinogram (angles, columns); BadInput where it cannot be found."""
    try:
        if is_full_turn(angles):
            return find_centre_of_full_turn(sinogram, angles)
        return find_centre(half_turn(sinogram, angles))
    except ValueError as error:
        raise BadInput(f"The centre cannot be found, because {error}; give it as a number.") from error


def without_rings(settings: Settings, sinograms: np.ndarray) -> np.ndarray:
    """Return the sinograms as the person wants them: with stripes, or without."""
    return without_stripes(sinograms, settings.stripe_size) if settings.stripes == "sorting" else sinograms


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
    made: list[Sinograms] = []
    sinogram, unlike = np.empty((0, 0), np.float32), False
    for part in portions(rows, scan):
        one = sinograms_of(scan, part)
        before = part.start - rows.start
        share = (part.stop - part.start) / total

        def tell(fraction: float, before: int = before, share: float = share) -> None:
            done = before / total + fraction * share
            events.progress(done, f"{int(done * total)} of {total} slices")

        values, angles, axis = without_rings(settings, one.values), one.angles, centre
        shown = next((row for row in range(len(values)) if row not in one.without), None)
        if not sinogram.size and shown is not None:
            unlike = are_unlike(values[shown], angles, centre)
        if full:
            (values, angles), axis = stitched(values, angles, centre), (width - 1) / 2
        slices[before : before + len(values)] = filtered_back_projection(
            values, angles, axis, kind=settings.kind, beyond=settings.beyond, threads=job.cpus, progress=tell
        )
        slices[[before + row for row in one.without]] = np.nan
        if not sinogram.size and shown is not None:
            sinogram = values[shown]
        made.append(replace(one, values=np.empty(0, np.float32)))
    if not sinogram.size:
        raise BadInput(made[0].why)
    units = "1/px"
    if scan.pixel.um:
        slices /= np.float32(scan.pixel.um * 1e-3)
        units = "1/mm"
    return Outcome(slices, units, sinogram, rows, centre, full, made, unlike)


def save(job: Job, settings: Settings, scan: Scan, outcome: Outcome) -> None:
    """Write the slices twice, pictures and what the catalogue keeps."""
    used: dict[str, object] = {
        "method": "filtered back-projection",
        "centre": outcome.centre,
        "filter": settings.kind,
        "stripes": settings.stripes,
        "beyond the detector": settings.beyond,
        "angles": scan.angles_from,
    }
    attributes: dict[str, float | str] = {
        "first row": outcome.rows.start,
        "centre": outcome.centre,
        "filter": settings.kind,
    }
    pixel = scan.pixel.um
    if pixel:
        attributes |= {"pixel size": pixel, "pixel size units": "um"}
    volume = Volume(outcome.slices, outcome.units, (scan.row.um, pixel), outcome.rows.start, attributes)
    how = made_by(job, scan.name, used)
    write_nxtomoproc(job.output / "slices.h5", volume, scan.origin, scan.name, how, title=job.title)
    sizes = {"z": scan.row.um, "y": pixel, "x": pixel}
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
    words = f"{words} by filtered back-projection, axis at column {outcome.centre:.2f}"
    for remark in remarks(scan, outcome):
        kept.warning(remark)
    kept.write(words)


def remarks(scan: Scan, outcome: Outcome) -> list[str]:
    """Return what was wrong with the scan and is not in the slices, in words."""
    said = [f"the pixel size is not known: {scan.pixel.why}"] if scan.pixel.why else []
    said += scan.remarks
    said += _lacking(scan.without_angle, "angle")
    said += _lacking(outcome.lost, "usable readings")
    said += dict.fromkeys(words for one in outcome.made for words in one.remarks)
    if outcome.unlike:
        said.append(
            f"projections from opposite sides are no mirror images about column {outcome.centre:.2f}: the axis or "
            "the angles may be wrong, or the sample moved"
        )
    if (arc := widest_arc(scan.angles)) > LEAST_ARC:
        said.append(f"no projection looks from an arc of {arc:.3g} degrees")
    if dead := sum(one.dead for one in outcome.made):
        said.append(f"{dead} dead pixel{'s' if dead > 1 else ''} interpolated")
    if brief := sum(one.stuck_for_a_while for one in outcome.made):
        words = "1 pixel is" if brief == 1 else f"{brief} pixels are"
        said.append(f"{words} stuck in a part of the scan, and interpolated there")
    if blind := outcome.blind:
        named = ", ".join(map(str, blind[:MOST_NAMED])) + (" …" if len(blind) > MOST_NAMED else "")
        said.append(
            f"row {named} has no usable readings and no slice"
            if len(blind) == 1
            else f"{len(blind)} rows ({named}) have no usable readings and no slices"
        )
    return said


def widest_arc(degrees: np.ndarray) -> float:
    """Return the widest arc of half a turn that no angle lies in, degrees, beyond five typical steps; else 0."""
    ranked = np.unique(np.round(np.mod(degrees, 180.0), 2))
    arc = float(np.diff(ranked, append=ranked[0] + 180.0).max())
    return arc if arc > 5 * 180.0 / len(ranked) else 0.0


def _previews(kept: Result, outcome: Outcome) -> None:
    blind = outcome.blind
    shown = [row for row in range(outcome.rows.start, outcome.rows.stop) if row not in blind]
    middle = shown[len(shown) // 2]
    others = np.linspace(0, len(shown) - 1, min(len(shown), MOST_PREVIEWS)).round().astype(int)
    for row in dict.fromkeys([middle, *(shown[place] for place in others)]):
        picture = fitted(grey(outcome.slices[row - outcome.rows.start], low=1, high=99.9))
        kept.preview(f"row-{row:04d}", picture, f"Slice at row {row}", "thumbnail" if row == middle else "preview")
    sinogram = fitted(grey(outcome.sinogram))
    kept.preview("sinogram", sinogram, f"Sinogram of row {shown[0]}, angles downwards")


def _parameters(kept: Result, settings: Settings, scan: Scan, outcome: Outcome) -> None:
    kept.parameter("first row", outcome.rows.start)
    kept.parameter("slices", len(outcome.slices))
    kept.parameter("projections", len(scan.angles))
    kept.parameter("centre", round(outcome.centre, 3), "px")
    kept.parameter("centre found", settings.centre is None)
    kept.parameter("full turn", outcome.full_turn)
    kept.parameter("filter", settings.kind)
    kept.parameter("stripes", settings.stripes)
    kept.parameter("beyond the detector", settings.beyond)
    kept.parameter("angles read as", scan.angles_from)
    kept.parameter("interpolated readings", sum(one.interpolated for one in outcome.made))
    kept.parameter("dead pixels", sum(one.dead for one in outcome.made))
    kept.parameter("pixels stuck in a part", sum(one.stuck_for_a_while for one in outcome.made))
    kept.parameter("opaque readings", sum(one.opaque for one in outcome.made))
    if blind := outcome.blind:
        kept.parameter("rows without readings", ", ".join(map(str, blind)))
    kept.parameter(
        "projections left out", outcome.lost + scan.without_angle + scan.standing + scan.without_picture
    )
    if scan.pixel.um:
        kept.parameter("pixel size", scan.pixel.um, "um")
    kept.parameter("layout", scan.layout)
