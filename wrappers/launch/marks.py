"""The marked values in a command, and how they are filled in. Never a shell: a list goes in, a list comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
class OutputMark:
    """A path beneath output/."""

    path: str


@dataclass(frozen=True, slots=True)
class JobMark:
    """The path of job.json."""


Argument = str | OptionMark | FlagMark | InputMark | OutputMark | JobMark


@dataclass(frozen=True, slots=True)
class View:
    """The paths of a job as its program sees them: in a container, or outside."""

    folder: str
    inputs: Mapping[str, Sequence[str]]

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
        case ["output"]:
            mark = OutputMark(_beneath(reader.text("output"), place))
        case ["job"] if reader.text("job") == "json":
            mark = JobMark()
    return mark


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
        case OptionMark(option, prefix):
            value = options.get(option)
            return [] if value is None else [prefix + option_text(value)]
        case FlagMark(flag, when):
            return [flag] if options.get(when) is True else []
        case InputMark(slot):
            return list(view.inputs.get(slot, ()))
        case OutputMark(path):
            return [f"{view.folder}/output/{path}"]
        case JobMark():
            return [view.job_json()]
        case str():
            return [argument]


def option_text(value: object) -> str:
    """Return an option as programs read it: true/false, shortest exact decimals, lists joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(option_text(item) for item in value)
    return str(value)
