"""What a request may bring, checked before anything else looks at it: its address, its query, its form.

JSON bodies have their bounds in `portal.web.json`, and the API's models say what each field takes.
"""

from typing import Final

from flask import Flask, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestURITooLarge

from portal.errors import InvalidError
from portal.jobtype.lines import MAX_BYTES
from portal.web.json import LONGEST_TEXT, PortalRequest

LONGEST_LINK: Final = 6000
"""Characters of an address that we make ourselves: what is longer not every browser and server takes."""
LONGEST_ADDRESS: Final = 8190
"""Characters of path and query: gunicorn's own bound on the line of a request."""
MOST_BYTES: Final = 2 * 2**20
"""Of a JSON body."""
MOST_FORM_BYTES: Final = 512 * 2**10
MOST_FIELDS: Final = 3000
"""Of a form; one may name as many datasets as a submission takes."""
LONGEST_NAME: Final = 200
LONG_TEXTS: Final = {
    f"drafts.{name}": {"text": MAX_BYTES} for name in ("save", "saved", "save_script", "add_scripts")
}
"""Forms with a field that may hold more than others: a whole job type, or the scripts of one."""
LONG_BODIES: Final = frozenset(f"api_drafts.{name}" for name in ("create_draft", "save_draft", "check_text"))
"""Operations of the API that take such a text."""
LONG_BODY: Final = {"text": MAX_BYTES}


def _check_request() -> None:
    """Raises what stands in the one table of errors; the words name the fields."""
    if len(request.path) + len(request.query_string) > LONGEST_ADDRESS:
        raise RequestURITooLarge
    if "\0" in request.path:
        raise BadRequest
    long = LONG_TEXTS.get(str(request.endpoint), {})
    if long:
        request.max_content_length = request.max_form_memory_size = MOST_BYTES
    elif not request.path.startswith("/api/"):
        request.max_content_length = MOST_FORM_BYTES
    if request.endpoint in LONG_BODIES and isinstance(request, PortalRequest):
        request.long_texts = LONG_BODY
    sent = (*request.args.items(multi=True), *request.form.items(multi=True))
    if len(sent) > MOST_FIELDS:
        raise RequestEntityTooLarge
    wrong = {}
    for name, text in sent:
        if "\0" in name or "\0" in text:
            wrong[_shown(name)] = "It holds a NUL."
        elif len(name) > LONGEST_NAME:
            wrong[_shown(name)] = f"Its name has more than {LONGEST_NAME} characters."
        elif len(text) > (most := long.get(name, LONGEST_TEXT)):
            wrong[_shown(name)] = f"It has more than {most:,} characters."
    if wrong:
        first = next(iter(wrong.values()))
        raise InvalidError(f"A value cannot be used. {first}", fields=wrong)


def _shown(name: str) -> str:
    return name[:40].replace("\0", "?")


def install_bounds(app: Flask) -> None:
    """Bounds on every request of the application; installed before what reads forms (CSRF)."""
    app.request_class = PortalRequest
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_PARTS=MOST_FIELDS, MAX_FORM_MEMORY_SIZE=MOST_FORM_BYTES
    )
    app.before_request(_check_request)
