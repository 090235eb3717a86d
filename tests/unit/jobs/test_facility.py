"""What staff look at first, as figures."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.jobs.cluster_rows import ClusterSnapshot
from portal.jobs.facility import facility
from portal.jobs.models import Job
from portal.jobs.state import State

NOW = datetime.now(UTC)


def look(desk, who="sam"):
    with desk.database.read() as session:
        return facility(session, desk.actor(who), NOW)


def change(desk, **values):
    with desk.database.write() as session:
        job = session.query(Job).order_by(Job.id).first()
        for name, value in values.items():
            setattr(job, name, value)


def test_the_queue_counts_what_has_not_ended_and_what_one_may_see(desk):
    desk.submit(*desk.more_stacks(3))
    change(desk, state=State.SUCCEEDED)
    assert look(desk).queue == {State.QUEUED: 2}
    assert look(desk, "tom").queue == {}


def test_the_snapshots_are_by_cluster(desk):
    assert look(desk).snapshots == {}
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=NOW, document={"totals": {"cpus": 4}}))
    assert look(desk).snapshots["c"].totals == {"cpus": 4}


@pytest.mark.parametrize(
    ("state", "quiet", "stuck"),
    [
        (State.SUBMITTING, timedelta(minutes=4), False),
        (State.SUBMITTING, timedelta(minutes=6), True),
        (State.COLLECTING, timedelta(minutes=14), False),
        (State.COLLECTING, timedelta(minutes=16), True),
        (State.QUEUED, timedelta(hours=23), False),
        (State.PENDING, timedelta(hours=25), True),
        (State.RUNNING, timedelta(days=9), False),
        (State.HELD, timedelta(0), True),
        (State.FAILED, timedelta(days=9), False),
    ],
)
def test_a_job_is_stuck_when_it_has_not_moved_for_longer_than_it_should(desk, state, quiet, stuck):
    desk.submit()
    change(desk, state=state, changed=NOW - quiet)
    assert bool(look(desk).stuck) is stuck


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.RUNNING, "absent_since": NOW},
        {"state": State.PENDING, "cancel_requested": NOW - timedelta(minutes=6)},
    ],
)
def test_what_the_scheduler_lost_and_a_cancellation_without_effect_are_stuck(desk, values):
    desk.submit()
    change(desk, **values)
    assert [job.id for job in look(desk).stuck] == [desk.jobs()[0].id]


def test_failures_of_a_week_by_cause_the_most_frequent_first(desk):
    desk.submit(*desk.more_stacks(4))
    with desk.database.write() as session:
        for job, cause in zip(session.query(Job).order_by(Job.id), ("time", None, "time", "memory"), strict=True):
            job.state, job.cause = State.FAILED, cause
            job.ended = NOW - timedelta(days=8 if cause == "memory" else 1)
        newest = max(job.id for job in session.query(Job) if job.cause == "time")
    found = look(desk).failures
    assert [(one.cause, one.number, one.people) for one in found] == [("time", 2, 1), (None, 1, 1)]
    assert found[0].example == newest
    assert found[0].latest == NOW - timedelta(days=1)
