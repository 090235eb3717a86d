"""What can be wrong with an array of pictures, each check by itself, with its thresholds and their reasons.

docs/users/analyses.md tells them to people. A check that makes no sense for an array says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from scipy import ndimage

from wrappers.io.picture import fitted, marked
from wrappers.kernels.frame_quality import spread
from wrappers.programs.qc.faults import MOST_LISTED, Curve, Fault, named_frames, plural
from wrappers.programs.qc.frames import Layout
from wrappers.programs.qc.in_time import brightness_drift, lateral_drift, out_of_focus
from wrappers.programs.qc.subject import DARK_STRUCTURE, FEWEST_FRAMES, Subject

SATURATED_SHARE = 1e-4
PILED_UP = 50.0
"""Times as many values at the highest as at those below it: noise spreads them, a full detector does not."""
AT_THE_LIMIT = 2.0
"""The same at the detector's limit, where any number of cut off values is a loss."""
DARK_LEVEL = 0.5
LIT_STRUCTURE = 0.3
"""Of the usual structure: what frames on both sides of dark ones have, where a sample may end by itself."""
HUNG_EVENTS = 10
HOT_SHARE = 1e-4
FEWEST_HOT = 10
NO_STRUCTURE = 0.02


Check = Callable[[Subject], Iterator[Fault]]


def empty_frames(subject: Subject) -> Iterator[Fault]:
    """Frames in which every value is the same."""
    frames = subject.frames
    flat = np.flatnonzero(frames.whole & (frames.low == frames.high))
    if not flat.size or subject.quiet:
        return
    if flat.size == subject.layout.count:
        yield Fault(
            "empty", "Empty", 100, f"Nothing is in it: every pixel of every frame has one value in that frame, "
            f"{frames.low[0]:g} in the first.", 1.0, "of the frames", 0,
            "where it is so in all of them", "A detector has noise.", _some(flat),
        )  # fmt: skip
        return
    inside = flat if subject.layout.axis("T") is not None else _between(subject, flat)
    if inside.size and subject.measured:
        words = f"In {named_frames(subject.layout, inside)} every pixel has the same value: nothing was recorded."
        yield _of_frames(
            "empty frames", "Empty frames", 90, words, inside, 0, "from one frame on", "A detector has noise."
        )


def dark_frames(subject: Subject) -> Iterator[Fault]:
    """Frames darker than others and without their structure: a closed shutter, a lamp that was off."""
    frames, layout = subject.frames, subject.layout
    line = layout.line
    if not subject.measured or subject.quiet or subject.scan or subject.events or line is None:
        return
    if layout.shape[line] < FEWEST_FRAMES:
        return
    found: list[int] = []
    for members in _series(layout, line):
        structure, level = frames.structure[members], frames.mean[members] - subject.low
        usual, usual_level = float(np.median(structure)), float(np.median(level))
        if usual <= 0 or usual_level <= 0:
            continue
        dark = (structure < DARK_STRUCTURE * usual) & (level < DARK_LEVEL * usual_level)
        dark &= frames.whole[members] & (frames.low[members] < frames.high[members])
        if layout.letters[line] != "T":
            lit = structure > LIT_STRUCTURE * usual
            dark &= _lit_on_both_sides(dark, lit)
        found += [int(frame) for frame in members[dark]]
    if found:
        words = (
            f"{_capital(named_frames(layout, found))} {'is' if len(found) == 1 else 'are'} dark: less than "
            f"{DARK_STRUCTURE:.0%} of the usual structure and less than half the light. The shutter may have been "
            "closed, or the lamp off."
        )
        yield _of_frames(
            "dark frames", "Dark frames", 88, words, found, DARK_STRUCTURE,
            f"below {DARK_STRUCTURE:.0%} of the usual structure and {DARK_LEVEL:.0%} of the usual light",
            "Structure is what neighbouring pixels share; a sample out of focus still has more than a fiftieth.",
            Curve(frames.mean, found, "mean", plural(layout, line)),
        )  # fmt: skip


