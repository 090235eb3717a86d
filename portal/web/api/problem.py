"""Errors as RFC 9457 problem documents, by the same table as the pages."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from flask import Response, g, jsonify, make_response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal.errors import PortalError, UnavailableError
from portal.web.errors import WORDS, note_database_error, status_of, with_allow

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 10
MOST_FIELDS = 20
"""Told of one request."""
LONGEST_PLACE = 120


class Problem(BaseModel):
    """What went wrong, in words for people and codes for programs (RFC 9457)."""

    type: str = Field("about:blank", description="Always about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened, in a sentence for people.")
    fields: dict[str, str] = Field(
        default_factory=dict, description="What is wrong with which value: an option's name, or inputs.<slot>."
    )
    form: int | None = Field(
        None, description="Which form of a list it is about, counted from 0; null: it is not about one."
    )
    retry: bool = Field(False, description="The same request may succeed later without any change.")
    request_id: str = Field("", description="Tell this to the facility's staff.")


def problem(
    status: int,
    detail: str,
    *,
    fields: Mapping[str, str] | None = None,
    form: int | None = None,
    retry: bool = False,
) -> Response:
    """A problem document as a response."""
    words = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    document = Problem(
        title="Sign-in needed" if status == 401 else words.title,
        status=status,
        detail=detail,
        fields=dict(fields or {}),
        form=form,
        retry=retry,
        request_id=g.get("request_id", ""),
    )
    response = make_response(jsonify(document.model_dump()), status)
    response.content_type = MEDIA_TYPE
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if retry:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def of_portal_error(error: PortalError) -> ResponseReturnValue:
    """A service's error. What only operators should read stays out."""
    status = status_of(error)
    if status >= 500 and not isinstance(error, UnavailableError):
        return problem(status, WORDS[500].happened)
    fields = getattr(error, "fields", None)
    return problem(status, error.message, fields=fields, form=error.form, retry=error.retry)


def of_http_error(error: HTTPException) -> ResponseReturnValue:
    """Flask's own errors; an answer that was prepared already is kept."""
    if error.response is not None or error.code is None:
        return error
    words = WORDS.get(error.code)
    answer = problem(error.code, words.happened if words else (error.description or error.name))
    return with_allow(answer, error)


def of_database_error(error: OperationalError) -> ResponseReturnValue:
    """The database does not answer."""
    note_database_error(error)
    return problem(503, "The portal's database does not answer.", retry=True)


def of_validation_error(error: ValidationError) -> Response:
    """A request whose form is not that of the OpenAPI document."""
    fields: dict[str, str] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"]) or "body"
        fields.setdefault(place[:LONGEST_PLACE], _sentence(item))
    many = f"{len(fields):,} values cannot be used" if len(fields) > 1 else "This value cannot be used"
    told = dict(islice(fields.items(), MOST_FIELDS))
    more = f" and {len(fields) - len(told):,} more" if len(fields) > len(told) else ""
    return problem(422, f"{many}: {', '.join(told)}{more}.", fields=told)


WANTED: Final = {
    "bool": "true or false",
    "date": "a day",
    "datetime": "a time with its zone",
    "dict": "a map of names and values",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "string": "a text",
}
MODELS: Final = {"model_type", "model_attributes_type", "dataclass_type"}


def _sentence(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "There is no such parameter."
    if item["type"] == "missing":
        return "This is needed."
    if item["type"] in MODELS:
        return f"Give {WANTED['dict']}."
    kind, _, wrong = item["type"].rpartition("_")
    if wrong in {"type", "parsing"} and kind in WANTED:
        return f"Give {WANTED[kind]}."
    if item["type"] == "int_from_float":
        return f"Give {WANTED['int']}."
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].upper() + message[1:] + "."
