"""Analyses: what is possible, and the form that starts one."""

import uuid
from collections.abc import Sequence

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import may
from portal.catalogue.inputs import datasets_by_slot
from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.service import OFFERED, experiments_to_file_in, who_sees
from portal.errors import ConflictError, InvalidError, LimitError
from portal.form import Form, build_form
from portal.jobs.read import cluster_status
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.model import JobType
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.analyses import all_cards, analysis_card, fitting_cards
from portal.web.views.paging import whole_numbers
from portal.web.views.pictures import thumbnails
from portal.web.views.start import (
    Origin,
    Typed,
    beside,
    further_slots,
    inputs_of,
    limits_of,
    problems_of,
    typed_form,
)

page = Blueprint("analyses", __name__, url_prefix="/analyses")


@page.get("")
def show() -> ResponseReturnValue:
    """What is possible; with `dataset` in the address: what fits these, and why the rest does not."""
    jobtypes = portal().jobtypes
    ids = whole_numbers(request.args.getlist("dataset"))
    if not ids:
        cards = all_cards(session(), actor(), jobtypes.by_name.values())
        return render_template("analyses/list.html", section="analyses", cards=cards)
    datasets = datasets_by_slot(session(), actor(), {"": ids})[""]
    fits, others = fitting_cards(jobtypes, datasets)
    return render_template(
        "analyses/fitting.html",
        section="analyses",
        datasets=datasets,
        pictures=thumbnails(session(), actor(), ids),
        fits=fits,
        others=others,
    )


@page.route("/<name>/start", methods=["GET", "POST"])
def start(name: str) -> ResponseReturnValue:
    """The form (GET, also with values in the address), and what it starts (POST)."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form if request.method == "POST" else MultiDict(request.args))
    if request.method != "POST":
        return form_page(jobtype, typed)
    asked = SubmitRequest(
        jobtype=name,
        inputs=typed.ids,
        options=typed.raw or {},
        variant=typed.variant,
        title=typed.title,
        mode=typed.mode or "each",
        preset=typed.preset,
        idempotency_key=typed.key,
        experiment=typed.experiment,
    )
    try:
        with portal().database.write() as writing:
            made = submit(
                writing, actor(), asked, jobtypes=portal().jobtypes, settings=portal().settings, now=now()
            )
    except InvalidError as error:
        return make_response(form_page(jobtype, typed, error), 422)
    except (LimitError, ConflictError) as error:
        flash(error.message, "wrong")
        return make_response(form_page(jobtype, typed), 429 if isinstance(error, LimitError) else 409)
    if len(made.jobs) == 1:
        return redirect(url_for("jobs.job", job_id=made.jobs[0].id), 303)
    return redirect(url_for("batches.show", submission_id=made.id), 303)


@part(page, "/<name>/part/beside", of="analyses.start", method="POST")
def estimate(name: str) -> ResponseReturnValue:
    """What stands beside the form, for what is in it now."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form)
    return render_template("analyses/_beside.html", anew=True, **_context(jobtype, typed))


def form_page(
    jobtype: JobType, typed: Typed, error: InvalidError | None = None, *, tried: Origin | None = None
) -> str:
    """The page with the form of an analysis, filled in; `tried`: from which trial a value is."""
    context = _context(jobtype, typed, error)
    key = typed.key or uuid.uuid4().hex
    return render_template("analyses/start.html", section="analyses", key=key, tried=tried, **context)


def _context(jobtype: JobType, typed: Typed, error: InvalidError | None = None) -> dict[str, object]:
    arrays = jobtype.looks_at_arrays
    datasets = datasets_by_slot(session(), actor(), typed.ids, arrays=arrays)
    inputs = inputs_of(datasets, arrays=arrays)
    judged = (typed.raw or {}) if error is not None or typed.raw else None
    offered = [] if jobtype.inputs else experiments_to_file_in(session(), actor(), chosen=typed.experiment)
    form = build_form(
        jobtype, inputs, preset=typed.preset, values=judged, mode=typed.mode, experiment=typed.experiment
    )
    main = datasets.get(jobtype.slot.name, []) if jobtype.slot else []
    status = cluster_status(session())
    return {
        "jobtype": jobtype,
        "analysis": analysis_card(jobtype),
        "form": form,
        "typed": typed,
        "errors": problems_of(form, error) if judged is not None else [],
        "main": main,
        "pictures": thumbnails(session(), actor(), [dataset.id for dataset in main[:12]]),
        "further": further_slots(session(), actor(), jobtype, datasets, form),
        "beside": beside(session(), form, inputs, typed, status=status, now=now()),
        "offered": offered,
        "most_offered": OFFERED,
        "seen_by": _seen_by(main, offered, typed),
        "refused": _refused(main) or _nowhere_to_file(form, offered),
        "variant": typed.variant or jobtype.resources.default,
        "mode": typed.mode or form.modes[0],
        "limits": limits_of(form),
        "can_try": any(jobtype.can_be_tried(option) for option in jobtype.options),
        "cluster_banner": status.banner,
    }


def _seen_by(main: list[Dataset], offered: Sequence[Investigation], typed: Typed) -> str:
    """Who will see the result, as far as it is known yet."""
    if main:
        return who_sees(session(), main[0].investigation)
    chosen = next((one for one in offered if one.id == typed.experiment), None)
    return who_sees(session(), chosen) if chosen else ""


def _nowhere_to_file(form: Form, offered: Sequence[Investigation]) -> str:
    if form.target is None or not form.target.required or offered:
        return ""
    return "The result needs an experiment, and there is none in whose team you are."


def _refused(datasets: list[Dataset]) -> str:
    """Why this person cannot start anything on these datasets; empty if she can."""
    for dataset in {item.investigation_id: item for item in datasets}.values():
        if not may(session(), actor(), "submit", dataset.investigation):
            return (
                f"You can see “{dataset.name}”, but only the team of “{dataset.investigation.title}” "
                "runs analyses there."
            )
    return ""
