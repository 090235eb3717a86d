"""A curve with axes, drawn with Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wrappers.io.picture import ACCENT, BACKGROUND, GRID, INK
from wrappers.io.plot import ticks

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 20, 20, 64


def curve(x: np.ndarray, y: np.ndarray, x_label: str, y_label: str) -> np.ndarray:
    """Return a line through the points as picture (y, x, 3), upwards from 0. Values are finite, y not negative."""
    canvas = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    low, high, top = float(x[0]), float(x[-1]), 1.05 * float(y.max()) or 1.0

    def across(value: float) -> float:
        return LEFT + (value - low) / ((high - low) or 1.0) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    for value in ticks(low, high):
        if value != round(value):
            continue
        draw.line([(across(value), TOP), (across(value), HEIGHT - BOTTOM)], fill=GRID)
        draw.text((across(value), HEIGHT - BOTTOM + 8), f"{value:.6g}", fill=INK, font=font, anchor="ma")
    for value in ticks(0.0, top):
        draw.line([(LEFT, down(value)), (WIDTH - RIGHT, down(value))], fill=GRID)
        draw.text((LEFT - 8, down(value)), f"{value:.6g}", fill=INK, font=font, anchor="rm")
    draw.rectangle([LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM], outline=INK)
    draw.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14), x_label, fill=INK, font=font, anchor="ms")
    label = Image.new("RGB", (HEIGHT - TOP - BOTTOM, 20), BACKGROUND)
    ImageDraw.Draw(label).text((label.width / 2, 10), y_label, fill=INK, font=font, anchor="mm")
    canvas.paste(label.rotate(90, expand=True), (4, TOP))
    draw.line([(across(a), down(b)) for a, b in zip(x, y, strict=True)], fill=ACCENT, width=2, joint="curve")
    return np.asarray(canvas)
