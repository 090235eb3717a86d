import pytest
from sqlalchemy import func, select, update

from portal.catalogue.models import Dataset
from portal.config import load_settings
from portal.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    SignInNeededError,
)
from portal.identity.actor import NOBODY
from portal.jobs import actions
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobEvent, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.jobs.submit.submit import submit
from portal.jobtype.kind import Kind
from portal.jobtype.load import JobTypes


def test_a_submission_is_written_whole(desk):
    submission = desk.submit(options={"sigma": "2"})
    with desk.database.read() as session:
        found = session.get(Submission, submission)
        job = found.jobs[0]
        assert (job.state, job.title) == (State.QUEUED, "Zebrafish heart, first run, counted")
        assert job.options == {"sigma": 2.0}
        assert job.investigation_id == desk.facility.investigations["private"]
        assert [given.dataset_name for given in job.inputs] == ["Zebrafish heart, first run"]
        assert [(event.to_state, event.by) for event in job.events] == [("queued", "Maya Lind")]
        assert found.revision.digest == desk.jobtypes.by_name["count"].revision
        assert job.resources["memory_mb"] == 1024


def test_nobody_cannot_submit(desk):
    with pytest.raises(SignInNeededError), desk.database.write() as session:
        submit(session, NOBODY, desk.request(), jobtypes=desk.jobtypes, settings=desk.settings, now=desk.now)


def test_another_persons_dataset_does_not_exist(desk):
    with pytest.raises(NotFoundError, match="Signed in: Tom Okafor"):
        desk.submit(person="tom")


def test_a_public_dataset_can_be_read_but_only_its_team_files_results_there(desk):
    with desk.database.write() as session:
        session.execute(
            update(Dataset)
            .where(Dataset.id == desk.facility.datasets["public"])
            .values(type_id=desk.facility.types["stack"])
        )
    with pytest.raises(ForbiddenError, match="Reference beads"):
        desk.submit(desk.facility.datasets["public"])
    assert desk.submit(desk.facility.datasets["public"], person="tom")


def test_a_dataset_still_being_written_is_refused(desk):
    with desk.database.write() as session:
        session.execute(update(Dataset).values(complete=False))
    with pytest.raises(InvalidError, match="still being written"):
        desk.submit()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"options": {"sigma": 11}}, "sigma"),
        ({"options": {"nothing": 1}}, "nothing"),
        ({"variant": "huge"}, "variant"),
        ({"mode": "some"}, "mode"),
        ({"title": "x" * 300}, "title"),
    ],
    ids=str,
)
def test_what_cannot_be_accepted_names_its_field(desk, changes, field):
    with pytest.raises(InvalidError) as refused:
        desk.submit(**changes)
    assert field in refused.value.fields
    assert desk.jobs() == []


def test_a_batch_has_a_job_a_dataset(desk):
    ids = desk.more_stacks(3)
    desk.submit(*ids)
    assert [(job.index, job.title) for job in desk.jobs()] == [
        (0, "Stack 0, counted"),
        (1, "Stack 1, counted"),
        (2, "Stack 2, counted"),
    ]


def test_the_same_key_and_request_give_the_same_submission(desk):
    first = desk.submit(idempotency_key="k1")
    assert desk.submit(idempotency_key="k1") == first
    assert len(desk.jobs()) == 1


def test_the_same_key_for_another_request_is_a_conflict(desk):
    desk.submit(idempotency_key="k1")
    with pytest.raises(ConflictError):
        desk.submit(idempotency_key="k1", options={"sigma": 3})


def test_two_people_may_use_the_same_key(desk):
    desk.submit(idempotency_key="k1")
    desk.submit(idempotency_key="k1", person="ravi")
    assert len(desk.jobs()) == 2


def test_a_revision_is_snapshotted_once(desk):
    desk.submit()
    desk.submit()
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(JobTypeRevision)) == 1


def test_jobs_above_the_limit_are_held_and_the_next_submission_is_refused(desk):
    desk.settings = load_settings({}, limits={"queued_per_person": 2, "datasets_per_submission": 9})
    desk.submit()
    desk.submit(*desk.more_stacks(2))
    assert [job.state for job in desk.jobs()] == [State.QUEUED, State.HELD, State.HELD]
    assert "may have 2" in desk.jobs()[1].cause_words
    with pytest.raises(LimitError):
        desk.submit()


def test_cancelling_a_queued_job_ends_it_at_once(desk):
    desk.submit()
    desk.change(actions.cancel, "maya", desk.jobs()[0].id)
    job = desk.jobs()[0]
    assert (job.state, job.cause_words) == (State.CANCELLED, "Cancelled by Maya Lind.")
    desk.change(actions.cancel, "maya", job.id)  # twice is no error


def test_cancelling_a_running_job_is_a_wish(desk):
    desk.submit()
    with desk.database.write() as session:
        session.execute(update(Job).values(state=State.RUNNING))
    desk.change(actions.cancel, "maya", desk.jobs()[0].id)
    job = desk.jobs()[0]
    assert (job.state, job.cancel_requested_by) == (State.RUNNING, "Maya Lind")


