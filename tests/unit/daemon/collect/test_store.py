"""Many jobs' outputs in a few calls of agent and store; what goes wrong with one harms no other."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from portal.agent.client import Sealed
from portal.daemon.collect.store import BYTES_AT_ONCE, Collected, ResultRefusedError, TryLaterError, keep_all
from portal.jobs.cause import Cause
from portal.rpc.exchange import CallRefusedError, Refusal
from portal.store.client import StoredResult

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OUTPUTS = [
    {"name": "a", "pattern": "*.txt", "required": True},
    {"name": "b", "pattern": "*.h5", "required": False},
]


class World:
    """An agent and a store that answer as they are told."""

    def __init__(self):
        self.sizes, self.seals, self.answers, self.portions, self.away = {}, {}, {}, [], False
        self.agent = SimpleNamespace(seal=self.seal)
        self.agents = {}
        self.store = SimpleNamespace(keep=self.keep)
        self.settings = SimpleNamespace(daemon=SimpleNamespace(late_result_s=120.0))
        self.blamed = []

    def seal(self, items):
        return [self.seals.get(attempt, Sealed(1, self.sizes.get(attempt, 1))) for _account, attempt in items]

    def keep(self, items, _heard=None):
        if self.away:
            raise CallRefusedError("The store cannot be started.")
        self.portions.append([(item.attempt, item.output) for item in items])
        return [self.answers.get((item.attempt, item.output)) or result(item) for item in items]

    def blame(self, account, failed):
        if failed is not None:
            self.blamed.append(account)

    def still_active(self):
        return nullcontext()


def result(item):
    fields = dict.fromkeys(StoredResult.__dataclass_fields__)
    return StoredResult(**(fields | {"attempt": item.attempt, "location": item.destination}))


def job(number, **changes):
    values = {
        "job_id": number,
        "number": f"J-{number}",
        "attempt_id": f"attempt-{number}",
        "cluster": "here",
        "investigation_id": 7,
        "account": None,
        "outputs": OUTPUTS,
        "cancelled": False,
        "since": NOW - timedelta(hours=1),
    }
    return Collected(**(values | changes))


@pytest.fixture
def world():
    return World()


def kept(world, *jobs, now=NOW):
    return {one.number: answer for one, answer in keep_all(world, jobs, now, lambda _some: None)}


def test_small_results_go_in_one_call_and_each_job_gets_its_own(world):
    found = kept(world, job(1), job(2))
    assert len(world.portions) == 1
    assert [one.location for one in found["J-2"]] == ["7/J-2-a", "7/J-2-b"]
    assert [one.attempt for one in found["J-1"]] == ["attempt-1", "attempt-1"]


def test_large_results_do_not_make_others_wait(world):
    world.sizes = {"attempt-2": BYTES_AT_ONCE, "attempt-3": BYTES_AT_ONCE}
    kept(world, job(1), job(2), job(3))
    assert [{attempt for attempt, _output in portion} for portion in world.portions] == [
        {"attempt-1"},
        {"attempt-2"},
        {"attempt-3"},
    ]


def test_one_that_is_refused_harms_no_other(world):
    world.answers = {("attempt-1", "a"): Refusal("output-missing", "There is no such file.")}
    world.seals = {"attempt-2": Refusal("scratch", "It does not answer.", retry=True)}
    found = kept(world, job(1), job(2), job(3))
    assert isinstance(found["J-1"], ResultRefusedError)
    assert found["J-1"].cause is Cause.MISSING_OUTPUT
    assert isinstance(found["J-2"], TryLaterError)
    assert len(found["J-3"]) == 2


def test_an_account_whose_agent_fails_is_tried_later_and_staff_are_told(world):
    world.seals = {"attempt-1": CallRefusedError("sudo says no")}
    found = kept(world, job(1, account="ravi"), job(2))
    assert isinstance(found["J-1"], TryLaterError)
    assert world.blamed == ["ravi"]
    assert len(found["J-2"]) == 2


def test_a_store_that_is_away_is_asked_later_for_all(world):
    world.away = True
    assert all(isinstance(one, TryLaterError) for one in kept(world, job(1), job(2)).values())


def test_an_output_folder_that_shows_late_is_waited_for_and_not_for_ever(world):
    world.answers = {("attempt-1", "a"): Refusal("output-missing-whole", "There is no output folder.")}
    assert isinstance(kept(world, job(1, since=NOW))["J-1"], TryLaterError)
    assert isinstance(kept(world, job(1))["J-1"], ResultRefusedError)


def test_a_result_without_an_experiment_has_no_place(world):
    assert isinstance(kept(world, job(1, investigation_id=None))["J-1"], ResultRefusedError)
    assert world.portions == []


def test_of_a_job_that_leaves_no_dataset_neither_agent_nor_store_is_asked(world):
    world.away, world.seals = True, {"attempt-1": CallRefusedError("The agent cannot be started.")}
    found = kept(world, job(1, outputs=[]), job(2, outputs=[], investigation_id=None))
    assert found == {"J-1": [], "J-2": []}
    assert (world.portions, world.blamed) == ([], [])
