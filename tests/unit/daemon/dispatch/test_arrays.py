"""Jobs that were submitted one by one and wait at the same time go to Slurm as one array."""

from typing import Any

import pytest
from sqlalchemy import update

from portal.agent.client import Submitted, Taken
from portal.config import load_settings
from portal.daemon.dispatch.arrays import Naming, names_of
from portal.daemon.dispatch.queue import QueuedJob
from portal.daemon.parts import make_scheduler
from portal.identity.models import Person
from portal.jobs import actions
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, Refusal

SMALL = {"cpus": 1, "memory_mb": 64, "time_s": 60}
MAYA, TOM = Person(id=1, name="maya"), Person(id=2, name="tom")


def waiting(submission: str, *, person: Person = MAYA, attempts: int = 0, **more: Any) -> QueuedJob:
    values: dict[str, Any] = {
        "id": 1, "number": "J-1001", "submission": submission, "index": 0, "title": "x", "person": person,
        "investigation": 1, "jobtype": {}, "options": {}, "resources": SMALL, "cancelled": False,
        "cancelled_by": None, "put_off": 0, "attempts": attempts, "inputs": (),
    }  # fmt: skip
    return QueuedJob(**(values | more))


def test_single_jobs_that_ask_for_the_same_share_the_first_ones_name() -> None:
    jobs = [waiting("a"), waiting("b"), waiting("c", attempts=1)]
    assert names_of(jobs, join=True) == [Naming("gantry-a-1", place) for place in (0, 1, 2)]


def test_a_job_alone_keeps_its_own_name_and_has_no_place() -> None:
    assert names_of([waiting("a", attempts=2)], join=True) == [Naming("gantry-a-3")]


def test_jobs_of_a_batch_keep_their_submissions_name() -> None:
    jobs = [waiting("a"), waiting("batch", index=0), waiting("batch", index=1), waiting("b")]
    assert names_of(jobs, join=True) == [
        Naming("gantry-a-1", 0), Naming("gantry-batch-1"), Naming("gantry-batch-1"), Naming("gantry-a-1", 1)
    ]  # fmt: skip


def test_people_and_sizes_are_never_mixed() -> None:
    jobs = [waiting("a"), waiting("b", person=TOM), waiting("c", resources=SMALL | {"cpus": 2}), waiting("d")]
    assert names_of(jobs, join=True) == [
        Naming("gantry-a-1", 0), Naming("gantry-b-1"), Naming("gantry-c-1"), Naming("gantry-a-1", 1)
    ]  # fmt: skip


def test_no_job_is_joined_where_the_site_does_not_want_it() -> None:
    assert names_of([waiting("a"), waiting("b")], join=False) == [Naming("gantry-a-1"), Naming("gantry-b-1")]


@pytest.fixture
def slurm(bench):
    """The steps of a portal whose backend joins single jobs."""
    bench.cluster.joins = True
    return bench


def singles(bench, count: int) -> list[str]:
    return [bench.desk.submit() for _ in range(count)]


def where(bench) -> list[tuple[str | None, int | None]]:
    return [(job.attempt.cluster_job, job.attempt.array_index) for job in bench.jobs()]


def test_single_jobs_go_to_slurm_as_one_array_and_each_keeps_its_index(slurm):
    first, *_others = singles(slurm, 3)
    slurm.dispatch()
    assert where(slurm) == [("1", 0), ("1", 1), ("1", 2)]
    assert {job.attempt.name for job in slurm.jobs()} == {f"gantry-{first}-1"}
    assert [job.state for job in slurm.jobs()] == [State.PENDING] * 3
    told = [(item["name"], item["order"]["job"]["name"], item["place"]) for item in slurm.cluster.items]
    assert told == [(f"gantry-{first}-1", f"gantry-{first}-1", place) for place in range(3)]
    assert {item["order"]["job"]["index"] for item in slurm.cluster.items} == {0}


def test_each_persons_jobs_are_an_array_of_their_own(slurm):
    singles(slurm, 2)
    for _ in range(2):
        slurm.desk.submit(person="ravi")
    slurm.dispatch()
    names = {job.person_id: job.attempt.name for job in slurm.jobs()}
    assert len(set(names.values())) == 2


def test_a_backend_that_does_not_join_leaves_each_job_alone(bench):
    singles(bench, 2)
    bench.dispatch()
    assert not any("place" in item for item in bench.cluster.items)
    assert len({job.attempt.name for job in bench.jobs()}) == 2


def test_slurm_joins_unless_the_site_does_not_want_it_and_the_local_backend_never_does(tmp_path):
    def joins(**values: Any) -> bool:
        return make_scheduler(load_settings({}, **values)).joins

    on_slurm = {"scheduler": "slurm", "slurm": {"cluster": "gantry"}}
    assert joins(**on_slurm)
    assert not joins(**on_slurm | {"slurm": {"cluster": "gantry", "join_singles": False}})
    assert not joins(var=tmp_path)


