"""Shape and brightness of a cell as deformability cytometry defines them.

Names, units and definitions are dclab's (deformation: A. Mietke et al., Biophys. J. 109, 2023 (2015); inertia
ratio: M. Herbig et al., Biomicrofluidics 12, 042214 (2018)). Areas and perimeters are those of polygons through
pixel centres, with pixel centres at whole numbers.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

UNITS = {
    "area_um": "µm²",
    "area_um_raw": "µm²",
    "per_um_raw": "µm",
    "pos_x": "µm",
    "pos_y": "µm",
    "size_x": "µm",
    "size_y": "µm",
    "volume": "µm³",
    "tilt": "rad",
}


def shape_features(contour: np.ndarray, pixel_um: float) -> dict[str, float] | None:
    """Return the features of an outline (n, 2) of (x, y) pixels; None where it or its hull has no extent."""
    hull = np.asarray(cv2.convexHull(contour)).reshape(-1, 2)
    raw, convex = cv2.moments(contour), cv2.moments(hull)
    if raw["m00"] <= 0 or min(convex["mu20"], convex["mu02"], raw["mu20"], raw["mu02"]) <= 0:
        return None
    raw_length, hull_length = cv2.arcLength(contour, True), cv2.arcLength(hull, True)
    circularity = _circularity(convex["m00"], hull_length)
    _, _, across, down = cv2.boundingRect(contour)
    x, y = convex["m10"] / convex["m00"], convex["m01"] / convex["m00"]
    middle, swing = _principal(raw)
    return {
        "area_cvx": convex["m00"],
        "area_msd": raw["m00"],
        "area_ratio": convex["m00"] / raw["m00"],
        "area_um": convex["m00"] * pixel_um**2,
        "area_um_raw": raw["m00"] * pixel_um**2,
        "aspect": across / down,
        "circ": circularity,
        "deform": 1 - circularity,
        "deform_raw": 1 - _circularity(raw["m00"], raw_length),
        "eccentr_prnc": math.sqrt(2 * swing / (middle + swing)),
        "inert_ratio_cvx": math.sqrt(convex["mu20"] / convex["mu02"]),
        "inert_ratio_prnc": principal_ratio(raw),
        "inert_ratio_raw": math.sqrt(raw["mu20"] / raw["mu02"]),
        "per_ratio": raw_length / hull_length,
        "per_um_raw": raw_length * pixel_um,
        "pos_x": x * pixel_um,
        "pos_y": y * pixel_um,
        "size_x": across * pixel_um,
        "size_y": down * pixel_um,
        "tilt": abs(0.5 * math.atan2(-2 * raw["mu11"], raw["mu20"] - raw["mu02"])),
        "volume": revolved_volume(contour, (x, y)) * pixel_um**3,
    }


def _circularity(area: float, perimeter: float) -> float:
    """2 sqrt(pi A) / P: 1 for a disk, less for everything else."""
    return 2 * math.sqrt(math.pi * area) / perimeter


def principal_ratio(moments: dict[str, float]) -> float:
    """Return the square root of the ratio of the principal second moments, larger over smaller (>= 1)."""
    middle, swing = _principal(moments)
    return math.sqrt((middle + swing) / max(middle - swing, 1e-12 * middle))


def _principal(moments: dict[str, float]) -> tuple[float, float]:
    """Return the mean of the principal second moments and half their difference."""
    middle = (moments["mu20"] + moments["mu02"]) / 2
    return middle, math.hypot((moments["mu20"] - moments["mu02"]) / 2, moments["mu11"])


def revolved_volume(contour: np.ndarray, centre: tuple[float, float]) -> float:
    """Return the volume in pixels³ of an outline turned about the x axis through `centre`.

    The halves above and below the axis are turned separately, as stacks of truncated cones, and averaged.
    """
    x = contour[:, 0] - centre[0]
    r = contour[:, 1] - centre[1]
    step = np.roll(x, -1) - x

    def half(radius: np.ndarray) -> float:
        following = np.roll(radius, -1)
        return float(np.sum(step * (radius**2 + radius * following + following**2)) * math.pi / 3)

    below, above = half(np.maximum(r, 0)), half(np.maximum(-r, 0))
    return (abs(below) + abs(above)) / 2


def _median_of_bytes(image: np.ndarray) -> float:
    """Return the median of a uint8 image by counting, which sorts nothing: the mean of two where they differ."""
    reached = np.cumsum(np.bincount(image.ravel(), minlength=256))
    low, high = np.searchsorted(reached, [(image.size - 1) // 2, image.size // 2], side="right")
    return (int(low) + int(high)) / 2


def brightness_features(
    image: np.ndarray, background: np.ndarray, offset: float, mask: np.ndarray
) -> dict[str, float]:
    """Return brightness within `mask` (bool), as recorded and less background and offset (grey values)."""
    inside = image[mask].astype(np.float64)
    corrected = inside - background[mask] - offset
    tenth, ninetieth = np.percentile(corrected, (10, 90))
    return {
        "bright_avg": float(inside.mean()),
        "bright_sd": float(inside.std()),
        "bright_bc_avg": float(corrected.mean()),
        "bright_bc_sd": float(corrected.std()),
        "bright_perc_10": float(tenth),
        "bright_perc_90": float(ninetieth),
        "bg_med": _median_of_bytes(background) + offset,
        "bg_off": offset,
    }
