"""The light-sheet generator does the physics it states."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from portal.demo.generate import lightsheet, tissue
from portal.demo.generate.datasets import BEADS, SPHEROID
from portal.demo.generate.lightsheet import Optics, StackRecipe

START = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


def test_recorded_counts_have_the_mean_and_the_variance_of_poisson() -> None:
    expected = np.full((20, 100, 100), 37.0, np.float32)
    counts = lightsheet.record(expected, np.random.default_rng(5)).astype(float)
    n = counts.size
    assert abs(counts.mean() - 37.0) < 5 * math.sqrt(37.0 / n)
    # the variance of a Poisson sample's variance is (mu + 2 mu^2) / n
    assert abs(counts.var() - 37.0) < 5 * math.sqrt((37.0 + 2 * 37.0**2) / n)


def test_counts_beyond_sixteen_bits_are_clipped() -> None:
    counts = lightsheet.record(np.full((1, 2, 2), 1e6, np.float32), np.random.default_rng(1))
    assert counts.dtype == np.uint16
    assert (counts == 65535).all()


def test_an_empty_part_of_a_stack_shows_the_background() -> None:
    stack = lightsheet.simulate(replace(BEADS, beads=1), 3)
    (bead,) = np.asarray(stack.truth["beads"])
    z, y, x = np.indices(stack.counts.shape)
    far = (np.abs(np.stack([z, y, x], -1) - bead).max(axis=-1)) > 12
    empty = stack.counts[far].astype(float)
    assert abs(empty.mean() - BEADS.background) < 5 * math.sqrt(BEADS.background / empty.size)


@pytest.mark.parametrize("place", [(15.0, 16.0, 17.0), (14.37, 15.81, 17.49), (15.5, 16.5, 15.5)])
def test_a_blurred_point_keeps_its_centroid_its_light_and_its_width(place: tuple[float, float, float]) -> None:
    sigma = (1.8, 1.3, 1.5)
    image = lightsheet.image_of_points((31, 33, 35), np.array([place]), np.array([5000.0]), sigma).astype(float)
    assert image.sum() == pytest.approx(5000.0, rel=1e-5)
    for axis in range(3):
        grid = np.arange(image.shape[axis])
        profile = image.sum(axis=tuple(a for a in range(3) if a != axis)) / image.sum()
        centre = (grid * profile).sum()
        assert centre == pytest.approx(place[axis], abs=1e-3)
        # a voxel's own width adds 1/12 to the variance
        assert ((grid - centre) ** 2 * profile).sum() == pytest.approx(sigma[axis] ** 2 + 1 / 12, rel=1e-3)


def test_blur_is_the_gaussian_filter_of_scipy() -> None:
    volume = np.random.default_rng(2).uniform(size=(20, 31, 26)).astype(np.float32)
    sigma = (1.4, 2.1, 0.9)
    radius = [math.ceil(4 * s) for s in sigma]
    reference = ndimage.gaussian_filter(volume.astype(float), sigma, mode="constant", radius=radius)
    np.testing.assert_allclose(lightsheet.blur(volume, sigma), reference, atol=1e-5)


def test_blur_of_a_volume_thinner_than_the_kernel_stays_inside() -> None:
    volume = np.ones((3, 8, 8), np.float32)
    reference = ndimage.gaussian_filter(volume.astype(float), (2.0, 1.0, 1.0), mode="constant", radius=[8, 4, 4])
    np.testing.assert_allclose(lightsheet.blur(volume, (2.0, 1.0, 1.0)), reference, atol=1e-5)


def test_psf_widths_follow_the_paraxial_formulas() -> None:
    optics = Optics((1.0, 0.1, 0.1), 0.5, 500.0, 1e6, 10.0)
    # 0.2251 wavelength / NA and 0.7797 n wavelength / NA^2 with a sheet too thick to matter
    assert optics.sigma_um[2] == pytest.approx(0.2251, abs=1e-4)
    assert optics.sigma_um[0] == pytest.approx(0.7797 * 1.33 * 0.5 / 0.25, abs=1e-3)
    assert optics.sigma_voxels[1] == pytest.approx(2.251, abs=1e-3)
    thin = replace(optics, sheet_fwhm_um=0.2)
    assert thin.sigma_um[0] == pytest.approx(0.2 / 2.3548, rel=0.01)


def test_scattered_beads_keep_apart_and_off_the_faces() -> None:
    places = lightsheet.scatter((32, 96, 96), 40, [9.0, 9.0, 9.0], np.random.default_rng(4))
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert len(places) == 40
    assert gaps[~np.eye(40, dtype=bool)].min() >= 9.0
    assert places.min() >= 6.0
    assert (places.max(axis=0) <= np.array([25.0, 89.0, 89.0])).all()


@pytest.mark.parametrize("name", sorted(tissue.STRUCTURES))
def test_each_phantom_is_bright_where_its_cells_are(name: str) -> None:
    shape, voxel = (32, 96, 96), (3.0, 1.3, 1.3)
    structure = tissue.STRUCTURES[name](shape, voxel, np.random.default_rng(1))
    density = structure.density
    assert density.shape == shape
    assert density.dtype == np.float32
    assert density.min() >= 0.0
    assert density.max() > 10 * np.median(density)
    if name == "vessels":
        return  # tubes have no cells
    index = np.clip(np.round(structure.cells).astype(int), 0, np.array(shape) - 1)
    assert len(index) > 20
    assert np.median(density[tuple(index.T)]) > 4 * np.median(density)


def test_the_same_seed_gives_the_same_stack_and_another_a_different_one() -> None:
    first, again, other = (lightsheet.simulate(BEADS, seed) for seed in (8, 8, 9))
    assert (first.counts == again.counts).all()
    assert first.truth == again.truth
    assert (first.counts != other.counts).any()


def test_hdf5_stacks_carry_sizes_and_settings(tmp_path: Path) -> None:
    stack = lightsheet.simulate(BEADS, 1)
    path = tmp_path / "stack.h5"
    lightsheet.write_hdf5(path, stack, BEADS, sample="beads", title="Beads", start=START)
    with h5py.File(path) as file:
        data = file["entry/data/data"]
        assert data.shape == (32, 96, 96)
        assert data.dtype == np.uint16
        assert data.compression == "gzip"
        assert data.chunks == (8, 64, 64)
        assert (data[()] == stack.counts).all()
        assert data.attrs["voxel_size_z_um"] == 0.4
        assert data.attrs["numerical_aperture"] == 0.5
        assert data.attrs["wavelength_nm"] == 515.0
        assert data.attrs["exposure_ms"] == 50.0
        assert data.attrs["psf_sigma_x_um"] == pytest.approx(0.2251 * 0.515 / 0.5, rel=1e-3)
        assert file["entry"].attrs["NX_class"] == "NXentry"
        assert file["entry/data"].attrs["signal"] == "data"
        assert file["entry/sample/name"][()] == b"beads"


def test_ome_tiff_stacks_carry_physical_sizes_and_are_the_same_each_time(tmp_path: Path) -> None:
    recipe: StackRecipe = replace(SPHEROID, shape=(8, 40, 40))
    stack = lightsheet.simulate(recipe, 1)
    paths = [tmp_path / "first.ome.tif", tmp_path / "second.ome.tif"]
    for path in paths:
        lightsheet.write_ome_tiff(path, stack, recipe, sample="spheroid", title="Spheroid µ", start=START)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with tifffile.TiffFile(paths[0]) as file:
        assert file.series[0].axes == "ZYX"
        assert (file.asarray() == stack.counts).all()
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
        assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeZ"]) == (0.75, 2.2)
        assert pixels["PhysicalSizeXUnit"] == "µm"
        assert pixels["Channel"]["EmissionWavelength"] == 461.0
