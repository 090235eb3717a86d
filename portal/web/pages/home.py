"""Home: what needs me?"""

from datetime import timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import or_

from portal.jobs.batches.outlook import batch_outlook
from portal.jobs.clusters.facility import DAY, failures_by_cause, stuck_counts
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.lines import Lines, list_lines
from portal.jobs.models import Job
from portal.jobs.read import ClusterStatus, cluster_status
from portal.jobs.state import FINAL, State
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.datasets import dataset_cards
from portal.web.views.facility import FAILED, StuckLine, stuck_lines
from portal.web.views.home import first_to_analyse, newest_datasets, next_step
from portal.web.views.jobs import line_cards
from portal.web.views.live import ask_again_after_s

page = Blueprint("home", __name__)

ACTIVE = tuple(state for state in State if state not in FINAL)
RECENT = timedelta(days=3)
LINES = 6


@page.get("/")
def show() -> ResponseReturnValue:
    """Running and failed jobs, newest results as pictures, newest datasets, one next step."""
    status = cluster_status(session())
    lines = _current()
    results = newest_datasets(session(), actor(), results=True)
    measured = newest_datasets(session(), actor(), results=False)
    cards = dataset_cards(session(), actor(), [*results, *measured], now(), portal().jobtypes.by_name)
    return render_template(
        "home/show.html",
        section="home",
        stuck=_stuck(status) if actor().staff else [],
        results=cards[: len(results)],
        measured=cards[len(results) :],
        step=next_step(lines.page.items, results, first_to_analyse(session(), actor(), measured)),
        cluster_banner=status.banner,
        **_jobs_context(lines, status),
    )


@part(page, "/part/jobs", of="home.show")
def jobs_now() -> ResponseReturnValue:
    """The jobs by themselves."""
    return render_template("home/_jobs.html", **_jobs_context(_current(), cluster_status(session())))


def _current() -> Lines:
    """My jobs that run, and those that failed lately; a line for a whole batch or trial."""
    lately = or_(Job.state.in_(ACTIVE), Job.ended > now() - RECENT)
    states = (*ACTIVE, State.FAILED)
    return list_lines(session(), actor(), person=actor().name, state=states, where=[lately], size=LINES)


def _jobs_context(lines: Lines, status: ClusterStatus) -> dict[str, object]:
    titles = {name: jobtype.title for name, jobtype in portal().jobtypes.by_name.items()}
    outlooks = {
        key: found.words
        for key, group in lines.groups.items()
        if group.ended < group.seen
        and (found := batch_outlook(session(), actor(), group.submission, status=status, now=now()))
    }
    return {
        "jobs": line_cards(session(), actor(), lines, now(), status=status, titles=titles, outlooks=outlooks),
        "again_s": ask_again_after_s(lines.moments(), now()),
    }


def _stuck(status: ClusterStatus) -> list[StuckLine]:
    """What staff should look at: jobs that do not move, failures that they alone can mend, nodes, job types."""
    return stuck_lines(
        stuck_counts(session(), actor(), now()),
        failures_by_cause(session(), actor(), now(), within=DAY, causes=tuple(FAILED)),
        snapshots(session()),
        status,
        len(portal().jobtypes.problems),
    )
