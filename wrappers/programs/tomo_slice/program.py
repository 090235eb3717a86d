"""Slices, or the whole volume, of a tomography scan by filtered back-projection.

Run as `python -m wrappers.tomo_slice` on a job.json with the slot `scan` (NXtomo or Data Exchange).
"""

from __future__ import annotations

import math

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES
from wrappers.io.tomography.scan import ANGLE_UNITS, AS_RECORDED, EVEN_STEPS, Scan, open_scan
from wrappers.job import InputFile, Job
from wrappers.kernels.continuation import CONTINUATIONS
from wrappers.kernels.tomography import FILTERS
from wrappers.programs.tomo_slice.centring import find_axis
from wrappers.programs.tomo_slice.memory import plan
from wrappers.programs.tomo_slice.mending import phase_of, with_pixel, without_rings
from wrappers.programs.tomo_slice.saving import save, written_slices
from wrappers.programs.tomo_slice.settings import STRIPES, Settings
from wrappers.programs.tomo_slice.seven import try_centres
from wrappers.programs.tomo_slice.slices import Work, geometry, reconstruct

STAGES = ("reading", "centring", "reconstructing", "saving")
ROWS = ("chosen", "all")
MOST_FILES = 64


def main(job: Job, events: Events) -> None:
    """Reconstruct the chosen rows; write slices.h5, slices.tif, pictures and metadata."""
    settings = settings_of(job)
    files = scan_files(job)
    events.stage("reading")
    with open_scan(files, settings.angles) as recorded:
        scan = with_pixel(recorded, settings.pixel_um)
        phase = phase_of(settings, scan)
        rows = chosen_rows(settings, scan)
        events.stage("centring")
        axis = find_axis(scan, rows, settings.centre, lambda values: without_rings(settings, values))
        work = Work(scan, settings, axis, geometry(scan, rows, axis.column), phase)
        if settings.centre_step is not None:
            events.stage("reconstructing", "one row about seven centres")
            try_centres(job, work, settings.centre_step, events)
            return
        planned = plan(work, job.memory_bytes)
        events.stage("reconstructing", planned.words)
        with written_slices(job, work) as write:
            outcome = reconstruct(work, planned.portions, write, events, job.cpus)
        events.stage("saving")
        save(job, work, outcome, events.progress)


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    chosen = options.choice("filter", "ramp", FILTERS)
    first = options.optional_number("row_first", 0, 1e6)
    stripes = options.choice("stripes", "none", STRIPES)
    size = options.integer("stripe_size", 11, 3, 301)
    wide = options.integer("stripe_wide", 51, 5, 1001)
    beyond = options.choice("padding", "edge", CONTINUATIONS)
    angles = options.choice("angles", AS_RECORDED, (AS_RECORDED, *ANGLE_UNITS, *EVEN_STEPS))
    count = options.integer("row_count", 4, 1, 4096)
    step = options.number("centre_step", 1.0, 0.05, 100.0)
    return Settings(
        row_first=None if first is None else int(first),
        row_count=None if options.choice("rows", "chosen", ROWS) == "all" else count,
        angles=angles,
        centre=centre_of(options.values.get("centre")),
        kind=next(known for known in FILTERS if known == chosen),
        stripes=next(known for known in STRIPES if known == stripes),
        stripe_size=size + 1 - size % 2,
        stripe_wide=wide + 1 - wide % 2,
        stripe_ratio=options.number("stripe_ratio", 3.0, 1.1, 100.0),
        beyond=next(known for known in CONTINUATIONS if known == beyond),
        phase=options.choice("phase", "none", ("none", "paganin")) == "paganin",
        distance_mm=options.optional_number("distance", 1e-3, 1e6),
        energy_kev=options.optional_number("energy", 1e-2, 1e4),
        delta_beta=options.optional_number("delta_beta", 1e-3, 1e7),
        pixel_um=options.optional_number("pixel_size", 1e-4, 1e4),
        centre_step=step if options.flag("try_centres", False) else None,
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
    asked = 1 if settings.centre_step is not None else settings.row_count
    if asked is None:
        return slice(0, scan.rows)
    count = min(asked, scan.rows)
    first = (scan.rows - count) // 2 if settings.row_first is None else settings.row_first
    if first >= scan.rows:
        raise BadInput(f"Row {first} was asked for; the scan has rows 0 to {scan.rows - 1}.")
    return slice(first, min(scan.rows, first + count))
