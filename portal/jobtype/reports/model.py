"""The keys of a job type by which software that knows nothing of Gantry is understood."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from gantry_formats.limits import MAX_CAPTION, MAX_NAME, MAX_UNITS
from gantry_formats.patterns import PatternError
from gantry_formats.patterns.lines import LinePattern
from gantry_formats.patterns.paths import PathPattern
from portal.jobtype.strict import Line, Strict

OF_PROGRESS: Final = ("done", "total", "percent", "fraction", "stage", "message")
OF_CAUSE: Final = ("cause",)
MOST_KEYS: Final = 20
"""How deep a value may lie in a JSON file."""


def _beneath_output(text: str) -> str:
    try:
        PathPattern(text)
    except PatternError as error:
        raise ValueError(f"the pattern {error}") from None
    return text


def _one_file(text: str) -> str:
    if any(character in text for character in "*?"):
        raise ValueError("must name one file; * and ? are for pictures and outputs")
    return _beneath_output(text)


def _line_pattern(text: str, names: tuple[str, ...]) -> LinePattern:
    try:
        return LinePattern(text, names)
    except PatternError as error:
        raise ValueError(f"the pattern {error}") from None


class ExitCode(Strict):
    """What one of the program's exit codes means."""

    code: Annotated[int, Field(ge=1, le=89)] = Field(description="As the program's documentation tells it.")
    means: Line = Field(description="A sentence for whoever started the job: No beads were found in the image.")


class Progress(Strict):
    """How a line of the program's output tells how far it is."""

    pattern: Line = Field(
        description="A regular expression that is looked for in each line. Its groups: (?<done>…) of (?<total>…), "
        "(?<percent>…) or (?<fraction>…), and as wanted (?<stage>…) and (?<message>…)."
    )
    stage: Annotated[Line, Field(max_length=60)] | None = Field(
        None, description="What the program does meanwhile, in the present participle: iterating."
    )

    @field_validator("pattern")
    @classmethod
    def _tells_something(cls, text: str) -> str:
        names = _line_pattern(text, OF_PROGRESS).names
        if "done" in names and not names & {"total"}:
            raise ValueError("the pattern tells what is done and not of how much: (?<total>…) is missing")
        if not names & {"done", "percent", "fraction", "stage", "message"}:
            raise ValueError(
                "the pattern has none of the groups (?<done>…), (?<percent>…), (?<fraction>…), (?<stage>…)"
            )
        if len(names & {"done", "percent", "fraction"}) > 1:
            raise ValueError("the pattern tells the same in two ways; one of done, percent and fraction is enough")
        return text


def _keys(value: object) -> object:
    """`fit.threshold.0` as a list of keys; a list stays as it is, so that a key may have a dot."""
    return value.split(".") if isinstance(value, str) else value


class FoundParameter(Strict):
    """A quantity of the result, in a JSON or CSV file that the program writes."""

    name: Annotated[Line, Field(max_length=MAX_NAME)]
    """By what name the result has it."""
    units: Annotated[str, Field(max_length=MAX_UNITS)] = Field(
        "", description="As the program means it; not converted."
    )
    file: Line = Field(description="Path beneath the output folder.")
    at: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], BeforeValidator(_keys)] | None = (
        Field(
            None,
            min_length=1,
            max_length=MOST_KEYS,
            description="In JSON: the keys that lead to it, with dots between them, or as a list; items of a list "
            "by number from 0.",
        )
    )
    column: Line | None = Field(None, description="In CSV: the column, by its heading.")
    take: Literal["first", "last", "count", "sum", "mean", "min", "max"] = Field(
        "last", description="Of a column: which of its values, or what is made of them."
    )

    _file_beneath = field_validator("file")(_one_file)

    @model_validator(mode="after")
    def _one_place(self) -> "FoundParameter":
        if (self.at is None) == (self.column is None):
            raise ValueError("give either at (in a JSON file) or column (in a CSV file)")
        return self


class FoundPicture(Strict):
    """A picture that the program makes."""

    file: Line = Field(description="Pattern on paths beneath the output folder: overlay*.png.")
    caption: Annotated[Line, Field(max_length=MAX_CAPTION)]
    """What people read beneath it."""
    thumbnail: bool = Field(False, description="The first that fits stands for the result on its card.")

    _file_beneath = field_validator("file")(_beneath_output)

    @field_validator("file")
    @classmethod
    def _a_picture(cls, text: str) -> str:
        if not text.lower().endswith(PICTURES):
            raise ValueError(f"must end in {', '.join(PICTURES)}")
        return text


PICTURES: Final = (".png", ".jpg", ".jpeg")


def check_cause(text: str) -> str:
    """A pattern whose group (?<cause>…) is why the program failed. Raises ValueError."""
    if "cause" not in _line_pattern(text, OF_CAUSE).names:
        raise ValueError("the pattern must have a group (?<cause>…): what of the line is the reason")
    return text
