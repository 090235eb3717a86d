"""Cells on a background: masks of single objects by a threshold, and their outlines.

The outlines are those of OpenCV's border following (S. Suzuki, K. Abe, CVGIP 30, 32 (1985)) with every border
pixel kept, on which the features of deformability cytometry are defined (P. Müller et al., dclab).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Rules:
    """How pixels become objects. `threshold` is in grey values: below it (negative) or above it (positive).

    `closing`: the mask is closed before holes are filled, as in dcnum up to 0.17, and not opened after.
    """

    threshold: int
    opening_radius: int = 2
    clear_border: bool = True
    fill_holes: bool = True
    closing: bool = False


@dataclass(frozen=True)
class Found:
    """One object: its mask (bool, y x, of the whole frame) and its outline (n, 2) as integer (x, y) pixels."""

    mask: np.ndarray
    contour: np.ndarray
    at_edge: bool = False
    """Whether the image cuts it."""
    joined: bool = False
    """Whether it was one with another object until the mask was opened."""


@dataclass(frozen=True)
class Segmented:
    """What was found in one frame."""

    objects: tuple[Found, ...]
    cut: int = 0
    """Objects that the image cuts and that were left out, of at least the smallest size."""
    spilled: bool = False
    """Whether filling took background for a hole, since an object parts it from the image's upper left corner."""


EIGHT = np.ones((3, 3), bool)
"""Pixels that touch at a corner are one object."""


def disk(radius: int) -> np.ndarray:
    """Return a disk of ones (uint8): the pixels whose centres lie within `radius` of the middle one."""
    offset = np.arange(-radius, radius + 1)
    return (offset[:, None] ** 2 + offset[None, :] ** 2 <= radius * radius).astype(np.uint8)


def segment(difference: np.ndarray, rules: Rules, smallest: int) -> Segmented:
    """Return the objects of at least `smallest` pixels in `difference` (image less background, y x).

    They are in the order of their first pixels, row by row.
    """
    mask = _beyond(difference, rules)
    if not mask.any():
        return Segmented(())
    whole, cut = _without_border(mask, smallest) if rules.clear_border else (mask, 0)
    solid, spilled = _solid(whole, rules)
    cleaned = _cleaned(solid, rules)
    found = tuple(objects(cleaned, smallest))
    if len(found) > 1 and not rules.closing:
        _, labels = cv2.connectedComponents(solid, connectivity=8)
        before = [int(labels[one.mask][0]) for one in found]
        found = tuple(
            replace(one, joined=before.count(label) > 1) for one, label in zip(found, before, strict=True)
        )
    return Segmented(found, cut, spilled)


def binary(difference: np.ndarray, rules: Rules) -> np.ndarray:
    """Return uint8 ones where `difference` (image less background) is beyond the threshold, cleaned by the rules.

    What touches the border is cleared, then holes are filled, then the mask is opened by a disk: the steps of the
    segmenter "thresh" in dcnum, in its order, on which stored masks of the field are made.
    """
    mask = _beyond(difference, rules)
    if rules.clear_border:
        mask, _ = _without_border(mask, 1)
    return _cleaned(_solid(mask, rules)[0], rules)


def _beyond(difference: np.ndarray, rules: Rules) -> np.ndarray:
    beyond = difference < rules.threshold if rules.threshold < 0 else difference > rules.threshold
    return np.asarray(beyond, dtype=np.uint8)


def _solid(mask: np.ndarray, rules: Rules) -> tuple[np.ndarray, bool]:
    """Return the mask with its holes filled, closed first by the older rules, and whether filling spilled."""
    if rules.closing and rules.opening_radius:
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disk(rules.opening_radius)))
    return _filled(mask) if rules.fill_holes else (mask, False)


def _cleaned(solid: np.ndarray, rules: Rules) -> np.ndarray:
    if rules.closing or not rules.opening_radius:
        return solid
    return np.asarray(cv2.morphologyEx(solid, cv2.MORPH_OPEN, disk(rules.opening_radius)))


def _filled(mask: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the mask with what cannot be reached from the image's upper left corner, and whether that spilled.

    As dcnum does, the upper row, a wall of the channel, and the corner count as background.
    """
    outside = mask.copy()
    outside[0] = 0
    outside[1:2, :2] = 0
    cv2.floodFill(outside, None, (0, 0), 2)
    filled = np.asarray(outside != 2, dtype=np.uint8)
    added = filled > mask
    return filled, bool(added[-1].any() or added[:, 0].any() or added[:, -1].any())


def _without_border(mask: np.ndarray, smallest: int) -> tuple[np.ndarray, int]:
    """Return the mask without the 8-connected objects that the image cuts, and how many had `smallest` pixels."""
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = np.ones(len(boxes), np.uint8)
    kept[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0
    many = int(((kept == 0) & (boxes[:, cv2.CC_STAT_AREA] >= smallest))[1:].sum())
    kept[0] = 0
    return kept[labels], many


def objects(mask: np.ndarray, smallest: int) -> Iterator[Found]:
    """Yield the 8-connected objects of at least `smallest` pixels in a binary image (uint8)."""
    labels, _ = ndimage.label(mask, structure=EIGHT)
    height, width = mask.shape
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[box] == label
        if int(inside.sum()) < smallest:
            continue
        rows, columns = box
        contour = _outline(inside, columns.start, rows.start)
        if contour is not None:
            one = np.zeros(mask.shape, bool)
            one[box] = inside
            at_edge = rows.start == 0 or columns.start == 0 or rows.stop == height or columns.stop == width
            yield Found(one, contour, at_edge)


def _outline(inside: np.ndarray, left: int, top: int) -> np.ndarray | None:
    """Return the outline of an object; None where it has no area: a line or a point has no shape to measure."""
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = np.asarray(max(contours, key=len), dtype=np.int32).reshape(-1, 2)
    if cv2.contourArea(outline) <= 0:
        return None
    return outline + np.array([left, top], np.int32)
