"""Many jobs moved at once, as `Job.move` would move each."""

import pytest
from sqlalchemy import event

from portal.daemon.moves import move_all
from portal.errors import ConflictError
from portal.jobs.models import PORTAL
from portal.jobs.state import State


def ids(bench) -> list[int]:
    return [job.id for job in bench.jobs()]


def test_each_job_has_its_event_and_the_time_of_the_move(bench):
    bench.desk.submit(*bench.desk.more_stacks(3))
    first, *others = ids(bench)
    bench.later(5)
    with bench.deps.write() as session:
        move_all(session, others, State.QUEUED, State.SUBMITTING, at=bench.now, waiting={"tries": 2})
    untouched, *moved = bench.jobs()
    assert (untouched.id, untouched.state, len(untouched.events)) == (first, State.QUEUED, 1)
    for job in moved:
        assert (job.state, job.changed, job.waiting) == (State.SUBMITTING, bench.now, {"tries": 2})
        last = job.events[-1]
        assert (last.from_state, last.to_state, last.by, last.at) == ("queued", "submitting", PORTAL, bench.now)
        assert (last.cause, last.words) == (None, None)


def test_what_the_table_does_not_allow_moves_nothing(bench):
    bench.desk.submit()
    with pytest.raises(ConflictError), bench.deps.write() as session:
        move_all(session, ids(bench), State.QUEUED, State.PENDING, at=bench.now)
    assert bench.job().state is State.QUEUED


def test_a_move_that_changes_more_of_a_job_is_not_made_so(bench):
    bench.desk.submit()
    with pytest.raises(ConflictError), bench.deps.write() as session:
        move_all(session, ids(bench), State.QUEUED, State.CANCELLED, at=bench.now)
    assert bench.job().ended is None


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
