"""How the marks of a command are filled in. Never a shell: a list goes in, a list comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wrappers.launch.marks import (
    Argument,
    FileMark,
    FlagMark,
    GrantedFlagMark,
    InputFolderMark,
    InputListMark,
    InputMark,
    JobMark,
    OneOfMark,
    OptionMark,
    OutputMark,
    ResourceMark,
    TextMark,
    TogetherMark,
    WrittenMark,
)

WRITTEN = "written"
"""The folder beneath the one for temporary files in which they lie."""


@dataclass(frozen=True, slots=True)
class View:
    """A job as its program sees it, in a container or outside: paths, and what it was granted.

    `folders` are those of the datasets in each slot, `tmp` is where launch lays its lists.
    """

    folder: str
    inputs: Mapping[str, Sequence[str]]
    folders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tmp: str = ""
    granted: Mapping[str, float] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    """The paths of files that options chose."""

    def job_json(self) -> str:
        """The path of job.json."""
        return f"{self.folder}/job.json"


def fill(command: Sequence[Argument], options: Mapping[str, Any], view: View) -> list[str]:
    """Return the command with every mark replaced by what it stands for."""
    return [word for argument in command for word in _words(argument, options, view) or ()]


def fill_environment(
    environment: Mapping[str, Argument], options: Mapping[str, Any], view: View
) -> dict[str, str]:
    """The variables that have a value."""
    filled = {name: _words(argument, options, view) for name, argument in environment.items()}
    return {name: "".join(words) for name, words in filled.items() if words is not None}


def _words(argument: Argument, options: Mapping[str, Any], view: View) -> list[str] | None:
    """What an argument becomes; None where a value is missing."""
    words: list[str] | None = None
    match argument:
        case str():
            words = [argument]
        case OptionMark() | FlagMark():
            words = _words_of_options(argument, options)
        case GrantedFlagMark(flag, name):
            words = [flag] if view.granted.get(name) else None
        case ResourceMark(name, prefix):
            words = [prefix + option_text(view.granted[name])] if view.granted.get(name) else None
        case InputMark() | InputListMark() | InputFolderMark():
            words = _words_of_inputs(argument, view) or None
        case FileMark(option, prefix):
            words = [prefix + view.chosen[option]] if option in view.chosen else None
        case WrittenMark(name, prefix):
            words = [f"{prefix}{view.tmp}/{WRITTEN}/{name}"]
        case OutputMark(path):
            words = [f"{view.folder}/output/{path}"]
        case JobMark():
            words = [view.job_json()]
        case TextMark() | TogetherMark() | OneOfMark():
            words = _words_of_several(argument, options, view)
    return words


def _words_of_several(
    argument: TextMark | TogetherMark | OneOfMark, options: Mapping[str, Any], view: View
) -> list[str] | None:
    match argument:
        case TextMark(parts):
            words = _together(parts, options, view)
            return None if words is None else ["".join(words)]
        case TogetherMark(items):
            return _together(items, options, view)
        case OneOfMark(items):
            found = (_words(item, options, view) for item in items)
            return next((words for words in found if words is not None), None)


def _together(items: Sequence[Argument], options: Mapping[str, Any], view: View) -> list[str] | None:
    found = [_words(item, options, view) for item in items]
    return None if None in found else [word for words in found for word in words or ()]


def _words_of_options(argument: OptionMark | FlagMark, options: Mapping[str, Any]) -> list[str] | None:
    if isinstance(argument, FlagMark):
        return [argument.flag] if options.get(argument.when) is True else None
    value = options.get(argument.option)
    if isinstance(value, dict) and argument.end:
        value = value.get(argument.end)
    values = _parts(value) if argument.each else [value]
    if value is None or value == [] or not values:
        return None
    return [argument.prefix + option_text(one) for one in values]


def _parts(value: object) -> list[Any]:
    """The values of a list, or the two ends of a range; of anything else that alone."""
    if isinstance(value, dict):
        return [value.get("low"), value.get("high")]
    return value if isinstance(value, list) else [value]


def _words_of_inputs(argument: InputMark | InputListMark | InputFolderMark, view: View) -> list[str]:
    match argument:
        case InputMark(slot):
            return list(view.inputs.get(slot, ()))
        case InputListMark(slot, prefix):
            return [f"{prefix}{view.tmp}/{list_name(argument)}"] if view.inputs.get(slot) else []
        case InputFolderMark(slot, prefix):
            return [prefix + folder for folder in view.folders.get(slot, ())[:1]]


def list_name(mark: InputListMark) -> str:
    """The name of a slot's list in the folder for temporary files."""
    return f"input-{mark.slot}.{'names' if mark.relative else 'paths'}{'.txt' if mark.lines else ''}"


def option_text(value: object) -> str:
    """Return an option as programs read it: true/false, shortest exact decimals, lists joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return ",".join(option_text(item) for item in _parts(value))
    return str(value)
