"""What the checks know of one array of pictures, and the questions that several of them ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wrappers.kernels.frame_quality import spread
from wrappers.programs.qc.frames import Frames, Layout

FEWEST_FRAMES = 5
DARK_STRUCTURE = 0.02
"""Of the usual structure: what has less is not out of focus, but dark."""
FLAT_SHARE = 0.7
"""Of neighbours that have one value: more have masks, drawings and empty pictures."""
QUIET_NAMES = ("dark", "flat", "white", "bias", "offset", "background", "image_bg", "mask", "label", "segment")
"""Words in the names of arrays that are meant to be dark, or alike, or are no pictures taken."""


@dataclass(frozen=True)
class Subject:
    """What the checks know of one array: its name, its frames, its figures."""

    name: str
    frames: Frames
    measured: bool
    """Whether its values were taken by a detector, as far as its type and values tell; else it is a mask."""
    scan: bool
    """Whether it is a scan by angles, with frames that are dark by purpose."""
    events: bool
    low: float
    """What one value in a thousand lies below: the level without light, as far as it can be known."""

    @property
    def layout(self) -> Layout:
        return self.frames.layout

    @property
    def quiet(self) -> bool:
        """Whether its name says that it is meant to be dark, or alike, or was not taken."""
        return any(word in self.name.lower() for word in QUIET_NAMES)

    @property
    def natural(self) -> np.ndarray:
        """Which frames have noise as a detector's: most neighbours differ."""
        near = self.frames.near
        return np.asarray(self.frames.whole & (near.equal < FLAT_SHARE * near.pairs))


def steady(values: np.ndarray, change: float) -> bool:
    """Whether a change from beginning to end is larger than what values scatter about the line between."""
    line = np.polyval(np.polyfit(np.arange(len(values)), values, 1), np.arange(len(values)))
    return abs(change) > 3 * spread(values - line)
