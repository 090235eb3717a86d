"""The marks of a command: what stands in the place of an argument that is known only when a job is made."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator

from gantry_formats.commands.written import LONGEST_CONTENT
from portal.jobtype.strict import Line, Name, Strict

MOST_PARTS = 50
MOST_TOGETHER = 100
MOST_ALTERNATIVES = 20

Argument = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
Granted = Literal["cpus", "memory_mb", "time_s", "gpus", "ranks"]


class OptionMark(Strict):
    """The value of an option behind a prefix; no argument at all where the option has no value."""

    option: Name
    """The option whose value it is, by name."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""
    each: Literal[True] | None = Field(
        None, description="Of a list: an argument each, behind the prefix each; else one with commas between."
    )
    end: Literal["low", "high"] | None = Field(None, description="Of a range: one of its two ends.")


class FlagMark(Strict):
    """An argument that is there if a boolean option is true."""

    flag: Argument
    """The argument: --verbose."""
    when: Name
    """The boolean option that must be true, by name."""


class GrantedFlagMark(Strict):
    """An argument that is there if the job was granted a GPU."""

    flag: Argument
    """The argument: --gpu."""
    granted: Literal["gpus"]
    """What must be granted: gpus."""


class ResourceMark(Strict):
    """What the job was granted, as a number: cores, MiB, seconds, GPUs (missing where there is none), ranks."""

    resource: Granted
    """What was granted: cpus, memory_mb (MiB), time_s (seconds), gpus, ranks."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""


class InputMark(Strict):
    """One argument a file of an input slot."""

    input: Name
    """The slot, by name: for few files."""


class InputListMark(Strict):
    """The path of a file that lists the files of an input slot, each name ended by a NUL: for any number of files.

    `relative`: names beneath the dataset's folder ({input_folder: …}) instead of full paths.
    """

    input_list: Name
    """The slot whose files are listed, by name."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""
    relative: bool | None = None
    """Names beneath the dataset's folder instead of full paths."""
    lines: bool | None = Field(None, description="Each name is a line, for programs that know of no NUL.")


class InputFolderMark(Strict):
    """The folder of the dataset in an input slot, beneath which its files have their names."""

    input_folder: Name
    """The slot of the dataset, by name."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""


class OutputMark(Strict):
    """A path beneath the job's output folder."""

    output: Argument
    """The path beneath the output folder: result.tif."""

    @field_validator("output")
    @classmethod
    def _stays_inside(cls, text: str) -> str:
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
            raise ValueError("must be a path beneath the output folder, without '..'")
        return text


class FileMark(Strict):
    """The path of the file that an option chose; nothing where none was chosen."""

    file: Name
    """The option that chose it, by name."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""


class WrittenMark(Strict):
    """The path of a file that is written for the program before it starts: see the program's `written`."""

    written: Line
    """The file's name among those that are written."""
    prefix: Argument | None = None
    """What stands right before it, in the same argument: --name=."""


class JobMark(Strict):
    """The path of job.json."""

    job: Literal["json"]
    """Always json."""


def _kind(item: Any, known: Sequence[str]) -> str | None:
    if isinstance(item, str):
        return "plain"
    if isinstance(item, GrantedFlagMark) or (isinstance(item, dict) and "granted" in item):
        return "granted" if "granted" in known else None
    keys = (
        set(type(item).model_fields)
        if isinstance(item, Strict)
        else set(item)
        if isinstance(item, dict)
        else set()
    )
    return next((key for key in known if key in keys), None)


IN_TEXT = ("option", "file", "resource", "output", "input_folder")
ONE = (
    "option",
    "flag",
    "granted",
    "resource",
    "input",
    "input_list",
    "input_folder",
    "output",
    "file",
    "written",
    "job",
    "text",
)


def _in_text(item: Any) -> str | None:
    return _kind(item, IN_TEXT)


def _one(item: Any) -> str | None:
    return _kind(item, ONE)


def _alternative(item: Any) -> str | None:
    return _kind(item, (*ONE, "together"))


def _any(item: Any) -> str | None:
    return _kind(item, (*ONE, "together", "one_of"))


_Plain = Annotated[Argument, Tag("plain")]
_Option = Annotated[OptionMark, Tag("option")]
_Resource = Annotated[ResourceMark, Tag("resource")]
_Output = Annotated[OutputMark, Tag("output")]
_File = Annotated[FileMark, Tag("file")]
_Folder = Annotated[InputFolderMark, Tag("input_folder")]

TextPart = Annotated[
    _Plain | _Option | _File | _Resource | _Output | _Folder,
    Discriminator(
        _in_text,
        custom_error_type="argument",
        custom_error_message="a part of a text is text or one of {option: …}, {file: …}, {resource: …}, "
        "{output: …} and {input_folder: …}; write numbers in quotes",
    ),
]


class TextMark(Strict):
    """One argument of several parts behind each other; no argument at all where one of them is missing."""

    text: Annotated[list[TextPart], Field(min_length=1, max_length=MOST_PARTS)]
    """The parts, in order: text and marks."""


