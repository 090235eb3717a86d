"""Experiments: what was measured in a visit, and by whom."""

from flask import Response
from pydantic import BaseModel, Field

from portal.catalogue.service import get_investigation, list_investigations, team, who_sees
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.cursor import PageQuery, decode, encode
from portal.web.api.dataset_shapes import ExperimentDetails, ExperimentList, MemberOut, experiment_out
from portal.web.bounded import PathId
from portal.web.context import actor, session

api = make_blueprint("experiments", "Visits and their teams.")


class ExperimentsQuery(PageQuery):
    """Which experiments."""

    text: str | None = Field(None, max_length=200, description="Words in name, visit or title.")


class ExperimentPath(BaseModel):
    """Which experiment."""

    experiment: PathId


@api.get("/experiments", summary="Experiments, newest first", responses={200: ExperimentList})
def read_experiments(query: ExperimentsQuery) -> Response:
    """Those that this person may see."""
    number = decode(query.cursor, "page") or 1
    found = list_investigations(session(), actor(), text=query.text, page=number, size=query.limit)
    page = ExperimentList(
        items=[experiment_out(investigation) for investigation in found.items],
        total=found.total,
        next=encode({"page": found.next}) if found.next else None,
    )
    return answer(page)


@api.get("/experiments/<int:experiment>", summary="One experiment", responses={200: ExperimentDetails})
def read_experiment(path: ExperimentPath) -> Response:
    """With its team. Its datasets: /datasets?experiment=…"""
    investigation = get_investigation(session(), actor(), path.experiment)
    details = ExperimentDetails(
        **experiment_out(investigation).model_dump(),
        seen_by=who_sees(session(), investigation),
        team=[MemberOut(name=member.name, role=member.role) for member in team(session(), actor(), investigation)],
    )
    return answer(details)
