"""A batch: one submission of many datasets."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import ConflictError, InvalidError, LimitError
from portal.jobs import actions
from portal.jobs.actions import worth_another_try
from portal.jobs.batches.outlook import batch_outlook
from portal.jobs.batches.rename import rename_batch
from portal.jobs.models import Submission
from portal.jobs.read import (
    BY_WORD,
    cluster_status,
    counts,
    get_submission,
    hidden_jobs,
    list_jobs,
    with_warnings,
)
from portal.jobs.state import FINAL, State
from portal.web.context import actor, close_session, now, portal, session, terms
from portal.web.forms.kept import kept_fields
from portal.web.part import part
from portal.web.views.batches import batch_counts, batch_sentence, hidden_words
from portal.web.views.cancelling import asks_first, lost_with, running_jobs
from portal.web.views.jobs import job_cards
from portal.web.views.live import ask_again_for_all_s
from portal.web.views.paging import page_links, page_number
from portal.web.views.results.compare import compare_jobs
from portal.words import count

page = Blueprint("batches", __name__, url_prefix="/batches")

TILES = 100


@page.get("/<submission_id>")
def show(submission_id: str) -> ResponseReturnValue:
    """Which of them failed? Values that were tried have a sheet of their own."""
    submission = get_submission(session(), actor(), submission_id)
    if submission.trial is not None:
        return redirect(url_for("trials.show", submission_id=submission.id), 303)
    if submission.key != submission_id:
        return redirect(
            url_for(
                "batches.show",
                submission_id=submission.key,
                page=request.args.get("page"),
                state=request.args.get("state"),
            ),
            303,
        )
    return _page(submission, kept_fields("batches.rename", submission_id=submission_id).get("title"))


def _page(submission: Submission, renamed: str | None, wrong: str = "") -> str:
    """The page; `renamed`: a name that was typed and did not arrive, and what is wrong with it."""
    context = _context(submission)
    return render_template("batches/show.html", section="jobs", renamed=renamed, rename_wrong=wrong, **context)


@part(page, "/<submission_id>/part/live", of="batches.show")
def live(submission_id: str) -> ResponseReturnValue:
    """The part that changes."""
    return render_template("batches/_live.html", **_context(get_submission(session(), actor(), submission_id)))


def _context(submission: Submission) -> dict[str, object]:
    by_state = counts(session(), actor(), submission)
    word = request.args.get("state", "").lower()
    word = word if word in BY_WORD else ""
    found = list_jobs(
        session(),
        actor(),
        submission=submission.id,
        state=word or None,
        page=page_number(request.args),
        size=TILES,
    )
    status = cluster_status(session())
    jobtype = portal().jobtypes.by_name.get(submission.revision.name)
    total = sum(by_state.values())
    unfinished = sum(number for state, number in by_state.items() if state not in FINAL)
    failed = by_state.get(State.FAILED, 0)
    hidden = hidden_jobs(session(), actor(), submission)
    words = batch_sentence(by_state, with_warnings(session(), actor(), submission)) + hidden_words(hidden)
    return {
        "submission": submission,
        "analysis": jobtype.title if jobtype else submission.revision.name,
        "counts": batch_counts(by_state),
        "chosen": word,
        "sentence": words,
        "outlook": batch_outlook(session(), actor(), submission, status=status, now=now()),
        "share_done": (total - unfinished) / total if total else None,
        "unfinished": unfinished,
        "failed": failed,
        "worth_it": worth_another_try(session(), actor(), submission.id, failed) if failed else 0,
        "cancelled": by_state.get(State.CANCELLED, 0),
        "done": by_state.get(State.SUCCEEDED, 0),
        "mine": submission.person_id == actor().person_id or actor().staff,
        "cards": job_cards(session(), actor(), found.items, now(), status=status),
        "links": page_links(found, "job"),
        "again_s": (ask_again_for_all_s(found.items, now()) or 5) if unfinished else None,
        "cluster_banner": status.banner,
    }


@page.get("/<submission_id>/compare")
def compare(submission_id: str) -> ResponseReturnValue:
    """What is done of it: each dataset beside its result, in one viewer."""
    submission = get_submission(session(), actor(), submission_id)
    found = list_jobs(
        session(),
        actor(),
        submission=submission.id,
        state=State.SUCCEEDED,
        page=page_number(request.args),
        size=TILES,
    )
    return render_template(
        "batches/compare.html",
        section="jobs",
        submission=submission,
        comparison=compare_jobs(session(), actor(), found.items),
        done=found.total,
        links=page_links(found, "job"),
    )


@page.post("/<submission_id>/rename")
def rename(submission_id: str) -> ResponseReturnValue:
    """Give it another name; its results keep theirs."""
    title = request.form.get("title", "")
    try:
        with portal().database.write() as writing:
            found = rename_batch(writing, actor(), submission_id, title, now=now())
            words = f"The batch is now called “{found.title}”. Its jobs and results keep their names."
    except InvalidError as error:
        submission = get_submission(session(), actor(), submission_id)
        return make_response(_page(submission, title, error.message), 422)
    flash(words)
    return redirect(url_for("batches.show", submission_id=submission_id), 303)


@page.post("/<submission_id>/cancel")
def cancel(submission_id: str) -> ResponseReturnValue:
    """Ask for the end of those that have not ended; where one has run for long, first whether that is meant."""
    submission = get_submission(session(), actor(), submission_id)
    running = running_jobs(session(), actor(), submission.id)
    if asks_first(running, now()) and not request.form.get("sure"):
        return render_template(
            "jobs/cancel.html",
            section="jobs",
            what=submission.title,
            back=url_for("batches.show", submission_id=submission_id),
            action=url_for("batches.cancel", submission_id=submission_id),
            **lost_with(running, now()),
        )
    close_session()
    with portal().database.write() as writing:
        jobs = actions.cancel_all(writing, actor(), submission_id, now=now())
        asked, ended = len(jobs), sum(job.state is State.CANCELLED for job in jobs)
    if not asked:
        words = "All had ended already."
    elif ended == asked:
        words = f"{count(asked, 'job')} cancelled."
    else:
        words = f"{count(asked, 'job')} being cancelled; this takes a few seconds."
    flash(words)
    return redirect(url_for("batches.show", submission_id=submission_id), 303)


@page.post("/<submission_id>/retry")
def retry(submission_id: str) -> ResponseReturnValue:
    """Run those that failed again, each with more of what it ran out of."""
    try:
        with portal().database.write() as writing:
            again = len(actions.retry_failed(writing, actor(), submission_id, now=now(), terms=terms()))
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(url_for("batches.show", submission_id=submission_id), 303)
    left = counts(session(), actor(), submission_id).get(State.FAILED, 0)
    if left:
        them = "it" if left == 1 else "them"
        same = f"{count(left, 'job')} would end the same way: run {them} with changed values."
        flash(f"{count(again, 'job')} in the queue again. {same}" if again else f"Nothing was run again. {same}")
        return redirect(url_for("batches.show", submission_id=submission_id), 303)
    return _queued_again(submission_id, again, "Nothing had failed.")


@page.post("/<submission_id>/retry-cancelled")
def retry_cancelled(submission_id: str) -> ResponseReturnValue:
    """Run those that were cancelled again, as they were."""
    try:
        with portal().database.write() as writing:
            again = len(actions.retry_cancelled(writing, actor(), submission_id, now=now(), terms=terms()))
    except (ConflictError, LimitError) as error:
        flash(error.message, "wrong")
        return redirect(url_for("batches.show", submission_id=submission_id), 303)
    return _queued_again(submission_id, again, "Nothing had been cancelled.")


def _queued_again(submission_id: str, again: int, none: str) -> ResponseReturnValue:
    flash(f"{count(again, 'job')} in the queue again." if again else none)
    return redirect(url_for("batches.show", submission_id=submission_id), 303)
