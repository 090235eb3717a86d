"""Letting a program in: the page where a person types the short code that her terminal shows.

A link may fill the code in, but nothing more: she sees what is asked, and decides by a button.
"""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from portal.errors import LimitError, NotFoundError
from portal.identity.device import decide, find, spelled
from portal.identity.tokens import Scope
from portal.web.context import actor, close_session, now, portal
from portal.web.forms.kept import kept_fields
from portal.web.security import limited
from portal.web.views.problems import FieldProblem

page = Blueprint("device", __name__)


def _type_it(code: str, words: str = "", status: int = 200) -> ResponseReturnValue:
    problems = [FieldProblem("code", "Code", words)] if words else []
    return make_response(render_template("device/show.html", code=code, errors=problems), status)


@page.get("/device")
def show() -> ResponseReturnValue:
    """Where the code is typed; one in the address is filled in and looked at no further."""
    kept = kept_fields("device.look", "device.decision").get("code")
    return _type_it(kept or spelled(request.args.get("code", "")))


@page.post("/device")
@limited
def look() -> ResponseReturnValue:
    """What the program with this code asks for."""
    typed = request.form.get("code", "")
    code = spelled(typed)
    whole = code.replace("-", "") == "".join(filter(str.isalnum, typed.upper()))
    kept = code if whole else typed
    try:
        asked = find(portal().database, actor(), code, address=get_remote_address(), now=now())
    except NotFoundError as error:
        return _type_it(kept, error.message, 404)
    except LimitError as error:
        return _type_it(kept, error.message, 429)
    too_much = "ingest" in asked.scopes and not actor().may_ingest
    return make_response(
        render_template("device/decide.html", code=code, asked=asked, too_much=too_much, scopes=list(Scope))
    )


@page.post("/device/decision")
@limited
def decision() -> ResponseReturnValue:
    """Allow or deny. Anything but a clear yes is a no."""
    code = spelled(request.form.get("code", ""))
    allow = request.form.get("decision") == "allow"
    close_session()
    try:
        asked = decide(portal().database, actor(), code, allow=allow, address=get_remote_address(), now=now())
    except NotFoundError as error:
        return _type_it(code, error.message, 404)
    except LimitError as error:
        return _type_it(code, error.message, 429)
    if not allow:
        flash(f"“{asked.name}” was refused. It got nothing.")
        return redirect(url_for("home.show"), 303)
    flash(f"“{asked.name}” is let in as you. Go back to its terminal; its token is soon listed here.")
    return redirect(url_for("me.show"), 303)