def no_structure(subject: Subject) -> Iterator[Fault]:
    """A whole array in which neighbours have nothing in common, also when all frames are added up."""
    frames = subject.frames
    if not subject.measured or subject.quiet or subject.events or subject.scan:
        return
    natural = subject.natural
    if not natural.any() or min(frames.small_shape) < 16:
        return
    single = frames.near.next[natural].sum() / max(1e-300, frames.near.same[natural].sum())
    added = frames.small.sum(axis=0)
    added = added - added.mean()
    around = [added[:, :-1] * added[:, 1:], added[:-1] * added[1:]]
    common = float(np.mean([part.mean() for part in around]) / max(1e-300, float((added**2).mean())))
    limit = NO_STRUCTURE + 5 / np.sqrt(added.size)
    if abs(single) < NO_STRUCTURE and abs(common) < limit:
        yield Fault(
            "no structure", "No structure", 80, "Nothing but noise: neighbouring pixels have nothing in common "
            f"(correlation {single:.3f}). No light may have reached the detector, or nothing was in its field.",
            float(single), "",
            NO_STRUCTURE, f"below {NO_STRUCTURE:g}",
            "Optics spread a point over neighbouring pixels, so pictures of anything correlate.",
        )  # fmt: skip


def duplicates(subject: Subject) -> Iterator[Fault]:
    """Frames of one channel that are the same to the last bit: with noise in them no two can be."""
    frames, layout = subject.frames, subject.layout
    if not subject.measured or subject.quiet or layout.count < 2:
        return
    natural = subject.natural & (frames.low < frames.high)
    channel = layout.axis("C")
    of_channel = _place(layout, channel)
    first: dict[tuple[int, int, int], int] = {}
    copies: list[tuple[int, int]] = []
    for frame in np.flatnonzero(natural):
        key = (int(frames.digest[frame, 0]), int(frames.digest[frame, 1]), int(of_channel[frame]))
        if (other := first.setdefault(key, int(frame))) != frame:
            copies.append((other, int(frame)))
    if subject.events:  # several events of one frame have one picture
        times = Counter(other for other, _ in copies)
        copies = [one for one in copies if times[one[0]] >= HUNG_EVENTS]
    if not copies:
        return
    repeated = [frame for _, frame in copies]
    origin, copy = copies[0]
    share = len(copies) / layout.count
    words = (
        f"{len(copies):,} of {layout.count:,} frames {'is a copy' if len(copies) == 1 else 'are copies'} of an "
        f"earlier one, to the last bit: {layout.words(copy)} is {layout.words(origin)}"
        f"{', and so on' if len(copies) > 1 else ''}. The camera or its driver may have hung."
    )
    yield _of_frames(
        "duplicate frames", "Duplicate frames", 85 + min(10.0, 20 * share), words, repeated, 0,
        "from one frame on", "Noise makes two equal pictures impossible.",
        Curve(frames.mean, repeated, "mean", plural(layout, layout.line)),
    )  # fmt: skip


