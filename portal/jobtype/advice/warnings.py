"""What a checked job type says that its author most likely did not mean."""

import itertools
import json
import re
from collections.abc import Collection, Iterator, Sequence

from gantry_formats.commands.written import options_in
from gantry_formats.patterns import PatternError
from gantry_formats.patterns.paths import PathPattern
from portal.jobtype import title
from portal.jobtype.command.marks import (
    FileMark,
    FlagMark,
    InputFolderMark,
    InputListMark,
    InputMark,
    JobMark,
    Mark,
    OptionMark,
    OutputMark,
    TextMark,
    every,
)
from portal.jobtype.finding import Finding, Path, suggestion
from portal.jobtype.model import JobType
from portal.jobtype.option import ChoiceOption, FloatOption, IntegerOption, OptionBase, default_of

LEFT_OVER = re.compile(r"\{\s*([a-z_]\w*)[^{}]*\}|\$\{?[A-Za-z_]\w*\}?|<[a-z_]+>")
"""What looks like a place to be filled in. find's {} is none."""
TAKES_VALUE = re.compile(r"--?[A-Za-z][\w-]*")
"""A word behind which its value stands."""


def warnings(jobtype: JobType, *, images: Collection[str] | None = None) -> list[Finding]:
    """All of it, with its place. `images`: the names of those that are staged here; None where none are used."""
    return [
        *_command(jobtype),
        *_never_shown(jobtype),
        *_without_choice(jobtype),
        *_outputs(jobtype),
        *_pictures(jobtype),
        *_image(jobtype, images),
        *_names(jobtype),
    ]


def _command(jobtype: JobType) -> Iterator[Finding]:
    """What of form and inputs reaches no argument. A program that is given job.json reads it all there."""
    command = jobtype.program.command
    if command is None:
        return
    marks = jobtype.program.marks
    for place, item in marks:
        texts = (
            [item] if isinstance(item, str) else [getattr(item, "output", ""), getattr(item, "prefix", "") or ""]
        )
        for text in texts:
            if found := LEFT_OVER.search(text):
                words = f"“{found[0]}” is handed to the program as it stands: no shell fills it in"
                yield ("program", *place), words + _meant(jobtype, found)
    if any(isinstance(item, JobMark) for _, item in marks):
        return
    yield from _left_alone(jobtype, command)
    yield from _unused(jobtype, [item for _, item in marks])


def _left_alone(jobtype: JobType, command: Sequence[str | Mark]) -> Iterator[Finding]:
    """Words such as --threshold whose value can be missing: an option's that can be without one, or an input's."""
    for index, (word, item) in enumerate(itertools.pairwise(command)):
        if not index or not isinstance(word, str) or not TAKES_VALUE.fullmatch(word):
            continue
        name = None if isinstance(item, str) else _can_be_missing(jobtype, item)
        if name is not None and not isinstance(item, str):
            mark = json.dumps(item.model_dump(exclude_none=True, exclude_defaults=True), ensure_ascii=False)
            plain = re.sub(r'"([\w.-]+)"', r"\1", mark)
            words = f"where {name} has no value, {word} stands alone: write {{together: [{word}, {plain}]}}"
            yield ("program", "command", index), words


def _can_be_missing(jobtype: JobType, item: object, *, inside: bool = False) -> str | None:
    """The option or input without which a mark leaves no word; None where it always leaves one.

    With a prefix of its own it needs no word before it.
    """
    if isinstance(item, TextMark):
        return next(filter(None, (_can_be_missing(jobtype, part, inside=True) for part in item.text)), None)
    if getattr(item, "prefix", None) and not inside:
        return None
    if isinstance(item, OptionMark | FileMark):
        name = item.option if isinstance(item, OptionMark) else item.file
        option = next((one for one in jobtype.options if one.name == name), None)
        asked = option is None or not (option.show_when or option.only_with)
        has = option is None or option.required or default_of(option) is not None
        return None if asked and has else name
    if isinstance(item, InputMark | InputListMark | InputFolderMark):
        slot = (
            getattr(item, "input", None) or getattr(item, "input_list", None) or getattr(item, "input_folder", "")
        )
        return next((one.name for one in jobtype.inputs if one.name == slot and one.min == 0), None)
    return None


def _unused(jobtype: JobType, command: Sequence[str | Mark]) -> Iterator[Finding]:
    used = {item.option for item in command if isinstance(item, OptionMark)}
    used |= options_in(jobtype.program.document().get("written", {}))
    used |= {item.file for item in command if isinstance(item, FileMark)}
    used |= {item.when for item in command if isinstance(item, FlagMark)}
    asked = {name for option in jobtype.options for name in option.only_with}
    asked |= {name for option in jobtype.options if option.show_when for name in option.show_when.names("option")}
    for index, option in enumerate(jobtype.options):
        if option.name not in used and option.name not in asked:
            yield ("options", index), f"{option.name} changes nothing: no argument of the command has it"
    given = {item.input for item in command if isinstance(item, InputMark)}
    given |= {item.input_list for item in command if isinstance(item, InputListMark)}
    given |= {item.input_folder for item in command if isinstance(item, InputFolderMark)}
    for index, slot in enumerate(jobtype.inputs):
        if slot.name not in given:
            yield ("inputs", index), f"{slot.name} reaches nothing: no argument of the command has its files"


