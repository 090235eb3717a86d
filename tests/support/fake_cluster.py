"""A scheduler and an agent in memory, for what real ones seldom do: silence, lost answers, unknown words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.agent.client import Fenced, Sealed, Submitted, Taken
from portal.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.scheduler.base import Ending, JobHandle, JobReport, Observation, Phase

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
    refusal: Refusal | None = None
    claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Claims by attempt that a node has taken."""
    fenced: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def _call(self, verb: str) -> None:
        self.calls.append(verb)
        if self.refuse_calls:
            raise CallRefusedError("The agent cannot be started.")

    def submit(self, items: Sequence[Mapping[str, Any]]) -> list[Submitted | Refusal]:
        self._call("submit")
        if self.refusal is not None:
            return [self.refusal for _item in items]
        answers: list[Submitted | Refusal] = []
        for item in items:
            attempt = item["attempt"]
            taken = self.jobs.setdefault(attempt, Taken(str(len(self.jobs) + 1), None, MOMENT))
            answers.append(Submitted(taken.job_id, None, taken.submitted, "0" * 64, Path("/x")))
        if self.lose_answers:
            raise AnswerLostError("The answer was lost.")
        return answers

    def find(self, items: Sequence[tuple[str, str]]) -> list[Taken | Refusal | None]:
        self._call("find")
        return [self.jobs.get(attempt) for attempt, _name in items]

    def fence(self, attempts: Sequence[str]) -> list[Fenced | Refusal]:
        self._call("fence")
        answers: list[Fenced | Refusal] = []
        for attempt in attempts:
            if attempt in self.claims:
                answers.append(Fenced(False, self.claims[attempt]))
            else:
                self.fenced.append(attempt)
                answers.append(Fenced(True))
        return answers

    def cancel(self, items: Sequence[tuple[str, str, str]], *, by: str | None = None) -> list[bool | Refusal]:
        self._call("cancel")
        self.cancelled += [attempt for attempt, _job, _name in items]
        return [True for _item in items]

    def seal(self, attempts: Sequence[str]) -> list[Sealed | Refusal]:
        self._call("seal")
        return [Sealed(0, 0) for _attempt in attempts]

    def purge(self, attempts: Sequence[str]) -> list[bool | Refusal]:
        self._call("purge")
        return [True for _attempt in attempts]

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        if not self.answers:
            return Observation(answered=False, message="no answer")
        reports = {}
        for key, handle in handles:
            if key in self.absent:
                continue
            fields = {"phase": Phase.PENDING, "reason": "All slots are busy."} | self.phases.get(key, {})
            reports[key] = JobReport(handle, **fields)
        return Observation(True, reports, None if self.sees_all else "half blind", self.sees_all)

    def end(self, attempt: str, ending: Ending | None, **fields: Any) -> None:
        """Let a job end."""
        self.phases[attempt] = {"phase": Phase.ENDED, "ending": ending} | fields
