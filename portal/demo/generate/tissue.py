"""Phantoms that look like tissue: fluorophore densities on a voxel grid, with the cells that were put in.

Each function of `STRUCTURES` takes the volume's shape (z, y, x), the voxel's size in micrometres and a random
generator. The densities are relative; the sheet enters at low x and weakens as exp(-x / depth), as it does in
scattering tissue.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from portal.demo.generate.shapes import (
    Field,
    Points,
    Shape,
    Size,
    cell_borders,
    cloud,
    draw_balls,
    ellipsoid_distance,
    illuminate,
    smooth_union,
    spread,
    tube,
)


@dataclass(frozen=True)
class Structure:
    """A density (z, y, x), non-negative, and the centres (n, 3) of its cells in voxels."""

    density: Field
    cells: Points
    description: str


def _heart_distance(shape: Shape, voxel: Size) -> tuple[Field, Field]:
    """Signed distances to the whole heart (two chambers and the outflow tract) and to the ventricle."""
    extent = [n * v for n, v in zip(shape, voxel, strict=True)]
    unit = min(extent[1], extent[2]) / 125.0
    deep = extent[0] / 96.0
    ventricle = ellipsoid_distance(
        shape, voxel, (2 * deep, 13 * unit, 20 * unit), (29 * deep, 27 * unit, 33 * unit), 0.5
    )
    atrium = ellipsoid_distance(
        shape, voxel, (-5 * deep, -14 * unit, -27 * unit), (25 * deep, 29 * unit, 23 * unit), 0.3
    )
    outflow = ellipsoid_distance(
        shape, voxel, (4 * deep, -27 * unit, 29 * unit), (9 * deep, 22 * unit, 9 * unit), -0.35
    )
    whole = smooth_union(smooth_union(ventricle, atrium, 9 * unit), outflow, 8 * unit)
    return whole, ventricle


def _heart_cells(whole: Field, voxel: Size, spacing_um: float, rng: np.random.Generator) -> Points:
    surface = np.argwhere(np.abs(whole) < 0.6 * max(voxel))
    return spread(rng.permutation(surface).astype(np.float64)[:6000], voxel, spacing_um, 500)


def heart_membranes(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """A zebrafish heart, GFP in the muscle: walls tiled by cells with bright borders, trabeculae inside."""
    whole, ventricle = _heart_distance(shape, voxel)
    wall_um = 2.6
    cells = _heart_cells(whole, voxel, 8.5, rng)
    texture = cloud(shape, voxel, 7.0, rng)
    where = np.argwhere(np.abs(whole) < 2.2 * wall_um)
    index = tuple(where.T)
    density = np.zeros(shape, np.float32)
    depth = np.exp(-((whole[index] / wall_um) ** 2))
    density[index] = depth * (0.4 + 0.9 * cell_borders(where, cells, voxel, 1.3)) * (1.0 + 0.15 * texture[index])
    ridges = np.exp(-((cloud(shape, voxel, 11.0, rng) / 0.22) ** 2))
    inner = np.clip((-ventricle - 3.0) / 3.0, 0.0, 1.0) * np.clip((15.0 + ventricle) / 6.0, 0.0, 1.0)
    density += (0.55 * ridges * inner).astype(np.float32)
    density += np.where(whole < 0, np.float32(0.03), np.float32(0.012))
    return Structure(illuminate(density, voxel, 420.0, rng), cells, "heart of two chambers, cell borders")


def heart_nuclei(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """The same heart with labelled nuclei in the wall."""
    whole, _ = _heart_distance(shape, voxel)
    cells = _heart_cells(whole, voxel, 7.5, rng)
    density = np.where(np.abs(whole) < 4.0, np.float32(0.07), np.float32(0.012))
    radii = np.array([2.4, 2.4, 2.4]) * rng.uniform(0.8, 1.3, (len(cells), 3))
    draw_balls(density, voxel, cells, radii, rng.uniform(0.6, 1.2, len(cells)))
    return Structure(illuminate(density, voxel, 420.0, rng), cells, "heart of two chambers, nuclei")


def embryo_blastoderm(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """The front of a Drosophila embryo at stage 5: one layer of nuclei under the surface, dim yolk within."""
    return _embryo(shape, voxel, rng, stripes=False)


def embryo_stripes(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """The same embryo with a segment-polarity gene: nuclei are bright in stripes across the long axis."""
    return _embryo(shape, voxel, rng, stripes=True)


def _embryo(shape: Shape, voxel: Size, rng: np.random.Generator, *, stripes: bool) -> Structure:
    extent = np.asarray(shape) * np.asarray(voxel)
    semi = (0.44 * extent[0], 0.41 * extent[1], 0.86 * extent[2])
    centre = (0.0, 0.0, 0.42 * extent[2])
    spacing, depth = 7.0, 6.0
    middle = (np.asarray(shape) - 1) / 2.0
    places = []
    for x in np.arange(-0.98 * semi[2], semi[2], spacing * 0.87):
        ring = np.sqrt(1.0 - (x / semi[2]) ** 2)
        around = max(3, round(2.0 * np.pi * ring * (semi[0] + semi[1]) / 2.0 / spacing))
        for angle in (np.arange(around) + rng.uniform()) * 2.0 * np.pi / around:
            z, y = (semi[0] - depth) * ring * np.sin(angle), (semi[1] - depth) * ring * np.cos(angle)
            places.append(np.array([z, y, x * (1.0 - depth / semi[2])]) + np.asarray(centre))
    cells = np.asarray(places) + rng.normal(0.0, 0.8, (len(places), 3))
    cells = cells / np.asarray(voxel) + middle
    cells = cells[((cells >= 0) & (cells <= np.asarray(shape) - 1)).all(axis=1)]
    body = ellipsoid_distance(shape, voxel, centre, semi)
    yolk = 0.05 * np.clip(-(body + 22.0) / 12.0, 0.0, 1.0) * (1.0 + 0.35 * cloud(shape, voxel, 12.0, rng))
    density = (np.maximum(yolk, 0.0) + np.where(body < 0, 0.045, 0.006)).astype(np.float32)
    light = rng.uniform(0.75, 1.15, len(cells))
    if stripes:
        phase = np.cos(cells[:, 2] * voxel[2] * 2.0 * np.pi / 38.0)
        light *= 0.12 + np.clip(1.6 * phase, 0.0, 1.0)
    draw_balls(density, voxel, cells, rng.uniform(2.3, 3.1, (len(cells), 3)), light)
    return Structure(illuminate(density, voxel, 900.0, rng), cells, "blastoderm nuclei under the surface")


def spheroid(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """A tumour spheroid of densely packed nuclei, dimmer in the middle, where less light and dye get."""
    return _spheroid(shape, voxel, rng, alive=1.0)


def spheroid_treated(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """A spheroid after a drug: loose, with fewer nuclei, many of them small, condensed and bright."""
    return _spheroid(shape, voxel, rng, alive=0.55)


def _spheroid(shape: Shape, voxel: Size, rng: np.random.Generator, *, alive: float) -> Structure:
    extent = np.asarray(shape) * np.asarray(voxel)
    radius = 0.42 * extent[1:].min()
    spacing = 9.2
    steps = int(1.3 * radius // spacing) + 3
    lattice = np.stack(np.meshgrid(*[np.arange(-steps, steps + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    lattice = lattice[lattice.sum(axis=1) % 2 == 0] * spacing / np.sqrt(2.0) * 1.12
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))  # so that no row of cells lies along an axis
    places = lattice @ turn + rng.normal(0.0, 1.5, lattice.shape)
    rough = 1.0 + rng.normal(0.0, 0.04 if alive == 1.0 else 0.13, len(places))
    deep = min(1.0, 0.47 * extent[0] / radius)
    away = np.sqrt((places[:, 0] / deep) ** 2 + (places[:, 1:] ** 2).sum(axis=1))
    kept = (away < radius * rough) & (rng.uniform(size=len(places)) < alive)
    places, away = places[kept], away[kept]
    cells = places / np.asarray(voxel) + (np.asarray(shape) - 1) / 2.0
    sizes = rng.uniform(2.9, 4.3, (len(cells), 3))
    light = rng.lognormal(0.0, 0.25, len(cells)) * np.exp(-(radius - np.minimum(away, radius)) / 55.0)
    dying = rng.uniform(size=len(cells)) < (0.04 if alive == 1.0 else 0.45)
    sizes[dying] *= 0.5
    light[dying] *= 2.0
    body = ellipsoid_distance(shape, voxel, (0.0, 0.0, 0.0), (radius * deep, radius, radius))
    density = (0.06 * np.clip(0.5 - body / 4.0, 0.0, 1.0) + 0.008).astype(np.float32)
    draw_balls(density, voxel, cells, sizes, light)
    return Structure(illuminate(density, voxel, 260.0, rng), cells, "packed nuclei")


def vessels(shape: Shape, voxel: Size, rng: np.random.Generator) -> Structure:
    """The trunk of a zebrafish with labelled vessels: aorta, vein, and those between the segments, hollow."""
    extent = np.asarray(shape) * np.asarray(voxel)
    length, height = float(extent[2]), float(extent[1])
    along = np.arange(0.0, length, 1.0)
    wave = 2.5 * np.sin(2.0 * np.pi * along / 70.0)
    tubes = [
        (np.stack([wave, 0.14 * height + wave, along - length / 2], -1), 6.5),
        (np.stack([-wave, 0.29 * height - wave, along - length / 2], -1), 8.0),
        (np.stack([0.5 * wave, -0.36 * height + 0.6 * wave, along - length / 2], -1), 3.0),
    ]
    for start in np.arange(-0.44 * length, 0.48 * length, 23.0):
        rise = np.linspace(0.12 * height, -0.36 * height, 90)
        bend = 7.0 * np.sin((rise - rise[0]) / height * 5.0) + start + rng.normal(0.0, 1.0)
        side = rng.choice([-1.0, 1.0]) * 9.0 * np.sin(np.linspace(0.0, np.pi, 90))
        tubes.append((np.stack([side, rise, bend], -1), 2.4))
    density = np.full(shape, 0.012, np.float32)
    for line, radius in tubes:
        np.maximum(density, tube(shape, voxel, line, radius), out=density)
    density *= np.maximum(1.0 + 0.25 * cloud(shape, voxel, 6.0, rng), 0.1)
    return Structure(illuminate(density, voxel, 500.0, rng), np.empty((0, 3)), "hollow vessels")


STRUCTURES: dict[str, Callable[[Shape, Size, np.random.Generator], Structure]] = {
    "heart membranes": heart_membranes,
    "heart nuclei": heart_nuclei,
    "embryo blastoderm": embryo_blastoderm,
    "embryo stripes": embryo_stripes,
    "spheroid": spheroid,
    "spheroid treated": spheroid_treated,
    "vessels": vessels,
}
