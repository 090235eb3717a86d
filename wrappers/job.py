"""The job spec a program works on: job.json read once, with typed options and files that can be opened.

A program is `run(main, stages)` with `main(job, events)`. What the data or the options make impossible is raised
as BadInput; it ends the program with one sentence, as its last event and on stderr, and exit code 2.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from gantry_formats import factor_between
from gantry_formats.kinds import OF_MACOS
from wrappers.errors import BadInput
from wrappers.events import Events

SCHEMA = 1
BAD_INPUT = 2


@dataclass(frozen=True)
class Beside:
    """The files of one dataset, by name, and the folder that they were registered in, as an absolute path."""

    files: Mapping[str, Path]
    folder: str
    not_followed: Mapping[str, str] = field(default_factory=dict)
    """Links in the place of files, and where they lead, as a clause: registered without what they lead to."""


@dataclass(frozen=True)
class InputFile:
    """One file of an input dataset, where this process can open it."""

    name: str
    path: Path
    beside: Beside | None = field(default=None, compare=False, repr=False)
    """All files of its dataset: a file may lead to others of them."""

    @property
    def suffix(self) -> str:
        """What the name says of the kind, in small letters; nothing for what macOS keeps beside a file."""
        return "" if self.path.name.startswith(OF_MACOS) else self.path.suffix.lower()


@dataclass(frozen=True)
class Quantity:
    """A dataset parameter with its units as the catalogue writes them."""

    value: Any
    units: str


@dataclass(frozen=True)
class InputDataset:
    """One dataset given to a slot of the form. Files that others of it lead to are reached through those."""

    name: str
    files: tuple[InputFile, ...]
    parameters: Mapping[str, Quantity]
    not_followed: Mapping[str, str] = field(default_factory=dict)
    """Links in the place of files, by name, and where they lead, as a clause."""

    @property
    def what_is_missing(self) -> str:
        """The first of these links as sentences, to go behind another one; empty where there is none."""
        return "".join(f" {name}: {why}." for name, why in list(self.not_followed.items())[:3])

    def length_um(self, parameter: str) -> float | None:
        """Return a parameter with a unit of length in µm; None where it is absent or its unit is not a length."""
        quantity = self.parameters.get(parameter)
        if quantity is None or isinstance(quantity.value, str):
            return None
        factor = factor_between(quantity.units, "um")
        return None if factor is None else float(quantity.value) * factor


@dataclass(frozen=True)
class Options:
    """The form's values; null or absent means the default given here."""

    values: Mapping[str, Any]

    def _value(self, name: str, default: Any) -> Any:
        value = self.values.get(name)
        return default if value is None else value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a finite number in [low, high]."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadInput(f"The option {name} is {value!r}; it must be a number from {low:g} to {high:g}.")
        return float(value)

    def optional_number(self, name: str, low: float, high: float) -> float | None:
        """Return a number in [low, high], or None where none was given."""
        return None if self.values.get(name) is None else self.number(name, low, low, high)

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number in [low, high]."""
        value = self.number(name, default, low, high)
        if value != int(value):
            raise BadInput(f"The option {name} is {value!r}; it must be a whole number.")
        return int(value)

    def optional_integer(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number in [low, high], or None where none was given."""
        return None if self.values.get(name) is None else self.integer(name, low, low, high)

    def text(self, name: str) -> str | None:
        """Return a text, or None where none, or an empty one, was given."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise BadInput(f"The option {name} is {value!r}; it must be a text.")
        return value.strip() or None if value else None

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise BadInput(f"The option {name} is {value!r}; it must be true or false.")
        return value

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """Return one of `choices`."""
        value = self._value(name, default)
        if value not in choices:
            raise BadInput(f"The option {name} is {value!r}; it must be one of {', '.join(choices)}.")
        return str(value)


@dataclass(frozen=True)
class Job:
    """An order, with the folder its results go to."""

    title: str
    inputs: Mapping[str, tuple[InputDataset, ...]]
    options: Options
    cpus: int
    folder: Path
    analysis: str = ""  # name and version of the job type, as "tomo-slice 1.2"
    number: str = ""
    time_s: float = math.inf
    """Seconds that the job may take; without end where the order does not say."""
    memory_bytes: float = math.inf
    """What it may use of memory; without end where the order does not say."""

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def datasets(self, slot: str) -> tuple[InputDataset, ...]:
        """Return the datasets of a slot; BadInput where there is none."""
        datasets = self.inputs.get(slot, ())
        if not any(dataset.files for dataset in datasets):
            raise BadInput(f"No file was given as {slot}." + "".join(one.what_is_missing for one in datasets))
        return datasets

    def one(self, slot: str) -> InputDataset:
        """Return the only dataset of a slot."""
        datasets = self.datasets(slot)
        if len(datasets) > 1:
            raise BadInput(f"{len(datasets)} datasets were given as {slot}; this analysis takes one.")
        return datasets[0]


def load(environ: Mapping[str, str]) -> Job:
    """Return the job spec that GANTRY_JOB names; ValueError where it is not one this release understands."""
    path = Path(environ["GANTRY_JOB"])
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("schema") != SCHEMA:
        raise ValueError(f"job.json has schema {document.get('schema')!r}; this release reads {SCHEMA}")
    in_container = environ.get("GANTRY_CONTAINER") == "1"
    folder = Path(environ.get("GANTRY_FOLDER") or path.parent)
    inputs = {
        slot: tuple(_dataset(entry, in_container) for entry in entries)
        for slot, entries in document.get("inputs", {}).items()
    }
    kind = document.get("jobtype") or {}
    return Job(
        analysis=" ".join(str(kind[key]) for key in ("name", "version") if kind.get(key)),
        number=str(document.get("job", {}).get("number") or ""),
        title=str(document.get("job", {}).get("title", "")),
        inputs=inputs,
        options=Options(document.get("options", {})),
        time_s=float(document.get("resources", {}).get("time_s", math.inf)),
        memory_bytes=float(document.get("resources", {}).get("memory_mb", math.inf)) * 2**20,
        cpus=max(1, int(document.get("resources", {}).get("cpus", 1))),
        folder=folder,
    )


def _dataset(entry: Mapping[str, Any], in_container: bool) -> InputDataset:
    where = "target" if in_container else "path"
    parameters = {
        name: Quantity(given.get("value"), str(given.get("units") or ""))
        for name, given in (entry.get("parameters") or {}).items()
    }
    lost = {str(name): str(why) for name, why in (entry.get("not_followed") or {}).items()}
    beside = Beside(
        {file["name"]: Path(file[where]) for file in entry["files"]},
        str(Path(str(entry.get("root") or "/")) / str(entry.get("location") or "")),
        lost,
    )
    leading = [file for file in entry["files"] if not file.get("linked") and not file.get("aside")]
    files = tuple(InputFile(file["name"], Path(file[where]), beside) for file in leading or entry["files"])
    return InputDataset(str(entry.get("name", "")), files, parameters, lost)


def run(main: Callable[[Job, Events], None], stages: Sequence[str]) -> NoReturn:
    """Run a program on the job spec that the environment names, and exit: 0, or 2 with one sentence.

    It is the last line of events.jsonl, and on stderr.
    """
    job = load(os.environ)
    job.output.mkdir(exist_ok=True)
    events = Events(job.folder / "events.jsonl", stages)
    try:
        main(job, events)
    except BadInput as error:
        sentence = " ".join(str(error).split())
        with suppress(OSError):  # a full disk: the log has it
            events.refused(sentence)
        sys.stderr.write(sentence + "\n")
        sys.exit(BAD_INPUT)
    events.done()
    sys.exit(0)
