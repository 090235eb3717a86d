"""Deformability cytometry measurements (.rtdc): cells in a flow channel, with the outlines that were drawn.

    image = background(y, drift) + sum of cells + Gaussian noise, rounded to 8 bits

The noise is the camera's (shot noise at constant illumination, sigma about 2.5 grey values). `image_bg` is what
the instrument keeps beside each event, the running median of empty frames: the background without noise. Areas,
deformations and positions stored as scalar features are those of the drawn outlines, not of a segmentation. The
file format is that of dclab (Müller et al., RT-DC HDF5), in which pixel centres are at integers.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.demo.generate.cells import Outline, edge_profile, outline_of

PIXEL_UM = 0.34
FRAME_RATE_HZ = 2000.0
NOISE = 2.5
BACKGROUND_EVERY = 100  # frames between two background images


@dataclass(frozen=True)
class Population:
    """One kind of cell: medians and spreads of area (square micrometres) and deformation, and its look."""

    share: float
    area_um2: float
    area_spread: float
    deformation: float
    deformation_spread: float
    asymmetry: float = 0.08
    depth: float = 14.0
    rim: float = 26.0
    halo: float = 22.0
    texture: float = 5.0


@dataclass(frozen=True)
class CytometryRecipe:
    """One measurement: what flows through, how many events, and the chip's settings."""

    populations: tuple[Population, ...]
    events: int = 400
    shape: tuple[int, int] = (80, 320)
    channel_um: float = 20.0
    flow_rate_ul_s: float = 0.04
    medium: str = "CellCarrierB"
    two_in_frame: float = 0.06


@dataclass(frozen=True)
class Measurement:
    """Images (n, rows, columns) uint8, the scalar features by dclab's names, and the truth (JSON types)."""

    image: NDArray[np.uint8]
    background: NDArray[np.uint8]
    scalars: dict[str, NDArray[np.float64]]
    truth: dict[str, Any]


def simulate(recipe: CytometryRecipe, seed: int) -> Measurement:
    """Simulate one measurement; the same recipe and seed always give the same events."""
    rng = np.random.default_rng(seed)
    images: list[NDArray[np.uint8]] = []
    backgrounds: list[NDArray[np.uint8]] = []
    rows: list[dict[str, float]] = []
    frame = int(rng.integers(50, 200))
    epoch, clean, empty = -1, np.empty(0, np.float32), np.empty(0, np.uint8)
    while len(rows) < recipe.events:
        if frame // BACKGROUND_EVERY != epoch:
            epoch = frame // BACKGROUND_EVERY
            clean = _background(recipe, epoch)
            empty = np.clip(np.round(clean), 0, 255).astype(np.uint8)
        pair = rng.uniform() < recipe.two_in_frame and len(rows) + 2 <= recipe.events
        outlines = _outlines(recipe, 2 if pair else 1, rng)
        picture = clean.copy()
        for outline, which in outlines:
            _draw(picture, outline, recipe.populations[which], rng)
        picture += np.float32(NOISE) * rng.standard_normal(recipe.shape, np.float32)
        image = np.clip(np.round(picture), 0, 255).astype(np.uint8)
        for outline, which in outlines:
            images.append(image)
            backgrounds.append(empty)
            rows.append(_features(outline, image, empty, frame=frame, together=len(outlines), which=which))
        frame += 1 + int(rng.exponential(9.0))
    scalars = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in rows[0]}
    population = scalars.pop("population")
    scalars["index"] = np.arange(1, len(rows) + 1, dtype=np.float64)
    truth = {
        "model": "egg-shaped outlines on a drifting background, Gaussian noise",
        "pixel_um": PIXEL_UM,
        "area_um2": scalars["area_um"].tolist(),
        "deformation": scalars["deform"].tolist(),
        "position_um": np.stack([scalars["pos_x"], scalars["pos_y"]], -1).tolist(),
        "population": [int(p) for p in population],
    }
    return Measurement(np.stack(images), np.stack(backgrounds), scalars, truth)


