from datetime import timedelta

import pytest
from desk_and_bench import bench, desk, jobtypes
from sqlalchemy import select, update

from portal.daemon.notices import notices_step
from portal.daemon.retention import retain_step
from portal.errors import NotFoundError
from portal.identity.models import Person
from portal.jobs.actions import cancel, cancel_all
from portal.jobs.models import Job, JobEvent
from portal.jobs.state import State
from portal.notify.drain import drain
from portal.notify.models import About, Notice, NoticeMark
from portal.notify.read import MOST_COUNTED, count_new, list_notices, mark_all_read, mark_read

__all__ = ["bench", "desk", "jobtypes"]


def step(bench):
    for _ in range(4):
        notices_step(bench.deps, bench.now)


def notices(bench):
    with bench.deps.database.read() as session:
        return list(session.scalars(select(Notice).order_by(Notice.id)))


def told(bench):
    return [(one.about, one.job_id, one.counts) for one in notices(bench)]


def end(bench, state, *ids, **more):
    with bench.deps.write() as session:
        for job in session.scalars(select(Job).where(Job.id.in_(ids)).order_by(Job.id)):
            if state in {State.SUCCEEDED, State.FAILED} and job.state is State.QUEUED:
                job.move(State.SUBMITTING, at=bench.now)
                job.move(State.COLLECTING, at=bench.now)
            job.move(state, at=bench.now, **more)


@pytest.mark.parametrize(
    ("state", "about"), [(State.SUCCEEDED, About.DONE), (State.FAILED, About.FAILED), (State.HELD, About.HELD)]
)
def test_the_owner_is_told_once_what_has_become_of_a_job(bench, state, about):
    bench.desk.submit()
    step(bench)
    assert told(bench) == []
    end(bench, state, 1)
    step(bench)
    step(bench)
    assert told(bench) == [(about, 1, {})]
    assert [one.person_id for one in notices(bench)] == [bench.desk.actor("maya").person_id]


def test_who_cancels_her_own_job_knows_it_and_is_not_told(bench):
    bench.desk.submit()
    bench.desk.change(cancel, "maya", 1)
    step(bench)
    assert told(bench) == []


def test_a_job_that_somebody_else_cancelled_is_told(bench):
    bench.desk.submit()
    bench.desk.change(cancel, "sam", 1)
    step(bench)
    assert told(bench) == [(About.CANCELLED, 1, {})]


@pytest.mark.parametrize(("by", "found"), [("maya", []), ("sam", [(About.CANCELLED, 1, {})])])
def test_a_wish_that_the_daemon_carried_out_counts_as_the_persons(bench, by, found):
    bench.desk.submit()
    with bench.deps.write() as session:
        session.execute(
            update(Job).values(
                cancel_requested=bench.now,
                cancel_requested_by="",
                cancel_requested_by_id=bench.desk.actor(by).person_id,
            )
        )
    end(bench, State.CANCELLED, 1)
    step(bench)
    assert told(bench) == found


@pytest.mark.parametrize("jobs", [1, 2])
def test_somebody_else_of_the_same_name_is_somebody_else(bench, jobs):
    with bench.deps.write() as session:
        session.execute(update(Person).where(Person.name.in_(["maya", "sam"])).values(full_name="Wei Zhang"))
    batch = bench.desk.submit(*bench.desk.more_stacks(jobs))
    if jobs == 1:
        bench.desk.change(cancel, "sam", 1)
    else:
        bench.desk.change(cancel_all, "sam", batch)
    step(bench)
    assert [about for about, _job, _counts in told(bench)] == [About.CANCELLED if jobs == 1 else About.BATCH]


def test_a_batch_is_told_once_when_all_of_it_has_ended(bench):
    bench.desk.submit(*bench.desk.more_stacks(3))
    end(bench, State.SUCCEEDED, 1, 2)
    step(bench)
    assert told(bench) == []
    end(bench, State.FAILED, 3)
    step(bench)
    step(bench)
    assert told(bench) == [(About.BATCH, None, {"succeeded": 2, "failed": 1})]


def test_a_batch_that_is_run_again_is_told_again_when_it_has_ended_again(bench):
    bench.desk.submit(*bench.desk.more_stacks(2))
    end(bench, State.FAILED, 1, 2)
    step(bench)
    end(bench, State.QUEUED, 1)
    step(bench)
    assert len(told(bench)) == 1
    end(bench, State.SUCCEEDED, 1)
    step(bench)
    assert [one[2] for one in told(bench)] == [{"failed": 2}, {"failed": 1, "succeeded": 1}]


def test_a_batch_on_hold_is_told_once_and_one_that_she_cancelled_is_not(bench):
    batch = bench.desk.submit(*bench.desk.more_stacks(3))
    end(bench, State.HELD, 1)
    step(bench)
    end(bench, State.HELD, 2, 3)
    step(bench)
    assert told(bench) == [(About.HELD, None, {})]
    bench.desk.change(cancel_all, "maya", batch)
    step(bench)
    assert len(told(bench)) == 1


