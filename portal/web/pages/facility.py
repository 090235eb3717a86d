"""The facility at a glance, for staff: what is stuck? Nothing is changed here."""

from flask import Blueprint, render_template

from portal.errors import ForbiddenError
from portal.jobs.facility import facility
from portal.jobs.read import cluster_status
from portal.web.context import actor, now, portal, session
from portal.web.views.facility import overview
from portal.web.views.jobs import job_cards

page = Blueprint("facility", __name__)


@page.get("/facility")
def show() -> str:
    """What is stuck, failures by cause, the queue, nodes and partitions, job types with problems."""
    if not actor().staff:
        raise ForbiddenError("This page is for the facility's staff.")
    status = cluster_status(session())
    jobtypes = portal().jobtypes.by_name
    titles = {name: jobtype.title for name, jobtype in jobtypes.items()}
    found = facility(session(), actor(), now())
    return render_template(
        "facility/show.html",
        section="facility",
        status=status,
        overview=overview(found, status),
        stuck=job_cards(session(), actor(), found.stuck, now(), status=status, titles=titles),
        failures=found.failures,
        problems=portal().jobtypes.problems,
        unpublished=portal().jobtypes.unpublished,
        jobtypes=sorted(jobtypes.values(), key=lambda item: item.title),
        cluster_banner=status.banner,
    )
