"""Experiments: what was measured in a visit, and what was done with it."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue.finding.experiments import LONGEST, find_experiments, name_of_user
from portal.catalogue.models import Investigation
from portal.catalogue.models.searchable import fold
from portal.catalogue.page import Page
from portal.catalogue.search import DatasetQuery, find_datasets
from portal.catalogue.service import get_investigation, team, who_sees
from portal.jobs.read import ClusterStatus, cluster_status
from portal.level import level
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.datasets import dataset_cards, is_public
from portal.web.views.experiments import experiment_groups, experiment_jobs, experiment_lines, instrument_names
from portal.web.views.finding.readings import readings
from portal.web.views.jobs import line_cards
from portal.web.views.live import ask_again_after_s
from portal.web.views.paging import page_links, page_number, total_words

page = Blueprint("experiments", __name__, url_prefix="/experiments")


@page.get("")
def index() -> ResponseReturnValue:
    """The experiments I can see: mine first, by time; of a search first those with this number."""
    text = request.args.get("q", "").strip()[:LONGEST]
    person = request.args.get("person", "")[:LONGEST]
    found, read_as = _found(text, person)
    return render_template(
        "experiments/list.html",
        section="experiments",
        text=text,
        read_as=read_as,
        member=name_of_user(session(), actor(), person),
        person=person,
        groups=experiment_groups(
            experiment_lines(session(), actor(), found.items, now()), searched=bool(text or person)
        ),
        total=total_words(found, level().one, level().many),
        links=page_links(found, level().one, level().many),
    )


def _found(text: str, person: str) -> tuple[Page[Investigation], str]:
    """What has the text, and as what it was read where nothing has it as it stands: `ls2431` is `ls 2431`."""
    number = page_number(request.args)
    exactly = find_experiments(session(), actor(), text, person=person or None, page=number)
    for other in readings(fold(text)) if not exactly.total else ():
        found = find_experiments(session(), actor(), other, person=person or None, page=number)
        if found.total:
            return found, other
    return exactly, ""


@page.get("/<int:investigation_id>")
def show(investigation_id: int) -> ResponseReturnValue:
    """Team, instrument, dates; datasets with their processing state; live while something runs."""
    experiment = get_investigation(session(), actor(), investigation_id)
    status = cluster_status(session())
    number = page_number(request.args)
    found = find_datasets(
        session(), actor(), DatasetQuery(investigation=investigation_id, raw=True, page=number, size=24)
    )
    results = find_datasets(session(), actor(), DatasetQuery(investigation=investigation_id, raw=False, size=8))
    cards = dataset_cards(session(), actor(), [*found.items, *results.items], now(), portal().jobtypes.by_name)
    return render_template(
        "experiments/show.html",
        section="experiments",
        team=team(session(), actor(), experiment),
        instruments=instrument_names(experiment),
        seen_by=who_sees(session(), experiment),
        public=is_public(experiment, now()),
        measured=cards[: len(found.items)],
        results=cards[len(found.items) :],
        result_count=results.total,
        links=page_links(found, "dataset"),
        cluster_banner=status.banner,
        **_jobs_context(experiment, status),
    )


@part(page, "/<int:investigation_id>/part/jobs", of="experiments.show")
def jobs_now(investigation_id: int) -> ResponseReturnValue:
    """What runs on its data by itself."""
    experiment = get_investigation(session(), actor(), investigation_id)
    return render_template("experiments/_jobs.html", **_jobs_context(experiment, cluster_status(session())))


def _jobs_context(experiment: Investigation, status: ClusterStatus) -> dict[str, object]:
    lines = experiment_jobs(session(), actor(), experiment.id)
    titles = {name: jobtype.title for name, jobtype in portal().jobtypes.by_name.items()}
    return {
        "experiment": experiment,
        "jobs": line_cards(session(), actor(), lines, now(), status=status, titles=titles),
        "again_s": ask_again_after_s(lines.moments(), now()),
    }
