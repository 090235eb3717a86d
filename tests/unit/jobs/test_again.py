"""Running again and releasing are asked what a new submission is asked, also where two ask at once."""

import threading

import pytest
from sqlalchemy import func, select, update

from portal.config import load_settings
from portal.errors import ConflictError, LimitError
from portal.jobs import actions
from portal.jobs.cause import Cause
from portal.jobs.models import Job
from portal.jobs.state import UNFINISHED, State
from portal.jobtype.load import JobTypes


def limited(desk, most):
    desk.settings = load_settings({}, limits={"queued_per_person": most, "datasets_per_submission": 9})


def all_are(desk, state, **values):
    with desk.database.write() as session:
        session.execute(update(Job).values(state=state, **values))


def unfinished(desk):
    with desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state.in_(UNFINISHED)))


def test_running_again_makes_no_more_unfinished_jobs_than_a_person_may_have(desk):
    first = desk.submit(*desk.more_stacks(3))
    all_are(desk, State.FAILED)
    desk.submit()
    limited(desk, 3)
    with pytest.raises(LimitError, match="You have 1 unfinished job, of 3 at once; this would add 3"):
        desk.change(actions.retry_failed, "maya", first)
    assert unfinished(desk) == 1  # all or none
    desk.change(actions.retry, "maya", desk.jobs()[0].id)
    desk.change(actions.retry, "maya", desk.jobs()[1].id)
    with pytest.raises(LimitError, match="You have 3 unfinished jobs"):
        desk.change(actions.retry, "maya", desk.jobs()[2].id)
    with pytest.raises(LimitError, match="Maya Lind has 3 unfinished jobs"):
        desk.change(actions.retry, "sam", desk.jobs()[2].id)
    assert unfinished(desk) == 3


def test_what_was_cancelled_is_counted_too(desk):
    first = desk.submit(*desk.more_stacks(3))
    desk.change(actions.cancel_all, "maya", first)
    limited(desk, 2)
    with pytest.raises(LimitError):
        desk.change(actions.retry_cancelled, "maya", first)
    assert unfinished(desk) == 0


def test_of_two_that_ask_at_once_the_second_counts_what_the_first_has_queued(desk):
    desk.submit(*desk.more_stacks(6))
    all_are(desk, State.FAILED)
    limited(desk, 2)
    gate, told = threading.Barrier(6), []

    def ask(job_id):
        gate.wait()
        try:
            desk.change(actions.retry, "maya", job_id)
        except LimitError:
            told.append(job_id)

    threads = [threading.Thread(target=ask, args=(job.id,)) for job in desk.jobs()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (unfinished(desk), len(told)) == (2, 4)


def test_an_analysis_that_is_not_on_offer_any_more_runs_no_job_again(desk):
    batch = desk.submit()
    all_are(desk, State.FAILED)
    desk.jobtypes = JobTypes({})
    for act, what in ((actions.retry, desk.jobs()[0].id), (actions.retry_failed, batch)):
        with pytest.raises(ConflictError, match="not on offer any more"):
            desk.change(act, "maya", what)
    all_are(desk, State.HELD)
    with pytest.raises(ConflictError, match="not on offer any more"):
        desk.change(actions.release, "sam", desk.jobs()[0].id)
    assert desk.jobs()[0].state is State.HELD


def test_what_an_analysis_may_use_now_holds_for_jobs_of_before(desk):
    desk.submit()
    all_are(desk, State.FAILED, resources={"cpus": 1, "memory_mb": 10**6, "time_s": 60})
    with pytest.raises(LimitError, match="memory_mb"):
        desk.change(actions.retry, "maya", desk.jobs()[0].id)


def test_staff_release_nothing_beyond_the_limit_of_its_person(desk):
    limited(desk, 2)
    desk.submit(*desk.more_stacks(2))
    desk.submit()
    held = next(job for job in desk.jobs() if job.state is State.HELD)
    assert held.cause == Cause.QUOTA.value
    with pytest.raises(LimitError, match="Maya Lind may have 2 unfinished jobs at once"):
        desk.change(actions.release, "sam", held.id)
    desk.change(actions.cancel, "maya", desk.jobs()[0].id)
    desk.change(actions.release, "sam", held.id)
    assert unfinished(desk) == 2
