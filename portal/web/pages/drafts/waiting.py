"""What waits for a second member of staff: looked at, signed off with her key, or refused."""

from collections.abc import Mapping

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts.pictures import example_of
from portal.drafts.signoff import signing
from portal.drafts.signoff.signing import wish_for
from portal.drafts.signoff.webauthn import Assertion, unpacked
from portal.errors import ConflictError, InvalidError, LimitError
from portal.web.context import actor, now, portal, session
from portal.web.files.sending import send_picture
from portal.web.forms.kept import kept_fields
from portal.web.pages.drafts.blueprint import page
from portal.web.pages.drafts.keys import elsewhere
from portal.web.views.drafts.example import not_there
from portal.web.views.drafts.waiting import waiting_page


@page.get("/waiting/<int:wish_id>")
def show_waiting(wish_id: int) -> ResponseReturnValue:
    """What would be published, compared with what is on offer now."""
    return _page(wish_id, kept_fields("drafts.refuse", wish_id=wish_id))


@page.get("/waiting/<int:wish_id>/example.png")
def waiting_example(wish_id: int) -> ResponseReturnValue:
    """The example picture that would be published with it."""
    wish = wish_for(session(), actor(), portal().settings, wish_id)
    found = example_of(session(), wish.revision.digest, whole=True)
    if found is None:
        raise not_there(actor())
    return send_picture(found.png, found.sha256)


@page.post("/waiting/<int:wish_id>/sign")
def sign(wish_id: int) -> ResponseReturnValue:
    """Hand on what her key signed; whether it counts is the publisher's to say."""
    names = ("credential", "client_data", "authenticator_data", "signature")
    try:
        given = Assertion(*(unpacked(request.form.get(name, "")) for name in names))
        with portal().database.write() as writing:
            signing.sign(writing, actor(), portal().settings, wish_id, given, now=now())
        flash("Signed. The publisher checks it, which takes a few seconds.")
    except (InvalidError, ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.show_waiting", wish_id=wish_id), 303)


@page.post("/waiting/<int:wish_id>/refuse")
def refuse(wish_id: int) -> ResponseReturnValue:
    """Refuse it with a sentence."""
    why = request.form.get("why", "")
    try:
        with portal().database.write() as writing:
            wish = signing.refuse(writing, actor(), portal().settings, wish_id, why, now=now())
            who = wish.person.full_name or wish.person.name
        flash(f"Refused. {who} reads why.")
    except InvalidError as error:
        return make_response(_page(wish_id, {"why": why}, error.fields), 422)
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.show_waiting", wish_id=wish_id), 303)


def _page(wish_id: int, typed: Mapping[str, str], wrong: Mapping[str, str] | None = None) -> str:
    return render_template(
        "drafts/waiting.html",
        section="analyses",
        one=waiting_page(session(), actor(), portal().settings, wish_id),
        typed=typed,
        wrong=wrong or {},
        elsewhere=elsewhere(url_for("drafts.show_waiting", wish_id=wish_id)),
    )
