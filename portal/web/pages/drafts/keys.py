"""My sign-off keys: made here, enrolled by an operator, who alone can."""

from collections.abc import Mapping
from hashlib import sha256

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts.signoff.keys import enrolled_of, offer_key, offered_of
from portal.drafts.signoff.webauthn import Party, packed
from portal.errors import ConflictError, InvalidError, LimitError
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.pages.drafts.blueprint import page


@page.get("/keys")
def keys() -> ResponseReturnValue:
    """The person's keys, those that wait for an operator with their code, and a form that makes one."""
    return _page(kept_fields("drafts.make_key"))


@page.post("/keys")
def make_key() -> ResponseReturnValue:
    """Write down a key that the browser made: from then on it waits for an operator."""
    form = request.form
    brought = form.get("client_data", ""), form.get("attestation", "")
    try:
        with portal().database.write() as writing:
            code = offer_key(writing, actor(), form.get("label", ""), brought, _party(), now=now())
        flash(f"The key is made. Its code is {code}: an operator enrols it by that.")
    except (InvalidError, ConflictError, LimitError) as error:
        wrong = error.fields if isinstance(error, InvalidError) else {}
        if not wrong:
            flash(error.message, "wrong")
        return make_response(_page(form, wrong), 429 if isinstance(error, LimitError) else 422)
    return redirect(url_for("drafts.keys"), 303)


def elsewhere(path: str) -> str:
    """The page at the address for which keys are made, where it was opened at another one; else empty."""
    origin = portal().settings.signoff_origin
    return "" if request.host_url.rstrip("/") == origin else f"{origin}{path}"


def _party() -> Party:
    return Party(portal().settings.signoff_origin)


def _page(typed: Mapping[str, str], wrong: Mapping[str, str] | None = None) -> str:
    enrolled = enrolled_of(session(), actor())
    return render_template(
        "drafts/keys.html",
        section="analyses",
        enrolled=enrolled,
        offered=offered_of(session(), actor(), _party(), now=now()),
        party=_party().id,
        user=packed(sha256(actor().name.encode()).digest()),
        credentials=" ".join(one.credential for one in enrolled),
        typed=typed,
        wrong=wrong or {},
        elsewhere=elsewhere(url_for("drafts.keys")),
    )
