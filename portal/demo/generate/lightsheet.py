"""Light-sheet volumes with a stated forward model.

    counts(z, y, x) ~ Poisson( (object * psf)(z, y, x) + background )

`object` is in photoelectrons a voxel, `background` too (autofluorescence, stray light and dark current
together), and one count is one photoelectron: no camera offset, no read noise. The psf is a three-dimensional
Gaussian. Its widths are the paraxial widefield ones of Zhang, Zerubia and Olivo-Marin, Appl. Opt. 46 (2007)
1819, with the axial one narrowed by the light sheet, which multiplies with the detection:

    sigma_xy = b sqrt(2) / (k NA),    sigma_d = b 2 sqrt(6) n / (k NA^2),    k = 2 pi / wavelength
    1/sigma_z^2 = 1/sigma_d^2 + 1/sigma_sheet^2

with `b` >= 1 a factor for aberrations. Volumes are indexed (z, y, x); positions are in voxels, voxel centres at
integers.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.demo.generate import tissue

Triple = tuple[float, float, float]
Volume = NDArray[np.float32]

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
KERNEL_REACH = 4.0  # in sigma: what is cut off is 6e-5 of the light


@dataclass(frozen=True)
class Optics:
    """What the microscope was set to."""

    voxel_um: Triple
    numerical_aperture: float
    wavelength_nm: float
    sheet_fwhm_um: float
    exposure_ms: float
    aberration: float = 1.0
    refractive_index: float = 1.33

    @property
    def sigma_um(self) -> Triple:
        """Standard deviations (z, y, x) of the Gaussian psf in micrometres."""
        k = 2.0 * math.pi / (self.wavelength_nm * 1e-3)
        lateral = self.aberration * math.sqrt(2.0) / (k * self.numerical_aperture)
        detection = (
            self.aberration * 2.0 * math.sqrt(6.0) * self.refractive_index / (k * self.numerical_aperture**2)
        )
        sheet = self.sheet_fwhm_um / FWHM_PER_SIGMA
        return (1.0 / math.hypot(1.0 / detection, 1.0 / sheet), lateral, lateral)

    @property
    def sigma_voxels(self) -> Triple:
        """Standard deviations (z, y, x) of the Gaussian psf in voxels."""
        z, y, x = (s / v for s, v in zip(self.sigma_um, self.voxel_um, strict=True))
        return (z, y, x)


@dataclass(frozen=True)
class StackRecipe:
    """One volume: what is in it and how it was taken.

    `structure` names beads or one of `tissue.STRUCTURES`; `peak` is the expected signal of a typical bright
    voxel and `background` that of an empty one, both in photoelectrons.
    """

    structure: str
    shape: tuple[int, int, int]
    optics: Optics
    peak: float = 600.0
    background: float = 12.0
    bead_um: float = 0.2
    beads: int = 40
    file_format: str = "hdf5"


@dataclass(frozen=True)
class Stack:
    """A recorded volume, uint16, and the truth behind it (JSON types, positions in voxels)."""

    counts: NDArray[np.uint16]
    truth: dict[str, Any]


def simulate(recipe: StackRecipe, seed: int) -> Stack:
    """Simulate one volume; the same recipe and seed always give the same counts."""
    rng = np.random.default_rng(seed)
    sigma = recipe.optics.sigma_voxels
    truth: dict[str, Any] = {
        "model": "Poisson(object * Gaussian + background)",
        "psf_sigma_voxels": list(sigma),
        "background": recipe.background,
    }
    if recipe.structure == "beads":
        width = _bead_widths(recipe)
        positions = scatter(recipe.shape, recipe.beads, [6.0 * w for w in width], rng)
        peaks = recipe.peak * rng.uniform(0.7, 1.3, len(positions))
        photons = peaks * math.prod(math.sqrt(2.0 * math.pi) * w for w in width)
        signal = image_of_points(recipe.shape, positions, photons, width)
        truth |= {
            "beads": positions.tolist(),
            "photons": photons.tolist(),
            "blurred_fwhm_voxels": [FWHM_PER_SIGMA * w for w in width],
        }
    else:
        structure = tissue.STRUCTURES[recipe.structure](recipe.shape, recipe.optics.voxel_um, rng)
        signal = blur(structure.density, sigma)
        signal *= recipe.peak / float(np.percentile(signal, 99.7))
        truth |= {"cells": structure.cells.tolist(), "description": structure.description}
    return Stack(record(signal + np.float32(recipe.background), rng), truth)


def _bead_widths(recipe: StackRecipe) -> Triple:
    """Widths in voxels of a bead's image: variances add, and a uniform ball's is r^2/5 a coordinate."""
    ball = (recipe.bead_um / 2.0) ** 2 / 5.0
    z, y, x = (
        math.sqrt(s * s + ball) / v for s, v in zip(recipe.optics.sigma_um, recipe.optics.voxel_um, strict=True)
    )
    return (z, y, x)


def scatter(
    shape: tuple[int, int, int], count: int, distance: list[float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Random positions (n, 3) in voxels that keep apart: no two in one ellipsoid of semi-axes `distance`.

    They stay two thirds of `distance` off every face. Fewer than `count` come back if there is no room for
    more.
    """
    step = np.asarray(distance)
    margin = step * 2.0 / 3.0
    found: list[NDArray[np.float64]] = []
    for _ in range(200 * count):
        place = rng.uniform(margin, np.asarray(shape) - 1 - margin)
        if all(float((((place - other) / step) ** 2).sum()) >= 1.0 for other in found):
            found.append(place)
        if len(found) == count:
            break
    return np.asarray(found, dtype=np.float64).reshape(-1, 3)


