"""Results saved side by side: nobody waits for another person's large one; it can be ended, and is told of."""

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.daemon.collect import lanes as sides
from portal.daemon.collect import step
from portal.daemon.collect import watch as watching
from portal.daemon.collect.lanes import OF_ONE_PERSON, Lanes
from portal.daemon.collect.step import collect_step
from portal.jobs.actions import cancel
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.rpc.exchange import Refusal
from portal.scheduler.base import Ending
from portal.store.client import StoredFile, StoredResult


class Store:
    """It keeps at once, but for the jobs of `slow`: those until they are let go, or stopped."""

    def __init__(self, results):
        self.results, self.slow, self.stopped, self.dropped = results, {}, set(), []
        self.at_work = set()

    def keep(self, items, heard=None):
        return [self._kept(item, heard) for item in items]

    def _kept(self, item, heard):
        gate = self.slow.get(item.job)
        self.at_work.add(item.job)
        while gate is not None and not gate.is_set():
            if item.job in self.stopped:
                return Refusal("stopped", "Saving was stopped.", True)
            heard(f"kept {item.job} 12000 100000 1 2\n")
            time.sleep(0.01)
        folder = self.results / item.destination
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "count.txt").write_text("1")
        files = (StoredFile("count.txt", 1, "0" * 64, 0),)
        return StoredResult(item.destination, item.attempt, files, 1, "0" * 64)

    def stop(self, items):
        self.stopped |= {job for job, _output in items}
        return [True for _item in items]

    def drop(self, items, *, attempt=None):
        self.dropped += items
        return [True for _item in items]


class Saving:
    """Jobs that have ended well, and the lanes that save their results."""

    def __init__(self, bench, monkeypatch):
        monkeypatch.setattr(watching, "LOOK_S", 0.0)
        monkeypatch.setattr(watching, "TELL_S", 0.0)
        self.bench, self.store = bench, Store(bench.deps.settings.results)
        self.deps = replace(bench.deps, store=self.store)
        self.lanes, self.threads, self.faults = Lanes(4), [], []

    def ended(self, *people):
        """A job of each, which has ended; their numbers."""
        first = len(self.bench.jobs())
        for person in people:
            self.bench.desk.submit(person=person)
        self.bench.dispatch()
        made = self.bench.jobs()[first:]
        for job in made:
            folder = self.deps.settings.scratch / job.attempt.id
            folder.mkdir(parents=True, exist_ok=True)
            result = {
                "schema": 1, "attempt": job.attempt.id, "job_sha256": job.attempt.job_sha256,
                "claim": {"cluster": "fake", "job_id": job.attempt.cluster_job, "array_index": None, "restart": 0},
                "exit_code": 0, "signal": None, "reason": None, "runner": "environment",
                "memory_peak_bytes": 1000, "memory_limit_bytes": 2**30, "log": {},
            }  # fmt: skip
            (folder / "result.json").write_text(json.dumps(result))
            self.bench.cluster.end(job.attempt.id, Ending.COMPLETED, exit_code=0)
        self.bench.reconcile()
        assert {job.state for job in self.bench.jobs()[first:]} == {State.COLLECTING}
        return [job.id for job in made]

    def run(self, act):
        self.threads.append(threading.current_thread())
        try:
            act()
        except BaseException as error:
            self.faults.append(error)

    def fill(self):
        return self.lanes.fill(self.deps, self.bench.now, self.run)

    def state(self, number):
        return next(job for job in self.bench.jobs() if job.id == number).state

    def until(self, done):
        deadline = time.monotonic() + 120
        while not done():
            assert time.monotonic() < deadline and not self.faults, self.faults
            self.fill()
            time.sleep(0.02)


@pytest.fixture
def saving(bench, monkeypatch):
    made = Saving(bench, monkeypatch)
    yield made
    for gate in made.store.slow.values():
        gate.set()
    made.lanes.wait(60)
    assert made.faults == []


def test_another_persons_small_result_is_filed_while_a_large_one_is_saved(saving):
    large, small = saving.ended("maya", "ravi")
    gate = saving.store.slow[large] = threading.Event()
    saving.until(lambda: saving.state(small) is State.SUCCEEDED)
    assert saving.state(large) is State.COLLECTING
    gate.set()
    saving.until(lambda: saving.state(large) is State.SUCCEEDED)


def test_ones_own_next_result_is_filed_too_and_one_person_has_so_many_lanes(saving):
    first, second = saving.ended("maya")[0], None
    saving.store.slow[first] = threading.Event()
    saving.until(lambda: first in saving.store.at_work)
    (second,) = saving.ended("maya")
    saving.store.slow[second] = threading.Event()
    saving.until(lambda: second in saving.store.at_work)
    (third,) = saving.ended("maya")
    assert not saving.fill()
    assert len(saving.lanes._lanes) == OF_ONE_PERSON
    saving.store.slow[second].set()
    saving.until(lambda: saving.state(third) is State.SUCCEEDED)
    assert saving.state(first) is State.COLLECTING


