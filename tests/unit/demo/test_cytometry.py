"""The cytometry generator: outlines of known shape, files that dclab accepts."""

import math
from datetime import UTC, datetime
from pathlib import Path

import dclab_programs
import h5py
import hdf5plugin  # noqa: F401 - the files are compressed with Zstandard
import numpy as np
import pytest
from scipy import ndimage

from portal.demo.generate import cells, cytometry
from portal.demo.generate.cytometry import NOISE, PIXEL_UM, CytometryRecipe, Population
from portal.demo.generate.datasets import BEAD, BLOOD, DONOR, HL60

START = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


def polygon(outline: cells.Outline) -> np.ndarray:
    t = np.linspace(0.0, 2.0 * math.pi, 20001)
    x = outline.x + outline.a * np.cos(t)
    y = outline.y + outline.b * np.sin(t) * (1 + outline.k * np.cos(t))
    return np.stack([x, y], -1)


def cross_of(p: np.ndarray) -> np.ndarray:
    return p[:-1, 0] * p[1:, 1] - p[1:, 0] * p[:-1, 1]


@pytest.mark.parametrize(
    ("area", "deformation", "k"), [(500.0, 0.01, 0.0), (360.0, 0.24, 0.22), (900.0, 0.1, 0.1)]
)
def test_an_outline_has_the_area_deformation_and_moments_it_says(
    area: float, deformation: float, k: float
) -> None:
    outline = cells.outline_of(area, deformation, k, 40.25, 20.5)
    p = polygon(outline)
    cross = cross_of(p)
    perimeter = np.linalg.norm(np.diff(p, axis=0), axis=1).sum()
    assert cross.sum() / 2 == pytest.approx(area, rel=1e-5)
    assert perimeter == pytest.approx(outline.perimeter, rel=1e-6)
    assert 1 - 2 * math.sqrt(math.pi * area) / perimeter == pytest.approx(deformation, abs=1e-5)
    centroid = ((p[:-1] + p[1:]) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    assert centroid == pytest.approx(outline.centroid, abs=1e-4)
    assert p[:, 1].max() - outline.y == pytest.approx(outline.half_height, abs=1e-3)
    inside = outline.distance((61, 101)) < 0
    assert inside.sum() == pytest.approx(area, rel=0.02)
    # second moments of a polygon about its centroid, by Green's theorem
    q = p - centroid
    m20, m02 = ((cross_of(q) * (q[:-1] ** 2 + q[:-1] * q[1:] + q[1:] ** 2).T) / 12).sum(axis=1)
    assert math.sqrt(m20 / m02) == pytest.approx(outline.inertia_ratio(), rel=1e-4)


def test_an_impossible_deformation_is_refused() -> None:
    with pytest.raises(ValueError, match="no outline"):
        cells.outline_of(400.0, 0.001, 0.3, 0.0, 0.0)


def test_distance_changes_by_one_a_pixel_across_the_outline() -> None:
    outline = cells.outline_of(700.0, 0.05, 0.1, 40.0, 30.0)
    distance = outline.distance((61, 81))
    edge = np.abs(distance) < 2
    slope = np.hypot(*np.gradient(distance.astype(float)))
    assert np.median(slope[edge]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("kind", [HL60, BEAD, *BLOOD.populations])
def test_the_edge_crosses_the_usual_threshold_at_the_outline(kind: Population) -> None:
    distance = np.array([-0.05, 0.0, 0.05], np.float32)
    inner, at, outer = cells.edge_profile(distance, kind.depth, kind.rim, kind.halo)
    assert at == pytest.approx(cells.EDGE_LEVEL, abs=0.5)
    assert inner < at < outer


@pytest.mark.parametrize("recipe", [DONOR, BLOOD, CytometryRecipe((BEAD,), 25)])
def test_dclab_opens_the_file_and_its_checker_has_nothing_to_say(recipe: CytometryRecipe, tmp_path: Path) -> None:
    small = CytometryRecipe(recipe.populations, 25, two_in_frame=recipe.two_in_frame)
    measurement = cytometry.simulate(small, 11)
    path = tmp_path / "m.rtdc"
    cytometry.write_rtdc(path, measurement, small, sample="Neutrophils", start=START, run=2)
    assert dclab_programs.verify(path) == (0, 0)
    with h5py.File(path) as file:
        assert file.attrs["experiment:sample"] == "Neutrophils"
        assert file["events/image"].shape == (25, 80, 320)
        assert file["events/image_bg"].dtype == np.uint8
    with h5py.File(dclab_programs.condense(path, tmp_path / "read by dclab.rtdc")) as file:
        events = {name: values[...] for name, values in file["events"].items()}
    assert events["area_um"] == pytest.approx(measurement.truth["area_um2"])
    assert events["deform"] == pytest.approx(1 - events["circ"])
    assert (np.diff(events["time"]) >= 0).all()


def test_a_plain_threshold_finds_the_areas_that_were_drawn() -> None:
    measurement = cytometry.simulate(CytometryRecipe((HL60,), 40, two_in_frame=0.0), 5)
    found = []
    for n, (image, empty) in enumerate(zip(measurement.image, measurement.background, strict=True)):
        difference = ndimage.gaussian_filter(image.astype(float) - empty, 0.5)
        labels, count = ndimage.label(ndimage.binary_fill_holes(difference < cells.EDGE_LEVEL))
        assert count
        sizes = np.bincount(labels.ravel())[1:]
        mask = labels == sizes.argmax() + 1
        found.append(mask.sum() * PIXEL_UM**2 / measurement.truth["area_um2"][n])
        y, x = ndimage.center_of_mass(mask)
        assert (x * PIXEL_UM, y * PIXEL_UM) == pytest.approx(measurement.truth["position_um"][n], abs=0.4)
    assert np.median(found) == pytest.approx(1.0, abs=0.03)
    assert max(abs(np.array(found) - 1)) < 0.08


def test_away_from_the_cells_only_noise_is_left_of_the_background() -> None:
    measurement = cytometry.simulate(CytometryRecipe((HL60,), 20, two_in_frame=0.0), 6)
    rest = (measurement.image.astype(float) - measurement.background)[:, :, :40]
    assert abs(rest.mean()) < 0.1
    # rounding image and background to whole grey values adds 1/12 each, roughly
    assert rest.std() == pytest.approx(math.hypot(NOISE, math.sqrt(1 / 6)), rel=0.03)


def test_two_cells_in_a_frame_are_two_events_with_one_image() -> None:
    measurement = cytometry.simulate(CytometryRecipe((HL60,), 30, two_in_frame=0.5), 7)
    frame, together = measurement.scalars["frame"], measurement.scalars["nevents"]
    pairs = np.flatnonzero(np.diff(frame) == 0)
    assert len(pairs) > 3
    for first in pairs:
        assert (measurement.image[first] == measurement.image[first + 1]).all()
        assert together[first] == together[first + 1] == 2
    assert (measurement.scalars["index"] == np.arange(1, 31)).all()
    assert len(measurement.image) == 30


def test_the_same_seed_gives_the_same_measurement() -> None:
    recipe = CytometryRecipe((HL60,), 10)
    first, again, other = (cytometry.simulate(recipe, seed) for seed in (1, 1, 2))
    assert (first.image == again.image).all()
    assert first.truth == again.truth
    assert first.truth != other.truth