def image_of_points(
    shape: tuple[int, int, int], positions: NDArray[np.float64], photons: NDArray[np.float64], sigma: Triple
) -> Volume:
    """The expected image of points at sub-voxel `positions`: Gaussians integrated over each voxel, in photons."""
    image = np.zeros(shape, np.float32)
    for place, light in zip(positions, photons, strict=True):
        windows, profiles = [], []
        for centre, width, size in zip(place, sigma, shape, strict=True):
            reach = math.ceil(5.0 * width) + 1
            low, high = max(0, round(centre) - reach), min(size, round(centre) + reach + 1)
            edges = (np.arange(low, high + 1) - 0.5 - centre) / (width * math.sqrt(2.0))
            windows.append(slice(low, high))
            profiles.append(np.diff([0.5 * math.erf(e) for e in edges]))
        z, y, x = profiles
        image[tuple(windows)] += (light * z[:, None, None] * y[:, None] * x).astype(np.float32)
    return image


def blur(volume: Volume, sigma: Triple) -> Volume:
    """Convolve with a Gaussian of widths `sigma` in voxels, axis by axis; outside the volume is dark."""
    result = np.asarray(volume, np.float32)
    for axis, width in enumerate(sigma):
        reach = math.ceil(KERNEL_REACH * width)
        kernel = np.exp(-0.5 * (np.arange(reach + 1) / width) ** 2)
        kernel /= kernel[0] + 2.0 * kernel[1:].sum()
        source = np.moveaxis(result, axis, 0)
        total = np.float32(kernel[0]) * source
        for shift in range(1, min(reach, len(source) - 1) + 1):
            part = np.float32(kernel[shift]) * source
            total[shift:] += part[:-shift]
            total[:-shift] += part[shift:]
        result = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(result)


def record(expected: Volume, rng: np.random.Generator) -> NDArray[np.uint16]:
    """One exposure of the camera: Poisson counts of the expected photoelectrons, 16 bits."""
    return np.minimum(rng.poisson(expected), np.iinfo(np.uint16).max).astype(np.uint16)


def attributes(recipe: StackRecipe) -> dict[str, float]:
    """What the microscope writes beside the voxels; the unit ends each name."""
    optics = recipe.optics
    values: dict[str, float] = {
        "wavelength_nm": optics.wavelength_nm,
        "numerical_aperture": optics.numerical_aperture,
        "refractive_index": optics.refractive_index,
        "exposure_ms": optics.exposure_ms,
        "sheet_fwhm_um": optics.sheet_fwhm_um,
    }
    for axis, size, sigma in zip("zyx", optics.voxel_um, optics.sigma_um, strict=True):
        values[f"voxel_size_{axis}_um"] = size
        values[f"psf_sigma_{axis}_um"] = sigma
    return values


def write_hdf5(path: Path, stack: Stack, recipe: StackRecipe, *, sample: str, title: str, start: datetime) -> None:
    """Write /entry/data/data (z, y, x), uint16, chunked and deflated, in a NeXus-like tree."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry["title"] = title
        entry["start_time"] = start.isoformat()
        entry.create_group("sample").attrs["NX_class"] = "NXsample"
        entry["sample/name"] = sample
        group = entry.create_group("data")
        group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": ["z", "y", "x"]})
        chunks = tuple(min(size, edge) for size, edge in zip(stack.counts.shape, (8, 64, 64), strict=True))
        data = group.create_dataset(
            "data", data=stack.counts, chunks=chunks, compression="gzip", compression_opts=3, shuffle=True
        )
        data.attrs.update(attributes(recipe))
        data.attrs["element_size_um"] = recipe.optics.voxel_um
        data.attrs["units"] = "counts"
        for axis, size, count in zip("zyx", recipe.optics.voxel_um, stack.counts.shape, strict=True):
            group[axis] = np.arange(count) * size
            group[axis].attrs["units"] = "um"


def write_ome_tiff(
    path: Path, stack: Stack, recipe: StackRecipe, *, sample: str, title: str, start: datetime
) -> None:
    """Write an OME-TIFF with physical sizes, the wavelength, and the other settings as a map annotation."""
    import tifffile

    z, y, x = recipe.optics.voxel_um
    settings = {name: f"{value:.6g}" for name, value in attributes(recipe).items()}
    tifffile.imwrite(
        path,
        stack.counts,
        ome=True,
        photometric="minisblack",
        compression="zlib",
        compressionargs={"level": 3},
        predictor=True,
        software="Light-sheet demo",
        metadata={
            "axes": "ZYX",
            # tifffile would draw a new one at every writing
            "UUID": f"urn:uuid:{_uuid_of(title, start)}",
            "Name": title,
            "Description": sample,
            "AcquisitionDate": start.isoformat(),
            "PhysicalSizeZ": z,
            "PhysicalSizeZUnit": "µm",
            "PhysicalSizeY": y,
            "PhysicalSizeYUnit": "µm",
            "PhysicalSizeX": x,
            "PhysicalSizeXUnit": "µm",
            "Channel": {"EmissionWavelength": recipe.optics.wavelength_nm, "EmissionWavelengthUnit": "nm"},
            "MapAnnotation": settings,
        },
    )


def _uuid_of(title: str, start: datetime) -> str:
    import uuid

    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{title} {start.isoformat()}"))
