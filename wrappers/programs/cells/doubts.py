"""What makes events doubtful, in words: noise taken for cells, cells in the background, cells that touch."""

from __future__ import annotations

import numpy as np

from wrappers.kernels.segmentation import Rules, Segmented

NOISE_TIMES, NOISE_TIMES_UNOPENED = 2.0, 3.0
"""A threshold within so many standard deviations of the noise takes noise for cells; opening removes specks."""
MANY_A_FRAME = 20
PIXELS_AN_EVENT = 1000
"""Of a large image: more than one event in so many pixels are many."""
SHARE_SHIFTED = 0.01
"""Of the frames: fewer of another brightness than their backgrounds change no distribution of events."""
LOOKED_AT = 5000
"""Pixels of a frame, by which its brightness is known well enough."""
EVERY = 8
"""Every so many frames the noise is looked at."""
OFTEN = 1 / 3
"""Of the frames: what is brighter or darker than a median at one place in more of them is not passing by."""
SMALL_SHARE = 0.001
"""Of the image: fewer pixels than that may be dirt."""
DENTED = 1.1
"""A hull so much larger than its object is that of two cells, or of a frayed outline."""
LEAST_PIXELS = 50
"""Objects with fewer are dented by their pixels."""
SHARE_TOUCHING = 0.1
FEW_FRAMES = 16


class Doubts:
    """Looks at frames as they are analysed, and says at the end what is doubtful."""

    def __init__(self, rules: Rules, *, median: bool) -> None:
        self._rules = rules
        self._median = median
        self._noise: list[float] = []
        self._shift: list[float] = []
        self._pixels = 0
        self._darker: np.ndarray | None = None
        self._brighter: np.ndarray | None = None
        self.frames = 0
        self.events = 0
        self.touching = 0
        self.at_edge = 0
        self.cut = 0
        self.spilled = 0

    def frame(self, difference: np.ndarray, found: Segmented) -> None:
        """Take one frame's difference to its background and what was found in it."""
        self.cut += found.cut
        self.spilled += found.spilled
        if self.frames % EVERY == 0:
            self._noise.append(noise(difference))
        self._shift.append(float(np.median(difference.ravel()[:: max(1, difference.size // LOOKED_AT)])))
        self._pixels = difference.size
        self._look(difference)
        self.frames += 1

    def event(self, at_edge: bool, touching: bool) -> None:
        """Count one event."""
        self.events += 1
        self.at_edge += at_edge
        self.touching += touching

    def _look(self, difference: np.ndarray) -> None:
        beyond = abs(self._rules.threshold)
        darker, brighter = difference < -beyond, difference > beyond
        if self._darker is None or self._brighter is None:
            self._darker, self._brighter = (np.zeros(difference.shape, np.int32) for _ in range(2))
        self._darker += darker
        self._brighter += brighter

    def words(self) -> list[str]:
        """Return one clause for each thing that is doubtful."""
        said = []
        noise_now = self.noise
        times = NOISE_TIMES if self._rules.opening_radius and not self._rules.closing else NOISE_TIMES_UNOPENED
        if noise_now is not None and abs(self._rules.threshold) < times * noise_now:
            said.append(
                f"the threshold of {self._rules.threshold} grey values is within {times:g} times the noise of the "
                f"background ({noise_now:.2g} grey values), so that noise may have been taken for cells"
            )
        said += self._shifted()
        if self.events > max(MANY_A_FRAME, self._pixels / PIXELS_AN_EVENT) * self.frames:
            said.append(
                f"there are {self.events / self.frames:.0f} events in a frame on average: noise or dirt may have "
                "been taken for cells"
            )
        if self._median and self.frames >= FEW_FRAMES:
            said += self._unfit()
        if self.events and self.touching > SHARE_TOUCHING * self.events:
            said.append(
                f"{self.touching} of {self.events} events touch another, or are dented (a hull over a tenth "
                "larger than themselves): two cells in one outline, a tail or a frayed outline, no cell's shape"
            )
        if self.at_edge:
            said.append(
                f"{self.at_edge} of {self.events} events are cut by the image's edge and have no true shape"
            )
        if self.cut > self.events:
            said.append(
                f"more cells are cut by the image's edge, and left out ({self.cut}), than were measured "
                f"({self.events})"
            )
        if self.spilled:
            frames = "1 frame" if self.spilled == 1 else f"{self.spilled} frames"
            said.append(
                f"in {frames} cells part the background from the image's upper left corner, and it was filled as "
                "if it were a hole"
            )
        return said

    def _shifted(self) -> list[str]:
        """Frames that are as a whole brighter or darker than their backgrounds: all of them, or some."""
        shifts = np.asarray(self._shift)
        shift = float(np.median(shifts)) if shifts.size else 0.0
        most = abs(self._rules.threshold) / 2
        if abs(shift) > most:
            words = (
                f"the images are {abs(shift):.2g} grey values {'brighter' if shift > 0 else 'darker'} than their "
                "backgrounds on the whole, so that the threshold is not what it says"
            )
            return [words]
        off = shifts[np.abs(shifts) > most]
        if off.size <= SHARE_SHIFTED * shifts.size:
            return []
        words = (
            f"{off.size} of {shifts.size} frames differ from their backgrounds as a whole, by up to "
            f"{np.abs(off).max():.3g} grey values: cells there may be missed, or measured too large or small"
        )
        return [words]

    @property
    def noise(self) -> float | None:
        """The median noise of the background in grey values; None before any frame."""
        return float(np.median(self._noise)) if self._noise else None

    def bright_instead(self) -> bool:
        """Whether there is more that is brighter than the background than darker."""
        if self._darker is None or self._brighter is None:
            return False
        return int(self._brighter.sum()) > max(100, 2 * int(self._darker.sum()))

    def _unfit(self) -> list[str]:
        assert self._darker is not None
        assert self._brighter is not None
        often = OFTEN * self.frames
        places = (self._darker > often) | (self._brighter > often)
        share = float(places.mean())
        if share < SMALL_SHARE:
            return []
        words = (
            f"in {share:.1%} of the image more than a third of the frames differ from the median background by "
            "more than the threshold: cells pass there too often, or the light changes, and the median may have "
            "cells in it"
        )
        return [words]


def touches(found_joined: bool, area_ratio: float, pixels: int) -> bool:
    """Whether an event touches another: one with it before opening, or with a hull much larger than itself."""
    return found_joined or (pixels >= LEAST_PIXELS and area_ratio > DENTED)


def noise(difference: np.ndarray) -> float:
    """Return the standard deviation of a frame's background in grey values, without what stands out of it."""
    values = difference.ravel()[:: max(1, difference.size // 20000)]
    middle = float(np.median(values))
    width = max(1.0, 1.4826 * float(np.median(np.abs(values - middle))))
    for _ in range(2):
        inside = values[np.abs(values - middle) <= 3 * width]
        middle, width = float(inside.mean()), max(0.1, float(inside.std()))
    return width
