"""Cells on a background: masks of single objects by a threshold, and their outlines.

The outlines are those of OpenCV's border following (S. Suzuki, K. Abe, CVGIP 30, 32 (1985)) with every border
pixel kept, on which the features of deformability cytometry are defined (P. Müller et al., dclab).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Rules:
    """How pixels become objects. `threshold` is in grey values: below it (negative) or above it (positive)."""

    threshold: int
    opening_radius: int = 2
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
    """Return uint8 ones where `difference` (image less background) is beyond the threshold, cleaned by the rules.

    What touches the border is cleared, then holes are filled, then the mask is opened by a disk: the steps of the
    segmenter "thresh" in dcnum, in its order, on which stored masks of the field are made.
    """
    beyond = difference < rules.threshold if rules.threshold < 0 else difference > rules.threshold
    mask = beyond.astype(np.uint8)
    if rules.clear_border:
        mask = _without_border(mask)
    if rules.fill_holes:
        mask = ndimage.binary_fill_holes(mask).astype(np.uint8)
    if rules.opening_radius:
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disk(rules.opening_radius)))
    return mask


def _without_border(mask: np.ndarray) -> np.ndarray:
    """Return the mask without the 8-connected objects that the image cuts."""
    _, labels = cv2.connectedComponents(mask, connectivity=8)
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    cut = np.zeros(int(labels.max()) + 1, bool)
    cut[edges] = True
    cut[0] = False
    return np.asarray(mask * ~cut[labels], dtype=np.uint8)


def objects(mask: np.ndarray, smallest: int) -> Iterator[Found]:
    """Yield the 8-connected objects of at least `smallest` pixels in a binary image (uint8)."""
    number, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    for label in range(1, number):
        if int(boxes[label][4]) < smallest:
            continue
        found = _outlined(labels == label)
        if found is not None:
            yield found


def _outlined(mask: np.ndarray) -> Found | None:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = np.asarray(max(contours, key=len), dtype=np.int32).reshape(-1, 2)
    # An outline without an area, a line or a point, has no shape to measure.
    return Found(mask, outline) if cv2.contourArea(outline) > 0 else None
