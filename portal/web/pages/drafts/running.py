"""Trying a draft, and asking that it is published: what the publisher is asked, and what it answered."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue.models import Instrument
from portal.drafts import publishing, trying
from portal.errors import ConflictError, InvalidError, LimitError
from portal.jobs.submit.check import SubmitRequest
from portal.jobtype.offer.audience import Audience, To
from portal.web.context import actor, now, portal, session
from portal.web.forms.again import address_of, keyed
from portal.web.pages.drafts.blueprint import page
from portal.web.views.drafts.editor import live_values, whole_of


@page.post("/<int:draft_id>/ask-to-try")
def ask_to_try(draft_id: int) -> ResponseReturnValue:
    """Ask that this person may run the text as it is now."""
    try:
        with portal().database.write() as writing:
            publishing.ask_to_try(writing, actor(), draft_id, now=now())
        flash("Asked. Where the site checks drafts by itself it takes a few seconds: look again then.")
    except (InvalidError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="try", on=_on() or None), 303)


@page.post("/<int:draft_id>/try-it")
def start_trial(draft_id: int) -> ResponseReturnValue:
    """Run the draft on the dataset that was chosen, with what stands in the form."""
    chosen, on = request.form, _on()
    try:
        with portal().database.write() as writing:
            jobtype = trying.tryable(writing, actor(), draft_id)
            asked = SubmitRequest(
                jobtype=jobtype.name,
                inputs={jobtype.slot.name: [on]} if jobtype.slot is not None and on else {},
                options=live_values(chosen),
                idempotency_key=chosen.get("idempotency_key") or None,
            )
            made = trying.submit_trial(
                writing, actor(), draft_id, keyed(asked), settings=portal().settings, now=now()
            )
    except InvalidError as error:
        told = "; ".join(error.fields.values()) or error.message
        flash(f"Nothing was started: {told}", "wrong")
    except (ConflictError, LimitError) as error:
        flash(f"Nothing was started. {error.message}", "wrong")
    else:
        return redirect(address_of(made), 303)
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="try", on=on or None), 303)


@page.post("/<int:draft_id>/ask-to-publish")
def ask_to_publish(draft_id: int) -> ResponseReturnValue:
    """Ask that the text as it is now is published to these people, with a sentence of what changed."""
    changed = request.form.get("changed", "")
    try:
        audience = _audience(request.form.get("to", ""), whole_of(request.form.get("instrument", "")))
        with portal().database.write() as writing:
            publishing.ask_to_publish(writing, actor(), draft_id, audience, changed, now=now())
        flash("Asked. What becomes of it stands here.")
    except (InvalidError, ConflictError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(
            url_for("drafts.edit", draft_id=draft_id, step="publish", changed=changed[:500] or None), 303
        )
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="publish"), 303)


def _audience(to: str, instrument: int) -> Audience:
    if to == To.EVERYONE.value:
        return Audience(To.EVERYONE, actor().name)
    if to == To.MYSELF.value:
        return Audience(To.MYSELF, actor().name)
    if to == To.INSTRUMENTS.value and instrument and session().get(Instrument, instrument) is not None:
        return Audience(To.INSTRUMENTS, actor().name, (instrument,))
    told = "Say to whom it is published."
    raise InvalidError(told, fields={"to": told})


def _on() -> int:
    return whole_of(request.form.get("on", ""))
