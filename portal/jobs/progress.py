"""How far a job is and how long it still takes, from the program's events. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal import words
from portal.times import moment_of

# Below these a rate is a guess that only misleads.
LEAST_FRACTION = 0.02
LEAST_ELAPSED_S = 2.0


@dataclass(frozen=True)
class Progress:
    """`fraction` of the whole, 0…1; `stage_left_s`: seconds of the present stage. None where it is not known."""

    fraction: float | None
    stage: str
    step: int | None
    steps: int | None
    message: str
    stage_left_s: float | None
    metrics: Mapping[str, float]

    @property
    def left_s(self) -> float | None:
        """Seconds left of the whole: known in the last stage alone."""
        return None if self._others_follow else self.stage_left_s

    @property
    def _others_follow(self) -> bool:
        return bool(self.step and self.steps and self.step < self.steps)

    @property
    def sentence(self) -> str:
        """Where it is and what it says: "Step 2 of 3, segmenting: 40 of 90 images, about 3 minutes left."."""
        start = f"Step {self.step} of {self.steps}, {self.stage}" if self.step and self.steps else self.stage
        start = start[:1].upper() + start[1:]
        parts = [part for part in (self.message.rstrip("."), self.left_words) if part]
        return f"{start}: {', '.join(parts)}." if parts else f"{start}."

    @property
    def left_words(self) -> str:
        """How long it still takes: "about 3 minutes left", or "… left in this step"; empty if nothing tells."""
        if self.stage_left_s is None:
            return ""
        left = f"about {words.duration(_rounded(self.stage_left_s))} left"
        return f"{left} in this step" if self._others_follow else left


def progress_of(event: Mapping[str, Any], started: datetime | None, now: datetime) -> Progress | None:
    """What the latest event says; None before the first. Stages count as equally long until they are over."""
    if "stage" not in event:
        return None
    step, steps, within = event.get("step"), event.get("steps"), event.get("fraction")
    fraction: float | None = None
    if step and steps and step <= steps:
        fraction = (step - 1 + (within or 0.0)) / steps
    elif within is not None:
        fraction = float(within)
    return Progress(
        fraction=fraction,
        stage=str(event["stage"]),
        step=step,
        steps=steps,
        message=str(event.get("message", "")),
        stage_left_s=_stage_left(event, started, now),
        metrics=dict(event.get("metrics", {})),
    )


def _stage_left(event: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Seconds left of the present stage, at its own rate. How long later ones take, nothing tells."""
    since = moment_of(event.get("stage_since")) or started
    within: float | None = event.get("fraction")
    if within is None or since is None or within < LEAST_FRACTION:
        return None
    in_stage = (now - since).total_seconds()
    return in_stage * (1 - within) / within if in_stage >= LEAST_ELAPSED_S else None


def _rounded(seconds: float) -> float:
    """As precise as an estimate deserves: 5 s below a minute, then whole minutes."""
    if seconds < 60:
        return max(5.0, round(seconds / 5) * 5)
    return round(seconds / 60) * 60
