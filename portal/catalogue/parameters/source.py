"""Where a parameter's value is from. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SourceKind(StrEnum):
    """Who or what said it."""

    FILE = "file"
    """It stands in one of the dataset's files."""
    PERSON = "person"
    """Somebody typed it."""
    JOB = "job"
    """An analysis computed it."""


@dataclass(frozen=True)
class Source:
    """Where a value is from. What does not apply is empty."""

    kind: SourceKind | None = None
    """None: registered before sources were kept."""
    file: str = ""
    """The file's path in the dataset."""
    place: str = ""
    """The place in the file, as the parser names it: `ome:PhysicalSizeX`, `/entry/energy@value`."""
    value: str = ""
    """The value as it stands there, before it was converted."""
    units: str = ""
    """The unit as the file, or the person, named it."""
    job: int | None = None
    """The portal's job."""

    @property
    def where(self) -> str:
        """File and place in words, as far as they are known."""
        return ", ".join(filter(None, (self.file, self.place)))


NOT_KEPT: Final = Source()
