"""Quality check of any file of arrays: statistics, exact histograms, projections, pictures, one page to read.

Run as `python -m wrappers.qc` on a job.json; every file of every slot is looked at, block by block.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES, write_arrays
from wrappers.io.siblings import leading
from wrappers.io.stack import KINDS, is_array_file, open_arrays
from wrappers.job import InputFile, Job
from wrappers.programs.qc.faults import Fault
from wrappers.programs.qc.measure import Finding, Measured, measure
from wrappers.programs.qc.report import html_page
from wrappers.programs.qc.view import Kind
from wrappers.result import Result

STAGES = ("counting", "measuring", "saving")
WHOLE = "the whole file"
TIME_SHARE = 0.85
"""Of the job's time, until which arrays are measured: the rest is for what is written of them."""
STARTED = time.monotonic()


def main(job: Job, events: Events) -> None:
    """Measure every array of every input file; write report.html, report.json, qc.h5 and pictures."""
    bins = job.options.integer("histogram_bins", 256, 2, 65536)
    kind: Kind = "mean" if job.options.choice("projection", "max", ("max", "mean")) == "mean" else "max"
    events.stage("counting")
    datasets = [dataset for slot in job.inputs for dataset in job.datasets(slot)]
    files = [file for dataset in datasets for file in dataset.files]
    usable = leading([file for file in files if is_array_file(file)], SUFFIXES)
    if not usable:
        raise BadInput(f"No {KINDS} file was given." + "".join(one.what_is_missing for one in datasets))
    found, notes, sound = _look(usable)
    total = sum(one.bytes for one in found)
    notes += [Note(name, WHOLE, why) for dataset in datasets for name, why in dataset.not_followed.items()]
    if not sound:
        raise BadInput(f"{'. '.join(note.why for note in notes[:3])}.")
    if not total:
        why = "".join(f" {note.file}, {note.name}: {note.why}." for note in notes[:3])
        raise BadInput(f"There is no number in {', '.join(file.name for file in usable[:3])}.{why}")
    events.stage("measuring")
    meter = _Meter(events, total, STARTED + TIME_SHARE * job.time_s)
    by_place: dict[tuple[int, int], Measured] = {}
    # The smallest first, so that one that takes too long costs no other. Those of a file that follow each other
    # are measured while it is open.
    for number, group in itertools.groupby(sorted(found, key=lambda one: one.bytes), lambda one: one.file):
        for place, outcome in _measure_file(
            sound[number], usable, [one.place for one in group], (bins, kind), meter
        ):
            if isinstance(outcome, Note):
                notes.append(outcome)
            else:
                by_place[number, place] = outcome
    measured = [by_place[place] for place in sorted(by_place)]
    if not measured:
        raise BadInput(f"Nothing could be measured. {notes[0].file}, {notes[0].name}: {notes[0].why}.")
    events.stage("saving")
    _save(job, measured, notes, kind)


@dataclass(frozen=True)
class Note:
    """Something of a file that was not measured, and why."""

    file: str
    name: str
    why: str
    unreadable: bool = False
    """Whether it should be there, and cannot be read."""


@dataclass(frozen=True)
class _Found:
    """An array that is to be measured: of which file, which of its arrays, bytes to read."""

    file: int
    place: int
    bytes: int


class _LateError(Exception):
    """The time in which arrays are measured is over."""


class _Meter:
    """Turns bytes read into progress, and ends what takes longer than there is time, so that the rest is kept."""

    def __init__(self, events: Events, total: int, until: float) -> None:
        self._events, self._total, self._done, self._until = events, total, 0.0, until

    def add(self, count: int, passes: int) -> None:
        self._done += count / passes
        share = self._done / self._total
        self._events.progress(share, f"{self._done / 2**20:.0f} of {self._total / 2**20:.0f} MiB")
        self.check()

    def check(self) -> None:
        """Return if there is time left; else raise _LateError."""
        if time.monotonic() > self._until:
            raise _LateError


def _look(files: list[InputFile]) -> tuple[list[_Found], list[Note], list[InputFile]]:
    """Return the arrays there are to measure, what of the files is left out, and which of them can be opened."""
    total: list[_Found] = []
    notes: list[Note] = []
    sound: list[InputFile] = []
    for file in files:
        try:
            with open_arrays(file, files) as arrays:
                total += [
                    _Found(len(sound), place, array.bytes_to_read)
                    for place, array in enumerate(arrays.found)
                    if array.size
                ]
                notes += [Note(file.name, one.name, one.why) for one in arrays.left_out]
                notes += [Note(file.name, array.name, "it is empty") for array in arrays.found if not array.size]
                if arrays.still_open:
                    why = "it is still open for writing, or was never closed; measured is what had been written"
                    notes.append(Note(file.name, WHOLE, why))
            sound.append(file)
        except BadInput as error:
            notes.append(Note(file.name, WHOLE, str(error).rstrip("."), unreadable=True))
    return total, notes, sound


def _measure_file(
    file: InputFile, beside: list[InputFile], places: list[int], how: tuple[int, Kind], meter: _Meter
) -> Iterator[tuple[int, Measured | Note]]:
    """Yield what is known of each of these arrays, or why it cannot be: a damaged one costs itself only."""
    with open_arrays(file, beside) as arrays:
        for place in places:
            array = arrays.found[place]
            try:
                meter.check()
                yield place, measure(file.name, array, *how, meter.add)
            except BadInput as error:
                why = str(error).rstrip(".")
                named = f"{file.name} "
                yield (
                    place,
                    Note(file.name, array.name, f"it {why[len(named) :]}" if why.startswith(named) else why),
                )
            except _LateError:
                size = f"{array.bytes_to_read / 2**30:.1f} GiB"
                why = f"the job's time is too short for it ({size}); smaller arrays were measured before it"
                yield place, Note(file.name, array.name, why)


