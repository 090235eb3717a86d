"""The marked values in a command, as they are read from job.json. filling.py puts something in their places."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wrappers.launch.reading import JobSpecError, Reader


@dataclass(frozen=True, slots=True)
class OptionMark:
    """The value of an option, behind a prefix; nothing where the option is not set.

    `each`: of a list an argument each. `end`: of a range its "low" or "high"; empty for both.
    """

    option: str
    prefix: str
    each: bool = False
    end: str = ""


@dataclass(frozen=True, slots=True)
class FlagMark:
    """A fixed argument, present if a boolean option is true."""

    flag: str
    when: str


@dataclass(frozen=True, slots=True)
class GrantedFlagMark:
    """A fixed argument, present if there is something of a resource."""

    flag: str
    granted: str


@dataclass(frozen=True, slots=True)
class ResourceMark:
    """What was granted of a resource, behind a prefix; nothing where that is none."""

    resource: str
    prefix: str


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
    lines: bool = False
    """Each name is a line, as programs read lists that know of no NUL."""


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
class FileMark:
    """The path of the file that an option chose, behind a prefix; nothing where none was chosen."""

    option: str
    prefix: str


@dataclass(frozen=True, slots=True)
class WrittenMark:
    """The path of a file that launch writes for the program, behind a prefix."""

    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class JobMark:
    """The path of job.json."""


@dataclass(frozen=True, slots=True)
class TextMark:
    """One argument of several parts; nothing where one of them is missing."""

    parts: "tuple[Argument, ...]"


@dataclass(frozen=True, slots=True)
class TogetherMark:
    """Arguments that are all there, or none of them where one is missing."""

    items: "tuple[Argument, ...]"


@dataclass(frozen=True, slots=True)
class OneOfMark:
    """The first of these that is not missing."""

    items: "tuple[Argument, ...]"


Argument = (
    str
    | OptionMark
    | FlagMark
    | GrantedFlagMark
    | ResourceMark
    | InputMark
    | InputListMark
    | InputFolderMark
    | OutputMark
    | FileMark
    | WrittenMark
    | JobMark
    | TextMark
    | TogetherMark
    | OneOfMark
)
GRANTED = ("cpus", "memory_mb", "time_s", "gpus", "ranks")
_SLOT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_MOST_PARTS = 100
_DEEPEST = 3
"""A text within what stands together within alternatives."""


def parse_argument(item: object, place: str, depth: int = 0) -> Argument:
    """Return the checked form of one item of a command. Raises JobSpecError."""
    if isinstance(item, str):
        if "\0" in item:
            raise JobSpecError(f"{place} has a NUL character")
        return item
    reader = Reader(item, place)
    for key, read in _MARKS.items():
        if reader.has(key):
            reader.only(key, *_FURTHER.get(key, ()))
            return read(reader, place)
    for key, kind in _NESTED.items():
        if reader.has(key):
            reader.only(key)
            return kind(_items(reader, key, f"{place}.{key}", depth + 1))
    raise JobSpecError(f"{place} is no mark that this version knows")


def every(command: Sequence[Argument]) -> Iterator[Argument]:
    """Each argument and mark of a command, those within others too."""
    for argument in command:
        yield argument
        match argument:
            case TextMark(inner) | TogetherMark(inner) | OneOfMark(inner):
                yield from every(inner)


def _items(reader: Reader, key: str, place: str, depth: int) -> tuple[Argument, ...]:
    items = reader.array(key)
    if depth > _DEEPEST or not 0 < len(items) <= _MOST_PARTS:
        raise JobSpecError(f"{place} must be a list of 1 to {_MOST_PARTS}, within {_DEEPEST} others at most")
    return tuple(parse_argument(item, f"{place}[{index}]", depth) for index, item in enumerate(items))


def _option(reader: Reader, place: str) -> Argument:
    end = reader.text("end") if reader.has("end") else ""
    if end not in ("", "low", "high"):
        raise JobSpecError(f"{place}.end must be low or high")
    return OptionMark(reader.text("option"), _prefix(reader), reader.has("each") and reader.truth("each"), end)


def _flag(reader: Reader, place: str) -> Argument:
    if reader.has("granted"):
        if reader.has("when"):
            raise JobSpecError(f"{place} must have either when or granted")
        return GrantedFlagMark(reader.text("flag"), _granted(reader, "granted", place))
    return FlagMark(reader.text("flag"), reader.text("when"))


def _resource(reader: Reader, place: str) -> Argument:
    return ResourceMark(_granted(reader, "resource", place), _prefix(reader))


def _input_list(reader: Reader, place: str) -> Argument:
    relative = reader.has("relative") and reader.truth("relative")
    lines = reader.has("lines") and reader.truth("lines")
    return InputListMark(_slot(reader, "input_list", place), _prefix(reader), relative, lines)


def _job(reader: Reader, place: str) -> Argument:
    if reader.text("job") != "json":
        raise JobSpecError(f"{place}.job must be json")
    return JobMark()


_MARKS: dict[str, Callable[[Reader, str], Argument]] = {
    "option": _option,
    "flag": _flag,
    "resource": _resource,
    "input": lambda reader, place: InputMark(reader.text("input")),
    "input_list": _input_list,
    "input_folder": lambda reader, place: InputFolderMark(_slot(reader, "input_folder", place), _prefix(reader)),
    "output": lambda reader, place: OutputMark(_beneath(reader.text("output"), place)),
    "file": lambda reader, place: FileMark(reader.text("file"), _prefix(reader)),
    "written": lambda reader, place: WrittenMark(reader.text("written"), _prefix(reader)),
    "job": _job,
}
_FURTHER = {
    "option": ("prefix", "each", "end"),
    "flag": ("when", "granted"),
    "resource": ("prefix",),
    "file": ("prefix",),
    "written": ("prefix",),
    "input_list": ("prefix", "relative", "lines"),
    "input_folder": ("prefix",),
}
_NESTED: dict[str, Callable[[tuple[Argument, ...]], Argument]] = {
    "text": TextMark,
    "together": TogetherMark,
    "one_of": OneOfMark,
}


def _prefix(reader: Reader) -> str:
    return reader.text("prefix") if reader.has("prefix") else ""


def _granted(reader: Reader, key: str, place: str) -> str:
    name = reader.text(key)
    if name not in GRANTED:
        raise JobSpecError(f"{place}.{key} must be one of {', '.join(GRANTED)}")
    return name


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
