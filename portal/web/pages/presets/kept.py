"""Keeping what is on an analysis's form as a preset; the presets that one has; taking one off, and back."""

from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.catalogue.files.named import with_file_names
from portal.catalogue.inputs import datasets_by_slot
from portal.catalogue.models import Dataset
from portal.errors import ConflictError, InvalidError, LimitError
from portal.form import Form, build_form
from portal.form.plan import Options, split, typed_options, with_preset
from portal.jobs.submit.presets import offer_for
from portal.jobtype.model import JobType
from portal.presets.offered import kept_as
from portal.presets.service import TakenError, Whose, keep, preset_for, presets_of, take_back, take_off, teams_of
from portal.web.bounds import LONGEST_LINK
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.views.paging import whole
from portal.web.views.presets.keeping import kept_rows, rows_of
from portal.web.views.problems import FieldProblem
from portal.web.views.start import Typed, as_known, fields_of, inputs_of, typed_form

page = Blueprint("presets", __name__, url_prefix="/analyses")

OWN: Final = "mine"
ALL: Final = "facility"
LABELS: Final = {"name": "Name", "options": "What is kept", "whose": "Who has it"}


@page.get("/<name>/presets")
def show(name: str) -> ResponseReturnValue:
    """The presets of an analysis that this person has."""
    jobtype = portal().jobtypes.named(name)
    rows = kept_rows(jobtype, actor(), presets_of(session(), actor(), name))
    gone = whole(request.args.get("gone", ""))
    return render_template("presets/list.html", section="analyses", jobtype=jobtype, rows=rows, gone=gone)


@page.post("/<name>/presets/ask")
def ask(name: str) -> ResponseReturnValue:
    """From the form to the page that keeps its values, which has an address where that is not too long."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form)
    query = urlencode(fields_of(jobtype, typed))
    if len(query) > LONGEST_LINK:
        return _page(jobtype, typed, MultiDict())
    return redirect(f"{url_for('presets.new', name=name)}?{query}", 303)


@page.get("/<name>/presets/new")
def new(name: str) -> ResponseReturnValue:
    """The values of a form, to choose of them what is kept."""
    jobtype = portal().jobtypes.named(name)
    kept = kept_fields("presets.keep_it", name=name)
    values = kept or MultiDict(request.args)
    return _page(jobtype, typed_form(jobtype, values), values)


@page.post("/<name>/presets/new")
def keep_it(name: str) -> ResponseReturnValue:
    """Keep what is ticked, and go back to the form, which starts from it now."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form)
    ticked = set(request.form.getlist("keep"))
    _form, options, _wrong, _datasets = _filled(jobtype, typed)
    try:
        with portal().database.write() as writing:
            kept = keep(
                writing,
                actor(),
                jobtype,
                request.form.get("preset_name", ""),
                {option: value for option, value in options.items() if option in ticked},
                whose=_whose(request.form.get("whose", OWN)),
                note=request.form.get("note", ""),
                replace=bool(request.form.get("replace")),
                now=now(),
            )
            key, label = kept_as(jobtype, kept).key, kept.name
    except InvalidError as error:
        return make_response(_page(jobtype, typed, request.form, error), 422)
    except (TakenError, LimitError) as error:
        told = InvalidError(error.message, fields={"name": error.message})
        replaces = isinstance(error, TakenError) and error.may_replace
        status = 409 if isinstance(error, TakenError) else 429
        return make_response(_page(jobtype, typed, request.form, told, replaces=replaces), status)
    flash(f"“{label}” is kept. It stands under “Start from” whenever you start this analysis.")
    query = urlencode(
        [*((one, text) for one, text in fields_of(jobtype, typed) if one != "preset"), ("preset", key)]
    )
    if len(query) > LONGEST_LINK:
        return redirect(url_for("presets.show", name=name), 303)
    return redirect(f"{url_for('analyses.start', name=name)}?{query}", 303)


@page.post("/presets/<int:preset_id>/off")
def off(preset_id: int) -> ResponseReturnValue:
    """Nobody has it any more; the list says how to take that back."""
    with portal().database.write() as writing:
        found = take_off(writing, actor(), preset_id, now=now())
        name = found.analysis
    return redirect(url_for("presets.show", name=name, gone=preset_id), 303)


@page.post("/presets/<int:preset_id>/back")
def back(preset_id: int) -> ResponseReturnValue:
    """Have it again."""
    name = preset_for(session(), actor(), preset_id).analysis
    try:
        with portal().database.write() as writing:
            take_back(writing, actor(), preset_id, now=now())
    except ConflictError as error:
        flash(error.message, "wrong")
    return redirect(url_for("presets.show", name=name), 303)


def _whose(text: str) -> Whose:
    if text == ALL:
        return Whose(facility=True)
    return Whose() if text == OWN else Whose(experiment=whole(text) or 0)


def _filled(jobtype: JobType, typed: Typed) -> tuple[Form, Options, dict[str, str], list[Dataset]]:
    """The form, the typed values of its first job, what is wrong with the others, and its datasets."""
    offer = offer_for(session(), actor(), jobtype)
    arrays = jobtype.looks_at_arrays
    datasets = datasets_by_slot(session(), actor(), typed.ids, arrays=arrays)
    inputs = with_file_names(session().connection(), jobtype, inputs_of(datasets, arrays=arrays))
    typed = as_known(offer.jobtype, typed)
    raw = typed.raw or {}
    form = build_form(offer.jobtype, inputs, preset=typed.preset, values=raw, mode=typed.mode, judged=False)
    job = split(offer.jobtype, inputs, form.mode)[0]
    values = with_preset(offer.jobtype, raw, typed.preset)
    options, wrong = typed_options(offer.jobtype, values, job, preset=typed.preset)
    return form, options, wrong, [one for chosen in datasets.values() for one in chosen]


def _page(
    jobtype: JobType,
    typed: Typed,
    values: MultiDict[str, str],
    error: InvalidError | None = None,
    *,
    replaces: bool = False,
) -> str:
    form, options, wrong, datasets = _filled(jobtype, typed)
    asked = values.get("preset_name") is not None
    experiments = {one.investigation_id for one in datasets}
    fields = dict(error.fields) if error is not None else {}
    return render_template(
        "presets/new.html",
        section="analyses",
        jobtype=jobtype,
        rows=rows_of(form, options, wrong, set(values.getlist("keep")) if asked else None),
        teams=teams_of(session(), actor(), experiments) if experiments else (),
        whose=values.get("whose", OWN),
        name=values.get("preset_name", ""),
        note=values.get("note", ""),
        wrong=fields,
        errors=[FieldProblem(f"f-preset-{one}", LABELS.get(one, one), text) for one, text in fields.items()],
        replaces=replaces,
        hidden=fields_of(jobtype, typed),
        back=f"{url_for('analyses.start', name=jobtype.name)}?{urlencode(fields_of(jobtype, typed))}",
    )
