"""How often analyses were used, how often they worked, and how long they took."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.jobs.timing.models import DONE, TIME_LIMIT, JobRun
from portal.jobs.timing.spread import Span
from portal.jobs.timing.usage import DAYS, Usage, usage

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("worked", "failed", "words"),
    [
        (0, 0, "Not used in the last 90 days."),
        (1, 0, "Used once in the last 90 days; it worked."),
        (0, 1, "Used once in the last 90 days; it has not worked."),
        (3, 0, "Used 3 times in the last 90 days; all worked."),
        (0, 2, "Used 2 times in the last 90 days; none worked."),
        (3, 1, "Used 4 times in the last 90 days; 3 worked."),
        (90, 10, "Used 100 times in the last 90 days; 90 % worked."),
        (9_999, 1, "Used 10,000 times in the last 90 days; 99 % worked."),
        (1, 9_999, "Used 10,000 times in the last 90 days; 1 % worked."),
    ],
)
def test_it_is_said_in_words_and_never_all_of_less_than_all(worked, failed, words):
    assert Usage(worked=worked, failed=failed).words == words


def test_times_are_told_where_enough_runs_tell():
    assert Usage(worked=9).takes == ""
    assert Usage(worked=9, span=Span(120, 400), runs=9).takes == "2 to 7 minutes, by the last 9 runs"


def ended(desk, state, *, days=1, draft=False):
    """A job that ended so many days ago."""
    submission = desk.submit()
    with desk.database.write() as session:
        for job in session.scalars(select(Job).where(Job.submission_id == submission)):
            job.state = state
            job.submission.draft = draft
            job.submission.created = NOW - timedelta(days=days)


def ran(desk, seconds, *, outcome=DONE, part=False, days=1):
    with desk.database.write() as session:
        job = session.scalars(select(Job)).first()
        assert job is not None
        number = 100 + session.query(Attempt).count()
        attempt = Attempt(
            id=str(uuid.uuid4()), job_id=job.id, number=number, name="x", cluster="c", resources={}, created=NOW
        )
        session.add(attempt)
        session.flush()
        when = NOW - timedelta(days=days, seconds=number)
        session.add(
            JobRun(
                attempt_id=attempt.id,
                jobtype="count",
                revision_id=job.submission.revision_id,
                variant="small",
                part=part,
                waited_s=1.0,
                ran_s=float(seconds),
                outcome=outcome,
                started=when,
                ended=when,
            )
        )


def now(desk):
    with desk.database.read() as session:
        return usage(session, NOW)


def test_jobs_count_by_how_they_ended_in_the_last_days_alone(desk):
    for state in (State.SUCCEEDED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING):
        ended(desk, state)
    ended(desk, State.FAILED, days=DAYS + 1)
    ended(desk, State.SUCCEEDED, draft=True)  # its author tried it: nobody used it yet
    assert now(desk) == {"count": Usage(worked=2, failed=1)}


def test_the_time_is_that_of_whole_runs_that_came_to_their_end(desk):
    ended(desk, State.SUCCEEDED)
    for seconds in (60, 70, 80, 90):
        ran(desk, seconds)
    ran(desk, 3, part=True)
    ran(desk, 5, outcome=TIME_LIMIT)
    ran(desk, 7, days=DAYS + 1)
    assert now(desk)["count"].span is None
    ran(desk, 100)
    assert (now(desk)["count"].span, now(desk)["count"].runs) == (Span(60, 100), 5)
