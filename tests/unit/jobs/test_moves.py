"""Many jobs moved at once, as `Job.move` would move each."""

from datetime import timedelta

import pytest
from sqlalchemy import event, update

from portal.errors import ConflictError
from portal.jobs.actions import cancel_all, retry_cancelled
from portal.jobs.models import PORTAL, Job, JobEvent
from portal.jobs.moves import move_all
from portal.jobs.said import Waiting
from portal.jobs.state import MOVES, State


def ids(bench) -> list[int]:
    return [job.id for job in bench.jobs()]


def test_each_job_has_its_event_and_the_time_of_the_move(bench):
    bench.desk.submit(*bench.desk.more_stacks(3))
    first, *others = ids(bench)
    bench.later(5)
    with bench.deps.write() as session:
        move_all(session, others, State.QUEUED, State.SUBMITTING, at=bench.now, waiting=Waiting(tries=2))
    untouched, *moved = bench.jobs()
    assert (untouched.id, untouched.state, len(untouched.events)) == (first, State.QUEUED, 1)
    for job in moved:
        assert (job.state, job.changed, job.waiting) == (State.SUBMITTING, bench.now, Waiting(tries=2))
        last = job.events[-1]
        assert (last.from_state, last.to_state, last.by, last.at) == ("queued", "submitting", PORTAL, bench.now)
        assert (last.cause, last.words) == (None, None)


def test_what_the_table_does_not_allow_moves_nothing(bench):
    bench.desk.submit()
    with pytest.raises(ConflictError), bench.deps.write() as session:
        move_all(session, ids(bench), State.QUEUED, State.PENDING, at=bench.now)
    assert bench.job().state is State.QUEUED


EVERY = [(before, after) for before, afters in MOVES.items() for after in sorted(afters)]


@pytest.mark.parametrize(("before", "after"), EVERY)
def test_many_jobs_are_written_as_job_move_writes_each(bench, before, after):
    bench.desk.submit(*bench.desk.more_stacks(3))
    first, *others = ids(bench)
    started = bench.now - timedelta(minutes=1) if before is not State.SUBMITTING else None
    told = {"by": "Sam", "cause": "memory", "words": "It ran out."}
    bench.later(5)
    with bench.deps.write() as session:
        waiting = Waiting("All are busy.", 2)
        session.execute(update(Job).values(state=before, started=started, last_seen=bench.now, waiting=waiting))
    with bench.deps.write() as session:
        session.get_one(Job, first).move(after, at=bench.now, **told)
        move_all(session, others, before, after, at=bench.now, **told)
    alike = {*Job.__table__.c.keys()} - {"id", "index", "title"}
    one, *many = bench.jobs()
    event = {*JobEvent.__table__.c.keys()} - {"id", "job_id"}
    assert one.state is after
    for job in many:
        assert {name: getattr(job, name) for name in alike} == {name: getattr(one, name) for name in alike}
        assert len(job.events) == len(one.events) == 2
        for name in event:
            assert getattr(job.events[-1], name) == getattr(one.events[-1], name)


def test_what_was_loaded_is_read_anew_after_a_batch_is_moved(bench):
    submission = bench.desk.submit(*bench.desk.more_stacks(3))
    first = ids(bench)[0]
    with bench.deps.write() as session:
        move_all(session, [], State.QUEUED, State.CANCELLED, at=bench.now)
        move_all(session, [first], State.QUEUED, State.CANCELLED, at=bench.now)
    cancelled = bench.desk.change(cancel_all, "maya", submission)
    assert [job.state for job in cancelled] == [State.CANCELLED] * 2
    again = bench.desk.change(retry_cancelled, "maya", submission)
    assert [(job.state, job.cancel_requested, len(job.events)) for job in again] == [(State.QUEUED, None, 3)] * 3


def test_a_batch_is_cancelled_and_run_again_in_as_many_statements_however_large_it_is(bench):
    counted: list[str] = []
    event.listen(
        bench.deps.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: counted.append(statement),
    )
    stacks, counts = bench.desk.more_stacks(20), []
    for jobs in (2, 20):
        submission = bench.desk.submit(*stacks[:jobs])
        counted.clear()
        bench.desk.change(cancel_all, "maya", submission)
        bench.desk.change(retry_cancelled, "maya", submission)
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_one_job_in_another_state_and_none_is_moved(bench):
    bench.desk.submit(*bench.desk.more_stacks(2))
    both = ids(bench)
    with bench.deps.write() as session:
        move_all(session, both[:1], State.QUEUED, State.SUBMITTING, at=bench.now)
    with pytest.raises(ConflictError), bench.deps.write() as session:
        move_all(session, both, State.QUEUED, State.SUBMITTING, at=bench.now)
    assert [job.state for job in bench.jobs()] == [State.SUBMITTING, State.QUEUED]
    assert [len(job.events) for job in bench.jobs()] == [2, 1]


def test_a_hand_over_takes_as_many_statements_for_many_jobs_as_for_one(bench):
    stacks = bench.desk.more_stacks(20)
    bench.cluster.running_per_person, bench.cluster.batch_size, bench.cluster.joins = 10_000, 1000, True
    counted: list[str] = []
    event.listen(
        bench.deps.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: counted.append(statement),
    )
    counts = []
    for jobs in (1, 2, 20):
        bench.desk.submit(*stacks[:jobs])
        counted.clear()
        bench.dispatch()
        counts.append(len(counted))
    assert [job.state for job in bench.jobs()] == [State.PENDING] * 23
    assert counts[0] == counts[1] == counts[2]


def test_a_job_over_more_datasets_than_a_question_lists_is_handed_over_whole(bench, monkeypatch):
    monkeypatch.setattr("portal.daemon.dispatch.queue.MOST_LISTED", 3)
    stacks = bench.desk.more_stacks(8)
    bench.desk.submit(*stacks)
    bench.dispatch()
    named = [given["dataset"] for item in bench.cluster.items for given in item["order"]["inputs"]["stack"]]
    assert sorted(named) == sorted(stacks)
