"""The signed-in person's own account: personal tokens and the password."""

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from portal.errors import InvalidError
from portal.identity.people import change_password
from portal.identity.tokens import Scope, create_token, list_tokens, revoke_token
from portal.terms.service import accepted_of
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.security import limited
from portal.web.signed_in import sign_in_of_request
from portal.web.views.problems import FieldProblem

page = Blueprint("me", __name__)

LABELS = {"name": "What it is for", "scopes": "What it may do", "days": "Valid for", "current": "Password now",
          "new": "New password", "again": "New password again"}  # fmt: skip


def _page(
    *,
    secret: str | None = None,
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    problems = [FieldProblem(name, LABELS.get(name, name), words) for name, words in (wrong or {}).items()]
    scopes = [scope for scope in Scope if scope is not Scope.INGEST or actor().may_ingest]
    html = render_template(
        "me/show.html",
        tokens=list_tokens(session(), actor()),
        accepted=accepted_of(session(), actor()),
        secret=secret,
        stands_for=url_for("me.show") if secret else None,
        scopes=scopes,
        wrong=wrong or {},
        errors=problems,
        typed=typed or {},
    )
    return make_response(html, status)


@page.get("/me")
def show() -> ResponseReturnValue:
    """My tokens, and a form for a new password."""
    return _page(typed=kept_fields("me.create"))


@page.post("/me/tokens")
def create() -> ResponseReturnValue:
    """Make a token; its secret is on this answer and nowhere else."""
    form = request.form
    try:
        days = int(form.get("days", "90"))
    except ValueError:
        days = 0
    try:
        with portal().database.write() as writing:
            _token, secret = create_token(
                writing, actor(), form.get("name", ""), form.getlist("scopes"), days=days, now=now()
            )
    except InvalidError as error:
        return _page(wrong=error.fields, typed=form, status=422)
    answer = make_response(_page(secret=secret))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@page.post("/me/tokens/<int:token_id>/revoke")
def revoke(token_id: int) -> ResponseReturnValue:
    """End one of my tokens."""
    with portal().database.write() as writing:
        token = revoke_token(writing, actor(), token_id, now=now())
        name = token.name
    flash(f"The token “{name}” no longer works.")
    return redirect(url_for("me.show"), 303)


@page.post("/me/password")
@limited
def password() -> ResponseReturnValue:
    """A new password; every other sign-in of mine ends."""
    form = request.form
    if form.get("new", "") != form.get("again", ""):
        return _page(wrong={"again": "The two new passwords are not the same."}, status=422)
    try:
        change_password(
            portal().database,
            actor(),
            current=form.get("current", ""),
            new=form.get("new", ""),
            address=get_remote_address(),
            now=now(),
            keep=sign_in_of_request(),
        )
    except InvalidError as error:
        return _page(wrong=error.fields, status=422)
    flash("Your password is changed. Other browsers have to sign in again.")
    return redirect(url_for("me.show"), 303)
