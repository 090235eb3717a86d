"""What can go wrong from time point to time point: focus, brightness, place. Only where an axis is time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from wrappers.kernels.frame_quality import shift, spread, usual_around
from wrappers.programs.qc.faults import Curve, Fault, ranges
from wrappers.programs.qc.frames import Layout
from wrappers.programs.qc.subject import DARK_STRUCTURE, FEWEST_FRAMES, Subject, steady

FOCUS_RATIO = 0.5
FOCUS_SIGMA = 6.0
FOCUS_NEEDS = 0.1
BRIGHTNESS = 0.2
DRIFT_PIXELS = 2.0
TREMBLES = 4.0
"""Standard deviations about the medians: single molecules that blink here and there are alike, and no drift."""
ALIKE = 0.6
SMALLEST_FOR_DRIFT = 32
MOST_AROUND = 25
"""Time points on both sides with which one is compared."""


def out_of_focus(subject: Subject) -> Iterator[Fault]:
    """Time points that are less sharp than those around them, or the later ones less than the first."""
    layout, time = subject.layout, subject.layout.axis("T")
    if time is None or layout.shape[time] < FEWEST_FRAMES or not subject.measured or subject.quiet:
        return
    near = subject.frames.near
    same, following, second = (_by_time(layout, values) for values in (near.same, near.next, near.second))
    pairs = _by_time(layout, near.pairs)
    natural = _by_time(layout, subject.natural.astype(float)) == layout.count / layout.shape[time] / same.shape[1]
    for channel in range(same.shape[1]):
        common = following[:, channel] / np.maximum(1e-300, same[:, channel])
        clear = (common > FOCUS_NEEDS) & (common > 5 / np.sqrt(np.maximum(1, pairs[:, channel])))
        clear &= natural[:, channel] & (following[:, channel] > DARK_STRUCTURE * np.median(following[:, channel]))
        if clear.sum() < FEWEST_FRAMES:
            continue
        sharp = np.where(
            clear,
            (following[:, channel] - second[:, channel]) / np.maximum(1e-300, following[:, channel]),
            np.nan,
        )
        yield from _less_sharp(subject, sharp, np.flatnonzero(clear), channel if same.shape[1] > 1 else None)


def _less_sharp(subject: Subject, sharp: np.ndarray, clear: np.ndarray, channel: int | None) -> Iterator[Fault]:
    values = sharp[clear]
    usual = usual_around(values, min(MOST_AROUND, max(3, len(values) // 5)))
    scatter = max(spread(values - usual), 1e-3 * float(np.median(np.abs(values))))
    if float(np.median(values)) <= 0:
        return
    blurred = (values < FOCUS_RATIO * usual) & (usual - values > FOCUS_SIGMA * scatter)
    where = f" of channel {channel + 1}" if channel is not None else ""
    reason = "The measure falls with the square of how coarse a picture is: half is 1.4 times as coarse."
    if blurred.any():
        moments = [int(at) for at in clear[blurred]]
        worst = float((values / usual)[blurred].min())
        words = (
            f"Time point{'s' if len(moments) > 1 else ''} {ranges(moments)}{where} "
            f"{'are' if len(moments) > 1 else 'is'} out of focus: {worst:.0%} of the usual sharpness around."
        )
        yield Fault(
            "out of focus", "Out of focus", 75, words, worst, "of the usual", FOCUS_RATIO,
            f"below {FOCUS_RATIO:.0%} of the usual", reason, moments,
            Curve(sharp, moments, "sharpness", "time points", FOCUS_RATIO * float(np.median(usual))),
        )  # fmt: skip
    kept = values[~blurred]
    part = max(2, len(kept) // 5)
    begin, end = float(np.median(kept[:part])), float(np.median(kept[-part:]))
    if len(kept) >= 2 * FEWEST_FRAMES and begin > 0 and end < FOCUS_RATIO * begin and steady(kept, begin - end):
        words = (
            f"The pictures{where} get less sharp: at the end the sharpness is {end / begin:.0%} of that at the "
            "beginning. The focus may drift, or what is in the sample grows."
        )
        yield Fault(
            "focus drift", "Out of focus", 70, words, end / begin, "of the first", FOCUS_RATIO,
            f"below {FOCUS_RATIO:.0%} of the first", reason,
            [int(at) for at in clear[~blurred][-part:]],
            Curve(sharp, [], "sharpness", "time points", FOCUS_RATIO * begin),
        )  # fmt: skip


def brightness_drift(subject: Subject) -> Iterator[Fault]:
    """The light that grows or falls steadily in time."""
    layout, time = subject.layout, subject.layout.axis("T")
    if time is None or layout.shape[time] < FEWEST_FRAMES or not subject.measured or subject.quiet:
        return
    pixels = _by_time(layout, subject.frames.pixels.astype(float))
    level = _by_time(layout, subject.frames.total) / np.maximum(1, pixels) - subject.low
    structure = _by_time(layout, subject.frames.structure)
    for channel in range(level.shape[1]):
        lit = structure[:, channel] >= DARK_STRUCTURE * np.median(structure[:, channel])
        values = level[lit, channel]
        if len(values) < FEWEST_FRAMES:
            continue
        part = max(1, len(values) // 5)
        begin, end = float(np.median(values[:part])), float(np.median(values[-part:]))
        usual = max(begin, end)
        if usual <= 0 or abs(end - begin) <= BRIGHTNESS * usual or not steady(values, end - begin):
            continue
        change = end / begin - 1 if begin > 0 else np.inf
        where = f" of channel {channel + 1}" if level.shape[1] > 1 else ""
        cause = f"The dye may bleach, the lamp {'fade' if end < begin else 'warm up'}, or the sample change."
        words = (
            f"The brightness{where} {'falls' if end < begin else 'grows'} by {abs(change):.0%} from the first to "
            f"the last time points. {cause}"
        )
        yield Fault(
            "brightness drift", "Brightness drifts", 50 + min(15.0, 20 * abs(end - begin) / usual), words,
            float(change), "of the first", BRIGHTNESS,
            f"beyond {BRIGHTNESS:.0%} of the brighter",
            "A fifth: what most samples do not do by themselves, and what makes intensities of first and last "
            "time points unfit to be compared.", [],
            Curve(np.where(lit, level[:, channel], np.nan), [], "mean above dark", "time points"),
        )  # fmt: skip


def lateral_drift(subject: Subject) -> Iterator[Fault]:
    """The picture that moves sideways in time, found on small pictures of up to 64 time points."""
    frames, time = subject.frames, subject.layout.axis("T")
    if time is None or len(frames.moments) < FEWEST_FRAMES or not subject.measured or subject.quiet:
        return
    if min(frames.small_shape) < SMALLEST_FOR_DRIFT:
        return
    moved = np.array([shift(frames.small[0], picture) for picture in frames.small])
    alike = np.flatnonzero(moved[:, 2] > ALIKE)
    if alike.size < FEWEST_FRAMES:
        return
    steps = [shift(frames.small[one], frames.small[other])[:2] for one, other in itertools.pairwise(alike)]
    chain = np.concatenate([moved[alike[:1], :2], np.array(steps)]).cumsum(axis=0)
    # A sample that changes may be most alike anywhere: the way there, step by step, must lead to the same place.
    apart = np.hypot(*(chain - moved[alike, :2]).T)
    believed = np.zeros(len(moved), bool)
    believed[alike] = apart < np.maximum(1.0, 0.3 * np.hypot(*moved[alike, :2].T))
    if believed.sum() < max(FEWEST_FRAMES, len(moved) // 2):
        return
    limit = max(DRIFT_PIXELS, 0.5 * frames.bin)
    # Medians over five, against those of the first fifth: a stage that trembles stays where it is.
    there = moved[believed, :2] * frames.bin
    smooth = np.stack([usual_around(part, 2) for part in there.T], axis=1)
    fifth = max(2, len(there) // 5)
    smooth -= np.median(there[:fifth], axis=0)
    away = np.hypot(smooth[:, 0], smooth[:, 1])
    worst = float(away.max())
    trembles = max(spread(part) for part in (there - np.median(there[:fifth], axis=0) - smooth).T)
    if worst <= limit or worst < TREMBLES * trembles:
        return
    numbers = frames.moments[believed]
    at, curve = int(np.argmax(away)), np.full(len(moved), np.nan)
    curve[believed] = away
    dy, dx = (float(value) for value in smooth[at])
    words = (
        f"The picture moves by up to {worst:.1f} pixels (x {dx:+.1f}, y {dy:+.1f} at time point "
        f"{int(numbers[at]) + 1}): the stage or the sample drifts."
    )
    yield Fault(
        "lateral drift", "Lateral drift", 55 + min(15.0, worst / limit), words, worst, "pixels", limit,
        f"beyond {limit:g} pixels",
        "Two pixels are what a microscope resolves, where pixels are chosen for it; on large pictures half of "
        "what was compared.", [int(one) for one in numbers[away > limit]],
        Curve(curve, [], "shift in pixels", "time points that were compared", limit),
    )  # fmt: skip


def _by_time(layout: Layout, values: np.ndarray) -> np.ndarray:
    """Sums over all but time and channel: (time points, channels)."""
    time, channel = layout.axis("T"), layout.axis("C")
    assert time is not None
    shaped = np.moveaxis(values.reshape(layout.shape), time, 0)
    if channel is not None:
        shaped = np.moveaxis(shaped, channel + (channel < time), 1)
        return np.asarray(shaped.reshape(shaped.shape[0], shaped.shape[1], -1).sum(axis=2))
    return np.asarray(shaped.reshape(shaped.shape[0], -1).sum(axis=1, keepdims=True))
