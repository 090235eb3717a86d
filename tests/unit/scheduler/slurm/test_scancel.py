"""Ending many jobs by few calls of scancel: what it is told, and what it says of each (as Slurm 24.11 said it)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from portal.scheduler.base import JobHandle, SchedulerError
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.scancel import IDS_A_CALL, cancel_many

NAME = "gantry-x-1"
OTHER = "gantry-y-1"
AWAY = Answer(8, "", "scancel: error: Unable to contact slurm controller (connect failure)\n")
ERROR = "scancel: error: Kill job error on job id"


def handle(word: str, name: str = NAME) -> JobHandle:
    job_id, _, index = word.partition("_")
    return JobHandle("gantry", job_id, int(index) if index else None, name, datetime(2026, 11, 21, tzinfo=UTC))


class Controller:
    """Some jobs by name, which wait or run; scancel asks it about all ids of a call at once."""

    def __init__(self, *, waiting: dict[str, str] | None = None, running: dict[str, str] | None = None) -> None:
        self.waiting, self.running = waiting or {}, running or {}
        self.calls: list[list[str]] = []

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        options = [word for word in command[1:] if word.startswith("-")]
        ids = [word for word in command[1:] if not word.startswith("-")]
        assert options[:3] == ["--ctld", "--verbose", "--me"]
        [name] = [word.removeprefix("--name=") for word in options[3:]]
        self.calls.append(ids)
        said = [self._signal(word, name) for word in ids]
        return Answer(0, "", "".join(f"{line}\n" for line in said))

    def _signal(self, word: str, name: str) -> str:
        job_id, _, index = word.partition("_")
        alive = self.waiting if word in self.waiting else self.running
        if word not in alive:
            return f"{ERROR} {word}: Invalid job id specified"
        if alive[word] != name:
            # Of a task that waits only its array is named.
            named = job_id if alive is self.waiting else word
            return f"{ERROR} {named}: Job name {alive[word]} != filter name {name}: Cannot signal job"
        del alive[word]
        return f"scancel: Terminating job {f'{job_id}_[{index}]' if index and alive is self.waiting else word}"


class Says:
    """A scancel that gives these answers, one after the other."""

    def __init__(self, *answers: Answer | SchedulerError) -> None:
        self.answers = list(answers)
        self.calls: list[Sequence[str]] = []

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        self.calls.append(command)
        answer = self.answers.pop(0)
        if isinstance(answer, SchedulerError):
            raise answer
        return answer


def test_a_thousand_tasks_are_one_call():
    words = [f"7_{index}" for index in range(1000)]
    controller = Controller(waiting=dict.fromkeys(words, NAME))
    assert cancel_many(controller, [handle(word) for word in words]) == [True] * 1000
    assert controller.calls == [words]
    assert controller.waiting == {}


def test_more_than_a_call_takes_are_cut_into_chunks():
    words = [f"7_{index}" for index in range(IDS_A_CALL + 1)]
    controller = Controller(waiting=dict.fromkeys(words, NAME))
    assert all(cancel_many(controller, [handle(word) for word in words]))
    assert [len(ids) for ids in controller.calls] == [IDS_A_CALL, 1]


def test_each_is_answered_for_itself():
    controller = Controller(waiting={"7_3": NAME, "9": NAME}, running={"7_0": NAME, "7_1": NAME})
    wanted = ["7_0", "7_2", "9", "7_3", "8", "7_0"]
    told = cancel_many(controller, [handle(word) for word in wanted])
    assert told == [True, False, True, True, False, True]
    assert controller.running == {"7_1": NAME}
    assert controller.calls == [["7_0", "7_2", "9", "7_3", "8"]]
    assert cancel_many(controller, [handle(word) for word in wanted]) == [False] * 6


def test_an_array_that_runs_beside_its_waiting_tasks_loses_only_those_that_are_meant():
    controller = Controller(waiting={"7_11": NAME, "7_1": NAME}, running={"7": NAME})
    assert cancel_many(controller, [handle("7_1")]) == [True]
    assert (controller.waiting, controller.running) == ({"7_11": NAME}, {"7": NAME})


def test_each_name_is_a_call_with_that_name_only():
    controller = Controller(waiting={"7_0": NAME, "8_0": OTHER, "7_1": NAME})
    handles = [handle("7_0"), handle("8_0", OTHER), handle("7_1")]
    assert cancel_many(controller, handles) == [True, True, True]
    assert controller.calls == [["7_0", "7_1"], ["8_0"]]


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_an_id_that_has_gone_to_another_job_is_left_alone_and_its_neighbours_are_not(state):
    controller = Controller(waiting={"6_4": NAME})
    getattr(controller, state).update({"7_1": OTHER, "7_2": OTHER})
    told = cancel_many(controller, [handle("7_1"), handle("6_4"), handle("7_2")])
    assert told == [False, True, False]
    assert getattr(controller, state) == {"7_1": OTHER, "7_2": OTHER}


@pytest.mark.parametrize(
    "said",
    [
        "scancel: Terminating job 7_[0-2,4]\n",
        "scancel: Terminating job 7_[0-1]\nscancel: Terminating job 7_2\nscancel: Terminating job 7_[4]\n",
        f"scancel: debug: x\nscancel: Terminating job 7_[0-4]\n{ERROR} 7_[3]: Invalid job id specified\n",
    ],
)
def test_words_for_several_tasks_are_read_too(said):
    told = cancel_many(Says(Answer(0, "", said)), [handle(f"7_{index}") for index in (0, 1, 2, 4)])
    assert told == [True] * 4


def test_one_that_is_refused_may_be_asked_again_and_harms_no_other():
    said = f"{ERROR} 7_1: Job can not be altered now, try again later\nscancel: Terminating job 7_[2]\n"
    refused, signalled = cancel_many(Says(Answer(0, "", said)), [handle("7_1"), handle("7_2")])
    assert signalled is True
    assert isinstance(refused, SchedulerError)
    assert refused.retry
    assert "try again later" in (refused.detail or "")


def test_what_is_not_named_is_not_known():
    said = "scancel: Terminating job 7_[2]\nscancel: Terminating job 17_[1]\nscancel: Terminating job 7_[1-\n"
    unknown, signalled = cancel_many(Says(Answer(0, "", said)), [handle("7_1"), handle("7_2")])
    assert signalled is True
    assert isinstance(unknown, SchedulerError)
    assert unknown.retry


@pytest.mark.parametrize("silent", [AWAY, SchedulerError("It was late.", retry=True)], ids=["away", "late"])
def test_a_slurm_that_is_silent_is_not_asked_for_the_rest(silent):
    says = Says(Answer(0, "", "scancel: Terminating job 7\n"), silent)
    told = cancel_many(says, [handle("7"), handle("8", OTHER), handle("9", "gantry-z-1")])
    assert told[0] is True
    assert all(isinstance(one, SchedulerError) and one.retry for one in told[1:])
    assert len(says.calls) == 2


def test_no_call_is_longer_than_a_program_takes():
    controller = Controller()
    cancel_many(controller, [handle(f"4294967295_{4_000_000 + index}") for index in range(IDS_A_CALL)])
    [ids] = controller.calls
    assert sum(len(word) + 1 for word in ids) < 128 << 10
    assert all(re.fullmatch(r"\d+_\d+", word) for word in ids)


def test_nothing_to_end_asks_nothing():
    assert cancel_many(Says(), []) == []
