"""An option that is one of the files of a dataset in an input slot."""

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator

from gantry_formats.patterns.paths import named
from portal.jobtype.option import OptionBase
from portal.jobtype.strict import Line, Name, path_pattern

LONGEST = 1000


class FileOption(OptionBase):
    """The name of a file beneath its dataset's folder; {file: NAME} in a command is its path."""

    type: Literal["file"]
    """The kind: one of a dataset's files."""
    default: None = None
    """A file has no default: leave it out."""
    slot: Name | None = Field(None, description="Input slot of whose dataset it is; the first slot if left out.")
    files: Line = Field("*", description="Which files can be chosen: a pattern on their names.")

    _is_pattern = field_validator("files")(path_pattern)

    def objection(self, value: object) -> str | None:
        """See OptionBase."""
        if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
            return "Choose one of the dataset's files, by name."
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not named(value, self.files):
            return f"Choose one of the dataset's files like {self.files}."
        return None