def test_a_lost_answer_about_an_array_is_settled_job_by_job(slurm):
    singles(slurm, 3)
    slurm.cluster.lose_answers = True
    slurm.dispatch()
    assert [job.state for job in slurm.jobs()] == [State.SUBMITTING] * 3
    lost = slurm.attempt(2)
    del slurm.cluster.jobs[lost]
    slurm.cluster.lose_answers = False
    slurm.dispatch()
    slurm.later(10)
    slurm.dispatch()
    jobs = slurm.jobs()
    # Two are adopted, each with its own index; the third is fenced, and goes over alone under a name of its own.
    assert where(slurm)[:2] == [("1", 0), ("1", 1)]
    assert slurm.cluster.fenced == [lost]
    assert [one.name for one in jobs[2].attempts] == [jobs[0].attempt.name, f"gantry-{jobs[2].submission_id}-2"]
    assert (jobs[2].state, jobs[2].attempt.array_index) == (State.PENDING, None)


def test_a_crash_between_claim_and_agent_leaves_jobs_that_are_fenced_and_joined_anew(slurm, monkeypatch):
    singles(slurm, 2)

    class KilledError(Exception):
        pass

    def die(_deps, _claimed, _now):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr("portal.daemon.dispatch.step.hand_over", die)
        with pytest.raises(KilledError):
            slurm.dispatch()
    before = {job.attempt.name for job in slurm.jobs()}
    assert slurm.cluster.items == []
    slurm.dispatch()
    jobs = slurm.jobs()
    assert sorted(slurm.cluster.fenced) == sorted(job.attempts[0].id for job in jobs)
    assert [(job.state, job.attempt.number, job.attempt.array_index) for job in jobs] == [
        (State.PENDING, 2, 0), (State.PENDING, 2, 1)
    ]  # fmt: skip
    assert {job.attempt.name for job in jobs} == {f"gantry-{jobs[0].submission_id}-2"} != before


def test_a_claim_on_a_node_tells_which_task_of_the_array_runs_the_job(slurm):
    singles(slurm, 2)
    slurm.cluster.lose_answers = True
    slurm.dispatch()
    slurm.cluster.jobs.clear()
    for place in range(2):
        slurm.cluster.claims[slurm.attempt(place)] = {"by": "launch", "job_id": "77", "array_index": place}
    slurm.dispatch()
    assert where(slurm) == [("77", 0), ("77", 1)]


def test_a_job_that_is_run_again_leaves_the_array_and_gets_a_new_name(slurm):
    singles(slurm, 2)
    slurm.dispatch()
    jobs = slurm.jobs()
    slurm.cluster.end(slurm.attempt(1), None)
    with slurm.deps.write() as session:
        session.execute(update(Job).where(Job.id == jobs[1].id).values(state=State.FAILED))
    slurm.desk.change(actions.retry, "maya", jobs[1].id)
    slurm.dispatch()
    again = slurm.job(1)
    assert again.attempt.name == f"gantry-{again.submission_id}-2"
    assert again.attempt.array_index is None


def test_what_one_of_an_array_is_refused_harms_no_other(slurm):
    singles(slurm, 4)
    answers = {
        0: Refusal("input-missing", "The file is gone."),
        1: Refusal("scheduler", "Slurm is busy.", retry=True),
        2: AnswerLostError("No answer."),
    }

    def submit(items):
        taken = {place: Taken("5", item["place"], slurm.now, "0" * 64) for place, (_who, item) in enumerate(items)}
        real = {place: submitted(one) for place, one in taken.items()}
        yield real | answers

    slurm.cluster.submit_by_account = submit
    slurm.dispatch()
    assert [job.state for job in slurm.jobs()] == [
        State.FAILED, State.SUBMITTING, State.SUBMITTING, State.PENDING
    ]  # fmt: skip
    assert where(slurm)[3] == ("5", 3)
    assert [len(job.events) for job in slurm.jobs()] == [3, 2, 2, 3]


def submitted(taken: Taken):
    return Submitted(taken.job_id, taken.array_index, taken.submitted, taken.job_sha256)


def test_an_answer_that_comes_after_another_try_began_changes_nothing(slurm):
    singles(slurm, 2)

    def submit(items):
        first = items[0][1]["attempt"]
        with slurm.deps.write() as session:
            old = session.get_one(Attempt, first)
            values = {"job_id": old.job_id, "number": 2, "name": "other", "cluster": "fake", "resources": {}}
            session.add(Attempt(**values, created=slurm.now))
        taken = [Taken("5", item["place"], slurm.now, "0" * 64) for _who, item in items]
        yield {place: submitted(one) for place, one in enumerate(taken)}

    slurm.cluster.submit_by_account = submit
    slurm.dispatch()
    jobs = slurm.jobs()
    assert [job.state for job in jobs] == [State.SUBMITTING, State.PENDING]
    assert [one.cluster_job for one in jobs[0].attempts] == [None, None]
