"""Trying a draft, and asking that it is published: what the publisher is asked, and what it answered."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import publishing, service, trying
from portal.drafts.narrowing import NarrowerError
from portal.drafts.replacing import ReplacedError
from portal.errors import ConflictError, InvalidError, LimitError, PortalError
from portal.form.values import as_text
from portal.jobs.submit.check import SubmitRequest
from portal.jobtype.model import JobType
from portal.jobtype.written.check import check
from portal.trials.part import usual_part
from portal.web.context import actor, now, portal, session
from portal.web.forms.again import keyed
from portal.web.pages.drafts.blueprint import page
from portal.web.pages.drafts.editor import AT, along
from portal.web.part import part
from portal.web.views.drafts import beside
from portal.web.views.drafts.audience import asked_for, experiments, numbers
from portal.web.views.drafts.editor import live_values, step_links, terms_to_try
from portal.web.views.drafts.here import here_of, other_datasets, whole_of
from portal.web.views.drafts.refused import refused_of
from portal.web.views.drafts.shown import WORDS
from portal.web.views.drafts.standing import answered_words, asked_of, progress_of, trial_of
from portal.web.views.drafts.tried.measured import RULE, with_measured
from portal.web.views.start import inputs_of

MEANT = (
    "Nothing was asked for. Where that is meant, tick below that they lose it; else choose so that they keep it."
)

OVER = "Nothing was asked for. Where that is meant, tick below that it replaces it; else give yours another name."


@page.post("/<int:draft_id>/ask-to-try")
def ask_to_try(draft_id: int) -> ResponseReturnValue:
    """Ask that this person may run the text as it is now."""
    try:
        with portal().database.write() as writing:
            publishing.ask_to_try(writing, actor(), draft_id, now=now())
        flash("Asked. Where the site checks drafts by itself it takes a few seconds: look again then.")
    except (InvalidError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="try", **along()), 303)


@part(page, f"{AT}/part/tried", of="drafts.edit")
def tried(draft_id: int, step: str) -> ResponseReturnValue:
    """How far it is now, and what came of its trials."""
    draft = service.draft_for(session(), actor(), draft_id)
    had = request.args.get("had") == "yes"
    checked = check(draft.text)
    context = {
        "draft": draft,
        "terms": terms_to_try(step, checked.jobtype),
        "step": step,
        "here": here_of(request.args),
        "progress": progress_of(session(), actor(), draft_id, portal().settings.signs),
        "checked": checked,
        "refused": refused_of(checked, step),
        "step_words": WORDS,
        "key": uuid.uuid4().hex,
        "rule": RULE,
        "had": had,
    }
    return render_template("drafts/_tried.html", **context)


@part(page, f"{AT}/part/answers", of="drafts.edit")
def answers(draft_id: int, step: str) -> ResponseReturnValue:
    """What was asked of the publisher, and what it answered. `waits`: how many were not answered on the page."""
    draft = service.draft_for(session(), actor(), draft_id)
    checked = check(draft.text)
    progress = progress_of(session(), actor(), draft_id, portal().settings.signs)
    answered = progress.unanswered < whole_of(request.args.get("waits", ""))
    asked = asked_of(session(), checked.jobtype)
    context = {
        "draft": draft,
        "step": step,
        "here": here_of(request.args),
        "progress": progress,
        "checked": checked,
        "said": answered_words(progress) if answered else "",
        "links": step_links(draft, checked, step, here_of(request.args), asked),
    }
    return render_template("drafts/_answered.html", **context)


@page.post("/<int:draft_id>/use-measured")
def use_measured(draft_id: int) -> ResponseReturnValue:
    """What a trial used, with a margin, becomes the size that it ran with."""
    draft = service.draft_for(session(), actor(), draft_id)
    found = trial_of(session(), actor(), draft_id, whole_of(request.form.get("job", ""))).measured
    back = url_for("drafts.edit", draft_id=draft_id, step="try", **along())
    if found is None or not found.changes:
        flash("Nothing was changed: it asks for that already, or nothing was measured.")
        return redirect(back, 303)
    try:
        with portal().database.write() as writing:
            service.save(writing, actor(), draft_id, with_measured(draft.text, found), draft.version, now=now())
    except service.SavedMeanwhileError as error:
        flash(f"{error.message} Nothing was changed.", "wrong")
        return redirect(back, 303)
    flash("Done. It is another text now: try it once more. Undo leads back.")
    opened = ".".join(map(str, found.changes[0][0][:3]))
    anchor = opened.replace(".", "-")
    return redirect(
        url_for("drafts.edit", draft_id=draft_id, step="resources", opened=opened, _anchor=anchor, **along()),
        303,
    )


@page.post("/<int:draft_id>/try-it")
def start_trial(draft_id: int) -> ResponseReturnValue:
    """Run the draft on the dataset that was chosen, with what stands in the form."""
    chosen, on = request.form, _on()
    try:
        with portal().database.write() as writing:
            jobtype = trying.tryable(writing, actor(), draft_id)
            asked = SubmitRequest(
                jobtype=jobtype.name,
                inputs=_inputs(jobtype, on),
                options=_options(jobtype, on),
                idempotency_key=chosen.get("idempotency_key") or None,
                accepts=chosen.get("accept_terms") or None,
                use=chosen.get("use") or None,
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
        flash(f"{made.jobs[0].number} is started. What comes of it stands below." if made.jobs else "Started.")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="try", **along()), 303)


@part(page, f"{AT}/part/experiments", of="drafts.edit", method="POST")
def find_experiments(draft_id: int, step: str) -> ResponseReturnValue:
    """Experiments by words, beside those that are ticked already."""
    service.draft_for(session(), actor(), draft_id)
    found = experiments(session(), actor(), request.form)
    return render_template("drafts/_experiments.html", experiments=found, step=step)


@page.post("/<int:draft_id>/ask-to-publish")
def ask_to_publish(draft_id: int) -> ResponseReturnValue:
    """Ask that the text as it is now is published to these people, with a sentence of what changed."""
    service.draft_for(session(), actor(), draft_id)  # hidden before it is a question of rights
    changed = request.form.get("changed", "")
    try:
        audience = asked_for(session(), actor(), request.form)
        meant = {name: name in request.form for name in ("narrow", "over")}
        with portal().database.write() as writing:
            publishing.ask_to_publish(writing, actor(), draft_id, audience, changed, now=now(), **meant)
        flash("Asked. What becomes of it stands here.")
    except (InvalidError, ConflictError, LimitError) as error:
        flash(_told(error), "wrong")
        here = url_for(
            "drafts.edit",
            draft_id=draft_id,
            step="publish",
            changed=changed[:500] or None,
            to=request.form.get("to") or None,
            instrument=numbers(request.form, "instrument") or None,
            experiment=numbers(request.form, "experiment") or None,
        )
        return redirect(here, 303)
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="publish"), 303)


def _told(error: PortalError) -> str:
    if isinstance(error, NarrowerError):
        return f"{error.said} {MEANT}"
    if isinstance(error, ReplacedError):
        return f"{error.said} {OVER}"
    return error.message


def _inputs(jobtype: JobType, on: int) -> dict[str, list[int]]:
    """The datasets that were chosen, by slot; `submit` looks whether this person sees them."""
    if jobtype.slot is None or not on:
        return {}
    others = other_datasets(request.form)
    further = {slot.name: [others[slot.name]] for slot in jobtype.inputs[1:] if slot.name in others}
    return {jobtype.slot.name: [on], **further}


def _options(jobtype: JobType, on: int) -> dict[str, str]:
    """What stands in the form; for a trial on a part with the values that cut it out, where none are typed."""
    raw = live_values(jobtype, request.form)
    if request.form.get("part") != "true" or jobtype.crop is None:
        return raw
    datasets = beside.chosen(session(), actor(), jobtype, on or None, other_datasets(request.form))
    part_of = usual_part(jobtype, inputs_of(datasets, arrays=jobtype.looks_at_arrays), raw)
    return raw | {name: as_text(value) for name, value in part_of.items()}


def _on() -> int:
    return whole_of(request.form.get("on", ""))
