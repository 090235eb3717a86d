"""The course of a run: when its stages began, how far the whole of it is by time, and what follows later. Pure.

A run's progress document (`Job.progress`) is the program's latest event, with what the daemon adds:

- `began`: a row [stage, time] for each stage in the order in which they were first seen, by the daemon's clock;
- `at`: when the latest event was seen;
- `measured`: how long stages took in finished runs of the same analysis, a document of `Measured`;
- `whole`: how much of the whole is done, 0…1 of its time. It never becomes less in one run.
- `later`: [least, most] seconds that later stages take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.documents import finite
from portal.jobs.timing.spread import Span, median, spread
from portal.times import iso, moment_of

LEAST_FRACTION = 0.02
LEAST_ELAPSED_S = 2.0
"""Below these a rate is a guess that only misleads."""
MOST_STAGES = 30
MOST_RUNS = 12
"""Runs whose stages are kept beside a running job's progress."""
ENOUGH_RUNS = 3
"""Fewer runs do not tell how stages share the time."""
ALMOST = 0.99
"""No bar is full before the run has ended."""
OVERDUE = 0.95
"""A stage that says nothing of itself is never taken for done by time alone."""


@dataclass(frozen=True)
class Measured:
    """Seconds by stage of finished runs, a row a run."""

    stages: tuple[str, ...] = ()
    runs: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def of_runs(cls, runs: Sequence[Mapping[str, float]]) -> "Measured":
        """From the newest runs' stages; nothing where they are too few to tell."""
        runs = [run for run in runs if sum(run.values()) > 0][:MOST_RUNS]
        if len(runs) < ENOUGH_RUNS:
            return cls()
        names = list(dict.fromkeys(name for run in runs for name in run))[:MOST_STAGES]
        return cls(tuple(names), tuple(tuple(round(run.get(name, 0.0), 1) for name in names) for run in runs))

    @classmethod
    def of(cls, document: object) -> "Measured":
        """What a progress document says; nothing where it says it wrongly."""
        if not isinstance(document, Mapping):
            return cls()
        stages, runs = document.get("stages"), document.get("runs")
        if not isinstance(stages, list) or not isinstance(runs, list):
            return cls()
        good = [
            tuple(map(float, run))
            for run in runs
            if isinstance(run, list) and len(run) == len(stages) and all(map(finite, run)) and sum(run) > 0
        ]
        return cls(tuple(map(str, stages)), tuple(good))

    def document(self) -> dict[str, Any]:
        """JSON types only."""
        return {"stages": list(self.stages), "runs": [list(run) for run in self.runs]}

    def place(self, stage: str) -> int | None:
        """Which of the stages it is; None where they do not have it, or are not known."""
        return self.stages.index(stage) if self.runs and stage in self.stages else None


def with_course(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> dict[str, Any]:
    """The document with `began`, `at`, `whole` and `later` as of now; `progress` has a new event."""
    began = list(progress.get("began", ()))
    if (not began or began[-1][0] != progress["stage"]) and len(began) < MOST_STAGES:
        began.append([progress["stage"], iso(now)])
    found = {**progress, "began": began, "at": iso(now)}
    found.pop("later", None)
    later = _later(found, started, now)
    if later is not None:
        found["later"] = [round(later.low, 1), round(later.high, 1)]
    whole = whole_of(found, started, now)
    before = progress.get("whole")
    known = [value for value in (whole, before) if finite(value)]
    if known:
        found["whole"] = round(max(known), 4)
    return found


def stage_seconds(progress: Mapping[str, Any], started: datetime, ended: datetime) -> dict[str, float]:
    """Seconds by stage of a run that has ended; what came before the first one is the first one's."""
    rows = [(str(name), moment_of(at)) for name, at in progress.get("began", ())]
    found: dict[str, float] = {}
    for place, (name, at) in enumerate(rows):
        since = started if place == 0 else at
        until = rows[place + 1][1] if place + 1 < len(rows) else ended
        if since is not None and until is not None:
            found[name] = found.get(name, 0.0) + max(0.0, (until - since).total_seconds())
    return found


def within(progress: Mapping[str, Any]) -> float | None:
    """How much of the present stage is done, as the program says it; None where that is no rate yet."""
    fraction = progress.get("fraction")
    return float(fraction) if finite(fraction) and fraction >= LEAST_FRACTION else None


def seconds_in_stage(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Since when the present stage goes on."""
    since = moment_of(progress.get("stage_since")) or started
    return None if since is None else max(0.0, (now - since).total_seconds())


def others_follow(progress: Mapping[str, Any]) -> bool:
    """Whether the program has named stages after the present one."""
    step, steps = progress.get("step"), progress.get("steps")
    return bool(step and steps and step < steps)


def step_of(progress: Mapping[str, Any]) -> str:
    """Where it is, as "step 2 of 3, deconvolving"; empty where the program names no steps."""
    step, steps = progress.get("step"), progress.get("steps")
    return f"step {step} of {steps}, {progress.get('stage')}" if step and steps and steps > 1 else ""


def later_of(progress: Mapping[str, Any]) -> Span | None:
    """What stages after the present one take: nothing in the last one; None: they follow, and nothing tells."""
    later = progress.get("later")
    if isinstance(later, list) and len(later) == 2 and all(map(finite, later)):
        return Span(float(later[0]), float(later[1]))
    return None if others_follow(progress) else Span(0.0, 0.0)


def stage_left(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Seconds left of the present stage, at its own rate; None where there is none yet."""
    done, so_far = within(progress), seconds_in_stage(progress, started, now)
    if done is None or so_far is None or so_far < LEAST_ELAPSED_S:
        return None
    return so_far * (1 - done) / done


def whole_of(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """How much of the run's time is over, 0…1: by finished runs, else by the last stage's rate, else None."""
    measured = Measured.of(progress.get("measured"))
    place = measured.place(str(progress["stage"]))
    fraction = progress.get("fraction")
    if place is not None:
        done = [_share(run, place, fraction, seconds_in_stage(progress, started, now)) for run in measured.runs]
        return min(ALMOST, median(done))
    if others_follow(progress):
        return None
    step = progress.get("step")
    if not finite(fraction) or (fraction < LEAST_FRACTION and step not in {None, 1}):
        return None
    if step in {None, 1}:
        return min(ALMOST, float(fraction))
    left = stage_left(progress, started, now)
    if left is None or started is None:
        return None
    so_far = max(0.0, (now - started).total_seconds())
    return min(ALMOST, so_far / (so_far + left)) if so_far + left > 0 else None


def _share(run: Sequence[float], place: int, fraction: Any, in_stage_s: float | None) -> float:
    """How much of a finished run's time was over at this point of this stage."""
    if finite(fraction):
        done = min(1.0, float(fraction))
    else:
        done = min(OVERDUE, (in_stage_s or 0.0) / run[place]) if run[place] > 0 else 0.0
    return (sum(run[:place]) + done * run[place]) / sum(run)


def _later(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> Span | None:
    """What later stages take, by finished runs, if they are as much slower or faster as this one is so far."""
    if not others_follow(progress):
        return None
    measured = Measured.of(progress.get("measured"))
    place = measured.place(str(progress["stage"]))
    if place is None or started is None:
        return None
    left = stage_left(progress, started, now)
    found = []
    for run in measured.runs:
        until_its_end, after = sum(run[: place + 1]), sum(run[place + 1 :])
        # Of a stage whose rate is not known yet, nothing tells how this run differs.
        known = left is not None and until_its_end > 0
        factor = ((now - started).total_seconds() + (left or 0.0)) / until_its_end if known else 1.0
        found.append(factor * after)
    return spread(found)
