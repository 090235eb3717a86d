"""Cells on a background: masks of single objects by a threshold, and their outlines.

The outlines are those of OpenCV's border following (S. Suzuki, K. Abe, CVGIP 30, 32 (1985)) with every border
pixel kept, on which the features of deformability cytometry are defined (P. Müller et al., dclab).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Rules:
    """How pixels become objects. `threshold` is in grey values: below it (negative) or above it (positive)."""

    threshold: int
    closing_radius: int = 2
    clear_border: bool = True
    fill_holes: bool = True


@dataclass(frozen=True)
class Found:
    """One object: its mask (bool, y x, of the whole frame) and its outline (n, 2) as integer (x, y) pixels."""

    mask: np.ndarray
    contour: np.ndarray


def disk(radius: int) -> np.ndarray:
    """Return a disk of ones (uint8): the pixels whose centres lie within `radius` of the middle one."""
    offset = np.arange(-radius, radius + 1)
    return (offset[:, None] ** 2 + offset[None, :] ** 2 <= radius * radius).astype(np.uint8)


def binary(difference: np.ndarray, rules: Rules) -> np.ndarray:
    """Return uint8 ones where `difference` (image less background) is beyond the threshold, gaps closed."""
    beyond = difference < rules.threshold if rules.threshold < 0 else difference > rules.threshold
    mask = beyond.astype(np.uint8)
    if rules.closing_radius:
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disk(rules.closing_radius)))
    return mask


def objects(mask: np.ndarray, rules: Rules, smallest: int) -> Iterator[Found]:
    """Yield the 8-connected objects of at least `smallest` pixels in a binary image (uint8)."""
    number, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    height, width = mask.shape
    for label in range(1, number):
        left, top, across, down, size = (int(value) for value in boxes[label])
        at_border = left == 0 or top == 0 or left + across == width or top + down == height
        if size < smallest or (rules.clear_border and at_border):
            continue
        found = _outlined(labels == label, rules.fill_holes)
        if found is not None:
            yield found


def _outlined(mask: np.ndarray, fill_holes: bool) -> Found | None:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)
    if fill_holes:
        filled = np.zeros(mask.shape, np.uint8)
        cv2.drawContours(filled, [contour], -1, 1, thickness=cv2.FILLED)
        mask = filled.astype(bool)
    outline = np.asarray(contour, dtype=np.int32).reshape(-1, 2)
    # An outline without an area, a line or a point, has no shape to measure.
    return Found(mask, outline) if cv2.contourArea(outline) > 0 else None
