"""What a request says in its headers or its address, as a model."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this is no time of our calendar") from error


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time; one without a zone is in UTC, as all that the API tells."""

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
