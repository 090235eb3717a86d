"""How far apart coordinates are, where they are evenly spaced."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

UNEVEN = 1e-3
"""Of a step: by so much coordinates may be off, which is how far people round what they write."""
MOST_DIGITS = 12
_OF_EMD = re.compile(r"\[?\s*([a-zA-Zµμ]?)_?(m|s|eV|rad|deg)\s*\]?")


@dataclass(frozen=True)
class Spacing:
    """The step from one coordinate to the next, below zero where they descend; None, and why, as a clause."""

    step: float | None
    why: str = ""


def spacing_of(values: np.ndarray) -> Spacing:
    """Of a list of numbers, or of edges of bins. Two numbers are as even as any; of one nothing is told."""
    if values.ndim != 1 or len(values) < 2:
        return Spacing(None)
    plain = values.astype(np.float64)
    span = float(plain[-1]) - float(plain[0])
    step = span / (len(plain) - 1)
    exact = np.finfo(values.dtype).eps if values.dtype.kind == "f" else 0.0
    # A number of limited precision far from zero is off by more than a step's share.
    rounding = float(max(exact, np.finfo(np.float64).eps) * np.abs(plain).max())
    why = ""
    if not np.isfinite(plain).all():
        why = "not all of its values are finite numbers"
    elif not math.isfinite(step):
        why = "its values are beyond what numbers are"
    elif step == 0:
        why = "its values do not grow"
    elif rounding > UNEVEN * abs(span):
        why = "its values are too far from zero for their precision"
    elif float(np.abs(plain - plain[0] - step * np.arange(len(plain))).max()) > UNEVEN * abs(step) + 2 * rounding:
        why = "its values are not evenly spaced"
    if why:
        return Spacing(None, why)
    digits = min(MOST_DIGITS, max(4, math.floor(-math.log10(max(rounding / abs(span), 1e-300)))))
    return Spacing(float(f"{step:.{digits}g}"))


def step_of(step: float, dtype: np.dtype[Any]) -> Spacing:
    """Of a step that stands in a file itself, in a type of its own."""
    if not math.isfinite(step) or step == 0:
        return Spacing(None, "its step is no length")
    digits = 7 if dtype.kind == "f" and dtype.itemsize < 8 else MOST_DIGITS
    return Spacing(float(f"{step:.{digits}g}"))


def emd_unit(text: str) -> str:
    """A unit as EMD writes it, "[n_m]", as everybody does."""
    found = _OF_EMD.fullmatch(text)
    return f"{found[1]}{found[2]}" if found else text
