"""One blueprint a noun, all with the same sign-in, errors and documentation."""

from typing import Any, Final

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal.errors import PortalError
from portal.web.api.problem import (
    MEDIA_TYPE,
    Problem,
    of_database_error,
    of_http_error,
    of_portal_error,
)
from portal.web.api.reading import read_body, read_query
from portal.web.api.sign_in import find_actor

PREFIX: Final = "/api/v1"
SECURITY: Final[list[dict[str, list[Any]]]] = [{"token": []}]


def _described(words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }


PROBLEMS: Final[dict[str | int, Any]] = {
    400: _described("The body is no JSON, or not within its bounds."),
    401: _described("No token, or one that is unknown, expired or revoked."),
    403: _described("The token or the person may not do this."),
    404: _described("Not found, or not shared with you."),
    409: _described("It has changed, or is in a state in which this cannot be done."),
    413: _described("More was sent than is taken."),
    422: _described("A value cannot be used; `fields` says which and why."),
    429: _described("A limit would be passed."),
    503: _described("A part that is needed does not answer now."),
}


def make_blueprint(noun: str, words: str) -> APIBlueprint:
    """The blueprint `api_<noun>` beneath /api/v1, every operation of which needs a token."""
    name = f"api_{noun}" if noun else "api"
    blueprint = APIBlueprint(
        name,
        __name__,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=noun or "api", description=words)],
        abp_security=SECURITY,
        abp_responses=PROBLEMS,
        operation_id_callback=_operation_id,
    )
    blueprint.before_request(find_actor)
    blueprint.before_request(read_query)
    blueprint.before_request(read_body)
    blueprint.register_error_handler(PortalError, of_portal_error)
    blueprint.register_error_handler(HTTPException, of_http_error)
    blueprint.register_error_handler(OperationalError, of_database_error)
    return blueprint


def _operation_id(*, name: str, path: str, method: str) -> str:
    return name
