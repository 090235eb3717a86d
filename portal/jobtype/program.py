"""What a job type runs: a module of wrappers, or a command with marked values. Never a shell."""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from portal.jobtype.strict import Name, Strict

Argument = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]


class OptionMark(Strict):
    """The value of an option behind a prefix; no argument at all where the option has no value."""

    option: Name
    prefix: Argument | None = None


class FlagMark(Strict):
    """An argument that is there if a boolean option is true."""

    flag: Argument
    when: Name


class InputMark(Strict):
    """One argument a file of an input slot."""

    input: Name


class InputListMark(Strict):
    """The path of a file that lists the files of an input slot, each name ended by a NUL: for any number of files.

    `relative`: names beneath the dataset's folder ({input_folder: …}) instead of full paths.
    """

    input_list: Name
    prefix: Argument | None = None
    relative: bool | None = None


class InputFolderMark(Strict):
    """The folder of the dataset in an input slot, beneath which its files have their names."""

    input_folder: Name
    prefix: Argument | None = None


class OutputMark(Strict):
    """A path beneath the job's output folder."""

    output: Argument

    @field_validator("output")
    @classmethod
    def _stays_inside(cls, text: str) -> str:
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
            raise ValueError("must be a path beneath the output folder, without '..'")
        return text


class JobMark(Strict):
    """The path of job.json."""

    job: Literal["json"]


MARKS = ("option", "flag", "input", "input_list", "input_folder", "output", "job")


def _kind_of_argument(item: Any) -> str | None:
    if isinstance(item, str):
        return "text"
    keys = (
        set(type(item).model_fields)
        if isinstance(item, Strict)
        else set(item)
        if isinstance(item, dict)
        else set()
    )
    return next((key for key in MARKS if key in keys), None)


CommandItem = Annotated[
    Annotated[Argument, Tag("text")]
    | Annotated[OptionMark, Tag("option")]
    | Annotated[FlagMark, Tag("flag")]
    | Annotated[InputMark, Tag("input")]
    | Annotated[InputListMark, Tag("input_list")]
    | Annotated[InputFolderMark, Tag("input_folder")]
    | Annotated[OutputMark, Tag("output")]
    | Annotated[JobMark, Tag("job")],
    Discriminator(
        _kind_of_argument,
        custom_error_type="argument",
        custom_error_message="an argument is text or a mark: {option: …}, {flag: …, when: …}, {input: …}, "
        "{input_list: …}, {input_folder: …}, {output: …} or {job: json}; write numbers in quotes",
    ),
]


class Program(Strict):
    """Exactly one of `module` and `command`."""

    module: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] | None = Field(
        None, description="A program of wrappers/, run as python -m wrappers.MODULE."
    )
    command: Annotated[list[CommandItem], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="The program and its arguments, some of them marked values. No shell reads it."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Program":
        if (self.module is None) == (self.command is None):
            raise ValueError("give either a module or a command")
        if self.command is not None and (not isinstance(self.command[0], str) or not self.command[0]):
            raise ValueError("a command begins with the name of its program, as plain text")
        return self

    def document(self) -> dict[str, Any]:
        """As it stands in job.json: only what was given."""
        return self.model_dump(mode="json", exclude_none=True)
