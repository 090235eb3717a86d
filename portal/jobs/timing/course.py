"""The course of a run: when its stages began, how far the whole of it is by time, and what follows later. Pure.

A run's progress document (`Job.progress`) is the program's latest event, with what the daemon adds:

- `began`: a row [stage, time] for each stage in the order in which they were first seen, by the daemon's clock;
- `at`: when the latest event was seen;
- `stage_since`, `stage_from`: when its stage was first seen, and how much of it was done then;
- `anew`: that its stage has begun again from less than half of what it had said;
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
QUIET_S = 30.0
"""A program that says nothing for less than this is not called quiet."""
LATE_S = 10.0
"""So much later than its rate told, a stage is late and its rate is none any more."""
FAR_BACK = 0.5
"""A fraction that falls below this part of the one before is no better count of the same work: it begins anew."""
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
    if is_open(found):
        found.pop("whole", None)
        before = None  # it was a part's, and is not known to be the whole's
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


def began_anew(before: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the program goes through the same stage once more, by how far its fraction falls."""
    was, now = before.get("fraction"), event.get("fraction")
    return finite(was) and finite(now) and now < was * FAR_BACK


def seconds_in_stage(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Since when the present stage goes on."""
    since = moment_of(progress.get("stage_since")) or started
    return None if since is None else max(0.0, (now - since).total_seconds())


def others_follow(progress: Mapping[str, Any]) -> bool:
    """Whether the program has named stages after the present one, or finished runs had some."""
    step, steps = progress.get("step"), progress.get("steps")
    if step and steps:
        return bool(step < steps)
    measured = Measured.of(progress.get("measured"))
    place = measured.place(str(progress.get("stage")))
    return place is not None and any(sum(run[place + 1 :]) > 0 for run in measured.runs)


def is_open(progress: Mapping[str, Any]) -> bool:
    """Whether more may come after the present stage of which nothing tells: it has no number and is not the first
    one, or it has begun anew, and finished runs do not know it."""
    numbered = progress.get("step") and progress.get("steps")
    if not progress.get("anew") and (numbered or len(progress.get("began", ())) < 2):
        return False
    return Measured.of(progress.get("measured")).place(str(progress.get("stage"))) is None


def step_of(progress: Mapping[str, Any]) -> str:
    """Where it is, as "step 2 of 3, deconvolving"; empty where the program names no steps."""
    step, steps = progress.get("step"), progress.get("steps")
    return f"step {step} of {steps}, {progress.get('stage')}" if step and steps and steps > 1 else ""


def later_of(progress: Mapping[str, Any]) -> Span | None:
    """What stages after the present one take: nothing in the last one; None: they follow, and nothing tells."""
    if progress.get("anew"):
        return None
    later = progress.get("later")
    if isinstance(later, list) and len(later) == 2 and all(map(finite, later)):
        return Span(float(later[0]), float(later[1]))
    return None if others_follow(progress) or is_open(progress) else Span(0.0, 0.0)


def heard_at(progress: Mapping[str, Any], now: datetime) -> datetime:
    """When the program last said something, as far as it was seen; never after `now`."""
    return min(moment_of(progress.get("at")) or now, now)


def left_when_heard(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Seconds that the present stage had left when the program last said something, at the rate that it had then.

    The rate is that of what was seen: what a stage had done when it was first seen was done at a rate of its own.
    """
    done, at = within(progress), heard_at(progress, now)
    since, already = _base(progress, started, at)
    if done is None or since is None:
        return None
    so_far = (at - since).total_seconds()
    if so_far < LEAST_ELAPSED_S or done <= already:
        return 0.0 if done >= 1 else None
    return so_far * (1 - done) / (done - already)


def _base(progress: Mapping[str, Any], started: datetime | None, at: datetime) -> tuple[datetime | None, float]:
    """From when, and from what fraction on, the present stage's rate counts."""
    since, already = moment_of(progress.get("stage_since")), progress.get("stage_from")
    first = len(progress.get("began", ())) < 2 and not progress.get("anew")
    if since is None or (first and since >= at):
        return started, 0.0
    return since, float(already) if finite(already) else 0.0


def quiet_s(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """For how long the program has said nothing, where that is longer than its rate lets expect; else None."""
    left, at = left_when_heard(progress, started, now), heard_at(progress, now)
    since = _base(progress, started, at)[0]
    if left is None or since is None:
        return None
    quiet = (now - at).total_seconds()
    usual = max(QUIET_S, (at - since).total_seconds())
    return quiet if quiet > min(left + LATE_S, usual) and quiet >= LATE_S else None


def stage_left(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """Seconds left of the present stage, at its own rate; None where there is none yet, or none any more."""
    left = left_when_heard(progress, started, now)
    if left is None or quiet_s(progress, started, now) is not None:
        return None
    return max(0.0, left - (now - heard_at(progress, now)).total_seconds())


def by_now(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """How much of the run's time is over, 0…1; it never becomes less in one run. None: not known.

    As noted with the latest event; in a stage that says nothing of itself, by the time that has passed since.
    """
    whole = progress.get("whole")
    noted = min(1.0, max(0.0, float(whole))) if finite(whole) else None
    if noted is None or "stage" not in progress or finite(progress.get("fraction")):
        return noted
    moved = whole_of(progress, started, now)
    return noted if moved is None else max(noted, moved)


def whole_of(progress: Mapping[str, Any], started: datetime | None, now: datetime) -> float | None:
    """How much of the run's time is over, 0…1: by finished runs, else by the last stage's rate, else None."""
    measured = Measured.of(progress.get("measured"))
    place = measured.place(str(progress["stage"]))
    fraction = progress.get("fraction")
    if place is not None:
        done = [_share(run, place, fraction, seconds_in_stage(progress, started, now)) for run in measured.runs]
        return min(ALMOST, median(done))
    if others_follow(progress) or is_open(progress):
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
