"""The facility at a glance, for staff: what is stuck? Nothing is changed here."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.errors import ForbiddenError
from portal.jobs.clusters.facility import facility
from portal.jobs.read import cluster_status
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.facility import failure_lines, overview
from portal.web.views.jobs import job_cards

page = Blueprint("facility", __name__)

AGAIN_S = 10


@page.get("/facility")
def show() -> ResponseReturnValue:
    """What is stuck, failures by cause, the queue, nodes and partitions, job types with problems."""
    jobtypes = portal().jobtypes.by_name
    return render_template(
        "facility/show.html",
        section="facility",
        problems=portal().jobtypes.problems,
        unpublished=portal().jobtypes.unpublished,
        jobtypes=sorted(jobtypes.values(), key=lambda item: item.title),
        **_context(),
    )


@part(page, "/facility/part/now", of="facility.show")
def now_part() -> ResponseReturnValue:
    """What changes by itself, as the page asks for it again and again."""
    return render_template("facility/_live.html", **_context())


def _context() -> dict[str, object]:
    if not actor().staff:
        raise ForbiddenError("This page is for the facility's staff.")
    status = cluster_status(session())
    titles = {name: jobtype.title for name, jobtype in portal().jobtypes.by_name.items()}
    found = facility(session(), actor(), now())
    return {
        "status": status,
        "overview": overview(found, status),
        "stuck": job_cards(session(), actor(), found.stuck, now(), status=status, titles=titles),
        "failures": failure_lines(found.failures, titles),
        "again_s": AGAIN_S,
        "cluster_banner": status.banner,
    }
