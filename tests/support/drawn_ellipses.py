"""Ellipses whose line integrals are known in closed form: the truth that slices are held against.

Lengths are in pixels, x to the right and y upwards from the rotation axis. Columns and pixels have widths: both
are averaged over theirs, as a detector does.
"""

from dataclasses import dataclass

import numpy as np

PARTS = 8
"""Into which a column, or a pixel's side, is divided to be averaged."""


@dataclass(frozen=True)
class Ellipse:
    """Attenuation a pixel, where its middle lies, half axes, and the tilt of the first in radians."""

    value: float
    x: float
    y: float
    a: float
    b: float
    tilt: float

    def integrals(self, angle: float, away: np.ndarray) -> np.ndarray:
        """Along the lines at distances `away` from the axis: 2 v a b sqrt(w^2 - s^2) / w^2."""
        along, across = np.cos(angle - self.tilt), np.sin(angle - self.tilt)
        square = (self.a * along) ** 2 + (self.b * across) ** 2
        from_middle = away - (self.x * np.cos(angle) + self.y * np.sin(angle))
        chord = np.sqrt(np.maximum(square - from_middle**2, 0))
        return np.asarray(2 * self.value * self.a * self.b * chord / square)

    def holds(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        along = (x - self.x) * np.cos(self.tilt) + (y - self.y) * np.sin(self.tilt)
        across = (y - self.y) * np.cos(self.tilt) - (x - self.x) * np.sin(self.tilt)
        return np.asarray((along / self.a) ** 2 + (across / self.b) ** 2 <= 1)


def sample(radius: float) -> list[Ellipse]:
    """A body of this radius with a hollow, three inclusions and a small bead; nothing in it is symmetric."""
    shares = [
        (1.0, 0.02, -0.03, 0.85, 0.7, 0.3),
        (-0.4, 0.25, 0.2, 0.2, 0.12, 1.0),
        (0.8, -0.35, 0.1, 0.12, 0.22, -0.4),
        (0.5, 0.1, -0.4, 0.15, 0.1, 0.7),
        (1.5, -0.1, -0.1, 0.03, 0.03, 0.0),
    ]
    return [
        Ellipse(value / radius, *(radius * length for length in lengths), tilt) for value, *lengths, tilt in shares
    ]


def projected(drawn: list[Ellipse], angles: np.ndarray, columns: int, centre: float) -> np.ndarray:
    """Their sinogram (angles, columns) without noise, the axis on column `centre`."""
    away = _fine(columns) - centre
    lines = [sum(one.integrals(angle, away) for one in drawn) for angle in angles]
    return np.asarray(lines).reshape(len(angles), columns, PARTS).mean(axis=2).astype(np.float32)


def pictured(drawn: list[Ellipse], width: int) -> np.ndarray:
    """Their slice (width, width), the axis in its middle."""
    away = _fine(width) - (width - 1) / 2
    x, y = away[None, :], -away[:, None]
    image = np.asarray(sum(one.value * one.holds(x, y) for one in drawn))
    return np.asarray(image.reshape(width, PARTS, width, PARTS).mean(axis=(1, 3)))


def _fine(length: int) -> np.ndarray:
    return np.asarray((np.arange(length * PARTS) + 0.5) / PARTS - 0.5)
