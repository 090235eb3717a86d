"""The small part of a dataset on which values are tried: which options of the analysis cut it."""

from typing import Annotated

from pydantic import Field

from portal.jobtype.strict import Line, Name, Strict


class Box(Strict):
    """An option that takes a box of a volume as text: "z0:z1, y0:y1, x0:x1", half-open, in elements."""

    option: Name = Field(description="The text option that takes the box.")
    size: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=3, max_length=3)] = Field(
        description="Elements along z, y and x of the box that is usual: it lies in the middle of the volume."
    )


class Crop(Strict):
    """Which options limit the work, and which part is usual for a trial."""

    words: Line = Field(description='The usual part in words: "one slice in the middle".')
    options: Annotated[list[Name], Field(max_length=10)] = Field(
        [], description="Options that limit the work; the form of a trial shows them, its Use it takes them off."
    )
    values: dict[Name, bool | int | float | str] = Field(
        default_factory=dict, description="Their values for the usual part; one without a value is left empty."
    )
    box: Box | None = Field(None, description="An option that takes a box of the volume.")
    whole: Annotated[list[Name], Field(max_length=50)] = Field(
        [], description="Options whose effect a part does not show: they are tried on the whole dataset."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """All options that limit the work."""
        return (*self.options, *([self.box.option] if self.box else []))