def test_lanes_that_take_long_leave_room_for_others_up_to_a_bound(saving, monkeypatch):
    saving.lanes = Lanes(1)
    large, small = saving.ended("maya", "ravi")
    saving.store.slow[large] = threading.Event()
    monkeypatch.setattr(sides, "LONG_S", 1e9)
    saving.store.slow[small] = threading.Event()
    saving.fill()
    assert len(saving.lanes._lanes) == 1, "there is one quick lane"
    monkeypatch.setattr(sides, "LONG_S", -1.0)
    saving.fill()
    assert len(saving.lanes._lanes) == 2
    monkeypatch.setattr(sides, "MOST", 2)
    saving.ended("maya")
    assert not saving.fill()


def test_it_says_how_far_it_is(saving):
    (large,) = saving.ended("maya")
    saving.store.slow[large] = threading.Event()
    told = "Saving: 12,000 of 100,000 files."
    saving.until(lambda: next(job for job in saving.bench.jobs() if job.id == large).waiting.reason == told)
    saving.store.slow[large].set()
    saving.until(lambda: saving.state(large) is State.SUCCEEDED)
    assert next(job for job in saving.bench.jobs() if job.id == large).waiting.reason is None


def test_a_cancellation_ends_it_and_leaves_nothing_in_the_store(saving):
    (large,) = saving.ended("maya")
    saving.store.slow[large] = threading.Event()
    saving.until(lambda: large in saving.store.at_work)
    saving.bench.desk.change(cancel, "maya", large)
    saving.until(lambda: saving.state(large) is State.CANCELLED)
    assert [job for _place, job, _output in saving.store.dropped] == [large]


def test_one_that_takes_longer_than_it_may_is_refused_in_words(saving):
    (large,) = saving.ended("maya")
    limits = saving.deps.settings.limits.model_copy(update={"output_minutes": 0.001})
    saving.deps = replace(saving.deps, settings=saving.deps.settings.model_copy(update={"limits": limits}))
    saving.store.slow[large] = threading.Event()
    saving.until(lambda: saving.state(large) is State.FAILED)
    words = next(job for job in saving.bench.jobs() if job.id == large).cause_words
    assert "took longer than" in words and "12,000 of 100,000 files" in words
    assert "nothing was added to the catalogue" in words
    assert "stays in its working folder for 14 days" in words


def test_a_fault_in_one_result_keeps_no_other_from_being_saved(saving, monkeypatch):
    broken, sound = saving.ended("maya", "maya")
    inspected = step.inspect_result

    def inspect(folder, result, **how):
        if f"J-{1000 + broken}" in result.location:
            raise RuntimeError("a fault of ours")
        return inspected(folder, result, **how)

    monkeypatch.setattr(step, "inspect_result", inspect)
    collect_step(saving.deps, saving.bench.now)
    assert (saving.state(broken), saving.state(sound)) == (State.COLLECTING, State.SUCCEEDED)
    assert "a fault of ours" in str(saving.deps.troubles.problems)


def test_people_take_turns_however_many_one_has(saving, monkeypatch):
    monkeypatch.setattr(step, "AT_ONCE", 2)
    theirs = saving.ended(*["maya"] * 5)
    (last,) = saving.ended("ravi")
    groups = step.next_groups(saving.deps, saving.bench.now)
    assert [[one.job_id for one in group] for group in sorted(groups.values(), key=len)] == [[last], theirs[:2]]
    busy = step.next_groups(saving.deps, saving.bench.now, busy=theirs[:2])
    assert [[one.job_id for one in group] for group in sorted(busy.values(), key=len)] == [[last], theirs[2:4]]


def test_a_cancellation_of_one_that_was_put_off_does_not_wait(saving):
    (job,) = saving.ended("maya")
    with saving.deps.write() as session:
        session.get_one(Job, job).not_before = saving.bench.now + timedelta(minutes=5)
    assert not collect_step(saving.deps, saving.bench.now)
    saving.bench.desk.change(cancel, "maya", job)
    assert collect_step(saving.deps, saving.bench.now)
    assert saving.state(job) is State.CANCELLED


def test_what_is_registered_is_not_cancelled_any_more(saving, monkeypatch):
    """The daemon died after it registered the result; then somebody wants the job to end."""
    (job,) = saving.ended("maya")

    def die(name):
        if name == "collect-registered":
            raise KeyboardInterrupt

    monkeypatch.setattr(step.failpoints, "reach", die)
    with pytest.raises(KeyboardInterrupt):
        collect_step(saving.deps, saving.bench.now)
    monkeypatch.undo()
    monkeypatch.setattr(watching, "LOOK_S", 0.0)
    saving.bench.desk.change(cancel, "maya", job)
    collect_step(saving.deps, saving.bench.now)
    assert (saving.state(job), saving.store.dropped) == (State.SUCCEEDED, [])
