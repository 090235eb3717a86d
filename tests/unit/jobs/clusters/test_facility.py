"""What staff look at first, as figures."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from portal.jobs.clusters.facility import Stuck, facility, stuck_counts
from portal.jobs.clusters.rows import ClusterSnapshot
from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.models import Job, Submission
from portal.jobs.state import State
from portal.web.views.facility import failure_lines, stuck_lines

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


def fails(desk, job_id, cause, *, days=0.0, again=False, words="It broke. Your dataset is unchanged. Again?"):
    """A job that runs and fails; `again`: and is asked for again at once."""
    at = NOW - timedelta(days=days)
    with desk.database.write() as session:
        job = session.get_one(Job, job_id)
        job.move(State.SUBMITTING, at=at)
        job.move(State.RUNNING, at=at)
        job.move(State.FAILED, at=at, cause=cause, words=words)
        if again:
            job.move(State.QUEUED, at=at, by="Maya Lind")


def test_failures_of_a_week_by_analysis_and_cause_the_most_frequent_first(desk):
    desk.submit(*desk.more_stacks(4))
    ids = [job.id for job in desk.jobs()]
    for job, cause, days in zip(ids, ("time", "lost", "time", "memory"), (1, 1, 1, 8), strict=True):
        fails(desk, job, cause, days=days)
    found = look(desk).failures
    assert [(one.analysis, one.cause, one.number, one.people) for one in found] == [
        ("count", "time", 2, 1),
        ("count", "lost", 1, 1),
    ]
    assert (found[0].example, found[0].latest) == (ids[2], NOW - timedelta(days=1))
    assert found[0].words == "It broke. Your dataset is unchanged. Again?"
    assert look(desk, "tom").failures == []


def test_what_failed_as_a_drafts_trial_stands_apart_and_calls_nobody(desk):
    _run, tried = (desk.submit(one) for one in desk.more_stacks(2))
    with desk.database.write() as session:
        session.get_one(Submission, tried).draft = True
    for job in desk.jobs():
        fails(desk, job.id, "start")
    found = look(desk).failures
    assert sorted((one.analysis, one.draft, one.number) for one in found) == [
        ("count", False, 1),
        ("count", True, 1),
    ]
    assert [line.analysis for line in failure_lines(found, {"count": "Count"})] == [
        "Count",
        "count, trials of a draft",
    ]
    status = ClusterStatus(True, NOW, {}, (), ())
    assert [line.words for line in stuck_lines({}, found, {}, status, 0)] == [
        "1 program could not be started in the last 24 hours"
    ]


def test_a_failure_does_not_vanish_because_the_job_runs_again(desk):
    desk.submit()
    (job,) = desk.jobs()
    fails(desk, job.id, "memory", again=True)
    fails(desk, job.id, "memory", again=True)
    assert [(one.cause, one.number, one.example) for one in look(desk).failures] == [("memory", 2, job.id)]


def test_what_the_portal_ran_again_by_itself_has_failed_too_and_a_pause_has_not(desk):
    desk.submit(*desk.more_stacks(2))
    first, second = (job.id for job in desk.jobs())
    with desk.database.write() as session:
        job = session.get_one(Job, first)
        job.move(State.SUBMITTING, at=NOW)
        job.move(State.RUNNING, at=NOW)
        job.move(State.QUEUED, at=NOW, cause="node", words="It is run again by itself.")
        other = session.get_one(Job, second)
        other.move(State.SUBMITTING, at=NOW)
        other.move(State.QUEUED, at=NOW, cause="temporary", words="It is tried again.")
    assert [(one.cause, one.number) for one in look(desk).failures] == [("node", 1)]


def test_failures_are_found_by_an_index(desk):
    asked = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    look(desk)
    statement, values = next(one for one in asked if "job_event.cause IS NOT NULL" in one[0])
    if desk.database.engine.dialect.name == "sqlite":
        with desk.database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        assert any("ix_job_event_cause" in row[3] for row in plan), plan


def test_what_does_not_move_is_counted_by_why(desk):
    desk.submit(*desk.more_stacks(4))
    with desk.database.write() as session:
        jobs = session.query(Job).order_by(Job.id).all()
        jobs[0].state = jobs[1].state = State.HELD
        jobs[2].state, jobs[2].changed = State.PENDING, NOW - timedelta(hours=25)
        jobs[3].changed = NOW
    with desk.database.read() as session:
        assert stuck_counts(session, desk.actor("sam"), NOW) == {Stuck.HELD: 2, Stuck.WAITING: 1}
        assert stuck_counts(session, desk.actor("tom"), NOW) == {}