def _background(recipe: CytometryRecipe, epoch: int) -> NDArray[np.float32]:
    """The empty channel: two walls with diffraction fringes and a brightness that drifts slowly along the run."""
    height, width = recipe.shape
    y = np.arange(height, dtype=np.float64)
    half = 0.5 * recipe.channel_um / PIXEL_UM
    middle = (height - 1) / 2.0
    line = np.full(height, 148.0 + 1.5 * np.sin(0.7 * epoch))
    for wall, out in ((middle - half, -1.0), (middle + half, 1.0)):
        d = (y - wall) * out
        line += -62.0 * np.exp(-((d / 1.7) ** 2)) + 24.0 * np.exp(-(((d + 5.0) / 2.6) ** 2))
        line += -34.0 * np.exp(-(((d - 4.5) / 1.5) ** 2)) + 14.0 * np.exp(-(((d - 8.5) / 2.0) ** 2))
    shade = 4.0 * np.cos(np.linspace(-1.2, 1.2, width)) - 3.0
    return (line[:, None] + shade[None, :]).astype(np.float32)


def _outlines(recipe: CytometryRecipe, count: int, rng: np.random.Generator) -> list[tuple[Outline, int]]:
    """Draw the cells of one frame: an outline and the index of its population for each, all within the channel."""
    height, width = recipe.shape
    room = 0.5 * recipe.channel_um / PIXEL_UM - 4.0
    shares = np.array([p.share for p in recipe.populations])
    found: list[tuple[Outline, int]] = []
    while len(found) < count:
        which = int(rng.choice(len(shares), p=shares / shares.sum()))
        kind = recipe.populations[which]
        area = kind.area_um2 * float(np.exp(rng.normal(0.0, kind.area_spread))) / PIXEL_UM**2
        deformation = kind.deformation * float(np.exp(rng.normal(0.0, kind.deformation_spread)))
        k = kind.asymmetry * float(rng.uniform(0.6, 1.4))
        x = width * (0.46 if count == 1 else 0.28 + 0.36 * len(found)) + rng.uniform(-14.0, 14.0)
        y = (height - 1) / 2.0 + float(np.clip(rng.normal(0.0, 1.6), -4.0, 4.0))
        # A round egg is already a little deformed: 0.75 k^2 covers it for the k used here.
        outline = outline_of(area, max(deformation, 0.001 + 0.75 * k * k), k, x, y)
        if outline.half_height + abs(y - (height - 1) / 2.0) < room:
            found.append((outline, which))
    return found


def _draw(picture: NDArray[np.float32], outline: Outline, kind: Population, rng: np.random.Generator) -> None:
    """Add one cell to a frame: edge, darker inside, granules."""
    columns, moved = _window(outline, 12)
    part = picture[:, columns]
    distance = moved.distance((part.shape[0], part.shape[1]))
    part += edge_profile(distance, kind.depth, kind.rim, kind.halo)
    granules = rng.normal(0.0, 1.0, (part.shape[0] + 2, part.shape[1] + 2))
    smooth = sum(granules[i : i + part.shape[0], j : j + part.shape[1]] for i in range(3) for j in range(3))
    inside = 1.0 / (1.0 + np.exp(np.clip((distance + 3.0) / 0.8, -40.0, 40.0)))
    part += (kind.texture / 3.0 * smooth * inside).astype(np.float32)


def _window(outline: Outline, margin: int) -> tuple[slice, Outline]:
    """The columns about an outline, and the outline in their coordinates."""
    low = max(0, int(outline.x - outline.a) - margin)
    return slice(low, int(outline.x + outline.a) + margin + 1), replace(outline, x=outline.x - low)


