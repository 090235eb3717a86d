"""Quality check of any HDF5 or TIFF file: statistics, exact histograms, projections, pictures, one page to read.

Run as `python -m wrappers.qc` on a job.json; every file of every slot is looked at, block by block.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import write_arrays
from wrappers.io.stack import is_array_file, open_arrays
from wrappers.job import InputFile, Job
from wrappers.programs.qc.measure import Finding, Measured, measure
from wrappers.programs.qc.report import html_page
from wrappers.programs.qc.view import Kind
from wrappers.result import Result

STAGES = ("counting", "measuring", "saving")
MOST_PICTURES = 60


def main(job: Job, events: Events) -> None:
    """Measure every array of every input file; write report.html, report.json, qc.h5 and pictures."""
    bins = job.options.integer("histogram_bins", 256, 2, 65536)
    kind: Kind = "mean" if job.options.choice("projection", "max", ("max", "mean")) == "mean" else "max"
    events.stage("counting")
    files = [file for slot in job.inputs for dataset in job.datasets(slot) for file in dataset.files]
    usable = [file for file in files if is_array_file(file)]
    if not usable:
        raise BadInput("No HDF5 or TIFF file was given.")
    total = sum(_bytes(file) for file in usable)
    if not total:
        raise BadInput(f"There is no numeric array in {', '.join(file.name for file in usable[:3])}.")
    events.stage("measuring")
    meter = _Meter(events, total)
    measured = [found for file in usable for found in _measure_file(file, bins, kind, meter)]
    events.stage("saving")
    _save(job, measured, kind)


class _Meter:
    """Turns bytes read into progress."""

    def __init__(self, events: Events, total: int) -> None:
        self._events, self._total, self._done = events, total, 0.0

    def add(self, count: int, passes: int) -> None:
        self._done += count / passes
        share = self._done / self._total
        self._events.progress(share, f"{self._done / 2**20:.0f} of {self._total / 2**20:.0f} MiB")


def _bytes(file: InputFile) -> int:
    with open_arrays(file) as arrays:
        return sum(array.size * array.dtype.itemsize for array in arrays)


def _measure_file(file: InputFile, bins: int, kind: Kind, meter: _Meter) -> Iterator[Measured]:
    with open_arrays(file) as arrays:
        for array in arrays:
            yield measure(file.name, array, bins, kind, meter.add)


def _save(job: Job, measured: list[Measured], kind: str) -> None:
    kept = Result(job.output)
    shown: dict[str, np.ndarray] = {}
    arrays: dict[str, np.ndarray] = {}
    order = sorted(range(len(measured)), key=lambda place: -measured[place].finding.size)
    for rank, place in enumerate(order):
        one = measured[place]
        group = f"{place:03d} {re.sub(r'[^A-Za-z0-9_.-]+', '_', one.finding.name).strip('_')}"
        arrays |= {f"{group}/{name}": values for name, values in one.arrays.items()}
        if rank >= MOST_PICTURES:
            continue
        for number, (caption, picture) in enumerate(one.pictures.items()):
            name = f"{place:03d}-{number}"
            words = f"{one.finding.name}: {caption}"
            kept.preview(name, picture, words, "thumbnail" if not shown else "preview")
            shown[name] = picture
            one.finding.pictures.append(name)
    findings = [one.finding for one in measured]
    write_arrays(job.output / "qc.h5", arrays, {})
    document = {"schema": 1, "projection": kind, "arrays": [asdict(finding) for finding in findings]}
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    (job.output / "report.json").write_text(text + "\n", encoding="utf-8")
    page = html_page(job.title or "Quality check", [asdict(finding) for finding in findings], shown)
    (job.output / "report.html").write_text(page, encoding="utf-8")
    _parameters(kept, findings, order[0])


def _parameters(kept: Result, findings: list[Finding], largest: int) -> None:
    bad = sum(finding.not_finite for finding in findings)
    full = sum(finding.saturated or 0 for finding in findings)
    kept.parameter("arrays", len(findings))
    kept.parameter("values", sum(finding.size for finding in findings))
    kept.parameter("not finite", bad)
    kept.parameter("saturated", full)
    main_array = findings[largest]
    kept.parameter("largest array", main_array.name)
    for name in ("minimum", "maximum", "mean", "std"):
        value = getattr(main_array, name)
        kept.parameter(name, math.nan if value is None else value)
    words = [f"{len(findings)} arrays" if len(findings) > 1 else "1 array"]
    words.append(f"{bad} values not finite" if bad else "all values finite")
    words.append(f"{full} saturated" if full else "none saturated")
    kept.write(", ".join(words))
