"""Trying several values of an option: the form, the sheet of what came of it, and the form of the value picked."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import visible
from portal.catalogue.inputs import datasets_by_slot
from portal.catalogue.models import Dataset
from portal.db import is_id
from portal.errors import ConflictError, InvalidError, LimitError, NotFoundError
from portal.form.plan import hidden_options
from portal.form.values import as_text
from portal.identity.missing import not_found
from portal.jobs.models import Job
from portal.jobs.read import cluster_status
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobs.timing.estimate import most_cost
from portal.jobs.trials.discard import discard, take_back
from portal.jobs.trials.pictures import draw
from portal.jobs.trials.sheet import get_sheet
from portal.jobtype.model import JobType
from portal.web.bounds import LONGEST_LINK
from portal.web.context import actor, now, portal, session
from portal.web.forms.again import StartedBefore, keyed, started_before
from portal.web.forms.kept import kept_fields
from portal.web.forms.revised import told_if_revised
from portal.web.pages.analyses import form_page, told_what_is_gone
from portal.web.part import part
from portal.web.views.live import ask_again_for_all_s
from portal.web.views.pictures import thumbnails
from portal.web.views.start import Origin, Typed, as_known, cost_words, inputs_of, variant_of
from portal.web.views.terms.shown import shown_terms
from portal.web.views.trials.form import beside_trial, hidden_of, option_of, trial_form
from portal.web.views.trials.pictures import scale_of, shown
from portal.web.views.trials.sheet import sheet_tiles
from portal.web.views.trials.typed import OTHERS, TypedTrial, query_of, switched, typed_trial
from portal.words import count

page = Blueprint("trials", __name__)

TEN_MINUTES = 600


@page.post("/analyses/<name>/several")
def ask(name: str) -> ResponseReturnValue:
    """From an analysis's form to the form of a trial, with what was typed in its address: Back keeps it."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_trial(jobtype, request.form)
    _picked(typed)
    query = urlencode(hidden_of(jobtype, typed))
    if len(query) > LONGEST_LINK:
        return _form(jobtype, typed)
    return redirect(f"{url_for('trials.form', name=name)}?{query}", 303)


@page.post("/analyses/<name>/several/option")
def switch(name: str) -> ResponseReturnValue:
    """The form for another option. The part, and what was typed for this one, stay."""
    jobtype = portal().jobtypes.named(name)
    typed = switched(jobtype, request.form, request.form.get("switch", ""))
    _picked(typed)
    query = urlencode([*hidden_of(jobtype, typed), *query_of(typed)])
    if len(query) > LONGEST_LINK:
        return _form(jobtype, typed)
    return redirect(f"{url_for('trials.form', name=name)}?{query}", 303)


@page.get("/analyses/<name>/several")
def form(name: str) -> ResponseReturnValue:
    """Which option, which values, on which part."""
    jobtype = portal().jobtypes.named(name)
    values = kept_fields("trials.start", "trials.ask", "trials.switch", name=name)
    typed = typed_trial(jobtype, values or MultiDict(request.args))
    if not values:
        typed = replace(typed, form=replace(typed.form, accepts=None))
    return _form(jobtype, _without_gone(typed) if values else typed)


@part(page, "/analyses/<name>/several/part/beside", of="trials.form", method="POST")
def beside(name: str) -> ResponseReturnValue:
    """What stands beside the form, for what is in it now."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_trial(jobtype, request.form)
    _picked(typed)
    return render_template("trials/_beside.html", **_beside(jobtype, typed))


@page.post("/analyses/<name>/several/start")
def start(name: str) -> ResponseReturnValue:
    """Start a job for each value."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_trial(jobtype, request.form)
    revised = told_if_revised(jobtype, typed.form)
    if revised is not None:
        return make_response(_form(jobtype, replace(typed, form=revised)), 409)
    try:
        option = option_of(jobtype, typed.option)
        asked = SubmitRequest(
            jobtype=name,
            inputs=_inputs_on(jobtype, typed),
            options=typed.form.raw or {},
            variant=typed.form.variant,
            preset=typed.form.preset,
            idempotency_key=typed.form.key,
            trial=typed.asked(option),
            accepts=typed.form.accepts,
            use=typed.form.use,
        )
        asked = keyed(asked)
        with portal().database.write() as writing:
            made = submit(
                writing, actor(), asked, jobtypes=portal().jobtypes, settings=portal().settings, now=now()
            )
    except InvalidError as error:
        return make_response(_form(jobtype, typed, error), 422)
    except NotFoundError:
        left = _without_gone(typed)
        if left.form.ids == typed.form.ids:
            raise
        return make_response(_form(jobtype, left), 404)
    except (LimitError, ConflictError) as error:
        flash(error.message, "wrong")
        return make_response(_form(jobtype, typed), 429 if isinstance(error, LimitError) else 409)
    before = started_before(session(), made)
    if before is not None:
        anew = replace(typed, form=replace(typed.form, key=None))
        return make_response(_form(jobtype, anew, before=before), 409)
    return redirect(url_for("trials.show", submission_id=made.id), 303)