_One = (
    _Plain
    | _Option
    | Annotated[FlagMark, Tag("flag")]
    | Annotated[GrantedFlagMark, Tag("granted")]
    | _Resource
    | Annotated[InputMark, Tag("input")]
    | Annotated[InputListMark, Tag("input_list")]
    | _Folder
    | _Output
    | _File
    | Annotated[WrittenMark, Tag("written")]
    | Annotated[JobMark, Tag("job")]
    | Annotated[TextMark, Tag("text")]
)


def _in_variable(item: Any) -> str | None:
    return _kind(item, ("option", "resource", "output", "text"))


Variable = Annotated[
    _Plain | _Option | _Resource | _Output | Annotated[TextMark, Tag("text")],
    Discriminator(
        _in_variable,
        custom_error_type="argument",
        custom_error_message="a variable is text or one of {option: …}, {resource: …}, {output: …} and "
        "{text: […]}; write numbers in quotes",
    ),
]
"""The value of a variable, which is not set where that is missing."""


class WrittenDocument(Strict):
    """A file with JSON."""

    document: Any = Field(
        description="Maps, lists, texts and numbers as they stand, and {$option: NAME}, {$resource: NAME}, "
        "{$file: OPTION}, {$output: PATH}, {$files: SLOT} for values; what has none is left out."
    )


def _in_line(item: Any) -> str | None:
    return _kind(item, (*IN_TEXT, "text"))


WrittenLine = Annotated[
    _Plain | _Option | _File | _Resource | _Output | _Folder | Annotated[TextMark, Tag("text")],
    Discriminator(
        _in_line,
        custom_error_type="argument",
        custom_error_message="a line is text or one of {option: …}, {file: …}, {resource: …}, {output: …}, "
        "{input_folder: …} and {text: […]}; write numbers in quotes",
    ),
]


class WrittenLines(Strict):
    """A file with lines of text; one in which a value is missing is left out."""

    lines: Annotated[list[WrittenLine], Field(min_length=1, max_length=500)]
    """The lines, in order: text and marks."""


class WrittenContent(Strict):
    """A file with a text that stands as it is: a script of a few lines or a hundred."""

    content: Annotated[str, Field(min_length=1, max_length=LONGEST_CONTENT)]
    """The text of the file."""


class WrittenBeside(Strict):
    """A script that lies beside the YAML: read from a folder, its text stands here as `content`."""

    beside: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="Path of a text file in the folder of the YAML, or beneath it: fit.py."
    )


def _written(item: Any) -> str | None:
    for kind, key in ((WrittenContent, "content"), (WrittenBeside, "beside")):
        if isinstance(item, kind) or (isinstance(item, dict) and key in item):
            return key
    return (
        "lines" if isinstance(item, WrittenLines) or (isinstance(item, dict) and "lines" in item) else "document"
    )


WrittenFile = Annotated[
    Annotated[WrittenDocument, Tag("document")]
    | Annotated[WrittenLines, Tag("lines")]
    | Annotated[WrittenContent, Tag("content")]
    | Annotated[WrittenBeside, Tag("beside")],
    Discriminator(_written),
]

MARKS_IN_WORDS = (
    "{option: …}, {flag: …, when: …}, {text: […]}, {resource: …}, {input: …}, {input_list: …}, "
    "{input_folder: …}, {output: …}, {file: …}, {written: …} or {job: json}"
)
OneItem = Annotated[
    _One,
    Discriminator(
        _one,
        custom_error_type="argument",
        custom_error_message=f"within {{together: […]}} stands text or a mark: {MARKS_IN_WORDS}; "
        "write numbers in quotes",
    ),
]


class TogetherMark(Strict):
    """Arguments that stand together: all of them, or none where the value of one is missing."""

    together: Annotated[list[OneItem], Field(min_length=1, max_length=MOST_TOGETHER)]
    """The arguments, in order: text and marks."""


Alternative = Annotated[
    _One | Annotated[TogetherMark, Tag("together")],
    Discriminator(
        _alternative,
        custom_error_type="argument",
        custom_error_message=f"within {{one_of: […]}} stands text or a mark: {MARKS_IN_WORDS}, or "
        "{together: […]}; write numbers in quotes",
    ),
]


class OneOfMark(Strict):
    """The first of these of which no value is missing; nothing where there is none."""

    one_of: Annotated[list[Alternative], Field(min_length=2, max_length=MOST_ALTERNATIVES)]
    """The alternatives, the first one that can be had first."""


CommandItem = Annotated[
    _One | Annotated[TogetherMark, Tag("together")] | Annotated[OneOfMark, Tag("one_of")],
    Discriminator(
        _any,
        custom_error_type="argument",
        custom_error_message=f"an argument is text or a mark: {MARKS_IN_WORDS}; or several: "
        "{together: […]} or {one_of: […]}; write numbers in quotes",
    ),
]
Mark = (
    OptionMark
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
Place = tuple[str | int, ...]


def every(command: Sequence[Any]) -> Iterator[tuple[Place, str | Mark]]:
    """Each text and mark of a command, those within others too, with its place in the command."""
    for index, item in enumerate(command):
        yield (index,), item
        for key in ("text", "together", "one_of"):
            for place, part in every(getattr(item, key, ())):
                yield (index, key, *place), part
