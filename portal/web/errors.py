"""The one table from errors to HTTP, and the pages that say what happened, what is safe and what to do next."""

from dataclasses import dataclass, replace
from typing import Final

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as page_cookie
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import BadHost, HTTPException, MethodNotAllowed, SecurityError

from portal.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    PortalError,
    SignInNeededError,
    UnavailableError,
    UnreadableError,
    UnsafeFileError,
)
from portal.level import level
from portal.web.context import actor
from portal.web.forms.kept import form_owner, keep_sent
from portal.web.part import asked_for_part, by_htmx
from portal.web.signed_in import ask_for_sign_in, find_actor, page_asked_from, safe_next, who_is_unknown

STATUS: Final[dict[type[PortalError], int]] = {
    NotFoundError: 404,
    ForbiddenError: 403,
    SignInNeededError: 401,
    UnreadableError: 400,
    InvalidError: 422,
    ConflictError: 409,
    LimitError: 429,
    UnavailableError: 503,
    UnsafeFileError: 409,
    ConfigError: 500,
}


def status_of(error: PortalError) -> int:
    """The HTTP status of a service's error; the API uses the same table."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


@dataclass(frozen=True)
class Explanation:
    """An error page: what happened, what is safe, what to do next."""

    title: str
    happened: str
    safe: str
    next: str


WORDS: Final[dict[int, Explanation]] = {
    400: Explanation(
        "This request was not understood",
        "The portal could not read this request.",
        "Nothing was changed.",
        "Go back and try again.",
    ),
    403: Explanation(
        "You may not do this",
        "You may see this, but not change it.",
        "Nothing was changed.",
        "Ask the {level}'s team or the facility's staff.",
    ),
    404: Explanation(
        "Not found",
        "Not found, or not shared with you.",
        "",
        "Check the address, or ask the person who gave it to you to share the {level}.",
    ),
    405: Explanation(
        "This page cannot do that",
        "The address exists, but not for this kind of request.",
        "Nothing was changed.",
        "Go back and try again.",
    ),
    409: Explanation(
        "This has changed meanwhile",
        "Somebody, or the portal itself, was faster.",
        "Nothing was changed by you.",
        "Look at the page again.",
    ),
    412: Explanation(
        "This is another version",
        "The file is not the version that was asked for.",
        "Nothing was changed.",
        "Download it anew.",
    ),
    413: Explanation(
        "That is too much at once",
        "This is more than the portal takes in one request.",
        "Nothing was changed.",
        "Choose fewer datasets.",
    ),
    414: Explanation(
        "This address is too long",
        "The address has more characters than the portal takes.",
        "Nothing was changed.",
        "Shorten what you search for, or choose fewer datasets.",
    ),
    416: Explanation(
        "This part is not there",
        "The file has no such part, or the range that was asked for cannot be read.",
        "Nothing was changed.",
        "Download the whole file.",
    ),
    422: Explanation("This cannot be used", "Something in the request is not right.", "Nothing was changed.", ""),
    429: Explanation(
        "Too many requests",
        "There were too many tries in a short time.",
        "Nothing was changed.",
        "Wait a minute, then try again.",
    ),
    500: Explanation(
        "Something went wrong here",
        "The portal made a mistake while it prepared this page.",
        "Your data and your jobs are not affected.",
        "Try again; if it stays, tell the facility's staff the number below.",
    ),
    503: Explanation(
        "Not available just now",
        "A part that this page needs does not answer.",
        "Nothing is lost; running jobs go on.",
        "Try again in a minute.",
    ),
}


def error_page(status: int, sentence: str | None = None, detail: str | None = None) -> ResponseReturnValue:
    """A page about an error; for a live part only its sentence."""
    words = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    happened = sentence or words.happened
    if asked_for_part():
        return make_response(happened, status)
    page = render_template(
        "errors/error.html",
        status=status,
        quiet=status >= 500,  # what fails may be the database: the header asks it nothing
        unknown=who_is_unknown(),
        back=page_asked_from(),
        signed_in_to=_signed_in_to(),
        words=replace(words, next=words.next.format(level=level().one)),
        go_back=status >= 500 and request.method == "POST",
        happened=happened,
        detail=detail,
        request_id=g.get("request_id", ""),
    )
    return make_response(page, status)


def _signed_in_to() -> str | None:
    """Where the form of the sign-in was to lead; None where it is none, or what was sent was not taken at all."""
    if request.blueprint != "sign_in":
        return None
    try:
        return request.form.get("next")
    except HTTPException:
        return None


def _portal_error(error: PortalError) -> ResponseReturnValue:
    if isinstance(error, SignInNeededError):
        return ask_for_sign_in()
    status = status_of(error)
    if status >= 500 and not isinstance(error, UnavailableError):
        return error_page(status)
    # Missing and hidden things are never told apart, so the page's own sentence is the only one.
    return error_page(status, None if status == 404 else error.message, error.detail)


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    """The page was opened before the latest sign-in: nothing is done, and nothing typed is lost."""
    if (request.endpoint or "").startswith("sign_in."):
        page_cookie["sign_in_name"] = request.form.get("name", "")[:255]
        flash("This page had been open for long. Type the password again.", "wrong")
        return redirect(url_for("sign_in.show", next=safe_next(request.form.get("next"))), 303)
    if "actor" not in g:  # the token is looked at before anything else
        find_actor()
    if not actor().signed_in:
        return ask_for_sign_in()
    if asked_for_part():
        return make_response("Please load this page again.", 400)
    kept = keep_sent()
    if kept is not None and form_owner() == actor().person_id:
        flash("This page was older than your latest sign-in. All is as you typed it: look once more, and send it.")
        return redirect(safe_next(kept), 303)
    if kept is not None:
        return error_page(
            400,
            "This form was filled in by somebody else, before you signed in here. It was not sent in your name, "
            "and is kept for that person.",
        )
    return error_page(400, "This page was opened before your latest sign-in, so its form is out of date.")


def http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, BadHost | SecurityError):
        # Without a host there are no addresses, and so no page that has links.
        return make_response(WORDS[400].happened, 400)
    page = page_above() if isinstance(error, MethodNotAllowed) and request.method in {"GET", "HEAD"} else None
    if page is not None:
        return redirect(page, 303)
    answer = make_response(error_page(error.code))
    if error.code == 404 and by_htmx():
        # A page of the release before asks for what is no longer there: it loads itself anew.
        answer.headers["HX-Refresh"] = "true"
    return with_allow(answer, error)


def page_above() -> str | None:
    """The page on which the form stands that is sent to this address: reload and a copied tab open it."""
    routes, path = current_app.create_url_adapter(request), request.path
    while routes is not None and path not in {"", "/"}:
        path = path.rpartition("/")[0] or "/"
        if routes.test(path, method="GET"):
            return path
    return None


def with_allow(answer: Response, error: HTTPException) -> Response:
    """The answer; with 405 it says for which methods the address is there."""
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def note_database_error(error: OperationalError) -> None:
    """Into the log, in the database's own words; not what was asked of it, in which stands what people typed."""
    current_app.logger.error("request %s: the database: %s", g.get("request_id", ""), error.orig)


def _database_error(error: OperationalError) -> ResponseReturnValue:
    note_database_error(error)
    return error_page(503, "The portal's database does not answer.")


def install_errors(app: Flask) -> None:
    """Register the handlers for pages; what nobody foresaw is logged by Flask and arrives here as a 500.

    The API's blueprint has its own, which use `status_of`.
    """
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, _database_error)
