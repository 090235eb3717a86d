"""Analyses you make: the list, what begins a new one, throwing one away and taking that back."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.drafts import service
from portal.drafts.signoff.signing import with_keys
from portal.errors import ForbiddenError, InvalidError, LimitError
from portal.jobtype.written.check import Step
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.pages.drafts.blueprint import page
from portal.web.views.drafts.begin import copied, titled
from portal.web.views.drafts.listed import draft_lines
from portal.web.views.drafts.past import published_lines
from portal.web.views.drafts.waiting import waiting_lines
from portal.web.views.staged.waiting import image_lines


@page.get("")
def show() -> ResponseReturnValue:
    """The drafts that this person may see, and what begins a new one."""
    return _page(kept_fields("drafts.create"))


@page.post("")
def create() -> ResponseReturnValue:
    """A new draft: with a title, from a pasted command or batch script, or as a copy of an analysis on offer."""
    service.check_staff(actor())
    typed = request.form
    step = Step.PURPOSE
    try:
        if typed.get("copy", ""):
            begun = copied(portal(), typed["copy"])
        else:
            begun = titled(portal(), actor(), typed.get("title", ""), typed.get("pasted", ""))
            step = Step.COMMAND if typed.get("pasted", "").strip() else step
        with portal().database.write() as writing:
            draft = service.create(writing, actor(), begun.text, now=now(), based_on=begun.based_on)
    except (InvalidError, LimitError) as error:
        wrong = error.fields if isinstance(error, InvalidError) else {}
        if not wrong:
            flash(error.message, "wrong")
        return make_response(_page(typed, wrong), 422 if isinstance(error, InvalidError) else 429)
    for words in begun.told:
        flash(words)
    return redirect(url_for("drafts.edit", draft_id=draft.id, step=step.value), 303)


@page.post("/<int:draft_id>/throw-away")
def throw_away(draft_id: int) -> ResponseReturnValue:
    """Off every list; the list then offers to take it back."""
    with portal().database.write() as writing:
        service.throw_away(writing, actor(), draft_id, now=now())
    return redirect(url_for("drafts.show", gone=draft_id), 303)


@page.post("/<int:draft_id>/take-back")
def take_back(draft_id: int) -> ResponseReturnValue:
    """Into the lists again."""
    with portal().database.write() as writing:
        draft = service.take_back(writing, actor(), draft_id, now=now())
    flash(f"“{draft.name}” is there again.")
    return redirect(url_for("drafts.show"), 303)


def _page(typed: MultiDict[str, str], wrong: dict[str, str] | None = None) -> str:
    if not actor().staff:
        raise ForbiddenError("Analyses are made by the facility's staff.")
    gone = request.args.get("gone", "") if request.method == "GET" else ""
    jobtypes = sorted(portal().jobtypes.by_name.values(), key=lambda one: one.title)
    return render_template(
        "drafts/list.html",
        section="analyses",
        drafts=draft_lines(session(), actor()),
        published=published_lines(session(), actor()),
        waiting=[
            *waiting_lines(session(), actor(), portal().settings),
            *image_lines(session(), actor(), portal().settings),
        ],
        with_keys=with_keys(portal().settings),
        jobtypes=jobtypes,
        typed=typed,
        wrong=wrong or {},
        gone=int(gone) if gone.isdecimal() and len(gone) < 10 else None,
    )
