"""The tomography generator: exact sinograms, and files as NXtomo and Data Exchange define them."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from skimage.transform import radon

from portal.demo.generate import tomography
from portal.demo.generate.ellipsoids import Detector, Ellipsoid, attenuation, projections
from portal.demo.generate.specimens import SPECIMENS
from portal.demo.generate.tomography import ScanRecipe

START = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SMALL = ScanRecipe("molar", 6, 120, 84.0, 2.3, angles=60)


def normalised(scan: tomography.Scan) -> np.ndarray:
    """Line integrals from recorded frames: darks off, flats and current divided out."""
    frames, key, current = scan.frames.astype(float), scan.image_key, scan.control[:, None, None]
    dark = frames[key == 2].mean(axis=0)
    flat = ((frames - dark) / current)[key == 1].mean(axis=0)
    return -np.log(np.clip(((frames - dark) / current)[key == 0] / flat, 1e-3, None))


def test_projections_equal_a_numeric_integral_along_the_rays() -> None:
    phantom = (
        Ellipsoid((0.3, -0.2, 0.1), (1.1, 0.7, 0.9), 0.5, turn=0.4),
        Ellipsoid((-0.2, 0.3, -0.1), (0.2, 0.3, 0.6), -0.3, turn=1.0, tilt=0.7),
        Ellipsoid((0.9, 0.0, 0.2), (0.1, 0.15, 0.5), 1.5, turn=2.0, tilt=1.3),
    )
    detector = Detector(5, 41, 0.08, 18.6)
    angles = np.array([0.0, 0.5, 1.3, 2.2, 3.0])
    exact = projections(phantom, angles, detector)
    step = 2e-3
    t = np.arange(-2.5, 2.5, step) + step / 2
    s = (np.arange(41) - 18.6) * 0.08
    for n, angle in enumerate(angles):
        x = s[:, None] * math.cos(angle) - t * math.sin(angle)
        y = s[:, None] * math.sin(angle) + t * math.cos(angle)
        for row, z in enumerate(detector.heights()):
            numeric = attenuation(phantom, x, y, np.full((1, 1), z)).sum(axis=1) * step
            # a step of the integrand costs up to half a step of length at each of the edges
            np.testing.assert_allclose(exact[n, row], numeric, atol=2 * step)


def test_a_slice_has_the_sinogram_that_scikit_image_makes_of_it() -> None:
    phantom = SPECIMENS["foam"](np.random.default_rng(3))
    size, pixel = 256, 0.022
    grid = (np.arange(size) - size // 2) * pixel
    angles = np.arange(0, 180, 15)
    picture = attenuation(phantom, grid[None, :], -grid[:, None], np.zeros((1, 1)))
    reference = radon(picture, theta=angles, circle=True) * pixel
    exact = projections(phantom, np.deg2rad(angles), Detector(1, size, pixel, size // 2))[:, 0].T
    assert np.abs(exact - reference).mean() < 0.02 * reference.mean()
    assert np.corrcoef(exact.ravel(), reference.ravel())[0, 1] > 0.999


def test_a_body_beside_the_detector_casts_no_shadow_on_it() -> None:
    inside = Ellipsoid((0.0, 0.0, 0.0), (0.3, 0.3, 0.3), 1.0)
    beside = Ellipsoid((50.0, 0.0, 0.0), (0.3, 0.3, 0.3), 1.0)
    detector, angles = Detector(3, 21, 0.05, 10.0), np.array([0.0, 0.1])
    np.testing.assert_array_equal(
        projections((inside, beside), angles, detector), projections((inside,), angles, detector)
    )


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_no_specimen_attenuates_negatively_and_all_let_light_through(name: str) -> None:
    for seed in range(1001, 1004):
        phantom = SPECIMENS[name](np.random.default_rng(seed))
        grid = np.linspace(-4.6, 4.6, 185)
        for z in (-1.4, 0.0, 1.4):
            values = attenuation(phantom, grid[None, :], grid[:, None], np.full((1, 1), z))
            assert values.min() > -1e-9
            assert values.max() > 0.1
        integrals = projections(phantom, np.array([0.2, 1.5]), Detector(3, 185, 0.05, 92.0))
        assert 0.4 < integrals.max() < 3.0


def test_darks_are_poisson_and_flats_follow_the_beam() -> None:
    scan = tomography.simulate(replace(SMALL, darks=40, flats=40), 1)
    darks = scan.frames[scan.image_key == 2].astype(float)
    mean = tomography.DARK_COUNTS
    assert abs(darks.mean() - mean) < 5 * math.sqrt(mean / darks.size)
    assert abs(darks.var() - mean) < 5 * math.sqrt((mean + 2 * mean**2) / darks.size)
    flats = (scan.frames[scan.image_key == 1] - mean) / scan.control[scan.image_key == 1, None, None]
    pixel = flats.mean(axis=0)
    assert flats.var(axis=0).mean() == pytest.approx(pixel.mean(), rel=0.05)
    assert pixel.max() < 1.1 * SMALL.photons


def test_recorded_projections_obey_beer_and_lambert() -> None:
    recipe = replace(SMALL, stripes=0, flats=40, photons=20000.0)
    scan = tomography.simulate(recipe, 2)
    exact = projections(
        SPECIMENS["molar"](np.random.default_rng(2)), np.deg2rad(np.arange(60) * 3.0), recipe.detector
    )
    error = normalised(scan) - exact
    assert abs(error.mean()) < 2e-3
    # counts of at least 20000 exp(-1.6) exp(-0.4): noise below two and a half per cent
    assert error.std() < 0.025


def test_stripes_are_where_the_truth_says() -> None:
    scan = tomography.simulate(replace(SMALL, stripes=3, flats=40, angles=120), 4)
    offset = normalised(scan).mean(axis=(0, 1))
    rough = offset - (np.roll(offset, 1) + np.roll(offset, -1)) / 2
    worst = np.argsort(np.abs(rough[5:-5]))[::-1][:3] + 5
    assert sorted(int(c) for c in worst) == scan.truth["stripe_columns"]


def test_the_rotation_centre_is_where_the_truth_says() -> None:
    scan = tomography.simulate(SMALL, 5)
    integrals = np.clip(normalised(scan).mean(axis=1), 0.03, None) - 0.03
    centroid = (integrals * np.arange(SMALL.columns)).sum(axis=1) / integrals.sum(axis=1)
    angle = np.deg2rad(scan.angle_deg[scan.image_key == 0])
    model = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], -1)
    fitted = np.linalg.lstsq(model, centroid, rcond=None)[0][0]
    assert scan.truth["rotation_centre"] == pytest.approx((120 - 1) / 2 + 2.3)
    assert fitted == pytest.approx(scan.truth["rotation_centre"], abs=0.15)


def test_nxtomo_files_have_what_the_definition_requires(tmp_path: Path) -> None:
    recipe = replace(SMALL, invalid=2)
    scan = tomography.simulate(recipe, 6)
    path = tmp_path / "scan.nxs"
    tomography.write_nxtomo(path, scan, recipe, sample="Molar", title="A scan", start=START)
    classes = {
        "entry": "NXentry",
        "entry/instrument": "NXinstrument",
        "entry/instrument/source": "NXsource",
        "entry/instrument/detector": "NXdetector",
        "entry/sample": "NXsample",
        "entry/control": "NXmonitor",
        "entry/data": "NXdata",
    }
    with h5py.File(path) as file:
        for group, nexus in classes.items():
            assert file[group].attrs["NX_class"] == nexus
        assert file["entry/definition"][()] == b"NXtomo"
        assert file["entry/sample/name"][()] == b"Molar"
        frames = file["entry/instrument/detector/data"]
        n = len(scan.frames)
        assert frames.shape == (n, 6, 120)
        key = file["entry/instrument/detector/image_key"][()]
        assert {int(k): int((key == k).sum()) for k in range(4)} == {0: 58, 1: 8, 2: 6, 3: 2}
        assert np.flatnonzero(key == 3).tolist() == scan.truth["invalid_frames"]
        angle = file["entry/sample/rotation_angle"]
        assert angle.shape == (n,)
        assert angle.attrs["units"] == "degree"
        assert file["entry/control/data"].shape == (n,)
        assert file["entry/instrument/detector/x_pixel_size"].attrs["units"] == "um"
        for name, target in (
            ("data", "/entry/instrument/detector/data"),
            ("rotation_angle", "/entry/sample/rotation_angle"),
            ("image_key", "/entry/instrument/detector/image_key"),
        ):
            assert file[f"entry/data/{name}"] == file[target]
            assert file[f"entry/data/{name}"].attrs["target"] == target


def test_data_exchange_files_hold_the_same_frames(tmp_path: Path) -> None:
    scan = tomography.simulate(SMALL, 6)
    path = tmp_path / "scan.h5"
    tomography.write_data_exchange(path, scan, SMALL, sample="Molar", title="A scan", start=START)
    with h5py.File(path) as file:
        assert file["implements"][()] == b"exchange:measurement"
        exchange = file["exchange"]
        assert (exchange["data"][()] == scan.frames[scan.image_key == 0]).all()
        assert exchange["data_white"].shape == (8, 6, 120)
        assert exchange["data_dark"].shape == (6, 6, 120)
        assert exchange["data"].attrs["axes"] == "theta:y:x"
        assert exchange["theta"].attrs["units"] == "degrees"
        assert exchange["theta"][()] == pytest.approx(np.arange(60) * 3.0)


def test_the_same_seed_gives_the_same_scan() -> None:
    first, again, other = (tomography.simulate(SMALL, seed) for seed in (1, 1, 2))
    assert (first.frames == again.frames).all()
    assert first.truth == again.truth
    assert (first.frames != other.frames).any()