@page.get("/trials/<submission_id>")
def show(submission_id: str) -> ResponseReturnValue:
    """All values side by side."""
    return render_template("trials/show.html", section="jobs", **_sheet(submission_id))


@part(page, "/trials/<submission_id>/part/live", of="trials.show")
def live(submission_id: str) -> ResponseReturnValue:
    """The part that changes."""
    return render_template("trials/_live.html", **_sheet(submission_id))


@page.get("/trials/<submission_id>/pictures/<int:index>")
def picture(submission_id: str, index: int) -> ResponseReturnValue:
    """The picture of one value, at the scale that the address names, else at the one of all."""
    sheet = get_sheet(session(), actor(), submission_id)
    result = next((one.result for one in sheet.tried if one.index == index), None)
    scale = scale_of(request.args) or sheet.scale
    if result is None or scale is None:
        raise not_found(actor())
    response = make_response(draw(session(), actor(), result, scale))
    response.mimetype = "image/png"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, max-age={TEN_MINUTES}"
    return response


@page.get("/trials/<submission_id>/use/<int:index>")
def use(submission_id: str, index: int) -> ResponseReturnValue:
    """The analysis's form with the value of one trial, on the whole of its dataset, or of all that were picked."""
    sheet = get_sheet(session(), actor(), submission_id)
    tried = next((one for one in sheet.tried if one.index == index), None)
    if tried is None:
        raise not_found(actor())
    jobtype = portal().jobtypes.named(sheet.jobtype.name)
    first = jobtype.slot.name if jobtype.slot else ""
    for_all = bool(request.args.get("all"))
    ids = _inputs_still_there(tried.job, without=first if for_all else "")
    if for_all:
        ids[first] = _still_visible(sheet.trial.datasets)
        gone = len(sheet.trial.datasets) - len(ids[first])
        if gone:
            flash(f"{count(gone, 'dataset')} of those that were picked can no longer be seen: left out.", "wrong")
    raw = {name: as_text(value) for name, value in sheet.trial.options.items()}
    raw[sheet.option.name] = as_text(tried.value)
    typed = Typed(
        ids=ids,
        raw=raw,
        variant=sheet.submission.variant,
        mode=sheet.trial.mode or None if for_all else None,
        preset=_still_there(jobtype, sheet.submission.preset),
        title=sheet.trial.title or None,
        key=None,
        experiment=None,
    )
    origin = Origin(
        f"{sheet.option.label}: {tried.words}",
        url_for("trials.show", submission_id=submission_id),
        sheet.submission.title,
        on_a_part=bool(sheet.part),
    )
    return form_page(jobtype, typed, tried=origin)


@page.post("/trials/<submission_id>/discard")
def throw_away(submission_id: str) -> ResponseReturnValue:
    """Leave what was tried out of every list."""
    with portal().database.write() as writing:
        discard(writing, actor(), submission_id, now=now())
    flash("Discarded. Its results stand in no list any more; their files stay as they are.")
    return redirect(url_for("trials.show", submission_id=submission_id), 303)


@page.post("/trials/<submission_id>/take-back")
def keep_after_all(submission_id: str) -> ResponseReturnValue:
    """List what was tried among the trials again."""
    with portal().database.write() as writing:
        take_back(writing, actor(), submission_id, now=now())
    flash("Its results are listed as trials again.")
    return redirect(url_for("trials.show", submission_id=submission_id), 303)


def _sheet(submission_id: str) -> dict[str, object]:
    sheet = get_sheet(session(), actor(), submission_id)
    status = cluster_status(session())
    jobs = [one.job for one in sheet.tried]
    seen = shown(session(), actor(), sheet, request.args)
    return {
        "sheet": sheet,
        "submission": sheet.submission,
        "tiles": sheet_tiles(sheet, now(), pictures=seen.pictures, status=status),
        "seen": seen,
        "many": len(sheet.trial.datasets),
        "mine": sheet.submission.person_id == actor().person_id or actor().staff,
        "again_s": ask_again_for_all_s(jobs, now()) if sheet.unfinished else None,
        "cluster_banner": status.banner,
    }


