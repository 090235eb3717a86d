"""What must hold between the marks of a command and the options and slots of its job type."""

from collections.abc import Iterator, Mapping, Sequence

from gantry_formats.commands.environment import findings as environment_findings
from gantry_formats.commands.written import findings as written_findings
from portal.jobtype.command.marks import (
    FileMark,
    FlagMark,
    InputFolderMark,
    InputListMark,
    InputMark,
    OptionMark,
    TextMark,
    WrittenBeside,
    WrittenMark,
    every,
)
from portal.jobtype.finding import Finding, Path, unknown
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.option import BooleanOption, OptionBase
from portal.jobtype.program import Program

MANY = (SeveralOption, NumbersOption, RangeOption)
"""Kinds that can be an argument each."""


def command_findings(program: Program, known: Sequence[OptionBase], most: Mapping[str, int]) -> Iterator[Finding]:
    """Marks of what is not there, or is of another kind; `most`: how many datasets each slot takes."""
    options = {option.name: option for option in known}
    slots = list(most)
    for inner, item in program.marks:
        place: Path = ("program", *inner)
        if isinstance(item, OptionMark):
            yield from _option(options, item, place)
        elif isinstance(item, WrittenMark) and item.written not in (program.written or {}):
            yield (*place, "written"), unknown("file in written", item.written, list(program.written or {}))
        elif isinstance(item, FileMark) and not isinstance(options.get(item.file), FileOption):
            yield (*place, "file"), f"{item.file} is no option of the type file"
        elif isinstance(item, InputMark) and item.input not in slots:
            yield (*place, "input"), unknown("slot", item.input, slots)
        elif isinstance(item, FlagMark) and not isinstance(options.get(item.when), BooleanOption):
            yield (*place, "when"), f"{item.when} is no boolean option"
    yield from _listed(program, most)
    document, dumped = program.document(), {one.name: one.model_dump() for one in known}
    lacking = {name: one.beside for name, one in (program.written or {}).items() if isinstance(one, WrittenBeside)}
    for name, path in lacking.items():
        words = f"{name}: {path[:60]} lies beside this text, which came without it; give its text as content"
        yield ("program", "written", name, "beside"), words
    written = {name: one for name, one in document.get("written", {}).items() if name not in lacking}
    for name, words in written_findings(written, dumped, slots):
        yield ("program", "written", name), words
    for name, words in environment_findings(document.get("environment", {}), dumped):
        yield ("program", "environment", name), words


def _option(options: Mapping[str, OptionBase], item: OptionMark, place: Path) -> Iterator[Finding]:
    option = options.get(item.option)
    if option is None:
        yield (*place, "option"), unknown("option", item.option, list(options))
    elif item.end is not None and not isinstance(option, RangeOption):
        yield (*place, "end"), f"{item.option} is no range, which has two ends"
    elif item.each is not None and (item.end or not isinstance(option, MANY)):
        yield (*place, "each"), f"{item.option} has one value: each is for lists and ranges"


def findings_now(program: Program, known: Sequence[OptionBase]) -> Iterator[Finding]:
    """What is refused in what is written now, though it was taken before: hyphens before what people type."""
    typed = {option.name for option in known if option.typed}
    for inner, item in every(program.command or ()):
        parts: Sequence[object] = item.text if isinstance(item, TextMark) else (item,)
        before = ""
        for part in parts:
            before += part if isinstance(part, str) else getattr(part, "prefix", None) or ""
            if isinstance(part, OptionMark) and part.option in typed and before and not before.strip("-"):
                words = f"what people type for {part.option} stands behind {before} alone: it could be any flag"
                yield ("program", "command", *inner), words
            if not isinstance(part, str):
                before += "x"  # from here on something stands before


def _listed(program: Program, most: Mapping[str, int]) -> Iterator[Finding]:
    """A list names a slot; names in it that are relative have one folder, and the program is told which."""
    command = list(every(program.command or ()))
    folders = {item.input_folder for _, item in command if isinstance(item, InputFolderMark)}
    for inner, item in command:
        place: Path = ("program", "command", *inner)
        if isinstance(item, InputListMark):
            key, name, one = "input_list", item.input_list, bool(item.relative)
        elif isinstance(item, InputFolderMark):
            key, name, one = "input_folder", item.input_folder, True
        else:
            continue
        if name not in most:
            yield (*place, key), unknown("slot", name, list(most))
        elif one and most[name] > 1:
            yield (*place, key), f"the slot {name} takes several datasets, which have no folder in common"
        elif one and name not in folders:
            yield (*place, key), f"names that are relative need {{input_folder: {name}}} in the command too"
