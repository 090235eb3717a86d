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
MOST_VALUES = 500
"""Of a list."""
MOST_OPTIONS = 200
MOST_SLOTS = 20

Id = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
"""A row's number, read so far; one that no row can have is answered as one that no row has (404)."""
PathId = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_ID})]
"""The same as a part of an address: a larger one names nothing, and is answered 404."""
Ids = Annotated[list[Id], Field(max_length=MOST_DATASETS)]
Name = Annotated[str, Field(max_length=60)]
Digest = Annotated[str, Field(max_length=80)]
"""`sha256:<hex>`."""
Title = Annotated[str, Field(max_length=1000)]
"""A line; a service says how long it may be, and in what words."""


def _plain(value: Any) -> Any:
    """Before the union: of one, each member's own objection would be told, at a place that nobody sent."""
    if value is not None and not isinstance(value, bool | int | float | str | list | dict):
        raise ValueError("give a text, a number, true or false")
    if isinstance(value, list) and not all(isinstance(one, int | float | str) for one in value):
        raise ValueError("a list has texts or numbers")
    if isinstance(value, dict):
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value.values())
        if set(value) != {"low", "high"} or not numbers:
            raise ValueError('give a text, a number, true or false, a list, or a range: {"low": 1, "high": 2}')
    return value


def _short(value: Any) -> Any:
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, str) and len(one) > LONGEST_VALUE:
            raise ValueError(f"this has more than {LONGEST_VALUE:,} characters")
    if isinstance(value, list) and len(value) > MOST_VALUES:
        raise ValueError(f"this has more than {MOST_VALUES:,} values")
    return value


_ONE = [
    {"type": "boolean"},
    {"type": "integer", "minimum": -LARGEST_WHOLE, "maximum": LARGEST_WHOLE},
    {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308},
    {"type": "string", "maxLength": LONGEST_VALUE},
]
_ENDS = {
    "type": "object",
    "description": "The two ends of a range, low and high.",
    "additionalProperties": {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308},
    "propertyNames": {"enum": ["low", "high"]},
    "minProperties": 2,
    "maxProperties": 2,
}
_ONE_OF = [*_ONE, {"type": "array", "items": {"anyOf": _ONE}, "maxItems": MOST_VALUES}, _ENDS]
# Numbers are bounded where JSON is read: of a union, each member's own objection would be told.
Given = Annotated[
    bool | int | float | str | list[Any] | dict[str, Any],
    BeforeValidator(_plain),
    AfterValidator(_short),
    WithJsonSchema({"anyOf": _ONE_OF}),
]
"""A value of an option."""
GivenOrNone = Annotated[
    bool | int | float | str | list[Any] | dict[str, Any] | None,
    BeforeValidator(_plain),
    AfterValidator(_short),
    WithJsonSchema({"anyOf": [*_ONE_OF, {"type": "null"}]}),
]
Options = Annotated[dict[Name, GivenOrNone], Field(max_length=MOST_OPTIONS)]
"""Values by an option's name."""


class Body(BaseModel):
    """Base of what is sent as JSON: no unknown names, no guessing of kinds."""

    model_config = ConfigDict(extra="forbid", strict=True)
