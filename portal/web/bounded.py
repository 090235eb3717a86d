"""The bounded kinds of values that bodies, queries and addresses are made of.

A test walks the API's document and refuses any text, number, list or map without a bound.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from portal.db import LARGEST_ID
from portal.web.json import LARGEST_WHOLE
from portal.web.views.paging import MOST_DATASETS

LONGEST_VALUE = 4000
"""Characters of an option's text: the most that a job type may allow."""
MOST_OPTIONS = 200
MOST_SLOTS = 20

Id = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
"""A row's number, read so far; one that no row can have is answered as one that no row has (404)."""
PathId = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_ID})]
"""The same as a part of an address: a larger one names nothing, and is answered 404."""
Ids = Annotated[list[Id], Field(max_length=MOST_DATASETS)]
Name = Annotated[str, Field(max_length=60)]
Title = Annotated[str, Field(max_length=1000)]
"""A line; a service says how long it may be, and in what words."""


def _plain(value: Any) -> Any:
    """Before the union: of one, each member's own objection would be told, at a place that nobody sent."""
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ValueError("give a text, a number, true or false")
    return value


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"this has more than {LONGEST_VALUE:,} characters")
    return value


_ONE_OF = [
    {"type": "boolean"},
    {"type": "integer", "minimum": -LARGEST_WHOLE, "maximum": LARGEST_WHOLE},
    {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308},
    {"type": "string", "maxLength": LONGEST_VALUE},
]
# Numbers are bounded where JSON is read: of a union, each member's own objection would be told.
Given = Annotated[
    bool | int | float | str, BeforeValidator(_plain), AfterValidator(_short), WithJsonSchema({"anyOf": _ONE_OF})
]
"""A value of an option."""
GivenOrNone = Annotated[
    bool | int | float | str | None,
    BeforeValidator(_plain),
    AfterValidator(_short),
    WithJsonSchema({"anyOf": [*_ONE_OF, {"type": "null"}]}),
]
Options = Annotated[dict[Name, GivenOrNone], Field(max_length=MOST_OPTIONS)]
"""Values by an option's name."""


class Body(BaseModel):
    """Base of what is sent as JSON: no unknown names, no guessing of kinds."""

    model_config = ConfigDict(extra="forbid", strict=True)
