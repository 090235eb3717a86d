from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from portal.agent.client import Taken
from portal.catalogue.models import Dataset, InvestigationUser
from portal.config import load_settings
from portal.daemon import lease
from portal.daemon.lease import LeaseLost
from portal.identity.models import Person
from portal.jobs import actions
from portal.jobs.clusters.rows import DaemonLease
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.rpc.exchange import Refusal


def test_a_queued_job_is_handed_over_and_its_ids_are_kept(bench):
    bench.desk.submit()
    assert bench.dispatch()
    job = bench.job()
    assert (job.state, job.attempt.cluster_job, job.attempt.number) == (State.PENDING, "1", 1)
    assert job.attempt.name == f"gantry-{job.submission_id}-1"
    assert [event.to_state for event in job.events] == ["queued", "submitting", "pending"]


def test_with_nothing_to_do_the_agent_is_left_alone(bench):
    assert not bench.dispatch()
    assert bench.cluster.calls == []


def test_a_lost_answer_whose_job_was_taken_is_adopted(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    assert bench.job().state is State.SUBMITTING
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.attempt.cluster_job, len(job.attempts)) == (State.PENDING, "1", 1)
    assert bench.cluster.fenced == []


def test_a_lost_answer_whose_job_was_never_taken_is_fenced_before_another_try(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    first = bench.attempt()
    bench.cluster.jobs.clear()
    bench.cluster.lose_answers = False
    bench.dispatch()
    bench.later(10)
    bench.dispatch()
    job = bench.job()
    assert bench.cluster.fenced == [first]
    assert (job.state, [attempt.outcome for attempt in job.attempts]) == (State.PENDING, ["fenced", None])
    assert job.attempts[0].fenced is not None


def test_a_claim_that_somebody_has_is_adopted_by_its_job_id(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    bench.cluster.jobs.clear()
    bench.cluster.claims[bench.attempt()] = {"by": "launch", "job_id": "77", "array_index": None}
    bench.dispatch()
    assert (bench.job().state, bench.job().attempt.cluster_job) == (State.PENDING, "77")


def test_rows_left_by_a_crash_take_the_same_way(bench):
    bench.desk.submit()
    bench.dispatch()
    with bench.deps.write() as session:
        session.execute(update(Job).values(state=State.SUBMITTING))
    bench.dispatch()
    assert bench.job().state is State.PENDING
    assert bench.cluster.calls == ["submit", "find"]


def test_a_refused_input_fails_with_the_files_name(bench):
    bench.desk.submit()
    bench.cluster.refusal = Refusal("input-missing", "The file stack.h5 does not exist any more.")
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.cause) == (State.FAILED, "input")
    assert "stack.h5" in job.cause_words


def test_an_image_that_is_refused_is_the_cause(bench):
    bench.desk.submit()
    bench.cluster.refusal = Refusal("image", "The image science has changed since it was staged.")
    bench.dispatch()
    assert (bench.job().state, bench.job().cause) == (State.FAILED, "image")


def test_an_account_that_the_scheduler_refuses_holds_the_job_for_staff(bench):
    bench.desk.submit()
    bench.cluster.refusal = Refusal("account", "The cluster does not know your account.", detail="Invalid account")
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.cause, job.attempt.seen.portal.detail) == (State.HELD, "account", "Invalid account")
    bench.cluster.refusal = None
    bench.desk.change(actions.release, "sam", job.id)
    bench.dispatch()
    assert (bench.job().state, len(bench.job().attempts)) == (State.PENDING, 2)


def test_a_temporary_refusal_is_settled_and_tried_again_later(bench):
    bench.desk.submit()
    bench.cluster.refusal = Refusal("scheduler", "The scheduler is busy.", retry=True)
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.waiting.reason) == (
        State.SUBMITTING,
        "The scheduler is busy. It is tried again by itself.",
    )
    assert job.not_before > bench.now
    bench.dispatch()
    assert bench.job().state is State.SUBMITTING  # not yet due
    bench.cluster.refusal = None
    for _turn in range(3):
        bench.later(60)
        bench.dispatch()
    assert bench.job().state is State.PENDING