def test_a_job_that_has_ended_cannot_be_cancelled(desk):
    desk.submit()
    with desk.database.write() as session:
        session.execute(update(Job).values(state=State.SUCCEEDED))
    with pytest.raises(ConflictError):
        desk.change(actions.cancel, "maya", desk.jobs()[0].id)


def test_the_team_sees_a_job_but_only_its_owner_and_staff_change_it(desk):
    desk.submit()
    job = desk.jobs()[0].id
    with pytest.raises(ForbiddenError):
        desk.change(actions.cancel, "ravi", job)
    with pytest.raises(NotFoundError):
        desk.change(actions.cancel, "tom", job)
    desk.change(actions.cancel, "sam", job)


def fail(desk, cause=Cause.MEMORY, where=None):
    with desk.database.write() as session:
        query = update(Job).values(state=State.FAILED, cause=cause.value)
        session.execute(query if where is None else query.where(Job.id == where))


def test_a_failed_job_is_run_again_with_twice_the_memory_within_the_largest_variant(desk):
    desk.submit()
    job = desk.jobs()[0].id
    for expected in (2048, 4096):
        fail(desk)
        desk.change(actions.retry, "maya", job, resources="memory")
        assert desk.jobs()[0].resources["memory_mb"] == expected
        assert desk.jobs()[0].state is State.QUEUED
    fail(desk)
    with pytest.raises(ConflictError, match="would end the same way"):
        desk.change(actions.retry, "maya", job, resources="memory")


UNBOUND = [{"memory_mb": 5000}, {"gpus": 1}, {"time_s": 0}, {"cpus": True}, "disk"]


@pytest.mark.parametrize("asked", UNBOUND, ids=str)
def test_resources_outside_the_bounds_are_refused(desk, asked):
    desk.submit()
    fail(desk)
    with pytest.raises(InvalidError):
        desk.change(actions.retry, "maya", desk.jobs()[0].id, resources=asked)


def test_resources_within_the_bounds_are_taken(desk):
    desk.submit()
    fail(desk)
    desk.change(actions.retry, "maya", desk.jobs()[0].id, resources={"memory_mb": 3000, "time_s": 90})
    assert desk.jobs()[0].resources["memory_mb"] == 3000


def test_only_what_failed_is_run_again(desk):
    desk.submit()
    with pytest.raises(ConflictError):
        desk.change(actions.retry, "maya", desk.jobs()[0].id)


def test_the_failed_jobs_of_a_batch_are_run_again_with_more_of_what_they_lacked(desk):
    submission = desk.submit(*desk.more_stacks(3))
    ids = [job.id for job in desk.jobs()]
    fail(desk, Cause.MEMORY, ids[0])
    fail(desk, Cause.EXIT, ids[2])
    assert len(desk.change(actions.retry_failed, "maya", submission)) == 2
    jobs = desk.jobs()
    assert [job.state for job in jobs] == [State.QUEUED] * 3
    assert [job.resources["memory_mb"] for job in jobs] == [2048, 1024, 1024]


def test_a_title_can_be_changed_by_its_owner(desk):
    submission = desk.submit()
    desk.change(actions.rename, "maya", desk.jobs()[0].id, "  Heart,   sharp ")
    assert desk.jobs()[0].title == "Heart, sharp"
    with desk.database.read() as session:
        assert session.get(Submission, submission).title == "Heart, sharp"
    with pytest.raises(InvalidError):
        desk.change(actions.rename, "maya", desk.jobs()[0].id, " ")


def test_every_move_leaves_an_event(desk):
    desk.submit()
    job = desk.jobs()[0].id
    desk.change(actions.cancel, "maya", job)
    desk.change(actions.retry, "maya", job)
    with desk.database.read() as session:
        moves = session.execute(select(JobEvent.from_state, JobEvent.to_state).order_by(JobEvent.id)).all()
    assert [tuple(move) for move in moves] == [
        ("", "queued"),
        ("queued", "cancelled"),
        ("cancelled", "queued"),
    ]


def test_only_staff_release_a_job_on_hold(desk):
    desk.submit()
    with desk.database.write() as session:
        session.execute(update(Job).values(state=State.HELD))
    with pytest.raises(ForbiddenError):
        desk.change(actions.release, "maya", desk.jobs()[0].id)
    desk.change(actions.release, "sam", desk.jobs()[0].id)
    assert desk.jobs()[0].state is State.QUEUED


def test_a_desktop_cannot_be_asked_for_yet(desk):
    count = desk.jobtypes.by_name["count"]
    desk.jobtypes = JobTypes({"count": count.model_copy(update={"kind": Kind.INTERACTIVE})})
    with pytest.raises(InvalidError, match="desktops are not installed here"):
        desk.submit()
    assert desk.jobs() == []
