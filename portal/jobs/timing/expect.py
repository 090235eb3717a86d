"""How long a run is likely to take, from finished runs like it: an interval, and what it rests on. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal import words
from portal.jobs.timing.runs import Run
from portal.jobs.timing.settings import Other, Settings
from portal.jobs.timing.spread import Span, span_words, spread

ENOUGH_TO_SAY = 5
"""Fewer runs say nothing of the next one, and might tell what one other person does."""
ALIKE = (2.0, 4.0)
"""Inputs are of like size where they differ by no more than the first factor, or, where too few do, the second."""
WIDER = 2.0
"""So much wider at both ends is an interval of runs with other settings: together these may do more than each."""
SMALL = 2**20
"""Bytes below which the size of an input decides nothing."""


@dataclass(frozen=True)
class Expected:
    """How long one run takes. `span` None: too few runs tell it; `known` says how many there are of any kind."""

    span: Span | None
    runs: int = 0
    least_bytes: int | None = None
    most_bytes: int | None = None
    """The sizes of the inputs of those runs; None for an analysis without inputs."""
    earlier: bool = False
    """Whether runs of earlier versions are among them."""
    cut_off: int = 0
    """How many more runs, like it where some tell, were ended at their time limit."""
    known: int = 0
    like: bool = False
    """Whether their settings were compared, and are like those that are asked about."""
    other: Other | None = None
    """How their settings differ; with a `span`, it is of runs with less and with more of each."""

    @property
    def words(self) -> str:
        """`4 to 7 minutes`; empty where it is not known."""
        return span_words(self.span) if self.span else ""

    @property
    def basis(self) -> str:
        """`from 12 runs with inputs of 1 to 3 GB`, or why nothing is told."""
        if self.span is None:
            return self._unknown()
        sizes = self._sizes()
        like = f"{' and' if sizes else ' with'} settings like these" if self.like else ""
        parts = [f"from {words.count(self.runs, 'run')}{sizes}{like}"]
        if self.other is not None:
            parts.append(f"with other settings ({self.other.words})")
        if self.earlier:
            parts.append("of this and earlier versions")
        if self.cut_off:
            parts.append(f"{self.cut_off} more reached their time limit")
        return ", ".join(parts)

    def _unknown(self) -> str:
        if not self.known and self.cut_off:
            if self.cut_off == 1:
                return "the one run measured so far reached its time limit"
            return f"all {self.cut_off} runs measured so far reached their time limit"
        cut = f", {self.cut_off} more reached their time limit" if self.cut_off else ""
        return f"{self._why()}{cut}"

    def _why(self) -> str:
        if self.known < ENOUGH_TO_SAY:
            few = words.count(self.known, "run") if self.known else "no run"
            return f"{few} measured so far, too few to tell" if self.known else f"{few} measured so far"
        measured = f"{words.count(self.known, 'run')} measured"
        if self.other is not None and self.other.beyond:
            return f"{measured}, none of them with {self.other.beyond} or the like"
        return f"{measured}, too few of them with inputs of this size"

    def _sizes(self) -> str:
        if self.least_bytes is None or self.most_bytes is None:
            return ""
        if self.most_bytes < SMALL:
            return " with inputs below 1 MB"
        least, most = words.size(self.least_bytes), words.size(self.most_bytes)
        if least == most:
            return f" with inputs of {most}"
        number, _, unit = least.partition(" ")
        return f" with inputs of {number if most.endswith(unit) else least} to {most}"


def expected_run(
    runs: Sequence[Run], revisions: Collection[int], size: int | None, settings: Settings
) -> Expected:
    """What runs of an analysis tell of the next one, whose inputs have this size in all (None: whatever size).

    `revisions`: the rows of the analysis as it is now; runs of earlier ones count where too few of it tell.
    Runs with other settings count where too few with like ones do, and only where some had less and some more.
    """
    had = _with_settings(runs, revisions, settings)
    nearest = next(_pools([run for run, theirs in had if settings.like(theirs)], revisions, size), None)
    if nearest is not None:
        return replace(_of_pool(nearest, revisions), like=settings.any)
    beyond = Other()
    for pool in _pools(runs, revisions, size):
        chosen = {id(run) for run in pool if run.in_time}
        beyond = settings.beside([theirs for run, theirs in had if id(run) in chosen])
        if not beyond.beyond:
            told = _of_pool(pool, revisions)
            times = [run.ran_s for run in pool if run.in_time]
            return replace(told, span=Span(min(times) / WIDER, max(times) * WIDER), other=beyond)
    known = sum(run.in_time for run in runs)
    return Expected(None, known=known, cut_off=len(runs) - known, other=beyond)


def _with_settings(
    runs: Sequence[Run], revisions: Collection[int], settings: Settings
) -> list[tuple[Run, dict[str, Any]]]:
    return [(run, settings.theirs(run.settings, earlier=run.revision not in revisions)) for run in runs]


def _pools(runs: Sequence[Run], revisions: Collection[int], size: int | None) -> Iterator[Sequence[Run]]:
    """The runs with inputs of like size, where enough of them ended well: the most alike first."""
    own = [run for run in runs if run.revision in revisions]
    for pool in (own, runs):
        for factor in ALIKE:
            alike = [run for run in pool if _alike(run.input_bytes, size, factor)]
            if sum(run.in_time for run in alike) >= ENOUGH_TO_SAY:
                yield alike


def _of_pool(alike: Sequence[Run], revisions: Collection[int]) -> Expected:
    done = [run for run in alike if run.in_time]
    sizes = [run.input_bytes for run in done if run.input_bytes is not None]
    return Expected(
        spread([run.ran_s for run in done]),
        len(done),
        min(sizes, default=None),
        max(sizes, default=None),
        earlier=any(run.revision not in revisions for run in done),
        cut_off=len(alike) - len(done),
        known=len(done),
    )


def expected_of_all(each: Sequence[Expected]) -> Expected:
    """One for several runs, each told for itself: from the least to the most; nothing where one is not known."""
    if not each:
        return Expected(None)
    unknown = next((one for one in each if one.span is None), None)
    if unknown is not None:
        return unknown
    spans = [one.span for one in each if one.span is not None]
    least = [one.least_bytes for one in each if one.least_bytes is not None]
    most = [one.most_bytes for one in each if one.most_bytes is not None]
    return replace(
        max(each, key=lambda one: one.runs),
        span=Span(min(span.low for span in spans), max(span.high for span in spans)),
        least_bytes=min(least, default=None),
        most_bytes=max(most, default=None),
        earlier=any(one.earlier for one in each),
        cut_off=max(one.cut_off for one in each),
        like=all(one.like for one in each),
        other=next((one.other for one in each if one.other is not None), None),
    )


def _alike(theirs: int | None, size: int | None, factor: float) -> bool:
    if theirs is None or size is None:
        return size is None
    a, b = max(SMALL, theirs), max(SMALL, size)
    return a <= b * factor and b <= a * factor


@dataclass(frozen=True)
class Peak:
    """The most memory that finished runs were seen to use, in bytes, and what that rests on."""

    span: Span
    basis: str

    @property
    def words(self) -> str:
        """`5 to 6.2 GB`."""
        low, high = words.size(self.span.low), words.size(self.span.high)
        if low == high:
            return low
        number, _, unit = low.partition(" ")
        return f"{number if high.endswith(unit) else low} to {high}"


def expected_peak(
    runs: Sequence[Run], revisions: Collection[int], size: int | None, settings: Settings
) -> Peak | None:
    """The memory that such a run needs, by runs with whatever resources; None: too few like it tell."""
    had = _with_settings([run for run in runs if run.in_time and run.peak_bytes], revisions, settings)
    nearest = next(_pools([run for run, theirs in had if settings.like(theirs)], revisions, size), None)
    if nearest is None:
        return None
    # Of time the odd run is left out; memory that was needed once is needed.
    peaks = [run.peak_bytes for run in nearest if run.peak_bytes]
    return Peak(Span(min(peaks), max(peaks)), replace(_of_pool(nearest, revisions), like=settings.any).basis)


def highest_peak(each: Sequence[Peak | None]) -> Peak | None:
    """One for several runs: that of the one which needs most; None where one is not known."""
    known = [peak for peak in each if peak is not None]
    if not known or len(known) < len(each):
        return None
    return max(known, key=lambda peak: peak.span.high)
