"""Series of pictures as a microscope takes them: a sample, optics, photons, a camera, and faults."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from scipy.ndimage import gaussian_filter, shift

OFFSET, NOISE = 100.0, 2.0


def sample(rng: np.random.Generator, shape: tuple[int, int] = (96, 128), cells: int = 25) -> np.ndarray:
    """A plane of cells with something in them, brightest about 1, without noise."""
    y, x = np.indices(shape)
    plane = np.zeros(shape)
    for _ in range(cells):
        cy, cx = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        ry, rx, turn = rng.uniform(3, 8), rng.uniform(3, 8), rng.uniform(0, np.pi)
        u, v = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        plane += ((u / rx) ** 2 + (v / ry) ** 2 < 1) * rng.uniform(0.3, 1)
    grain = gaussian_filter(rng.normal(size=shape), 1.5)
    return np.asarray(plane * (1 + 3 * grain).clip(0.2) + 0.03)


def taken(scene: np.ndarray, rng: np.random.Generator, *, photons: float = 200.0, blur: float = 1.2) -> np.ndarray:
    """A camera's picture of a scene, in whole numbers."""
    seen = gaussian_filter(scene, blur)
    counts = rng.poisson(seen * photons) + rng.normal(OFFSET, NOISE, scene.shape)
    return np.asarray(counts.clip(0, 65535).round().astype(np.uint16))


def series(
    rng: np.random.Generator,
    count: int = 30,
    *,
    jitter: float = 0.3,
    photons: Callable[[int], float] = lambda _: 200.0,
    blur: Callable[[int], float] = lambda _: 1.2,
    moved: Callable[[int], tuple[float, float]] = lambda _: (0.0, 0.0),
    change: float = 0.0,
    cells: int = 25,
) -> np.ndarray:
    """A time series (t, y, x). `jitter`: pixels by which the stage trembles; `change`: of the sample."""
    scene, other = sample(rng, cells=cells), sample(rng, cells=cells)
    frames = []
    for at in range(count):
        share = change * at / count
        dy, dx = moved(at)
        place = (dy + rng.normal(0, jitter), dx + rng.normal(0, jitter))
        now = shift(scene * (1 - share) + other * share, place, order=1, mode="wrap")
        frames.append(taken(now, rng, photons=photons(at), blur=blur(at)))
    return np.stack(frames)


def stack(rng: np.random.Generator, count: int = 40) -> np.ndarray:
    """A stack (z, y, x) through a sample that begins and ends in it, sharp in the middle."""
    scene = sample(rng)
    middle, reach = count / 2, count / 6
    planes = []
    for z in range(count):
        away = abs(z - middle)
        lit = np.exp(-0.5 * (away / reach) ** 2)
        planes.append(taken(scene * lit, rng, blur=1.2 + 0.4 * away))
    return np.stack(planes)


def write(
    path: Path, values: np.ndarray, axes: str, name: str = "data", chunks: tuple[int, ...] | None = None
) -> Path:
    """Write an HDF5 file whose axes are named."""
    words = {"T": "time", "Z": "z", "C": "channel", "Y": "y", "X": "x", "A": "angle"}
    with h5py.File(path, "a") as file:
        made = file.create_dataset(name, data=values, chunks=chunks)
        for place, axis in enumerate(axes):
            if axis in words:
                made.dims[place].label = words[axis]
    return path
