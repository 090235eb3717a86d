"""Gathers what the checks need while an array's blocks go by, and asks them: one that fails costs itself only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wrappers.io.source import ArraySource
from wrappers.programs.qc.checks import CHECKS, PILED_UP, SATURATED_SHARE, saturation
from wrappers.programs.qc.faults import Fault
from wrappers.programs.qc.frames import Frames, layout_of
from wrappers.programs.qc.subject import QUIET_NAMES, Subject

LIST_OF_EVENTS = "VI"
SCANS = ("A",)
OF_SCANS = ("/exchange/", "/projections", "/tomo")


@dataclass
class Judged:
    """What was found wrong, the worst first, and what could not be checked and why."""

    faults: list[Fault] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    judged: bool = False
    """Whether its pictures were looked at."""


class Judge:
    """Of one array. `add` never raises: without its figures the other ones are still right."""

    def __init__(self, array: ArraySource) -> None:
        self._array = array
        layout = layout_of(array)
        self._why = layout if isinstance(layout, str) else ""
        self._frames: Frames | None = None
        if not isinstance(layout, str):
            self._try(lambda: setattr(self, "_frames", Frames(array, layout)))

    def add(self, place: tuple[slice, ...], block: np.ndarray) -> None:
        """Take in a block of real numbers that lies at `place`."""
        frames = self._frames
        if frames is not None:
            self._try(lambda: frames.add(place, block))

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            self._frames, self._why = None, f"its pictures could not be looked at ({_words(error)})"

    def ask(
        self,
        counts: np.ndarray,
        *,
        exact: bool,
        level: int | None,
        saturated: int | None,
        low: float,
        highest: float,
    ) -> Judged:
        """Return all faults. `counts`: the array's histogram; `low`: below it is one value in a thousand."""
        found = Judged()
        values = int(np.count_nonzero(counts))
        name = self._array.name.lower()
        taken = self._array.dtype.kind != "b" and values > 2 and not any(word in name for word in QUIET_NAMES[-3:])
        pictures = not self._why
        if self._why and self._why not in ("it holds no pictures",):
            found.unchecked.append(self._why)
        if taken and (pictures or "colour" in self._why):
            full = saturation(counts, level, saturated, exact)
            if full is not None:
                found.faults.append(_saturated(*full, int(counts.sum()), highest))
        if self._frames is not None:
            found.judged = True
            subject = self._subject(self._frames, taken, low)
            for title, check in CHECKS.items():
                try:
                    found.faults += check(subject)
                except Exception as error:
                    found.unchecked.append(f"{title} could not be checked ({_words(error)})")
        found.faults.sort(key=lambda fault: -fault.weight)
        return found

    def _subject(self, frames: Frames, taken: bool, low: float) -> Subject:
        varied = frames.whole & (frames.low < frames.high)
        made = Subject(
            name=self._array.name,
            frames=frames,
            measured=taken,
            scan=any(letter in frames.layout.letters for letter in SCANS)
            or any(word in f"/{self._array.name.lower()}" for word in OF_SCANS),
            events=any(letter in frames.layout.letters for letter in LIST_OF_EVENTS),
            low=low,
        )
        noisy = not varied.any() or made.natural[varied].mean() >= 0.5
        return made if noisy else Subject(**{**vars(made), "measured": False})


def _saturated(count: int, at_limit: bool, total: int, highest: float) -> Fault:
    share = count / total
    where = "at the detector's limit" if at_limit else "cut off at the highest value"
    words = (
        f"{count:,} values ({_percent(share)}) are {where}, {highest:g}: how bright it was there is lost. Expose "
        "less, or use less light."
    )
    reason = (
        "One in ten thousand; at a highest value that is no usual limit also "
        f"{PILED_UP:g} times as many as at each value just below."
    )
    weight = 60 + min(28.0, 7 * float(np.log10(share / SATURATED_SHARE)))
    return Fault(
        "saturated",
        "Saturated",
        weight,
        words,
        share,
        "of the values",
        SATURATED_SHARE,
        f"beyond {SATURATED_SHARE:.2%}",
        reason,
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.3%}"


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is too little memory"
    return f"{type(error).__name__}: {error}"[:160].rstrip(" .:")
