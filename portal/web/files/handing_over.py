"""Files that nginx sends: the portal has checked who asks and which file it is, and says only where it lies.

Files of sealed results alone, and only as attachments. Nobody but the store writes there, so that the name means
the same file a moment later; data in place may change under their name, and go through the descriptor that was
checked. What a browser shows by itself (reports, pictures) never goes this way: nginx takes an answer's policy
from its own settings.
"""

from typing import Final
from urllib.parse import quote

from flask import Request, Response

from portal.catalogue.models.data import RESULTS
from portal.config import Settings
from portal.data.files import OpenDatafile
from portal.data.registered import path_of
from portal.files.granting import groups_that_read

TAKEN: Final = ("Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Last-Modified")
"""What stays of the portal's own answer. nginx has its own Content-Length and Content-Range."""
ONLY_HERE: Final = ("If-Match", "If-Unmodified-Since")
"""Conditions that nginx would judge before it knows the portal's ETag."""


def place_for_nginx(opened: OpenDatafile, asked: Request, settings: Settings) -> str | None:
    """Where nginx finds the file; None where it may not read it, or would answer otherwise than we."""
    file = opened.datafile
    root, _colon, _relative = (file.dataset.location or "").partition(":")
    if not settings.web.nginx_results or root != RESULTS or not file.dataset.complete or file.alias is not None:
        return None
    if asked.method != "GET" or any(name in asked.headers for name in ONLY_HERE):
        return None
    if not groups_that_read(opened.file.fileno()):
        return None  # kept before there was such a group, or where the file system has no access lists
    return settings.web.nginx_results + quote(path_of(file.dataset, file))


def sent_by_nginx(place: str, answer: Response) -> Response:
    """The same answer without its bytes, where it has any; its file is closed then."""
    if answer.status_code not in {200, 206}:
        return answer
    kept = {name: answer.headers[name] for name in TAKEN if name in answer.headers}
    answer.close()
    return Response(b"", headers=kept | {"X-Accel-Redirect": place})
