"""One array measured block by block: statistics, exact counts, pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.plot import series_plot
from wrappers.io.source import ArraySource
from wrappers.kernels import statistics
from wrappers.programs.qc.faults import Fault
from wrappers.programs.qc.judge import Judge
from wrappers.programs.qc.sound import Lost, sound_blocks
from wrappers.programs.qc.view import Kind, View

RANKS = (0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9)
FINE_BINS = 2**16
EXACT_VALUES = 2**22  # floats up to this many are sorted for exact percentiles

Tell: TypeAlias = Callable[[int, int], None]
Takers: TypeAlias = tuple[View | Judge, ...]
"""Who takes in each block once."""


@dataclass
class Finding:
    """What is known of one array; numbers are None where the array has no finite value."""

    file: str
    name: str
    shape: list[int]
    dtype: str
    size: int
    not_finite: int = 0
    not_written: int = 0
    not_read: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    percentiles: dict[str, float] = field(default_factory=dict)
    percentiles_exact: bool = True
    saturation_level: int | None = None
    saturated: int | None = None
    histogram_edges: list[float] = field(default_factory=list)
    histogram_counts: list[int] = field(default_factory=list)
    note: str = ""
    pictures: list[str] = field(default_factory=list)
    judged: bool = False
    faults: list[dict[str, Any]] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """A finding with the arrays that go to qc.h5 and the pictures."""

    finding: Finding
    arrays: dict[str, np.ndarray]
    pictures: dict[str, np.ndarray]
    faults: list[Fault] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """How wrong it is: 0 where nothing was found."""
        return max((fault.weight for fault in self.faults), default=0.0)


def measure(
    file: str,
    array: ArraySource,
    bins: int,
    kind: Kind,
    tell: Tell,
) -> Measured:
    """Return what is known of one array, read once (integers up to 16 bits) or twice, a block at a time.

    `tell(bytes, passes)` is called after each block, `passes` being how often each byte is read.
    """
    finding = Finding(file, array.name, list(array.shape), str(array.dtype), array.size)
    if array.dtype.kind == "c":
        finding.note = "Complex numbers: the figures are those of their absolute values."
    if array.size == 0:
        finding.note = "The array is empty."
        return Measured(finding, {}, {})
    if array.partly is not None:
        what = ", and counts" if array.partly.meant else ""
        if array.partly.places and not array.partly.meant:
            what = "; the figures are those of the others"
        finding.note = f"{finding.note} {array.partly.remark}{what}.".strip()
    view = View(array, kind)
    if view.too_large:
        finding.note = f"{finding.note} Its projections are too large to be made.".strip()
    lost = Lost()
    judge = Judge(array)
    small = array.dtype.kind in "iub" and array.dtype.itemsize * 8 <= statistics.SMALL_INTEGER_BITS
    totals = (_one_pass if small else _two_passes)(array, (view, judge), lost, tell)
    if lost.pieces and not totals.moments.count + totals.moments.not_finite:
        raise lost.error
    finding.not_read = lost.values
    finding.note = f"{finding.note} {lost.note}".strip()
    _fill(finding, totals, array.dtype, bins)
    finding.not_written = array.size - totals.moments.count - totals.moments.not_finite - lost.values
    judged = judge.ask(
        totals.counts,
        exact=totals.bins.integer and totals.bins.width == 1,
        level=finding.saturation_level,
        saturated=finding.saturated,
        low=finding.percentiles.get("0.1", 0.0),
        highest=finding.maximum or 0.0,
    )
    faults = [_drawn(fault, view, finding.maximum) for fault in judged.faults]
    finding.judged, finding.unchecked = judged.judged, judged.unchecked
    return Measured(finding, totals.arrays() | view.arrays(), view.pictures(), faults)


def _drawn(fault: Fault, view: View, level: float | None) -> Fault:
    """The fault with a picture: its curve, or where values are saturated."""
    if fault.curve is not None:
        curve = fault.curve
        picture = series_plot(curve.values, curve.marked, curve.label, curve.along, curve.limit)
        return replace(fault, picture=picture, caption=f"{curve.label} of the {curve.along}")
    if fault.kind == "saturated" and (shown := view.at_least(level)) is not None:
        return replace(fault, picture=shown, caption="where values are at the limit, in red")
    return fault


@dataclass(frozen=True)
class _Totals:
    moments: statistics.Moments
    counts: np.ndarray
    bins: statistics.Bins
    percentiles: list[float] | None  # exact ones, where the histogram does not give them

    def arrays(self) -> dict[str, np.ndarray]:
        filled = np.flatnonzero(self.counts)
        return {"histogram/lower_edge": self.bins.edges[filled], "histogram/count": self.counts[filled]}


def _one_pass(array: ArraySource, takers: Takers, lost: Lost, tell: Tell) -> _Totals:
    low, high = (0, 1) if array.dtype.kind == "b" else _range(array.dtype)
    everything = statistics.integer_bins(low, high, high - low + 1)
    counts = np.zeros(everything.number, np.int64)
    for place, block in sound_blocks(array, lost):
        counts += statistics.count(block, everything)
        for taker in takers:
            taker.add(place, block)
        tell(block.nbytes, 1)
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise lost.error if lost.pieces else BadInput("nothing was written to it.")
    first, last = int(filled[0]), int(filled[-1])
    counts = counts[first : last + 1]
    values = np.arange(low + first, low + last + 1, dtype=np.float64)
    number = int(counts.sum())
    mean = float(np.dot(values, counts) / number)
    deviation = float(np.dot((values - mean) ** 2, counts))
    found = statistics.Moments(number, 0, low + first, low + last, mean, deviation)
    return _Totals(found, counts, statistics.integer_bins(low + first, low + last, FINE_BINS), None)


def _two_passes(array: ArraySource, takers: Takers, lost: Lost, tell: Tell) -> _Totals:
    found = statistics.Moments()
    for place, block in sound_blocks(array, lost):
        found = statistics.merge(found, statistics.moments(_real(block)))
        for taker in takers:
            taker.add(place, _real(block))
        tell(block.nbytes, 2)
    if found.count == 0:
        return _Totals(found, np.zeros(1, np.int64), statistics.float_bins(0, 0, 1), None)
    whole = array.dtype.kind in "iu"
    bins = (
        statistics.integer_bins(int(found.low), int(found.high), FINE_BINS)
        if whole
        else statistics.float_bins(found.low, found.high, FINE_BINS)
    )
    counts = np.zeros(bins.number, np.int64)
    for _, block in sound_blocks(array, lost):
        counts += statistics.count(_real(block), bins)
        tell(block.nbytes, 2)
    return _Totals(
        found,
        counts,
        bins,
        _sorted_percentiles(array, lost) if array.bytes_to_read <= EXACT_VALUES * array.dtype.itemsize else None,
    )


def _sorted_percentiles(array: ArraySource, lost: Lost) -> list[float]:
    values = np.concatenate([_real(block).ravel() for _, block in sound_blocks(array, lost)])
    values = values[np.isfinite(values)]
    return [float(value) for value in np.percentile(values, RANKS)]


def _real(block: np.ndarray) -> np.ndarray:
    if block.dtype.kind == "c":
        block = np.asarray(np.abs(block))
    if block.dtype == np.float16:
        return block.astype(np.float32)
    if block.dtype.kind != "f" or block.dtype.itemsize <= 8:
        return block
    # Long doubles have no counterpart in what is kept of them: those beyond all doubles count as not finite.
    with np.errstate(over="ignore"):
        return block.astype(np.float64)


def _range(dtype: np.dtype[Any]) -> tuple[int, int]:
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def _fill(finding: Finding, totals: _Totals, dtype: np.dtype[Any], bins: int) -> None:
    found = totals.moments
    finding.not_finite = found.not_finite
    if found.count == 0:
        finding.note = f"{finding.note} No value is finite.".strip()
        return
    finding.minimum, finding.maximum = found.low, found.high
    finding.mean, finding.std = _number(found.mean), _number(found.std)
    lost = [name for name, value in (("mean", finding.mean), ("standard deviation", finding.std)) if value is None]
    if lost:
        finding.note = f"{finding.note} Beyond the range of numbers: its {' and its '.join(lost)}.".strip()
    exact = totals.percentiles is not None or (totals.bins.integer and totals.bins.width == 1)
    ranks = totals.percentiles or statistics.percentiles(totals.counts, totals.bins, RANKS)
    finding.percentiles = {f"{rank:g}": float(np.nan_to_num(v)) for rank, v in zip(RANKS, ranks, strict=True)}
    finding.percentiles_exact = exact
    level = statistics.saturation_level(dtype, found.high)
    mask = np.count_nonzero(totals.counts) <= 2  # a mask or a constant is no measured brightness
    if level is not None and not mask:
        finding.saturation_level = level
        last = int(totals.counts[-1]) if totals.bins.width == 1 else None
        finding.saturated = 0 if found.high < level else last
    counts, coarse = statistics.coarser(totals.counts, totals.bins, bins)
    finding.histogram_edges = [float(edge) for edge in np.nan_to_num(coarse.edges)]
    finding.histogram_counts = [int(number) for number in counts]


def _number(value: float) -> float | None:
    """Return a figure, or None where it is beyond the range of floats: JSON has no word for it."""
    return value if math.isfinite(value) else None
