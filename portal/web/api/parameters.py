"""What a request says in its headers or its address, as a model."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, WithJsonSchema

FIRST_YEAR, LAST_YEAR = 1900, 2200
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2}))?"
)


def _moment(given: Any) -> Any:
    if not isinstance(given, str) or not _ISO.fullmatch(given):
        raise ValueError("give a day, or a time with its zone: 2026-11-01, 2026-11-01T08:30:00Z")
    return given if len(given) > 10 else f"{given}T00:00:00Z"


def _in_utc(moment: datetime) -> datetime:
    # Before it is moved to UTC: at the ends of the calendar that would be no time any more.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"give a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment.astimezone(UTC)


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40}),
]
"""A time with its zone, or a day, which begins in UTC, as all that the API tells."""

_PLAIN: dict[type[BaseModel], dict[str, Any]] = {}


class Parameters(BaseModel):
    """Base of such models: flask-openapi3 asks for the plain schema in every request, so it is made once."""

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:
        """The JSON schema; the plain one is shared and must not be changed."""
        if args or named:
            return super().model_json_schema(*args, **named)
        if cls not in _PLAIN:
            _PLAIN[cls] = super().model_json_schema()
        return _PLAIN[cls]
