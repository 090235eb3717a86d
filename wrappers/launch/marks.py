"""The marked values in a command, and how they are filled in. Never a shell: a list goes in, a list comes out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from wrappers.launch.reading import JobSpecError, Reader


@dataclass(frozen=True, slots=True)
class OptionMark:
    """The value of an option, behind a prefix; nothing where the option is not set."""

    option: str
    prefix: str


@dataclass(frozen=True, slots=True)
class FlagMark:
    """A fixed argument, present if a boolean option is true."""

    flag: str
    when: str


@dataclass(frozen=True, slots=True)
class InputMark:
    """One argument for each file of an input slot."""

    slot: str


@dataclass(frozen=True, slots=True)
class InputListMark:
    """The path of a file with the names of a slot's files, each ended by a NUL; nothing where the slot is empty.

    `relative`: names beneath the dataset's folder instead of full paths.
    """

    slot: str
    prefix: str
    relative: bool


@dataclass(frozen=True, slots=True)
class InputFolderMark:
    """The folder of the one dataset in a slot; nothing where the slot is empty."""

    slot: str
    prefix: str


@dataclass(frozen=True, slots=True)
class OutputMark:
    """A path beneath output/."""

    path: str


@dataclass(frozen=True, slots=True)
class JobMark:
    """The path of job.json."""


Argument = str | OptionMark | FlagMark | InputMark | InputListMark | InputFolderMark | OutputMark | JobMark
_SLOT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class View:
    """The paths of a job as its program sees them: in a container, or outside.

    `folders` are those of the datasets in each slot, `tmp` is where launch lays its lists.
    """

    folder: str
    inputs: Mapping[str, Sequence[str]]
    folders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tmp: str = ""

    def job_json(self) -> str:
        """The path of job.json."""
        return f"{self.folder}/job.json"


def parse_argument(item: object, place: str) -> Argument:
    """Return the checked form of one item of a command. Raises OrderError."""
    if isinstance(item, str):
        if "\0" in item:
            raise JobSpecError(f"{place} has a NUL character")
        return item
    mark = _mark(Reader(item, place), place)
    if mark is None:
        raise JobSpecError(f"{place} is no mark that this version knows")
    return mark


def _mark(reader: Reader, place: str) -> Argument | None:
    mark: Argument | None = None
    match sorted(reader.keys()):
        case ["option"]:
            mark = OptionMark(reader.text("option"), "")
        case ["option", "prefix"]:
            mark = OptionMark(reader.text("option"), reader.text("prefix"))
        case ["flag", "when"]:
            mark = FlagMark(reader.text("flag"), reader.text("when"))
        case ["input"]:
            mark = InputMark(reader.text("input"))
        case ["input_list", *others] if set(others) <= {"prefix", "relative"}:
            relative = reader.has("relative") and reader.truth("relative")
            mark = InputListMark(_slot(reader, "input_list", place), _prefix(reader), relative)
        case ["input_folder"] | ["input_folder", "prefix"]:
            mark = InputFolderMark(_slot(reader, "input_folder", place), _prefix(reader))
        case ["output"]:
            mark = OutputMark(_beneath(reader.text("output"), place))
        case ["job"] if reader.text("job") == "json":
            mark = JobMark()
    return mark


def _prefix(reader: Reader) -> str:
    return reader.text("prefix") if reader.has("prefix") else ""


def _slot(reader: Reader, key: str, place: str) -> str:
    """A slot's name, which becomes a part of a file's name."""
    name = reader.text(key)
    if not _SLOT.fullmatch(name):
        raise JobSpecError(f"{place}.{key} is no name of a slot")
    return name


def _beneath(text: str, place: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or path.as_posix() == ".":
        raise JobSpecError(f"{place}.output must be a path beneath output/")
    return path.as_posix()


def fill(command: Sequence[Argument], options: Mapping[str, Any], view: View) -> list[str]:
    """Return the command with every mark replaced by what it stands for."""
    return [word for argument in command for word in _words(argument, options, view)]


def _words(argument: Argument, options: Mapping[str, Any], view: View) -> list[str]:
    match argument:
        case InputMark() | InputListMark() | InputFolderMark():
            return _words_of_inputs(argument, view)
        case OptionMark(option, prefix):
            value = options.get(option)
            return [] if value is None else [prefix + option_text(value)]
        case FlagMark(flag, when):
            return [flag] if options.get(when) is True else []
        case OutputMark(path):
            return [f"{view.folder}/output/{path}"]
        case JobMark():
            return [view.job_json()]
        case str():
            return [argument]


def _words_of_inputs(argument: InputMark | InputListMark | InputFolderMark, view: View) -> list[str]:
    match argument:
        case InputMark(slot):
            return list(view.inputs.get(slot, ()))
        case InputListMark(slot, prefix, relative):
            return [f"{prefix}{view.tmp}/{list_name(slot, relative)}"] if view.inputs.get(slot) else []
        case InputFolderMark(slot, prefix):
            return [prefix + folder for folder in view.folders.get(slot, ())[:1]]


def list_name(slot: str, relative: bool) -> str:
    """The name of a slot's list in the folder for temporary files."""
    return f"input-{slot}.{'names' if relative else 'paths'}"


def option_text(value: object) -> str:
    """Return an option as programs read it: true/false, shortest exact decimals, lists joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(option_text(item) for item in value)
    return str(value)
