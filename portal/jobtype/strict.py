"""The base of every part of a job type, and the names that may stand in one."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo

from gantry_formats.patterns import PatternError
from gantry_formats.patterns.paths import PathPattern


class Strict(BaseModel):
    """Unknown keys are errors, nothing is converted silently, nothing changes after loading.

    The docstring beneath a key is its description in the published schema, which editors show.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
"""A job type's name, as it stands in addresses and commands: light-sheet, qc."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]
"""An option's, slot's, output's or variant's name, as programs read it: sigma_xy."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\n\r\t]+$")]
"""One line of words for people."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
"""Words for people, of any number of lines."""

Count = Annotated[int, Field(ge=0, le=100_000)]

WRITTEN_NOW: Final = {"written": "now"}
"""The context in which a file is read that somebody may still change: stricter than for what was published."""


def path_pattern(text: str, info: ValidationInfo) -> str:
    """A pattern on paths as agent and store take it; what was published before stays. Raises ValueError."""
    if info.context is WRITTEN_NOW:
        try:
            PathPattern(text)
        except PatternError as error:
            raise ValueError(f"the pattern {error}") from None
    return text
