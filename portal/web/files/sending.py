"""Sending a file that is open already: ranges, conditional requests, and nothing that could act in our name."""

import mimetypes
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from os import fstat
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed
from werkzeug.wsgi import wrap_file

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REPORT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report may show itself and nothing else: no script, no form, no origin, no request anywhere."""

INLINE: Final = frozenset({"image/png", "image/jpeg", "image/webp"})


LONGEST_NAME: Final = 200
"""Bytes in UTF-8: file systems take 255, and browsers add to a name that is there already."""
LONGEST_SUFFIX: Final = 20


def disposition(kind: str, name: str) -> str:
    """Content-Disposition (RFC 6266) for a file of any name: in ASCII for old programs, whole for the others.

    What is no letter of any script (ends of lines, other controls, marks that turn the direction of writing) is
    `_`, so that a name is on the disk what it looks like. Letters are composed (NFC), as most systems have them.
    """
    composed = unicodedata.normalize("NFC", name)
    whole = "".join("_" if _unseen(one) or one in "/\\:" else one for one in composed)
    whole = _shortened(whole)
    if not whole.strip(". "):
        whole = "file"
    plain = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()
    plain = "".join("_" if one in '"%;' else one for one in plain).strip() or "file"
    if plain.startswith("."):
        plain = f"file{plain}"
    if plain == whole:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe=ATTRIBUTE_CHARACTERS)}"


ATTRIBUTE_CHARACTERS: Final = "!#$&+-.^_`|~"
"""What stands for itself in a value of RFC 5987, besides letters and digits."""


def _shortened(name: str) -> str:
    """The name in as many bytes as are taken; what is left out stands before its suffix, which says what it is."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = LONGEST_NAME - len(f"{dot}{suffix}".encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def send_open_file(
    file: BinaryIO,
    name: str,
    *,
    etag: str | None = None,
    max_age_s: int = 0,
    inline: bool = False,
    report: bool = False,
) -> Response:
    """The file's bytes, whole or the range that was asked for; an attachment unless it is a picture or a report.

    `etag`: what identifies the content (a checksum); without it, size and modification time do. `report`: HTML
    that a person's program wrote, walled off by a sandbox. The file is closed where there is no such answer.

    Raises werkzeug's RequestedRangeNotSatisfiable (416) and PreconditionFailed (412).
    """
    try:
        return _of_open_file(file, name, etag=etag, max_age_s=max_age_s, inline=inline, report=report)
    except BaseException:
        file.close()
        raise


def _of_open_file(
    file: BinaryIO, name: str, *, etag: str | None, max_age_s: int, inline: bool, report: bool
) -> Response:
    status = fstat(file.fileno())
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if not report and not (inline and kind in INLINE):
        inline = False
    response = Response(
        wrap_file(request.environ, file),
        mimetype="text/html" if report else kind if inline else "application/octet-stream",
        direct_passthrough=True,
        headers=Headers({"X-Content-Type-Options": "nosniff"}),
    )
    response.content_length = status.st_size
    response.last_modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
    response.set_etag(etag or f"{status.st_mtime_ns:x}-{status.st_size:x}")
    response.headers["Cache-Control"] = f"private, max-age={max_age_s}" if max_age_s else "private, no-cache"
    response.headers["Content-Disposition"] = disposition(
        "inline" if inline or report else "attachment", name.rsplit("/", 1)[-1]
    )
    response.headers["Content-Security-Policy"] = REPORT_POLICY if report else "default-src 'none'; sandbox"
    response.make_conditional(_conditions(), accept_ranges=True, complete_length=status.st_size)
    if response.status_code == PreconditionFailed.code:  # werkzeug would send all of it under this number
        raise PreconditionFailed
    return response


def _conditions() -> "WSGIEnvironment":
    """The request as it was sent; `If-Match: *` is met by any file that is there, which werkzeug does not know."""
    environ = request.environ
    if environ.get("HTTP_IF_MATCH", "").strip() != "*":
        return environ
    return {name: value for name, value in environ.items() if name != "HTTP_IF_MATCH"}


def send_picture(png: bytes, sha256: str, *, max_age_s: int = 600) -> Response:
    """A picture of the portal's own, whose address changes with it."""
    response = Response(png, mimetype="image/png", headers=Headers({"X-Content-Type-Options": "nosniff"}))
    response.set_etag(sha256)
    response.headers["Cache-Control"] = f"private, max-age={max_age_s}"
    response.headers["Content-Disposition"] = disposition("inline", "picture.png")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.make_conditional(request.environ)
    return response


def send_archive(content: Iterator[bytes], name: str) -> Response:
    """An archive that is made while it is sent: its length is not known, and no part of it can be asked for."""
    response = Response(content, mimetype="application/zip")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = disposition("attachment", name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
