"""Whom a draft's author names."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import service
from portal.errors import InvalidError, LimitError
from portal.web.context import actor, now, portal
from portal.web.pages.drafts.blueprint import page


@page.post("/<int:draft_id>/share")
def share(draft_id: int) -> ResponseReturnValue:
    """Somebody of the staff sees and changes it from now on."""
    try:
        with portal().database.write() as writing:
            person = service.name_reader(writing, actor(), draft_id, request.form.get("person", ""), now=now())
            words = f"{person.full_name or person.name} sees and changes this draft from now on."
        flash(words)
    except (InvalidError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="publish"), 303)


@page.post("/<int:draft_id>/unshare")
def unshare(draft_id: int) -> ResponseReturnValue:
    """Somebody sees it no longer."""
    number = request.form.get("reader", "")
    with portal().database.write() as writing:
        service.forget_reader(
            writing, actor(), draft_id, int(number) if number.isdecimal() and len(number) < 10 else 0, now=now()
        )
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="publish"), 303)
