"""Analyses: what is possible, and the form of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from portal.catalogue.files.named import with_file_names
from portal.catalogue.inputs import check_open, datasets_by_slot, input_dataset, open_experiments
from portal.form import Form, InputDataset, build_form
from portal.form.fitting import asks_for_arrays, fitting_on
from portal.form.plan import with_preset
from portal.jobs.read import cluster_status
from portal.jobs.submit.check import known_variant
from portal.jobs.submit.naming import as_named
from portal.jobs.submit.presets import offer_for
from portal.jobs.timing.estimate import Outlook, inputs_by_job, outlook
from portal.jobs.timing.settings import asked_settings
from portal.jobtype.model import JobType
from portal.trials.part import usual_part
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.form_shapes import (
    AnalysisDetails,
    AnalysisList,
    FormOut,
    MisfitOut,
    analysis_details,
    analysis_out,
    form_out,
)
from portal.web.api.parameters import Parameters
from portal.web.api.submissions import FormValues
from portal.web.bounded import Ids
from portal.web.context import actor, now, portal, session

api = make_blueprint("analyses", "Kinds of analysis and their forms.")


class AnalysesQuery(Parameters):
    """For which datasets."""

    model_config = ConfigDict(extra="forbid")

    dataset: Ids = Field(default_factory=list, description="Ids; may be repeated.")


class AnalysisPath(BaseModel):
    """Which analysis."""

    name: str = Field(max_length=60)


class AnalysisQuery(AnalysesQuery):
    """For which datasets, with which preset."""

    preset: str | None = Field(None, max_length=200)


def _datasets(inputs: Mapping[str, Sequence[int]], *, arrays: bool = False) -> dict[str, list[InputDataset]]:
    """The datasets by slot, if this person may see them all. Raises NotFoundError."""
    by_slot = datasets_by_slot(session(), actor(), inputs, arrays=arrays)
    return {
        slot: [input_dataset(dataset, arrays=arrays) for dataset in chosen] for slot, chosen in by_slot.items()
    }


@api.get("/analyses", summary="Analyses that fit", responses={200: AnalysisList})
def read_analyses(query: AnalysesQuery) -> Response:
    """All, or with `dataset` those that fit these datasets, and why the others do not."""
    jobtypes = portal().jobtypes
    if not query.dataset:
        everything = sorted(jobtypes.by_name.values(), key=lambda jobtype: (jobtype.category, jobtype.title))
        page = AnalysisList(items=[analysis_out(jobtype) for jobtype in everything], others=[])
    else:
        chosen = _datasets({"": query.dataset}, arrays=asks_for_arrays(jobtypes))[""]
        found = fitting_on(jobtypes, chosen)
        page = AnalysisList(
            items=[analysis_out(jobtype) for jobtype in found.fits],
            others=[
                MisfitOut(name=other.jobtype.name, title=other.jobtype.title, reason=other.reason)
                for other in found.others
            ],
        )
    return answer(page)


@api.get("/analyses/<name>", summary="One analysis and its form", responses={200: AnalysisDetails})
def read_analysis(path: AnalysisPath, query: AnalysisQuery) -> Response:
    """With `dataset` the form has the defaults that these datasets give."""
    jobtype = portal().jobtypes.named(path.name)
    slot = jobtype.slot
    inputs = (
        _datasets({slot.name: query.dataset}, arrays=jobtype.looks_at_arrays) if slot and query.dataset else {}
    )
    inputs = with_file_names(session().connection(), jobtype, inputs)
    named = as_named(session(), actor(), jobtype, inputs, None, now=now())
    offered = offer_for(session(), actor(), jobtype).jobtype
    form = replace(build_form(offered, named, preset=query.preset), jobtype=jobtype)
    return answer(analysis_details(jobtype, form, _expected(form, inputs)))


def _expected(
    form: Form,
    inputs: Mapping[str, Sequence[InputDataset]],
    mode: str | None = None,
    variant: str | None = None,
) -> Outlook:
    ids = {slot: [dataset.id for dataset in chosen] for slot, chosen in inputs.items()}
    return outlook(
        session(),
        actor(),
        form.jobtype,
        form.request(known_variant(form.jobtype, variant).name),
        inputs=inputs_by_job(form.jobtype, ids, mode or form.modes[0]),
        options=asked_settings(form),
        jobs=max(1, form.results),
        status=cluster_status(session()),
        now=now(),
    )


@api.post("/analyses/<name>/form", summary="Check a form without starting it", responses={200: FormOut})
def check_form(path: AnalysisPath, body: FormValues) -> Response:
    """The form with these values, and what is wrong with them. Nothing is started."""
    return answer(checked_form(portal().jobtypes.named(path.name), body))


def checked_form(jobtype: JobType, body: FormValues) -> FormOut:
    """The form of an analysis, which this person may start or whose draft she sees. Raises NotFoundError."""
    inputs = _datasets(body.inputs, arrays=jobtype.looks_at_arrays)
    if body.experiment is not None:
        asked = [body.experiment]
        check_open(actor(), body.experiment, open_experiments(session().connection(), actor(), asked, now=now()))
    inputs = with_file_names(session().connection(), jobtype, inputs)
    named = as_named(session(), actor(), jobtype, inputs, body.mode, now=now())
    offered = offer_for(session(), actor(), jobtype).jobtype
    form = build_form(
        offered,
        named,
        preset=body.preset,
        values=body.options,
        mode=body.mode,
        experiment=body.experiment,
    )
    form = replace(form, jobtype=jobtype)
    part = usual_part(jobtype, inputs, with_preset(offered, body.options, body.preset))
    return form_out(form, _expected(form, inputs, body.mode, body.variant), part)