def _save(job: Job, measured: list[Measured], notes: list[Note], kind: str) -> None:
    kept = Result(job.output)
    shown: dict[str, np.ndarray] = {}
    captions: dict[str, str] = {}
    arrays: dict[str, np.ndarray] = {}
    # What is wrong first, in words and pictures; of what is sound the largest.
    order = sorted(
        range(len(measured)), key=lambda place: (-measured[place].weight, -measured[place].finding.size)
    )
    files = {one.finding.file for one in measured} | {note.file for note in notes}
    unread = [note.why for note in notes if note.unreadable]
    for place in order:
        finding = measured[place].finding
        if finding.not_read:
            words = f"{finding.not_read:,} values are damaged and could not be read"
            unread.append(f"{_called(finding, len(files))}: {words}")
        if finding.not_finite and finding.minimum is None:
            words = f"all {finding.not_finite:,} values are NaN or infinite: there is no number in it"
            unread.append(f"{_called(finding, len(files))}: {words}")
    for words in unread:
        kept.warning(words)
    for place in order:
        one, called = measured[place], _called(measured[place].finding, len(files))
        for number, fault in enumerate(one.faults):
            kept.warning(f"{called}: {fault.sentence}")
            name = f"{place:03d}-fault-{number}" if fault.picture is not None and kept.room_for_previews else ""
            if name and fault.picture is not None:
                words = f"{called}: {fault.title.lower()}; {fault.caption}"
                kept.preview(name, fault.picture, words, "thumbnail" if not shown else "preview")
                shown[name], captions[name] = fault.picture, fault.caption
            one.finding.faults.append(_entry(fault, name))
        for words in one.finding.unchecked:
            kept.warning(f"{called}: {words}") if "could not" in words else None
    for place in order:
        one = measured[place]
        group = f"{place:03d} {re.sub(r'[^A-Za-z0-9_.-]+', '_', one.finding.name).strip('_')}"
        arrays |= {f"{group}/{name}": values for name, values in one.arrays.items()}
        if kept.room_for_previews < len(one.pictures):
            kept.pictures_left_out(len(one.pictures))
            continue
        for number, (caption, picture) in enumerate(one.pictures.items()):
            name = f"{place:03d}-{number}"
            words = f"{one.finding.name}: {caption}"
            kept.preview(name, picture, words, "thumbnail" if not shown else "preview")
            shown[name], captions[name] = picture, words
            one.finding.pictures.append(name)
    findings = [measured[place].finding for place in order]
    largest = max(findings, key=lambda finding: finding.size)
    write_arrays(job.output / "qc.h5", arrays, {})
    document = {
        "schema": 1,
        "projection": kind,
        "arrays": [asdict(finding) for finding in findings],
        "left_out": [asdict(note) for note in notes],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    (job.output / "report.json").write_text(text + "\n", encoding="utf-8")
    page = html_page(
        job.title or "Quality check",
        [asdict(finding) for finding in findings],
        {name: (captions[name], picture) for name, picture in shown.items()},
        [asdict(note) for note in notes],
        unread,
    )
    (job.output / "report.html").write_text(page, encoding="utf-8")
    _parameters(kept, findings, len(notes), largest)


def _called(finding: Finding, files: int) -> str:
    """What an array is called: with its file where there are several, or where it has no name of its own."""
    own = finding.name.strip("/")
    if not own:
        return finding.file
    return finding.name if files == 1 else f"{finding.file}, {finding.name}"


def _entry(fault: Fault, picture: str) -> dict[str, Any]:
    """A fault as it stands in report.json."""
    return {
        "kind": fault.kind,
        "title": fault.title,
        "weight": round(fault.weight, 1),
        "sentence": fault.sentence,
        "number": _plain(fault.number),
        "unit": fault.unit,
        "threshold": fault.threshold,
        "said": fault.said,
        "reason": fault.reason,
        "frames": list(fault.frames),
        "picture": picture,
    }


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _parameters(kept: Result, findings: list[Finding], left_out: int, main_array: Finding) -> None:
    bad = sum(finding.not_finite for finding in findings)
    full = sum(finding.saturated or 0 for finding in findings)
    kept.parameter("arrays", len(findings))
    kept.parameter("values", sum(finding.size for finding in findings))
    kept.parameter("not finite", bad)
    kept.parameter("saturated", full)
    kept.parameter("left out", left_out)
    kept.parameter("largest array", main_array.name)
    for name in ("minimum", "maximum", "mean", "std"):
        value = getattr(main_array, name)
        kept.parameter(name, math.nan if value is None else value)
    wrong = [fault["title"].lower() for finding in findings for fault in finding.faults]
    kept.parameter("faults", len(wrong))
    words = [f"Wrong: {', '.join(dict.fromkeys(wrong))}"] if wrong else []
    words.append(f"{len(findings)} arrays" if len(findings) > 1 else "1 array")
    words.append(f"{bad:,} values not finite" if bad else "all values finite")
    words.append(f"{full:,} saturated" if full else "none saturated")
    unread = sum(finding.not_read for finding in findings)
    if unread:
        kept.parameter("not read", unread)
        words.append(f"{unread:,} values not read: damaged")
    words += [f"{left_out} left out"] if left_out else []
    kept.write(", ".join(words))