def _meant(jobtype: JobType, found: re.Match[str]) -> str:
    """; did you mean the mark {option: sigma}?"""
    word = found[0].strip("{}$<> ").split()[-1] if found[0].strip("{}$<> ") else ""
    options = [option.name for option in jobtype.options]
    slots = [slot.name for slot in jobtype.inputs]
    if word in options:
        return f"; did you mean the mark {{option: {word}}}?"
    if word in slots or word in {"input", "inputs", "file", "files"}:
        return f"; did you mean the mark {{input: {word if word in slots else slots[0] if slots else '…'}}}?"
    if word in {"output", "out", "outdir"}:
        return "; did you mean the mark {output: result.tif}?"
    return suggestion(word, [*options, *slots])


def _never_shown(jobtype: JobType) -> Iterator[Finding]:
    """Options that need choices which exclude each other."""
    by_name = {option.name: option for option in jobtype.options}
    for index, option in enumerate(jobtype.options):
        needed: dict[str, set[str]] = {}
        pending: list[OptionBase] = [option]
        while pending:
            for name, values in pending.pop().only_with.items():
                needed[name] = needed.get(name, set(values)) & set(values)
                if name in by_name and len(needed) <= len(by_name):
                    pending.append(by_name[name])
        impossible = [name for name, values in needed.items() if not values]
        if impossible:
            words = f"{option.name} is never shown: no value of {impossible[0]} goes with all that it is only_with"
            yield ("options", index, "only_with"), words


def _without_choice(jobtype: JobType) -> Iterator[Finding]:
    for index, option in enumerate(jobtype.options):
        place: Path = ("options", index)
        if isinstance(option, ChoiceOption) and len(option.items) == 1 and option.required:
            yield place, f"{option.name} has one choice, and must be chosen: there is nothing to ask"
        elif (
            isinstance(option, IntegerOption | FloatOption) and option.min is not None and option.min == option.max
        ):
            yield place, f"{option.name} can only be {option.min}: there is nothing to ask"
        conditional = option.only_with or option.pick or option.default_from
        if option.required and option.advanced and not conditional and default_of(option) is None:
            yield place, f"{option.name} must be given and stands under More settings, which are closed at first"


def _outputs(jobtype: JobType) -> Iterator[Finding]:
    command = jobtype.program.command
    marks = list(every(command or ()))
    if command is None or any(isinstance(item, JobMark) for _, item in marks):
        return
    written = [(place, item.output) for place, item in marks if isinstance(item, OutputMark)]
    if not written:
        if jobtype.outputs and jobtype.program.working_folder != "output":
            words = "no argument has {output: …}, so that the program is not told where its results belong"
            yield ("program", "command"), words
        return
    if not jobtype.outputs:
        yield ("outputs",), f"{written[0][1]} is written and lost: there is no output that could take it"
        return
    for place, path in written:
        # A path without a suffix may be a folder or a beginning of names, into which the program writes more.
        if "." not in path.rpartition("/")[2]:
            continue
        if not any(_catches(output.pattern, path) for output in jobtype.outputs):
            yield ("program", "command", *place), f"no output has a pattern that catches {path}: it would be lost"
    named = [path for _, path in written]
    if all("." in path.rpartition("/")[2] for path in named):
        for index, output in enumerate(jobtype.outputs):
            if not any(_catches(output.pattern, path) for path in named):
                words = f"{output.pattern} catches none of what the command names: {', '.join(named)}"
                yield ("outputs", index, "pattern"), words


def _pictures(jobtype: JobType) -> Iterator[Finding]:
    """Pictures whose very name no output takes: the result would be refused, for it names what is not there."""
    for index, picture in enumerate(jobtype.pictures):
        if any(sign in picture.file for sign in "*?[") or picture.file.startswith("previews/"):
            continue
        if not any(_catches(output.pattern, picture.file) for output in jobtype.outputs):
            words = (
                f"no output has a pattern that catches {picture.file}: write it into previews/, or let one take it"
            )
            yield ("pictures", index, "file"), words


def _catches(pattern: str, path: str) -> bool:
    try:
        return PathPattern(pattern).takes(path)
    except PatternError:  # published before this was asked
        return False


def _image(jobtype: JobType, images: Collection[str] | None) -> Iterator[Finding]:
    if images is None:
        return
    if jobtype.image is None:
        yield ("program",), "it names no image; where programs run in containers only, it cannot run"
    elif jobtype.image not in images:
        there = f"; there are: {', '.join(sorted(images))}" if images else "; none is"
        yield (
            ("image",),
            f"the image {jobtype.image} is not staged here{suggestion(jobtype.image, images) or there}",
        )


def _names(jobtype: JobType) -> Iterator[Finding]:
    if jobtype.inputs and jobtype.outputs and not title.placeholders(jobtype.result_title):
        yield ("result_title",), "all its results have the same name: there is no {input} and no option in it"
    if 0 not in jobtype.success_codes:
        yield ("success_codes",), "0, with which programs end that are done, is no success"
