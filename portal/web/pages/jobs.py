"""Jobs: the list, one job, its live part, its log, and what can be asked of it."""

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import ConflictError, InvalidError, LimitError
from portal.jobs import actions
from portal.jobs.lines import list_lines
from portal.jobs.log import LogTail
from portal.jobs.models import Job
from portal.jobs.read import ClusterStatus, cluster_status, counts, get_job, job_view, log_tail
from portal.jobs.state import FINAL, State
from portal.jobs.timing.estimate import beside
from portal.jobs.trials.drafts import keep as keep_results
from portal.web.context import actor, close_session, now, portal, session, terms
from portal.web.forms.kept import kept_fields
from portal.web.part import part
from portal.web.views.cancelling import asks_first, lost_with
from portal.web.views.job_page import job_parts
from portal.web.views.jobs import line_cards, line_links
from portal.web.views.live import ask_again_after_s, ask_again_s
from portal.web.views.paging import page_number, whole
from portal.web.views.results.compare import Comparison, compare_datasets
from portal.web.views.staged.asked import asked

page = Blueprint("jobs", __name__, url_prefix="/jobs")

TABS = (("", "All"), ("active", "Not finished"), ("failed", "Failed"), ("done", "Done"))
ACTIVE = tuple(state for state in State if state not in FINAL)


@page.get("")
def show() -> ResponseReturnValue:
    """My jobs, or those of everybody whose experiments I share; live while any of them can change."""
    status = cluster_status(session())
    return render_template(
        "jobs/list.html",
        section="jobs",
        tabs=TABS,
        text=request.args.get("q", ""),
        cluster_banner=status.banner,
        **_list_context(status),
    )


@part(page, "/part/list", of="jobs.show")
def listed() -> ResponseReturnValue:
    """The list by itself."""
    return render_template("jobs/_list.html", **_list_context(cluster_status(session())))


def _list_context(status: ClusterStatus) -> dict[str, object]:
    values = request.args
    chosen = values.get("state", "")
    chosen = chosen if chosen in dict(TABS) else ""
    whose = "all" if values.get("whose") == "all" else "mine"
    found = list_lines(
        session(),
        actor(),
        state=ACTIVE if chosen == "active" else chosen or None,
        person=actor().name if whose == "mine" else None,
        text=values.get("q"),
        page=page_number(values),
        size=25,
    )
    titles = {name: jobtype.title for name, jobtype in portal().jobtypes.by_name.items()}
    return {
        "chosen": chosen,
        "whose": whose,
        "cards": line_cards(session(), actor(), found, now(), status=status, titles=titles),
        "links": line_links(found),
        "again_s": ask_again_after_s(found.moments(), now()),
        "searched": bool(values.get("q") or chosen),
    }


@page.get("/<job:job_id>")
def job(job_id: int) -> ResponseReturnValue:
    """How one job is going."""
    renamed = kept_fields("jobs.rename", job_id=job_id).get("title")
    image_name = kept_fields("images.ask", job_id=job_id).get("image_name")
    return job_page(job_id, renamed=renamed, image_name=image_name)


def job_page(
    job_id: int,
    *,
    renamed: str | None = None,
    rename_wrong: str = "",
    image_name: str | None = None,
    image_wrong: str = "",
) -> str:
    """The page; names that were typed (for the job, for its image) and did not arrive, and what is wrong."""
    context = _job_context(job_id)
    typed = {
        "renamed": renamed,
        "rename_wrong": rename_wrong,
        "image_name": image_name,
        "image_wrong": image_wrong,
    }
    image = asked(session(), actor(), context["job"])
    return render_template("jobs/job.html", section="jobs", image=image, **typed, **context)


@part(page, "/<job:job_id>/part/live", of="jobs.job")
def live(job_id: int) -> ResponseReturnValue:
    """The part of the page that changes, as the page asks for it again and again."""
    return render_template("jobs/_live.html", **_job_context(job_id))


def _job_context(job_id: int) -> dict[str, Any]:
    found = get_job(session(), actor(), job_id)
    status = cluster_status(session())
    batch = sum(counts(session(), actor(), found.submission_id).values())
    return {
        "job": found,
        "view": job_view(found, now(), status=status),
        "others": "" if found.state.final else beside(session(), found, actions.jobtype_of(found), now()).words,
        "parts": job_parts(session(), actor(), found, portal().jobtypes.by_name, batch),
        "comparison": _comparison(found),
        "again_s": ask_again_s(found, now()),
        "cluster_banner": status.banner,
    }


def _comparison(found: Job) -> Comparison | None:
    """Its inputs beside its results, once there are some that both have pictures."""
    if not found.state.final or not found.outputs:
        return None
    given, outputs = [row.dataset_id for row in found.inputs], [output.dataset_id for output in found.outputs]
    comparison = compare_datasets(session(), actor(), given, outputs)
    return comparison if comparison.possible else None