def _features(
    outline: Outline, image: NDArray[np.uint8], empty: NDArray[np.uint8], *, frame: int, together: int, which: int
) -> dict[str, float]:
    """Scalar features of one event by dclab's names; lengths in micrometres as dclab defines them."""
    x, y = outline.centroid
    columns, moved = _window(outline, 2)
    part = image[:, columns]
    inside = moved.distance((part.shape[0], part.shape[1])) < 0.0
    values = part[inside].astype(np.float64)
    corrected = values - empty[:, columns][inside]
    area, length, height = outline.area, 2.0 * outline.a, 2.0 * outline.half_height
    return {
        "area_cvx": area,
        "area_msd": area,
        "area_ratio": 1.0,
        "area_um": area * PIXEL_UM**2,
        "area_um_raw": area * PIXEL_UM**2,
        "aspect": length / height,
        "bg_med": float(np.median(empty)),
        "bright_avg": float(values.mean()),
        "bright_sd": float(values.std()),
        "bright_bc_avg": float(corrected.mean()),
        "bright_bc_sd": float(corrected.std()),
        "circ": 1.0 - outline.deformation,
        "deform": outline.deformation,
        "deform_raw": outline.deformation,
        "frame": float(frame),
        "inert_ratio_cvx": outline.inertia_ratio(),
        "inert_ratio_raw": outline.inertia_ratio(),
        "nevents": float(together),
        "per_ratio": 1.0,
        "per_um_raw": outline.perimeter * PIXEL_UM,
        "pos_x": x * PIXEL_UM,
        "pos_y": y * PIXEL_UM,
        "size_x": length * PIXEL_UM,
        "size_y": height * PIXEL_UM,
        "time": frame / FRAME_RATE_HZ,
        "population": float(which),
    }


def metadata(
    recipe: CytometryRecipe, *, sample: str, start: datetime, run: int, events: int
) -> dict[str, str | int | float]:
    """The root attributes of an .rtdc file, "section:key", in the types that dclab defines."""
    height, width = recipe.shape
    return {
        "experiment:date": start.strftime("%Y-%m-%d"),
        "experiment:time": start.strftime("%H:%M:%S"),
        "experiment:event count": events,
        "experiment:run index": run,
        "experiment:sample": sample,
        "imaging:flash device": "LED blue (460nm)",
        "imaging:flash duration": 2.0,
        "imaging:frame rate": FRAME_RATE_HZ,
        "imaging:pixel size": PIXEL_UM,
        "imaging:roi position x": 0,
        "imaging:roi position y": 0,
        "imaging:roi size x": width,
        "imaging:roi size y": height,
        "setup:channel width": recipe.channel_um,
        "setup:chip region": "channel",
        "setup:flow rate": recipe.flow_rate_ul_s,
        "setup:flow rate sample": recipe.flow_rate_ul_s / 4.0,
        "setup:flow rate sheath": recipe.flow_rate_ul_s * 3.0 / 4.0,
        "setup:identifier": "Demo cytometer 1",
        "setup:medium": recipe.medium,
        "setup:module composition": "Cell_Flow_2",
        "setup:software version": "Gantry demo generator 1.0",
        "setup:temperature": 23.5,
    }


def write_rtdc(
    path: Path, measurement: Measurement, recipe: CytometryRecipe, *, sample: str, start: datetime, run: int
) -> None:
    """Write an .rtdc file that dclab opens and its integrity checker accepts: Zstandard level 5, 1 MiB chunks."""
    import h5py
    import hdf5plugin

    zstd = hdf5plugin.Zstd(clevel=5)
    with h5py.File(path, "w") as file:
        file.attrs.update(metadata(recipe, sample=sample, start=start, run=run, events=len(measurement.image)))
        events = file.create_group("events")
        for name, stack in (("image", measurement.image), ("image_bg", measurement.background)):
            many = max(1, min(len(stack), 2**20 // stack[0].size))
            data = events.create_dataset(name, data=stack, chunks=(many, *stack.shape[1:]), **zstd)
            for key, value in (
                ("CLASS", "IMAGE"),
                ("IMAGE_VERSION", "1.2"),
                ("IMAGE_SUBCLASS", "IMAGE_GRAYSCALE"),
            ):
                data.attrs[key] = np.bytes_(value)
        for name, values in measurement.scalars.items():
            events.create_dataset(name, data=values, chunks=values.shape, **zstd)
        log = file.create_group("logs")
        log.create_dataset("simulation", data=np.array([b"Simulated cells; see the demo data's page"]), **zstd)
