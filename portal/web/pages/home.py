"""Home: what needs me?"""

from datetime import timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.jobs.cause import Cause
from portal.jobs.cluster import snapshots
from portal.jobs.facility import DAY, failures_by_cause, stuck_counts
from portal.jobs.models import Job
from portal.jobs.read import ClusterStatus, cluster_status, list_jobs
from portal.jobs.state import FINAL, State
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.datasets import dataset_cards
from portal.web.views.facility import StuckLine, stuck_lines
from portal.web.views.home import first_to_analyse, newest_datasets, next_step
from portal.web.views.jobs import job_cards
from portal.web.views.live import ask_again_for_all_s

page = Blueprint("home", __name__)

ACTIVE = tuple(state for state in State if state not in FINAL)
RECENT = timedelta(days=3)


@page.get("/")
def show() -> ResponseReturnValue:
    """Running and failed jobs, newest results as pictures, newest datasets, one next step."""
    status = cluster_status(session())
    jobs = _current()
    results = newest_datasets(session(), actor(), results=True)
    measured = newest_datasets(session(), actor(), results=False)
    cards = dataset_cards(session(), actor(), [*results, *measured], now())
    return render_template(
        "home/show.html",
        section="home",
        stuck=_stuck(status) if actor().staff else [],
        results=cards[: len(results)],
        measured=cards[len(results) :],
        step=next_step(jobs, results, first_to_analyse(session(), actor(), measured)),
        cluster_banner=status.banner,
        **_jobs_context(jobs, status),
    )


@part(page, "/part/jobs", of="home.show")
def jobs_now() -> ResponseReturnValue:
    """The jobs by themselves."""
    return render_template("home/_jobs.html", **_jobs_context(_current(), cluster_status(session())))


def _current() -> list[Job]:
    """My jobs that run, and those that failed lately."""
    mine = list_jobs(session(), actor(), person=actor().name, state=(*ACTIVE, State.FAILED), size=12).items
    return [job for job in mine if not job.state.final or (job.ended and now() - job.ended < RECENT)][:6]


def _jobs_context(jobs: list[Job], status: ClusterStatus) -> dict[str, object]:
    titles = {name: jobtype.title for name, jobtype in portal().jobtypes.by_name.items()}
    return {
        "jobs": job_cards(session(), actor(), jobs, now(), status=status, titles=titles),
        "again_s": ask_again_for_all_s(jobs, now()),
    }


def _stuck(status: ClusterStatus) -> list[StuckLine]:
    """What staff should look at: jobs that do not move, results that were not accepted, nodes, job types."""
    unsaved = (Cause.REFUSED.value, Cause.MISSING_OUTPUT.value)
    return stuck_lines(
        stuck_counts(session(), actor(), now()),
        failures_by_cause(session(), actor(), now(), within=DAY, causes=unsaved),
        snapshots(session()),
        status,
        len(portal().jobtypes.problems),
    )
