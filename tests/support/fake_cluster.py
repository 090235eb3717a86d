"""A scheduler and an agent in memory, for what real ones seldom do: silence, lost answers, unknown words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.agent.accounts import AccountRefusedError, Failed
from portal.agent.asking import Account
from portal.agent.client import Fenced, Sealed, Submitted, Taken
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.scheduler.base import Ending, JobHandle, JobReport, Observation, Phase
from portal.scheduler.survey import Node, Survey

MOMENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class FakeCluster:
    """Both sides of one cluster. A test sets what it shall do next."""

    cluster: str = "fake"
    jobs: dict[str, Taken] = field(default_factory=dict)
    """What the scheduler has taken, by attempt."""
    phases: dict[str, Any] = field(default_factory=dict)
    """Fields of the report, by attempt; a job without any is PENDING."""
    absent: set[str] = field(default_factory=set)
    answers: bool = True
    sees_all: bool = True
    """False: it answers, and is not sure that its answer is whole."""
    lose_answers: bool = False
    refuse_calls: bool = False
    refused_account: bool = False
    hung: set[Account] = field(default_factory=set)
    """Accounts that have not answered an earlier call."""
    refusal: Refusal | None = None
    claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Claims by attempt that a node has taken."""
    fenced: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    items: list[Mapping[str, Any]] = field(default_factory=list)
    """What agents were asked to submit."""
    nodes: tuple[Node, ...] = (Node("n1", "Free", True, cpus=8, memory_mb=1000, gpus=2),)
    observed: int = 0
    surveys: int = 0
    batch_size: int = 32
    joins: bool = False
    near: bool = False
    running_per_person: int = 8

    def hanging(self) -> frozenset[Account]:
        return frozenset(self.hung)

    def _failed(self, verb: str) -> CallRefusedError | None:
        self.calls.append(verb)
        if self.refused_account:
            return AccountRefusedError("The cluster does not know the account.")
        return CallRefusedError("The agent cannot be started.") if self.refuse_calls else None

    def submit_by_account(
        self, items: Sequence[tuple[Account, Mapping[str, Any]]]
    ) -> Iterator[dict[int, Submitted | Refusal | Failed]]:
        wrong = self._failed("submit") or self.refusal
        if wrong is not None:
            yield dict.fromkeys(range(len(items)), wrong)
            return
        answers: list[Submitted | Refusal] = []
        arrays: dict[str, str] = {}
        self.items += [item for _account, item in items]
        for _account, item in items:
            attempt, place = item["attempt"], item.get("place")
            job_id = str(len(self.jobs) + 1)
            if place is not None:
                job_id = arrays.setdefault(item["name"], job_id)
            taken = self.jobs.setdefault(attempt, Taken(job_id, place, MOMENT))
            answers.append(Submitted(taken.job_id, taken.array_index, taken.submitted, "0" * 64, Path("/x")))
        if self.lose_answers:
            yield dict.fromkeys(range(len(items)), AnswerLostError("The answer was lost."))
        else:
            yield dict(enumerate(answers))

    def find(self, items: Sequence[tuple[Account, tuple[str, str]]]) -> list[Taken | Refusal | Failed | None]:
        wrong = self._failed("find")
        return [wrong or self.jobs.get(attempt) for _account, (attempt, _name) in items]

    def fence(self, attempts: Sequence[tuple[Account, str]]) -> list[Fenced | Refusal | Failed]:
        wrong = self._failed("fence")
        if wrong is not None:
            return [wrong for _attempt in attempts]
        answers: list[Fenced | Refusal | Failed] = []
        for _account, attempt in attempts:
            if attempt in self.claims:
                answers.append(Fenced(False, self.claims[attempt]))
            else:
                self.fenced.append(attempt)
                answers.append(Fenced(True))
        return answers

    def cancel(
        self, items: Sequence[tuple[Account, tuple[str, str, str]]], *, by: str | None = None
    ) -> list[bool | Refusal | Failed]:
        wrong = self._failed("cancel")
        if wrong is None:
            self.cancelled += [attempt for _account, (attempt, _job, _name) in items]
        return [wrong or True for _item in items]

    def seal(self, attempts: Sequence[tuple[Account, str]]) -> list[Sealed | Refusal | Failed]:
        wrong = self._failed("seal")
        return [wrong or Sealed(0, 0) for _attempt in attempts]

    def purge(self, attempts: Sequence[tuple[Account, str]]) -> list[bool | Refusal | Failed]:
        wrong = self._failed("purge")
        return [wrong or True for _attempt in attempts]

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        self.observed += 1
        if not self.answers:
            return Observation(answered=False, message="no answer")
        reports = {}
        for key, handle in handles:
            if key in self.absent:
                continue
            fields = {"phase": Phase.PENDING, "reason": "All slots are busy."} | self.phases.get(key, {})
            reports[key] = JobReport(handle, **fields)
        return Observation(True, reports, None if self.sees_all else "half blind", self.sees_all)

    def survey(self) -> Survey:
        self.surveys += 1
        return (
            Survey(answered=True, nodes=self.nodes)
            if self.answers
            else Survey(False, message="no answer", silent=True)
        )

    def start(self, now: datetime) -> bool:
        return False

    def prune(self, before: datetime) -> int:
        return 0

    def end(self, attempt: str, ending: Ending | None, **fields: Any) -> None:
        """Let a job end."""
        self.phases[attempt] = {"phase": Phase.ENDED, "ending": ending} | fields
