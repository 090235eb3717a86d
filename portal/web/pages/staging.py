"""Images that wait for a second member of staff: looked at, signed off with a key, refused with a reason."""

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts.signoff.webauthn import Assertion, unpacked
from portal.errors import ConflictError, InvalidError, LimitError
from portal.staging import second
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.pages.drafts.keys import elsewhere
from portal.web.views.staged.waiting import waiting_image

page = Blueprint("staging", __name__, url_prefix="/images/waiting")
ANSWERED = ("credential", "client_data", "authenticator_data", "signature")


@page.get("/<int:wish_id>")
def show(wish_id: int) -> ResponseReturnValue:
    """What would be staged: what it was made of, by whom, and under which name."""
    return _page(wish_id, kept_fields("staging.refuse", wish_id=wish_id))


@page.post("/<int:wish_id>/sign")
def sign(wish_id: int) -> ResponseReturnValue:
    """Hand on what her key signed; whether it counts is the publisher's to say."""
    try:
        given = Assertion(*(unpacked(request.form.get(name, "")) for name in ANSWERED))
        with portal().database.write() as writing:
            second.sign(writing, actor(), portal().settings, wish_id, given, now=now())
        flash("Signed. The publisher checks it, which takes a few seconds; then the image is looked through.")
    except (InvalidError, ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("staging.show", wish_id=wish_id), 303)


@page.post("/<int:wish_id>/refuse")
def refuse(wish_id: int) -> ResponseReturnValue:
    """Refuse it with a sentence."""
    why = request.form.get("why", "")
    try:
        with portal().database.write() as writing:
            wish = second.refuse(writing, actor(), portal().settings, wish_id, why, now=now())
            who = wish.person.full_name or wish.person.name
        flash(f"Refused. {who} reads why.")
    except InvalidError as error:
        return make_response(_page(wish_id, {"why": why}, error.fields), 422)
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("staging.show", wish_id=wish_id), 303)


def _page(wish_id: int, typed: Mapping[str, str], wrong: Mapping[str, str] | None = None) -> str:
    return render_template(
        "images/waiting.html",
        section="analyses",
        one=waiting_image(session(), actor(), portal().settings, wish_id),
        typed=typed,
        wrong=wrong or {},
        elsewhere=elsewhere(url_for("staging.show", wish_id=wish_id)),
    )
