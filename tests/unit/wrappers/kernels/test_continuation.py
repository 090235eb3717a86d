"""Slices of samples wider than the detector: lines go on beyond it before they are filtered."""

import numpy as np
import pytest

from wrappers.kernels.tomography import filtered_back_projection

COLUMNS, DENSITY = 256, 0.01
ANGLES = np.linspace(0, np.pi, 400, endpoint=False)
RADIUS = np.hypot(*(np.mgrid[:COLUMNS, :COLUMNS] - (COLUMNS - 1) / 2))


def disk(radius: float, *, axis: float = (COLUMNS - 1) / 2, noise: float = 0.0, off: float = 0.0) -> np.ndarray:
    """One sinogram (1, angles, columns) of a disk whose middle lies `off` columns beside the axis."""
    away = np.arange(COLUMNS) - axis - off * np.cos(ANGLES)[:, None]
    lines = DENSITY * 2 * np.sqrt(np.maximum(0, radius**2 - away**2))
    lines = lines + noise * np.random.default_rng(1).normal(size=lines.shape)
    return lines[None].astype(np.float32)


def profile(sinogram: np.ndarray, **options: object) -> np.ndarray:
    """Density, relative to the right one, in rings from the middle to the rim."""
    image = filtered_back_projection(sinogram, ANGLES, (COLUMNS - 1) / 2, **options)[0]  # type: ignore[arg-type]
    rings = (RADIUS // 4).astype(int)
    return np.array([image[rings == ring].mean() for ring in range(31)]) / DENSITY


@pytest.mark.parametrize("radius", [130, 160, 250])
def test_a_disk_wider_than_the_detector_keeps_its_value_from_the_middle_to_the_rim(radius) -> None:
    """With zeros beyond the detector the rim was 2.6 to 5.4 times as bright, single pixels 14 times."""
    assert profile(disk(radius)) == pytest.approx(1, abs=0.01)
    assert profile(disk(radius, noise=0.05))[1:] == pytest.approx(1, abs=0.04)


def test_a_sample_beyond_one_edge_at_some_angles_has_no_bright_rim() -> None:
    found = profile(disk(110, off=60))
    assert found[:12] == pytest.approx(1, abs=0.02)
    assert found.max() < 1.02


def test_what_ends_within_the_detector_is_the_same_whatever_lies_beyond() -> None:
    found = {kind: profile(disk(100), beyond=kind) for kind in ("edge", "constant", "nothing")}
    assert np.allclose(found["edge"], found["nothing"], atol=1e-3)
    assert np.allclose(found["constant"], found["nothing"], atol=1e-3)


def test_the_axis_is_the_ellipses_middle() -> None:
    columns = slice(20, COLUMNS)
    wide = profile(disk(190))[:20]
    moved = filtered_back_projection(disk(190)[..., columns], ANGLES, (COLUMNS - 1) / 2 - 20)[0]
    inner = np.hypot(*(np.mgrid[: COLUMNS - 20, : COLUMNS - 20] - (COLUMNS - 21) / 2)) < 80
    assert moved[inner] / DENSITY == pytest.approx(wide.mean(), abs=0.02)


def test_noise_in_the_air_at_the_edges_is_not_drawn_out() -> None:
    assert np.abs(profile(disk(60, noise=0.05))[20:]).mean() < 0.01
