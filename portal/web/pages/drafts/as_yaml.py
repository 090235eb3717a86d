"""A text of an analysis as a file that is downloaded."""

from flask import Response, make_response, request

from portal.jobtype.written.editors import for_editors
from portal.web.context import portal


def as_yaml(text: str, name: str) -> Response:
    """The file, with the line by which editors find this portal's schema."""
    response = make_response(for_editors(text, portal().settings.web.base_url or request.host_url))
    response.mimetype = "text/plain"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
