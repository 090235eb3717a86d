"""What was published under a name: its revisions compared, one of them published again, all of it retired."""

from collections.abc import Sequence
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import publishing, service
from portal.drafts.narrowing import NarrowerError
from portal.drafts.past import last_audience
from portal.errors import ConflictError, InvalidError, LimitError, NotFoundError
from portal.web.context import actor, now, portal, session
from portal.web.pages.drafts.as_yaml import as_yaml
from portal.web.pages.drafts.blueprint import page
from portal.web.views.drafts.past import (
    SHORT,
    PastLine,
    asked_lines,
    compared,
    newest_text,
    past_of,
    text_of,
    title_of,
)


@page.get("/published/<name>")
def published(name: str) -> ResponseReturnValue:
    """Who published what when, with the sentence of what changed; `before` and `after`: two revisions compared."""
    past = past_of(session(), actor(), name)
    before, after = request.args.get("before", ""), request.args.get("after", "")
    return render_template(
        "drafts/published.html",
        section="analyses",
        name=name,
        title=title_of(session(), actor(), name),
        past=past,
        waits=asked_lines(session(), actor(), name),
        retired=not any(one.now for one in past),
        comparison=compared(session(), actor(), name, before, after) if before and after else None,
        asked=bool(before and after),
        again=_to_confirm(past, request.args.get("again", "")),
    )


@page.get("/published/<name>/file")
def published_file(name: str) -> ResponseReturnValue:
    """The text of a revision as a file; without its digest, that of what was published last."""
    text, digest = text_of(session(), actor(), name, request.args.get("revision", ""))
    return as_yaml(text, f"{name}-{digest[SHORT]}.yaml")


@page.post("/published/<name>/change")
def change(name: str) -> ResponseReturnValue:
    """A draft of what was published last, under the same name: what is on offer stays until it is published."""
    text, digest = newest_text(session(), actor(), name)
    try:
        with portal().database.write() as writing:
            draft = service.create(writing, actor(), text, now=now(), based_on=digest)
    except (InvalidError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(url_for("drafts.published", name=name), 303)
    flash("A draft beside what is on offer, under the same name. Publishing it makes the next revision.")
    return redirect(url_for("drafts.edit", draft_id=draft.id, step="purpose"), 303)


@page.post("/published/<name>/retire")
def retire(name: str) -> ResponseReturnValue:
    """Ask that nobody can start it any more."""
    past_of(session(), actor(), name)
    try:
        with portal().database.write() as writing:
            publishing.ask_to_retire(writing, actor(), name, now=now())
        flash("Asked. Once that is done nobody can start it; what ran with it stays explained.")
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.published", name=name), 303)


@page.post("/published/<name>/again")
def publish_again(name: str) -> ResponseReturnValue:
    """Ask that an earlier revision is published again, to whom it was published then."""
    digest, changed = request.form.get("digest", ""), request.form.get("changed", "")
    if not any(one.digest == digest for one in past_of(session(), actor(), name)):
        raise NotFoundError(f"No such revision of {name} was published here.")
    audience = last_audience(session(), name, digest)
    if audience is None:
        raise NotFoundError(f"No such revision of {name} was published here.")
    try:
        with portal().database.write() as writing:
            publishing.ask_to_publish_again(
                writing,
                actor(),
                name,
                digest,
                audience=replace(audience, author=actor().name),
                changed=changed,
                now=now(),
                narrow="narrow" in request.form,
            )
        flash("Asked. What becomes of it stands here once it is done.")
    except NarrowerError:
        flash("Nothing was asked for: somebody would lose it. Say below whether that is meant.", "wrong")
        return redirect(url_for("drafts.published", name=name, again=digest, _anchor="again"), 303)
    except LimitError as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.published", name=name), 303)


def _to_confirm(past: Sequence[PastLine], digest: str) -> PastLine | None:
    """What is to be published again, where somebody would lose it by that."""
    return next((one for one in past if one.digest == digest and one.again and one.narrows), None)
