"""Arrays as pictures people look at: contrast, size, colour, PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

BACKGROUND = (255, 255, 255)
INK = (38, 50, 56)
GRID = (214, 220, 224)
ACCENT = (11, 87, 164)
WRONG = (214, 40, 40)
LARGEST = 1024


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write a uint8 picture (y x, or y x 3) as PNG."""
    Image.fromarray(picture).save(path, optimize=True)


def grey_ends(plane: np.ndarray, *, low: float = 0.5, high: float = 99.8) -> tuple[float, float]:
    """Return the values that `grey` draws as black and as white; equal where there is nothing to tell apart."""
    values = np.asarray(plane, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0
    bottom, top = np.percentile(finite, [low, high])
    return (float(bottom), float(top)) if top > bottom else (float(finite.min()), float(finite.max()))


def grey(plane: np.ndarray, *, low: float = 0.5, high: float = 99.8) -> np.ndarray:
    """Return `plane` as uint8 with its contrast between two percentiles; not-finite pixels are black."""
    values = _tame(plane)
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    bottom, top = grey_ends(values, low=low, high=high)
    scale = 255.0 / (top - bottom) if top > bottom else 0.0
    stretched = (np.where(finite, values, bottom) - bottom) * scale
    return np.asarray(np.clip(stretched, 0, 255), dtype=np.uint8)


def marked(plane: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return a plane in grey (y, x, 3) with pixels in red, large enough to be seen once it is made smaller."""
    grow = max(0, max(plane.shape) // 512)
    colour = np.repeat(grey(plane)[..., None], 3, axis=2) // 2 + 60
    shown = wrong.copy()
    for shift in range(1, grow + 1):
        for axis in (0, 1):
            shown |= np.roll(wrong, shift, axis) | np.roll(wrong, -shift, axis)
    colour[shown] = WRONG
    return np.asarray(colour, dtype=np.uint8)


def _tame(values: np.ndarray) -> np.ndarray:
    """Return values as float64, scaled down where their range would not be a float: pictures show proportions."""
    plain = np.asarray(values, dtype=np.float64)
    largest = np.max(np.abs(plain), initial=0.0, where=np.isfinite(plain))
    return plain / largest if largest > 1e300 else plain


def fitted(picture: np.ndarray, aspect: float = 1.0, *, largest: int = LARGEST, smallest: int = 256) -> np.ndarray:
    """Return a picture resized so that its longer side is between `smallest` and `largest` pixels.

    `aspect` is the height of a pixel over its width, so that planes with unequal voxel sizes look as in space.
    """
    height, width = picture.shape[0] * aspect, float(picture.shape[1])
    longest = max(height, width)
    factor = min(1.0, largest / longest) if longest > smallest else smallest / longest
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    resample = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize(size, resample))


def line_plot(values: np.ndarray, *, width: int = 640, height: int = 240) -> np.ndarray:
    """Return a picture of a row of numbers as a curve; long rows show each column's smallest and largest value."""
    canvas = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    row = _tame(values).ravel()
    finite = row[np.isfinite(row)]
    if finite.size == 0:
        return np.asarray(canvas)
    low, high = float(finite.min()), float(finite.max())
    span = (high - low) or 1.0
    margin = 12
    for step in range(5):
        y = margin + step * (height - 2 * margin) / 4
        draw.line([(margin, y), (width - margin, y)], fill=GRID)
    if row.size > 2 * width:
        row = _extremes(row, width)
    places = np.linspace(margin, width - margin, row.size)
    heights = height - margin - (row - low) / span * (height - 2 * margin)
    points = [(float(x), float(y)) for x, y in zip(places, heights, strict=True) if np.isfinite(y)]
    if len(points) > 1:
        draw.line(points, fill=ACCENT, width=1)
    else:
        x, y = points[0]
        draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=ACCENT)
    return np.asarray(canvas)


def _extremes(row: np.ndarray, columns: int) -> np.ndarray:
    parts = np.array_split(np.where(np.isfinite(row), row, np.nan), columns)
    pairs = [(np.nanmin(part), np.nanmax(part)) if np.isfinite(part).any() else (np.nan, np.nan) for part in parts]
    return np.asarray(pairs).ravel()
