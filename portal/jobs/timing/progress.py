"""How far a job is and how long it still takes, from the program's events and what the daemon noted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.documents import finite
from portal.jobs.timing.course import by_now, is_open, later_of, others_follow, quiet_s, stage_left
from portal.jobs.timing.spread import Span, about_words, span_words


@dataclass(frozen=True)
class Progress:
    """`fraction` of the whole by time, 0…1; `stage_left_s`: seconds of the present stage. None: not known."""

    fraction: float | None
    stage: str
    step: int | None
    steps: int | None
    message: str
    stage_left_s: float | None
    metrics: Mapping[str, float]
    left: Span | None
    """Seconds left of the whole; None while later stages follow of which nothing tells how long they take."""
    quiet_s: float | None = None
    """For how long it has said nothing, where its rate lets expect more: what is left is not known then."""

    @property
    def left_s(self) -> float | None:
        """Seconds left of the whole, where one figure says it; an interval that is wide is no figure."""
        return self.left.middle if self.left is not None and self.left.definite else None

    @property
    def sentence(self) -> str:
        """Where it is and what it says: "Step 2 of 3, segmenting: 40 of 90 images, about 3 minutes left."."""
        start = f"Step {self.step} of {self.steps}, {self.stage}" if self.step and self.steps else self.stage
        start = start[:1].upper() + start[1:]
        parts = [part for part in (self.message.rstrip("."), self.left_words) if part]
        return f"{start}: {', '.join(parts)}." if parts else f"{start}."

    @property
    def left_words(self) -> str:
        """How long it still takes: "about 3 minutes left", "2 to 5 minutes left", or "… left in this step".

        Of a program that has stopped to say how far it is: since when.
        """
        if self.quiet_s is not None:
            return f"nothing new for {about_words(self.quiet_s)}"
        if self.left is not None:
            one = self.left.definite
            return f"{f'about {about_words(self.left.middle)}' if one else span_words(self.left)} left"
        if self.stage_left_s is None:
            return ""
        return f"about {about_words(self.stage_left_s)} left in this step"


def progress_of(event: Mapping[str, Any], started: datetime | None, now: datetime) -> Progress | None:
    """What the latest event says; None before the first. See timing.course for what the document holds."""
    if "stage" not in event:
        return None
    in_stage, later = stage_left(event, started, now), later_of(event)
    return Progress(
        fraction=_fraction(event, started, now),
        stage=str(event["stage"]),
        step=event.get("step"),
        steps=event.get("steps"),
        message=str(event.get("message", "")),
        stage_left_s=in_stage,
        metrics=dict(event.get("metrics", {})),
        left=Span(in_stage, in_stage).plus(later) if in_stage is not None and later is not None else None,
        quiet_s=quiet_s(event, started, now),
    )


def _fraction(event: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """By time, as the daemon noted it. Without that the program's own word counts only where it has one stage."""
    whole, within = by_now(event, started, now), event.get("fraction")
    if whole is not None:
        return whole
    alone = not others_follow(event) and not is_open(event) and event.get("step") in {None, 1}
    return float(within) if alone and finite(within) else None
