"""The image that a job made: asking that it is staged, on the job's page."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import ConflictError, InvalidError, LimitError
from portal.jobs.read import get_job
from portal.staging.asking import ask_to_stage
from portal.web.context import actor, now, portal, session
from portal.web.pages.jobs import job_page
from portal.web.part import part
from portal.web.views.staged.asked import asked

page = Blueprint("images", __name__, url_prefix="/jobs")


@part(page, "/<job:job_id>/part/image", of="jobs.job")
def shown(job_id: int) -> ResponseReturnValue:
    """How far the image is, as the job's page asks for it again and again."""
    found = get_job(session(), actor(), job_id)
    return render_template("jobs/_image.html", job=found, image=asked(session(), actor(), found))


@page.post("/<job:job_id>/stage")
def ask(job_id: int) -> ResponseReturnValue:
    """Ask that it is staged under the name that was typed."""
    name = request.form.get("image_name", "").strip()
    try:
        with portal().database.write() as writing:
            ask_to_stage(writing, actor(), job_id, name, portal().images.names(), now=now())
    except InvalidError as error:
        return make_response(job_page(job_id, image_name=name, image_wrong=error.message), 422)
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
    return redirect(url_for("jobs.job", job_id=job_id, _anchor="job-image"), 303)
