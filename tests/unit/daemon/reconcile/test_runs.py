"""What is written down of runs that ended, for the next ones to be told by."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.daemon.collect.step import collect_step
from portal.jobs import actions
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobTypeRevision
from portal.jobs.state import State
from portal.jobs.timing.models import DONE, TIME_LIMIT, JobRun
from portal.jobs.timing.runs import newest_runs
from portal.rpc.exchange import Refusal
from portal.scheduler.base import Ending, Phase
from portal.trials.trial import Trial


def kept(bench):
    with bench.desk.database.read() as session:
        return list(session.scalars(select(JobRun).order_by(JobRun.ended)))


def starts(bench):
    bench.dispatch()
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": bench.now}
    bench.reconcile()


def ends(bench, ending=Ending.COMPLETED, **result):
    bench.result(**result)
    was = bench.cluster.phases[bench.attempt()]
    bench.cluster.phases[bench.attempt()] = was | {"phase": Phase.ENDED, "ending": ending, "ended": bench.now}
    bench.reconcile()


@pytest.fixture(autouse=True)
def _asked(bench):
    bench.desk.submit()


def test_a_retry_waits_from_when_it_was_asked_for_again_not_from_the_first_time(bench):
    bench.later(5)
    starts(bench)
    bench.later(60)
    ends(bench, Ending.NODE_FAIL)
    while bench.job().state is not State.FAILED:  # the portal tries again by itself first
        bench.later(1)
        starts(bench)
        ends(bench, Ending.NODE_FAIL)
    bench.later(12 * 60)
    bench.desk.now = bench.now
    bench.desk.change(actions.retry, "maya", bench.job().id)
    bench.later(3)
    starts(bench)
    bench.later(40)
    ends(bench)
    (run,) = kept(bench)
    assert (run.waited_s, run.ran_s, run.outcome) == (pytest.approx(3.0, abs=0.5), 40.0, DONE)


def test_a_job_that_was_on_hold_waits_from_its_release(bench):
    with bench.desk.database.write() as session:
        job = session.merge(bench.job())
        job.move(State.HELD, at=bench.now)
    bench.later(600)
    with bench.desk.database.write() as session:
        session.merge(bench.job()).move(State.QUEUED, at=bench.now, by="sam")
    bench.later(4)
    starts(bench)
    bench.later(1)
    ends(bench)
    assert kept(bench)[0].waited_s == pytest.approx(4.0, abs=0.5)


def test_stages_are_kept_as_long_as_they_took(bench):
    starts(bench)
    for seconds, line in ((2, {"stage": "reading"}), (10, {"stage": "counting"}), (30, {"stage": "saving"})):
        bench.later(seconds)
        path = bench.deps.settings.scratch / bench.attempt() / "events.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        bench.reconcile()
    bench.later(1)
    ends(bench)
    assert kept(bench)[0].stages == pytest.approx({"reading": 12.0, "counting": 30.0, "saving": 1.0}, abs=0.5)


@pytest.mark.parametrize(
    ("ending", "result", "outcome"),
    [
        (Ending.TIMEOUT, {"exit_code": 1, "reason": "time"}, TIME_LIMIT),
        (Ending.FAILED, {"exit_code": 1}, None),
        (Ending.OUT_OF_MEMORY, {"exit_code": 1}, None),
        (Ending.CANCELLED, {"exit_code": 1}, None),
    ],
)
def test_only_what_ended_well_or_at_its_limit_tells_how_long_it_takes(bench, ending, result, outcome):
    starts(bench)
    bench.later(60)
    ends(bench, ending, **result)
    assert [run.outcome for run in kept(bench)] == ([outcome] if outcome else [])


def test_a_trial_tells_nothing_of_the_whole(bench):
    with bench.desk.database.write() as session:
        trial = Trial(option="sigma", crop={}, options={}, datasets=())
        session.get_one(Job, bench.job().id).submission.trial = trial
    starts(bench)
    bench.later(5)
    ends(bench)
    assert (bench.job().state, kept(bench)) == (State.COLLECTING, [])


def test_what_limits_the_work_makes_it_a_part(bench):
    with bench.desk.database.write() as session:
        revision = session.scalars(select(JobTypeRevision)).one()
        revision.document = {**revision.document, "crop": {"words": "a part", "options": ["sigma"], "box": None}}
        session.get_one(Job, bench.job().id).options = {"sigma": 3.0}
    starts(bench)
    bench.later(5)
    ends(bench)
    assert kept(bench)[0].part is True


class EmptyHanded:
    """A store that finds no output."""

    def keep(self, items, _heard=None):
        return [Refusal("output-missing", "There is no such file.") for _ in items]

    def drop(self, places, *, attempt):
        pass


def told(bench):
    with bench.desk.database.read() as session:
        return newest_runs(session, "count", ["small"], part=False)


def test_what_ended_without_a_result_tells_nothing_of_how_long_one_takes(bench):
    starts(bench)
    bench.later(2)
    ends(bench)
    assert len(told(bench)) == 1
    collect_step(replace(bench.deps, store=EmptyHanded()), bench.now)
    assert (bench.job().state, bench.job().cause) == (State.FAILED, Cause.MISSING_OUTPUT.value)
    assert told(bench) == []


@pytest.mark.parametrize(("more", "runs"), [({"cpus": 2}, 0), ({"memory_mb": 2048}, 1)])
def test_a_run_with_other_processors_tells_nothing_of_those_that_it_was_named_for(bench, more, runs):
    starts(bench)
    ends(bench, Ending.FAILED, exit_code=3)
    bench.desk.now = bench.now
    bench.desk.change(actions.retry, "maya", bench.job().id, resources=more)
    starts(bench)
    bench.later(30)
    ends(bench)
    assert bench.job().state is State.COLLECTING
    assert len(told(bench)) == runs