def test_a_step_that_dies_leaves_nothing_and_the_next_one_tells_all_of_it_once(bench):
    bench.desk.submit()
    end(bench, State.FAILED, 1)
    with pytest.raises(RuntimeError), bench.deps.write() as session:
        drain(session)
        assert session.scalar(select(Notice.id)) is not None
        raise RuntimeError
    assert told(bench) == []
    step(bench)
    assert told(bench) == [(About.FAILED, 1, {})]


def test_events_that_are_looked_through_again_make_no_second_notice(bench):
    bench.desk.submit()
    end(bench, State.FAILED, 1)
    step(bench)
    with bench.deps.write() as session:
        session.execute(update(NoticeMark).values(event_id=0, ahead_id=None, ahead_transaction=None))
    step(bench)
    assert told(bench) == [(About.FAILED, 1, {})]


def test_many_events_are_told_in_portions(bench):
    for _ in range(5):
        bench.desk.submit()
    end(bench, State.FAILED, 1, 2, 3, 4, 5)
    for _ in range(12):
        with bench.deps.write() as session:
            drain(session, most=2)
    assert [one[1] for one in told(bench)] == [1, 2, 3, 4, 5]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_event_that_is_committed_after_later_ones_were_seen_is_told_too(bench):
    for _ in range(2):
        bench.desk.submit()
    with bench.deps.database.write() as slow:
        slow.get_one(Job, 1).move(State.CANCELLED, at=bench.now, by="Sam Weber")
        slow.flush()
        end(bench, State.FAILED, 2)
        step(bench)
        assert [one[1] for one in told(bench)] == [2]
        with bench.deps.database.read() as session:
            numbers = {job: event for event, job in session.execute(select(JobEvent.id, JobEvent.job_id))}
    step(bench)
    assert [one[1] for one in told(bench)] == [2, 1]
    late, early = notices(bench)[1].event_id, numbers[2]
    assert late < early
    with bench.deps.database.read() as session:
        mark = session.scalars(select(NoticeMark)).one()
    assert (mark.event_id, mark.ahead_id) == (early, None)


# ---- reading ----


@pytest.fixture
def read(bench):
    """Three notices of maya's; act(verb, person, …) is one of the service's verbs."""
    for _ in range(3):
        bench.desk.submit()
    end(bench, State.FAILED, 1, 2, 3)
    step(bench)
    return bench


def counted(bench, person):
    with bench.deps.database.read() as session:
        return count_new(session, bench.desk.actor(person)), [
            one.id for one in list_notices(session, bench.desk.actor(person)).items
        ]


def test_a_person_sees_counts_and_marks_her_own_only(read):
    first = notices(read)[0].id
    assert counted(read, "tom") == counted(read, "sam") == (0, [])
    for stranger in ("tom", "sam"):
        with pytest.raises(NotFoundError):
            read.desk.change(mark_read, stranger, first)
        assert read.desk.change(mark_all_read, stranger, until=10**6) == 0
    assert counted(read, "maya")[0] == 3


def test_one_and_all_are_marked_and_what_came_since_stays_new(read):
    one, two, three = (notice.id for notice in notices(read))
    assert counted(read, "maya") == (3, [three, two, one])
    read.desk.change(mark_read, "maya", one)
    read.desk.change(mark_read, "maya", one)
    assert counted(read, "maya")[0] == 2
    assert read.desk.change(mark_all_read, "maya", until=two) == 1
    assert counted(read, "maya")[0] == 1
    with pytest.raises(NotFoundError):
        read.desk.change(mark_read, "maya", 10**12)


def test_no_more_are_counted_than_anybody_needs(read):
    with read.deps.write() as session:
        job, person = session.get_one(Job, 1), read.desk.actor("maya").person_id
        for number in range(MOST_COUNTED):
            event = JobEvent(job_id=1, at=read.now, from_state="x", to_state="failed", by=f"{number}")
            session.add(event)
            session.flush()
            session.add(
                Notice(
                    event_id=event.id,
                    person_id=person,
                    submission_id=job.submission_id,
                    about=About.FAILED,
                    at=read.now,
                    counts={},
                )
            )
    assert counted(read, "maya")[0] == MOST_COUNTED


def test_what_was_read_long_ago_goes_and_what_is_new_stays_however_old(read):
    one, two, three = (notice.id for notice in notices(read))
    with read.deps.write() as session:
        for notice, days in ((one, 91), (two, 89)):
            long_ago = read.now - timedelta(days=days)
            session.execute(update(Notice).where(Notice.id == notice).values(read=long_ago))
    retain_step(read.deps, read.now)
    assert [notice.id for notice in notices(read)] == [two, three]
