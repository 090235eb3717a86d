"""Bodies on a voxel grid, from which the tissue phantoms are put together.

Shapes and points are (z, y, x); points are in voxels, lengths in micrometres unless a name says otherwise.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
Size = tuple[float, float, float]
Field = NDArray[np.float32]
Points = NDArray[np.float64]


def axes_um(shape: Shape, voxel: Size) -> tuple[Field, Field, Field]:
    """Coordinates z, y, x in micrometres from the volume's centre, ready to broadcast."""
    z, y, x = ((np.arange(n) - (n - 1) / 2.0) * v for n, v in zip(shape, voxel, strict=True))
    return (
        z.astype(np.float32)[:, None, None],
        y.astype(np.float32)[None, :, None],
        x.astype(np.float32)[None, None, :],
    )


def ellipsoid_distance(shape: Shape, voxel: Size, centre: Size, semi: Size, tilt: float = 0.0) -> Field:
    """Approximate signed distance (micrometres, inside negative) to an ellipsoid tilted in the y-x plane."""
    z, y, x = axes_um(shape, voxel)
    z, y, x = z - np.float32(centre[0]), y - np.float32(centre[1]), x - np.float32(centre[2])
    cos, sin = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    along, across = cos * x + sin * y, cos * y - sin * x
    u, v, w = z / np.float32(semi[0]), across / np.float32(semi[1]), along / np.float32(semi[2])
    level = np.sqrt(u * u + v * v + w * w)
    slope = np.sqrt(
        (u / np.float32(semi[0])) ** 2 + (v / np.float32(semi[1])) ** 2 + (w / np.float32(semi[2])) ** 2
    )
    distance = level * (level - np.float32(1.0)) / np.maximum(slope, np.float32(1e-3))
    return distance.astype(np.float32)


def smooth_union(first: Field, second: Field, blend: float) -> Field:
    """Distance to two bodies that flow into each other over `blend` micrometres (polynomial smooth minimum)."""
    mix = np.clip(0.5 + 0.5 * (second - first) / blend, 0.0, 1.0)
    joined: Field = (second * (1.0 - mix) + first * mix - blend * mix * (1.0 - mix)).astype(np.float32)
    return joined


def cloud(shape: Shape, voxel: Size, scale_um: float, rng: np.random.Generator) -> Field:
    """A smooth random field of unit variance that varies over `scale_um`: coarse noise, interpolated linearly."""
    coarse = [max(2, int(np.ceil(n * v / scale_um)) + 1) for n, v in zip(shape, voxel, strict=True)]
    field = rng.standard_normal(coarse).astype(np.float32)
    for axis, count in enumerate(shape):
        place = np.linspace(0.0, coarse[axis] - 1, count)
        low = np.minimum(place.astype(int), coarse[axis] - 2)
        weight = (place - low).astype(np.float32)
        weight = weight.reshape([-1 if a == axis else 1 for a in range(3)])
        field = (1 - weight) * np.take(field, low, axis) + weight * np.take(field, low + 1, axis)
    unit: Field = (field / field.std()).astype(np.float32)
    return unit


def draw_balls(density: Field, voxel: Size, centres: Points, radii: Points, brightness: Points) -> None:
    """Add soft-edged ellipsoids of `radii` (n, 3) in micrometres; where they overlap the brighter stays."""
    step = np.asarray(voxel)
    for centre, radius, light in zip(centres, radii, brightness, strict=True):
        reach = np.ceil((radius + 1.0) / step).astype(int)
        low = np.maximum(np.round(centre).astype(int) - reach, 0)
        high = np.minimum(np.round(centre).astype(int) + reach + 1, density.shape)
        if (low >= high).any():
            continue
        z, y, x = (
            ((np.arange(a, b) - c) * s / r) ** 2
            for a, b, c, s, r in zip(low, high, centre, step, radius, strict=True)
        )
        level = np.sqrt(z[:, None, None] + y[:, None] + x)
        ball = light * np.clip((1.0 - level) * float(radius.min()) + 0.5, 0.0, 1.0)
        part = density[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        np.maximum(part, ball.astype(np.float32), out=part)


def illuminate(density: Field, voxel: Size, depth_um: float, rng: np.random.Generator) -> Field:
    """Weaken the light along x and add the faint shadows that absorbers at the surface throw."""
    shape = density.shape
    x = np.arange(shape[2], dtype=np.float32) * np.float32(voxel[2])
    shadows = np.convolve(rng.standard_normal(shape[1] + 8), np.ones(9) / 3.0, "valid")
    light = np.exp(-x / np.float32(depth_um))[None, :] * (1.0 + 0.05 * shadows.astype(np.float32))[:, None]
    lit: Field = (density * np.maximum(light, 0.0)).astype(np.float32)
    return lit


def spread(candidates: Points, voxel: Size, spacing_um: float, most: int) -> Points:
    """Take candidates in turn that keep `spacing_um` from all taken before."""
    step = np.asarray(voxel)
    taken = np.empty((most, 3))
    count = 0
    for place in candidates:
        gaps = ((taken[:count] - place) * step) ** 2
        if count == 0 or float(gaps.sum(axis=1).min()) >= spacing_um**2:
            taken[count] = place
            count += 1
        if count == most:
            break
    return taken[:count].copy()


def cell_borders(where: NDArray[np.intp], cells: Points, voxel: Size, width_um: float) -> Field:
    """Cell membranes at voxels (n, 3) as Voronoi borders: 1 where the two nearest cells are equally far."""
    step = np.asarray(voxel, np.float32)
    centres = cells.astype(np.float32) * step
    squares = (centres**2).sum(axis=1)
    result = np.empty(len(where), np.float32)
    for start in range(0, len(where), 16384):
        places = where[start : start + 16384].astype(np.float32) * step
        far = squares - 2.0 * places @ centres.T
        rows = np.arange(len(places))
        nearest = far.argmin(axis=1)
        own = (places**2).sum(axis=1)
        first = np.sqrt(np.maximum(far[rows, nearest] + own, 0.0))
        far[rows, nearest] = np.inf
        second = np.sqrt(np.maximum(far.min(axis=1) + own, 0.0))
        result[start : start + 16384] = np.exp(-(((second - first) / width_um) ** 2))
    return result


def tube(shape: Shape, voxel: Size, line: Iterable[Points], radius: float) -> Field:
    """Walls of a tube about a line of points (micrometres from the centre), 1.2 micrometres thick (1/e)."""
    step, middle = np.asarray(voxel), (np.asarray(shape) - 1) / 2.0
    distance = np.full(shape, np.inf, np.float32)
    reach = np.ceil((radius + 4.0) / step).astype(int)
    for place in line:
        centre = place / step + middle
        low = np.maximum(np.round(centre).astype(int) - reach, 0)
        high = np.minimum(np.round(centre).astype(int) + reach + 1, shape)
        if (low >= high).any():
            continue
        z, y, x = (((np.arange(a, b) - c) * s) ** 2 for a, b, c, s in zip(low, high, centre, step, strict=True))
        part = distance[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        np.minimum(part, (z[:, None, None] + y[:, None] + x).astype(np.float32), out=part)
    wall: Field = np.exp(-(((np.sqrt(distance) - np.float32(radius)) / np.float32(1.2)) ** 2))
    return wall