@page.get("/<job:job_id>/log")
def log(job_id: int) -> ResponseReturnValue:
    """A piece of the log as text."""
    stream, piece = _piece(job_id)
    more = piece.next_offset < piece.size
    goes_on = url_for("jobs.log", job_id=job_id, stream=stream, offset=piece.next_offset) if more else ""
    rest = f"\n\n… up to byte {piece.next_offset:,} of {piece.size:,}; it goes on at {goes_on}\n" if more else ""
    answer = make_response((piece.text or piece.note) + rest)
    answer.mimetype = "text/plain"
    return answer


@part(page, "/<job:job_id>/part/log", of="jobs.log")
def log_goes_on(job_id: int) -> ResponseReturnValue:
    """What follows the piece of the log that the job's page has."""
    stream, piece = _piece(job_id)
    again_s = None if piece.final else 1 if piece.next_offset < piece.size else 3
    return render_template("jobs/_log.html", piece=piece, job_id=job_id, stream=stream, again_s=again_s)


def _piece(job_id: int) -> tuple[str, LogTail]:
    """The stream and the piece of it that the address names."""
    values = request.args
    stream = values.get("stream", "stdout")
    offset = values.get("offset", "0")
    length = whole(offset.removeprefix("-"), most=15) or 0
    start = -length if offset.startswith("-") else length
    return stream, log_tail(session(), actor(), job_id, stream=stream, offset=start, settings=portal().settings)


def _of_job(job: Job) -> dict[str, str]:
    back = url_for("jobs.job", job_id=job.id)
    return {"what": f"{job.number}, {job.title}", "back": back, "action": url_for("jobs.cancel", job_id=job.id)}


def _changed(job: Job, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("jobs.job", job_id=job.id), 303)


@page.post("/<job:job_id>/cancel")
def cancel(job_id: int) -> ResponseReturnValue:
    """Ask for a job's end; of one that has run for long, first whether that is meant."""
    found = get_job(session(), actor(), job_id)
    if asks_first([found], now()) and not request.form.get("sure"):
        return render_template("jobs/cancel.html", section="jobs", **lost_with([found], now()), **_of_job(found))
    close_session()
    with portal().database.write() as writing:
        found = actions.cancel(writing, actor(), job_id, now=now())
    done = found.state is State.CANCELLED
    return _changed(found, "It is cancelled." if done else "It is being cancelled; this takes a few seconds.")


@page.post("/<job:job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Run a failed or cancelled job again, as before or with more memory or time."""
    more = request.form.get("more") or None
    try:
        with portal().database.write() as writing:
            found = actions.retry(writing, actor(), job_id, now=now(), terms=terms(), resources=more)
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(url_for("jobs.job", job_id=job_id), 303)
    return _changed(found, "It is in the queue again.")


@page.post("/<job:job_id>/rename")
def rename(job_id: int) -> ResponseReturnValue:
    """Give a job another title."""
    title = request.form.get("title", "")
    try:
        with portal().database.write() as writing:
            found = actions.rename(writing, actor(), job_id, title, now=now())
            words = _renamed_words(found)
    except InvalidError as error:
        return make_response(job_page(job_id, renamed=title, rename_wrong=error.message), 422)
    return _changed(found, words)


@page.post("/<job:job_id>/keep")
def keep(job_id: int) -> ResponseReturnValue:
    """Have the results of a draft's trial stand among the others."""
    try:
        with portal().database.write() as writing:
            found = keep_results(writing, actor(), job_id, now=now())
    except ConflictError as error:
        flash(error.message, "wrong")
        return redirect(url_for("jobs.job", job_id=job_id), 303)
    return _changed(found, "Its result is kept; in a few seconds it stands among the others.")


def _renamed_words(found: Job) -> str:
    """What was renamed, and what was not: a result is registered under a name of its own, and keeps it."""
    words = f"The job is now called “{found.title}”"
    if any(output.dataset_id is not None for output in found.outputs):
        return f"{words}. Its result keeps its name."
    if found.state is State.COLLECTING:
        return f"{words}. Its result is being saved, and may still have the old name."
    if not found.state.final and found.submission.revision.leaves_dataset:
        return f"{words}, and so will its result be."
    return f"{words}."


@page.post("/<job:job_id>/release")
def release(job_id: int) -> ResponseReturnValue:
    """Staff let a job on hold go ahead."""
    try:
        with portal().database.write() as writing:
            found = actions.release(writing, actor(), job_id, now=now(), terms=terms())
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(url_for("jobs.job", job_id=job_id), 303)
    return _changed(found, "It is released.")