def _inputs_on(jobtype: JobType, typed: TypedTrial) -> Mapping[str, list[int]]:
    """The datasets by slot, of the first slot only the one to try on."""
    first = jobtype.slot.name if jobtype.slot else ""
    inputs = {slot: list(ids) for slot, ids in typed.form.ids.items() if slot != first}
    if typed.on is not None:
        inputs[first] = [typed.on]
    return inputs


def _without_gone(typed: TypedTrial) -> TypedTrial:
    """The form without the datasets that can no longer be seen, which is said."""
    left = told_what_is_gone(typed.form)
    picked = left.ids.get(typed.slot, ())
    return replace(typed, form=left, on=typed.on if typed.on in picked else next(iter(picked), None))


def _form(
    jobtype: JobType,
    typed: TypedTrial,
    error: InvalidError | None = None,
    *,
    before: StartedBefore | None = None,
) -> str:
    typed = replace(typed, form=as_known(jobtype, typed.form))
    first = jobtype.slot.name if jobtype.slot else ""
    datasets = datasets_by_slot(session(), actor(), _inputs_on(jobtype, typed), arrays=True)
    picked = _picked(typed)
    inputs = inputs_of(datasets, arrays=True)
    raw, preset = typed.form.raw or {}, typed.form.preset
    option = option_of(jobtype, typed.option, hidden_options(jobtype, raw, [inputs], preset=preset))
    typed = replace(typed, option=option.name)
    return render_template(
        "trials/form.html",
        section="analyses",
        key=typed.form.key or uuid.uuid4().hex,
        typed=typed,
        before=before,
        others=[(f"{OTHERS}{name}", text) for name, text in typed.others.items()],
        main=datasets.get(first, []),
        picked=picked,
        pictures=thumbnails(session(), actor(), [typed.on]),
        form=trial_form(jobtype, option, inputs, typed, error),
        terms=shown_terms(
            session(), actor(), jobtype, accepts=typed.form.accepts, use=typed.form.use, error=error
        ),
        back=f"{url_for('analyses.start', name=jobtype.name)}?{urlencode(hidden_of(jobtype, typed))}",
        cluster_banner=cluster_status(session()).banner,
        **_beside(jobtype, typed),
    )


def _inputs_still_there(job: Job, *, without: str) -> dict[str, list[int]]:
    """The job's datasets by slot, those of `without` left out; what can no longer be seen is left out and said."""
    given = [one for one in job.inputs if one.slot != without]
    seen = set(_still_visible([one.dataset_id for one in given if one.dataset_id is not None]))
    ids: dict[str, list[int]] = {}
    for one in given:
        if one.dataset_id in seen:
            ids.setdefault(one.slot, []).append(one.dataset_id)
        else:
            flash("A dataset that can no longer be seen is left out.", "wrong")
    return ids


def _still_there(jobtype: JobType, preset: str | None) -> str | None:
    """The preset, if the analysis has it today; its values are among what was typed in any case."""
    known = {one.name.casefold() for one in jobtype.presets}
    return preset if preset is not None and preset.casefold() in known else None


def _still_visible(ids: Sequence[int]) -> list[int]:
    """Those of the datasets that this person sees now, in their order."""
    query = visible(actor(), Dataset).where(Dataset.id.in_(list(filter(is_id, ids)))).with_only_columns(Dataset.id)
    found = set(session().scalars(query))
    return [number for number in ids if number in found]


def _picked(typed: TypedTrial) -> list[Dataset]:
    """All datasets that were picked, if this person sees them all. Raises NotFoundError."""
    return datasets_by_slot(session(), actor(), {"": list(typed.picked)})[""]


def _beside(jobtype: JobType, typed: TypedTrial) -> dict[str, object]:
    found = beside_trial(option_of(jobtype, typed.option), typed)
    variant = variant_of(jobtype, typed.form.variant)
    return {
        "beside": found,
        "jobtype": jobtype,
        "option": option_of(jobtype, typed.option),
        "cost": cost_words(most_cost(variant, max(found.jobs, 1))),
        "part_possible": jobtype.crop is not None and typed.option not in jobtype.crop.whole,
        "whole": typed.whole,
    }