def bad_pixels(subject: Subject) -> Iterator[Fault]:
    """Pixels that have one value in all frames, and such that stand above all neighbours in each frame."""
    frames = subject.frames
    if not frames.lowest.size or not subject.measured or subject.quiet or not frames.whole.all():
        return
    if subject.natural.sum() < max(2, subject.layout.count // 2):
        return
    low, high = frames.lowest.astype(np.float64), frames.highest.astype(np.float64)
    stuck = (low == high) & (low < float(high.max()))  # at the very highest they are saturated
    stuck &= ~_filled(low, stuck)
    if stuck.mean() > 0.2:  # a frame around the picture, or an area that the format leaves out
        return
    limit = max(FEWEST_HOT, HOT_SHARE * low.size)
    hot = _stands_alone(low)
    for wrong, kind, title, what in (
        (stuck, "stuck pixels", "Dead pixels", "have one value in all frames"),
        (hot & ~stuck, "hot pixels", "Hot pixels", "stand alone above all their neighbours in every frame"),
    ):
        count = int(wrong.sum())
        if count < limit:
            continue
        words = f"{count:,} pixels ({count / low.size:.2%}) {what}."
        yield Fault(
            kind, title, 30 + min(10.0, 100 * count / low.size), words, count, "pixels", limit,
            f"from {limit:.0f} on", "One in ten thousand, and ten: fewer any camera has.", [], None,
            fitted(marked(low, wrong), largest=512),
            "where they are, in red, on the lowest value of each pixel",
        )  # fmt: skip


def _filled(low: np.ndarray, stuck: np.ndarray) -> np.ndarray:
    """Areas of one lowest value, three pixels and more across: a frame, gaps of a detector, no light at all."""
    found = np.zeros(low.shape, bool)
    if stuck.any():
        numbers, times = np.unique(low[stuck], return_counts=True)
        for number in {float(numbers[0]), float(numbers[times.argmax()])}:
            same = np.pad(low == number, 3, constant_values=True)
            found |= ndimage.binary_opening(same, np.ones((3, 3)))[3:-3, 3:-3]
    return found


def _stands_alone(low: np.ndarray) -> np.ndarray:
    """Pixels above all eight neighbours by far more than neighbours differ."""
    padded = np.pad(low, 1, mode="reflect")
    around = np.full(low.shape, -np.inf)
    for dy in range(3):
        for dx in range(3):
            if (dy, dx) != (1, 1):
                np.maximum(around, padded[dy : dy + low.shape[0], dx : dx + low.shape[1]], out=around)
    noise = max(spread(np.diff(low, axis=1).ravel()[:1_000_000]), 1e-12)
    above = low - around
    return np.asarray((above > 10 * noise) & (above > 0.1 * np.ptp(low)))


CHECKS: Mapping[str, Check] = {
    "empty frames": empty_frames,
    "dark frames": dark_frames,
    "structure": no_structure,
    "duplicate frames": duplicates,
    "focus": out_of_focus,
    "brightness": brightness_drift,
    "lateral drift": lateral_drift,
    "bad pixels": bad_pixels,
}


def saturation(
    counts: np.ndarray, level: int | None, saturated: int | None, exact: bool
) -> tuple[int, bool] | None:
    """How many values are at the highest one, if too many, and whether that is the detector's limit.

    `counts`: values at each whole number from the lowest to the highest (`exact`), or in bins. At the detector's
    limit (`level`) the share alone counts; at any other highest value only if so many more lie there than at the
    values just below it that they were cut off. Where about as many are just below the limit, it is
    the highest by chance: grey levels that were spread over all numbers of 8 bits.
    """
    total = int(counts.sum())
    if not total or np.count_nonzero(counts) <= 2:
        return None
    full = int(saturated or 0) if level is not None else 0
    top, below = int(counts[-1]), counts[-17:-1]
    chance = exact and len(below) >= 4 and full < AT_THE_LIMIT * float(below[-4:].mean())
    if full > SATURATED_SHARE * total:
        return None if chance else (full, True)
    cut = top > SATURATED_SHARE * total and top > PILED_UP * max(1.0, float(below.mean()))
    return (top, False) if exact and len(below) >= 4 and cut else None


def _of_frames(  # noqa: PLR0917 - a fault's own fields, in their order
    kind: str, title: str, weight: float, words: str, frames: Sequence[int] | np.ndarray, threshold: float,
    said: str, reason: str, curve: Curve | None = None,
) -> Fault:  # fmt: skip
    number = float(len(frames))
    return Fault(kind, title, weight, words, number, "frames", threshold, said, reason, _some(frames), curve)


def _some(frames: Sequence[int] | np.ndarray) -> list[int]:
    return [int(frame) for frame in list(frames)[:MOST_LISTED]]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _place(layout: Layout, axis: int | None) -> np.ndarray:
    """The place of each frame along an axis."""
    if axis is None:
        return np.zeros(layout.count, int)
    return np.asarray(np.indices(layout.shape)[axis].ravel())


def _series(layout: Layout, line: int) -> Iterator[np.ndarray]:
    """The frames along an axis, for each place along the others."""
    numbers = np.moveaxis(np.arange(layout.count).reshape(layout.shape), line, -1)
    yield from numbers.reshape(-1, layout.shape[line])


def _lit_on_both_sides(dark: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Which of the dark ones lie in a run that begins and ends right beside lit ones."""
    found = np.zeros(len(dark), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dark.astype(int), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        found[start:stop] = start > 0 and stop < len(dark) and lit[start - 1] and lit[stop]
    return found


def _between(subject: Subject, flat: np.ndarray) -> np.ndarray:
    """The empty frames beside others with much in them: where a sample ends, it fades before."""
    layout, line = subject.layout, subject.layout.line
    if line is None:
        return flat
    empty = np.zeros(layout.count, bool)
    empty[flat] = True
    kept = []
    for members in _series(layout, line):
        structure = subject.frames.structure[members]
        filled = structure[~empty[members]]
        usual = float(np.median(filled)) if filled.size else 0.0
        kept.append(members[_lit_on_both_sides(empty[members], structure > LIT_STRUCTURE * max(usual, 1e-300))])
    return np.concatenate(kept) if kept else flat[:0]
