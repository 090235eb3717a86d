"""The verdict table, written once more for the checker: what Slurm said last × result.json -> what follows.

Nothing of portal is used here: two readings of one table can be compared, one cannot. Verdicts are the codes that
the portal writes into an attempt's `outcome`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SLURM_WINS = {
    "OUT_OF_MEMORY": "memory",
    "TIMEOUT": "time",
    "NODE_FAIL": "node",
    "BOOT_FAIL": "node",
    "PREEMPTED": "preempted",
    "DEADLINE": "deadline",
}
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", *SLURM_WINS})
# A run that was put back, and so did not end the job.
PUT_BACK = frozenset({"REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED"})
# launch's own exit codes, where it could leave no result.
OF_LAUNCH = {90: "order", 91: "claimed", 92: "input", 93: "image", 94: "folder", 95: "start"}
OF_REASON = {
    "memory": "memory",
    "time": "time",
    "input": "input",
    "image": "image",
    "start": "start",
    "disk": "disk full",
    "licence": "licence",
    "cancelled": "cancelled",
}
SIGTERM, SIGKILL = 15, 9
SUCCEEDED, CANCELLED, FENCED = "succeeded", "cancelled", "fenced"
AGAIN = frozenset({FENCED, "temporary", "lost", "claimed", "folder", "node"})
"""What an attempt may have come to that was not the job's last; the exercise's job type has no other retries."""


@dataclass(frozen=True)
class Word:
    """What Slurm said of a run's end."""

    state: str
    """The base word: CANCELLED, not "CANCELLED by 0"."""
    exit_code: int = 0
    signal: int = 0

    @property
    def ended(self) -> bool:
        """It is a final word."""
        return self.state in ENDED


@dataclass(frozen=True)
class Told:
    """What a valid result.json tells."""

    exit_code: int | None
    signal: int | None
    reason: str | None
    over_memory: bool = False

    @property
    def well(self) -> bool:
        """It ended with exit code 0 and nothing stood in its way."""
        return self.exit_code == 0 and self.signal is None and self.reason is None


def told(text: str, attempt: str, job_spec_sha256: str | None, restarts: int | None = None) -> Told | None:
    """What result.json says; None if it is absent, or not of this attempt, order and (where it is known) run."""
    try:
        document: Any = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(document, Mapping) or document.get("schema") != 1 or document.get("attempt") != attempt:
        return None
    if job_spec_sha256 is not None and document.get("job_sha256") != job_spec_sha256:
        return None
    if restarts is not None and (document.get("claim") or {}).get("restart") != restarts:
        return None
    peak, limit = document.get("memory_peak_bytes"), document.get("memory_limit_bytes")
    return Told(
        document.get("exit_code"),
        document.get("signal"),
        document.get("reason"),
        bool(peak and limit and peak >= limit),
    )


def verdicts(word: Word, result: Told | None, *, left_nothing: bool, wished: bool) -> frozenset[str]:
    """What an attempt may come to that Slurm saw end.

    `left_nothing`: the program wrote no declared output; `wished`: its person withdrew it. More than one
    verdict only where a wish may have come before or after the end was seen.
    """
    if word.state in SLURM_WINS:
        return frozenset({SLURM_WINS[word.state]})
    if word.state == CANCELLED.upper():
        return frozenset({CANCELLED})
    if word.state == "COMPLETED":
        return _completed(result, left_nothing=left_nothing, wished=wished)
    if word.state == "FAILED":
        return _failed(word, result, wished=wished)
    return frozenset()


def _completed(result: Told | None, *, left_nothing: bool, wished: bool) -> frozenset[str]:
    if result is None:
        return frozenset({"no result"})
    if not result.well:
        return frozenset({of_result(result)})
    well = {"output missing" if left_nothing else SUCCEEDED}
    return frozenset(well | {CANCELLED} if wished else well)


def _failed(word: Word, result: Told | None, *, wished: bool) -> frozenset[str]:
    if wished and _by_signal(word, result):
        return frozenset({CANCELLED})
    if result is None:
        if word.signal:
            return frozenset({"signal"})
        return frozenset({OF_LAUNCH.get(word.exit_code, "exit code")})
    return frozenset({"launch and scheduler differ" if result.well else of_result(result)})


def _by_signal(word: Word, result: Told | None) -> bool:
    ends = {word.signal, word.exit_code - 128}
    if result is not None:
        ends |= {result.signal, (result.exit_code or 0) - 128}
    return bool(ends & {SIGTERM, SIGKILL}) or (result is not None and result.reason == "cancelled")


def of_result(result: Told) -> str:
    """What a result that is not well says by itself."""
    if result.reason in OF_REASON:
        return OF_REASON[result.reason]
    if result.over_memory and SIGKILL in {result.signal, (result.exit_code or 0) - 128}:
        return "memory"
    return "exit code" if result.signal is None else "signal"


def verdict_unseen(
    result: Told | None, *, claimed_by: str | None, left_nothing: bool, wished: bool
) -> frozenset[str]:
    """What an attempt may come to whose end Slurm never told: the absence rule, and the fence."""
    also = {CANCELLED} if wished else set()
    if result is None:
        return frozenset(also | {FENCED if claimed_by in {None, "fence"} else "lost"})
    if result.well:
        return frozenset(also | {"output missing" if left_nothing else SUCCEEDED})
    return frozenset(also | {of_result(result)})
