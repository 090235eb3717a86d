"""Small plots drawn with Pillow: a scatter plot with axes, outlines over pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wrappers.io.picture import ACCENT, BACKGROUND, GRID, INK, WRONG

WIDTH, HEIGHT = 720, 540
LEFT, RIGHT, TOP, BOTTOM = 84, 20, 20, 64
OUTLINE = (255, 170, 0)


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) within [low, high], about `wanted` of them."""
    span = (high - low) or 1.0
    power = 10 ** math.floor(math.log10(span / wanted))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= wanted)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def scatter(x: np.ndarray, y: np.ndarray, x_label: str, y_label: str) -> np.ndarray:
    """Return a scatter plot as picture (y, x, 3); denser places are darker."""
    canvas = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    x_low, x_high = _limits(x)
    y_low, y_high = _limits(y)

    def across(value: float) -> float:
        return LEFT + (value - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - (value - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    for value in ticks(x_low, x_high):
        draw.line([(across(value), TOP), (across(value), HEIGHT - BOTTOM)], fill=GRID)
        draw.text((across(value), HEIGHT - BOTTOM + 8), f"{value:.6g}", fill=INK, font=font, anchor="ma")
    for value in ticks(y_low, y_high):
        draw.line([(LEFT, down(value)), (WIDTH - RIGHT, down(value))], fill=GRID)
        draw.text((LEFT - 8, down(value)), f"{value:.6g}", fill=INK, font=font, anchor="rm")
    draw.rectangle([LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM], outline=INK)
    draw.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14), x_label, fill=INK, font=font, anchor="ms")
    _sideways(canvas, y_label, font)
    _dots(draw, np.array([across(v) for v in x]), np.array([down(v) for v in y]))
    return np.asarray(canvas)


def series_plot(
    values: np.ndarray, wrong: Sequence[int], y_label: str, x_label: str, limit: float | None = None
) -> np.ndarray:
    """Return a curve of numbers in order as picture (y, x, 3), counted from 1, some marked, and a limit."""
    height = HEIGHT * 3 // 5
    canvas = Image.new("RGB", (WIDTH, height), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    finite = values[np.isfinite(values)]
    shown = np.append(finite, limit) if limit is not None else finite
    low, high = _limits(shown) if shown.size else (0.0, 1.0)
    last = max(2, len(values))

    def across(place: float) -> float:
        return LEFT + (place - 1) / (last - 1) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return height - BOTTOM - (value - low) / (high - low) * (height - TOP - BOTTOM)

    for value in ticks(1, last):
        if value == int(value) and value >= 1:
            draw.text((across(value), height - BOTTOM + 8), f"{value:g}", fill=INK, font=font, anchor="ma")
    for value in ticks(low, high, 4):
        draw.line([(LEFT, down(value)), (WIDTH - RIGHT, down(value))], fill=GRID)
        draw.text((LEFT - 8, down(value)), f"{value:.4g}", fill=INK, font=font, anchor="rm")
    if limit is not None:
        draw.line([(LEFT, down(limit)), (WIDTH - RIGHT, down(limit))], fill=WRONG)
    draw.rectangle([LEFT, TOP, WIDTH - RIGHT, height - BOTTOM], outline=INK)
    run: list[tuple[float, float]] = []
    for place, value in enumerate([*values, np.nan]):
        if np.isfinite(value):
            run.append((across(place + 1), down(float(value))))
            continue
        if len(run) > 1:
            draw.line(run, fill=ACCENT, width=2)
        elif run:
            draw.ellipse([run[0][0] - 2, run[0][1] - 2, run[0][0] + 2, run[0][1] + 2], fill=ACCENT)
        run = []
    for place in wrong:
        y = down(float(values[place])) if np.isfinite(values[place]) else height - BOTTOM
        draw.ellipse([across(place + 1) - 4, y - 4, across(place + 1) + 4, y + 4], fill=WRONG)
    draw.text(((LEFT + WIDTH - RIGHT) / 2, height - 14), x_label, fill=INK, font=font, anchor="ms")
    _sideways(canvas, y_label, font, height)
    return np.asarray(canvas)


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or max(abs(high) * 0.05, 0.5)
    return low - margin, high + margin


def _sideways(
    canvas: Image.Image, words: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, height: int = HEIGHT
) -> None:
    label = Image.new("RGB", (height - TOP - BOTTOM, 20), BACKGROUND)
    ImageDraw.Draw(label).text((label.width / 2, 10), words, fill=INK, font=font, anchor="mm")
    canvas.paste(label.rotate(90, expand=True), (4, TOP))


def _dots(draw: ImageDraw.ImageDraw, x: np.ndarray, y: np.ndarray) -> None:
    cells = np.histogram2d(x, y, bins=(60, 45), range=((LEFT, WIDTH - RIGHT), (TOP, HEIGHT - BOTTOM)))[0]
    column = np.clip(((x - LEFT) / (WIDTH - LEFT - RIGHT) * 60).astype(int), 0, 59)
    row = np.clip(((y - TOP) / (HEIGHT - TOP - BOTTOM) * 45).astype(int), 0, 44)
    density = cells[column, row] / max(1.0, cells.max())
    pale = np.array([122, 176, 235])
    for place in np.argsort(density, kind="stable"):
        shade = pale + (np.array(ACCENT) - pale) * density[place]
        colour = tuple(int(part) for part in shade)
        draw.ellipse([x[place] - 2.5, y[place] - 2.5, x[place] + 2.5, y[place] + 2.5], fill=colour)


def overlays(images: list[np.ndarray], contours: list[np.ndarray], columns: int = 3) -> np.ndarray:
    """Return pictures of equal shape (uint8) side by side, each with its outline (n, 2) of (x, y) pixels."""
    scale = max(1, min(3, 400 // images[0].shape[1] + 1))
    tiles = []
    for image, contour in zip(images, contours, strict=True):
        large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        tile = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
        cv2.polylines(tile, [(contour * scale + scale // 2).astype(np.int32)], True, OUTLINE, 1)
        tiles.append(np.pad(tile, ((0, 4), (0, 4), (0, 0)), constant_values=255))
    while len(tiles) % columns:
        tiles.append(np.full_like(tiles[0], 255))
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.ascontiguousarray(np.concatenate(rows, axis=0))
