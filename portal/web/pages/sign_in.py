"""Signing in and out."""

from datetime import timedelta

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask import session as page_cookie
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from portal.audit.who import Via
from portal.errors import InvalidError, LimitError, NotFoundError, PortalError, SignInNeededError
from portal.identity.models import Person
from portal.identity.people import authenticate, list_personas
from portal.identity.sessions import open_session, sign_out
from portal.web.context import actor, now, origin, portal, session
from portal.web.forms.kept import kept_at
from portal.web.security import limited
from portal.web.signed_in import drop_cookie, safe_next, set_cookie, sign_in_of_request
from portal.web.views.problems import FieldProblem

page = Blueprint("sign_in", __name__)


def _form(name: str = "", error: PortalError | None = None, status: int = 200) -> ResponseReturnValue:
    settings = portal().settings
    target = safe_next(request.values.get("next"))
    problems = [FieldProblem("name", "Sign-in", error.message)] if error else []
    html = render_template(
        "sign_in/show.html",
        name=name,
        next=target,
        kept=kept_at(target),
        errors=problems,
        personas=list_personas(session()) if settings.demo else [],
    )
    return make_response(html, status)


def _come_in(person: Person, via: Via) -> ResponseReturnValue:
    """A new session, whatever token the browser came with, and a new page cookie."""
    settings = portal().settings
    lifetime = timedelta(hours=settings.web.session_hours)
    with portal().database.write() as writing:
        token = open_session(
            writing,
            person,
            now=now(),
            lifetime=lifetime,
            replaces=sign_in_of_request(),
            origin=origin(via),
        )
    page_cookie.clear()
    return set_cookie(make_response(redirect(safe_next(request.form.get("next")), 303)), token)


@page.get("/sign-in")
def show() -> ResponseReturnValue:
    """The form; in demo mode also the personas."""
    if actor().signed_in:
        return redirect(safe_next(request.args.get("next")), 303)
    return _form(str(page_cookie.pop("sign_in_name", "")))


@page.post("/sign-in")
@limited
def submit() -> ResponseReturnValue:
    """Check name and password."""
    name = request.form.get("name", "").strip()
    try:
        person = authenticate(
            portal().database, name, request.form.get("password", ""), address=get_remote_address(), now=now()
        )
    except SignInNeededError as error:
        return _form(name, error, 401)
    except LimitError as error:
        return _form(name, error, 429)
    return _come_in(person, Via.PASSWORD)


@page.post("/sign-in/persona")
@limited
def persona() -> ResponseReturnValue:
    """Demo mode only: come in as one of the personas without a password."""
    if not portal().settings.demo:
        raise NotFoundError("There are no personas here.")
    wanted = request.form.get("name", "")
    for person in list_personas(session()):
        if person.name == wanted:
            return _come_in(person, Via.PERSONA)
    raise InvalidError("There is no such persona.")


@page.post("/sign-out")
def leave() -> ResponseReturnValue:
    """End the session, on the server too."""
    token = sign_in_of_request()
    if token:
        with portal().database.write() as writing:
            sign_out(writing, actor(), token, now=now())
    page_cookie.clear()
    flash("You are signed out.")
    return drop_cookie(make_response(redirect(url_for("sign_in.show"), 303)))
