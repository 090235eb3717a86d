"""When the last run of a batch ends: bounds that hold, or that it is not known."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.jobs.batches.outlook import batch_outlook
from portal.jobs.clusters.rows import ClusterSnapshot
from portal.jobs.clusters.status import Cluster, ClusterStatus
from portal.jobs.models import Attempt, Job, Submission
from portal.jobs.state import State
from portal.jobs.timing.models import JobRun
from portal.scheduler.survey import Node, Partition, Survey


def seen(desk, *, cpus, used=0, waiting=None):
    node = replace(Node("n", "", True, cpus, used, 64_000), partitions=("p",))
    survey = Survey(True, (node,), (Partition("p", "", True, 1, None, waiting, 0),))
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=desk.now, document=survey.document()))


def finished(desk, *seconds):
    """Runs like those of the batch."""
    with desk.database.write() as session:
        job = session.scalars(select(Job).order_by(Job.id)).first()
        for place, ran in enumerate(seconds):
            attempt = Attempt(
                job_id=job.id, number=100 + place, name="x", cluster="c", resources={}, created=desk.now
            )
            session.add(attempt)
            session.flush()
            session.add(
                JobRun(
                    attempt_id=attempt.id, jobtype="count", revision_id=job.submission.revision_id,
                    variant="small", input_bytes=0, waited_s=1.0, ran_s=float(ran), outcome="done",
                    started=desk.now, ended=desk.now,
                )
            )  # fmt: skip


def start(desk, number, gone=0.0, progress=None):
    """The first so many of the batch run, since so long."""
    with desk.database.write() as session:
        jobs = session.scalars(select(Job).where(Job.state == State.QUEUED).order_by(Job.id).limit(number))
        for job in jobs:
            job.state, job.started, job.progress = (
                State.RUNNING,
                desk.now - timedelta(seconds=gone),
                progress or {},
            )


def told(desk, key, *, per_person=None, answering=True):
    cluster = Cluster("c", answering, desk.now, "", (), per_person=per_person)
    status = ClusterStatus(True, None, {}, (), (cluster,))
    with desk.database.read() as session:
        return batch_outlook(session, desk.actor(), session.get_one(Submission, key), status=status, now=desk.now)


def test_five_runs_on_two_slots_take_between_two_and_a_half_and_three_times_one(desk):
    key = desk.submit(*desk.more_stacks(5))
    seen(desk, cpus=2)
    finished(desk, *[60] * 6)
    found = told(desk, key)
    assert (found.span.low, found.span.high) == (150, 180)
    assert found.words == "The last run likely ends in 2 to 3 minutes."
    assert found.basis == (
        "2 at a time, as things are now; each from 6 runs with inputs below 1 MB and settings like these"
    )


def test_what_runs_counts_with_what_is_left_of_it(desk):
    key = desk.submit(*desk.more_stacks(2))
    seen(desk, cpus=2, used=2)
    finished(desk, *[60] * 6)
    start(desk, 2, gone=40)
    assert (told(desk, key).span.low, told(desk, key).span.high) == (20, 20)


def test_of_four_on_two_slots_two_run_and_two_follow(desk):
    key = desk.submit(*desk.more_stacks(4))
    seen(desk, cpus=2, used=2)
    finished(desk, *[60] * 6)
    start(desk, 2, gone=30)
    found = told(desk, key)
    assert (found.span.low, found.span.high) == (90, 120)  # it is 90: whoever knows which place is free tells it
    assert found.basis.startswith("2 at a time")


def test_a_run_that_takes_longer_than_all_before_it_is_not_told_when_it_ends(desk):
    key = desk.submit(*desk.more_stacks(2))
    seen(desk, cpus=2)
    finished(desk, *[60] * 6)
    start(desk, 1, gone=90)
    assert told(desk, key).words == "When the last run ends is not known."
    assert told(desk, key).basis == "one runs longer than finished runs like it took"


def test_where_others_may_go_first_only_the_earliest_is_told(desk):
    stacks = desk.more_stacks(6)
    desk.submit(*stacks[:4], variant="large")
    key = desk.submit(*stacks[4:])
    seen(desk, cpus=2)
    finished(desk, *[60] * 6)
    found = told(desk, key)
    assert found.words == "The last run ends in 1 minute at the earliest."
    assert found.basis.startswith("3 jobs of others may go first; from 6 runs")


@pytest.mark.parametrize(
    ("act", "basis"),
    [
        (lambda desk: finished(desk, *[60] * 3), "3 runs measured so far, too few to tell"),
        (lambda desk: None, "no run measured so far"),
    ],
)
def test_too_few_runs_tell_nothing_and_say_so(desk, act, basis):
    key = desk.submit(*desk.more_stacks(3))
    seen(desk, cpus=2)
    act(desk)
    assert (told(desk, key).span, told(desk, key).basis) == (None, basis)


def test_what_is_on_hold_or_silent_or_not_seen_is_not_guessed(desk):
    key = desk.submit(*desk.more_stacks(3))
    finished(desk, *[60] * 6)
    assert told(desk, key).basis == "what the cluster has free is not known"
    seen(desk, cpus=2)
    assert "has not answered" in told(desk, key, answering=False).basis
    assert told(desk, key, per_person=1).span.low == 180
    with desk.database.write() as session:
        job = session.scalars(select(Job).limit(1)).one()
        job.state = State.HELD
    assert (told(desk, key).span, told(desk, key).basis) == (None, "1 job is on hold")


def test_of_what_has_ended_nothing_is_told(desk):
    key = desk.submit(*desk.more_stacks(2))
    with desk.database.write() as session:
        session.execute(update(Job).values(state=State.SUCCEEDED))
    assert told(desk, key) is None


def test_what_a_run_says_of_itself_rests_on_no_other_run(desk):
    key = desk.submit(*desk.more_stacks(2))
    seen(desk, cpus=2)
    finished(desk, 60)
    since = (desk.now - timedelta(seconds=30)).isoformat()
    start(desk, 2, gone=30, progress={"stage": "counting", "fraction": 0.25, "stage_since": since})
    found = told(desk, key)
    assert found.span.low == pytest.approx(90)
    assert found.basis == "by how far they are"