def test_an_agent_that_does_nothing_puts_the_job_back_into_the_queue(bench):
    bench.desk.submit()
    bench.cluster.refuse_calls = True
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.cause) == (State.QUEUED, "temporary")
    assert job.not_before > bench.now
    assert bench.deps.troubles.problems["agent"]
    bench.cluster.refuse_calls = False
    bench.later(60)
    bench.dispatch()
    assert bench.job().state is State.PENDING
    assert bench.deps.troubles.problems == {}


def test_access_taken_away_while_it_waited_stops_the_job(bench):
    bench.desk.submit()
    with bench.deps.write() as session:
        session.execute(delete(InvestigationUser))
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.cause) == (State.FAILED, "access")
    assert "Zebrafish heart, first run" in job.cause_words
    assert bench.cluster.calls == []


def test_a_dataset_deleted_while_it_waited_stops_the_job(bench):
    bench.desk.submit()
    with bench.deps.write() as session:
        session.execute(delete(Dataset).where(Dataset.id == bench.desk.facility.datasets["private"]))
    bench.dispatch()
    assert bench.job().state is State.FAILED
    assert "gone" in bench.job().cause_words


def test_a_closed_account_puts_its_jobs_on_hold(bench):
    bench.desk.submit()
    with bench.deps.write() as session:
        session.execute(update(Person).values(active=False))
    bench.dispatch()
    assert bench.job().state is State.HELD


def limited(bench, **limits):
    settings = bench.deps.settings
    bench.deps.settings = load_settings({}, var=settings.var, limits=limits | {"datasets_per_submission": 100})


def test_a_person_has_only_so_many_jobs_at_the_scheduler_and_is_told(bench):
    limited(bench, running_per_person=2)
    bench.desk.submit(*bench.desk.more_stacks(4))
    bench.dispatch()
    bench.dispatch()
    assert [job.state for job in bench.jobs()].count(State.PENDING) == 2
    waiting = [job for job in bench.jobs() if job.state is State.QUEUED]
    assert waiting[0].waiting.reason == "You may run 2 jobs at once; this one starts when one ends."


def test_people_take_turns(bench):
    limited(bench, running_per_person=3)
    bench.desk.submit(*bench.desk.more_stacks(5))
    bench.desk.submit(person="ravi")
    handed = []

    def submit(items):
        handed.extend(item["order"]["job"]["person"] for _account, item in items)
        yield {place: Refusal("x", "no") for place in range(len(items))}

    bench.cluster.submit_by_account = submit
    bench.dispatch()
    assert handed[:2] == ["maya", "ravi"]


def test_held_jobs_are_released_when_there_is_room(bench):
    bench.desk.settings = load_settings({}, limits={"queued_per_person": 2})
    limited(bench, queued_per_person=2)
    bench.desk.submit()
    bench.desk.submit(*bench.desk.more_stacks(2))
    bench.dispatch()
    assert [job.state for job in bench.jobs()] == [State.PENDING, State.PENDING, State.HELD]
    with bench.deps.write() as session:
        session.execute(update(Job).where(Job.id == bench.job().id).values(state=State.SUCCEEDED))
    bench.dispatch()
    assert bench.job(2).state is State.PENDING


def test_a_job_cancelled_while_it_was_uncertain_ends_once_the_fence_is_won(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    bench.cluster.jobs.clear()
    bench.desk.change(actions.cancel, "maya", bench.job().id)
    bench.dispatch()
    assert bench.job().state is State.CANCELLED


def test_a_daemon_that_lost_its_lease_hands_nothing_over(bench):
    bench.desk.submit()
    past = datetime.now(UTC) - timedelta(seconds=1)
    with bench.deps.database.write() as session:
        session.execute(update(DaemonLease).values(expires=past))
    assert lease.take(bench.deps.database, "other", lasts=timedelta(seconds=60)) is not None
    with pytest.raises(LeaseLost):
        bench.dispatch()
    assert bench.cluster.calls == []
    assert bench.job().state is State.QUEUED


def test_what_the_scheduler_has_taken_is_kept_as_it_said(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    bench.cluster.jobs[bench.attempt()] = Taken("9", 4, moment)
    bench.dispatch()
    attempt = bench.job().attempt
    assert (attempt.cluster_job, attempt.array_index, attempt.submitted) == ("9", 4, moment)
