"""The check of deconvolved beads says yes to a right volume and no to a wrong one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.restoration import richardson_lucy

from portal.demo.generate import lightsheet
from portal.demo.generate.datasets import BEADS
from portal.demo.generate.truth import Truth, check_beads


@pytest.fixture(scope="module")
def beads() -> dict[str, Any]:
    """A bead stack, its truth, and what scikit-image's Richardson-Lucy makes of it."""
    stack = lightsheet.simulate(BEADS, 1001)
    profiles = [np.exp(-0.5 * (np.arange(-7, 8) / s) ** 2) for s in stack.truth["psf_sigma_voxels"]]
    z, y, x = (p / p.sum() for p in profiles)
    raw = stack.counts.astype(float)
    sharp = richardson_lucy(raw / raw.max(), z[:, None, None] * y[:, None] * x, 15, clip=False)
    return {"raw": raw, "sharp": sharp, "truth": stack.truth}


def verdict(volume: np.ndarray, truth: dict[str, Any]) -> dict[str, Any]:
    return check_beads(volume, truth["beads"], truth["blurred_fwhm_voxels"], truth["photons"])


def test_a_deconvolved_stack_passes(beads: dict[str, Any]) -> None:
    result = verdict(beads["sharp"], beads["truth"])
    assert result["passed"], result["reasons"]
    assert (result["beads"], result["spots"], result["matched"], result["spurious"]) == (40, 40, 1.0, 0)
    assert result["worst"] < 0.2
    assert all(now < 0.75 * before for now, before in zip(result["fwhm"], (3.81, 3.64, 3.64), strict=True))


def test_the_scale_and_an_offset_of_the_volume_do_not_matter(beads: dict[str, Any]) -> None:
    assert verdict(beads["sharp"] * 3e4 + 100.0, beads["truth"])["passed"]


def test_the_raw_stack_is_where_it_should_be_but_not_sharper(beads: dict[str, Any]) -> None:
    result = verdict(beads["raw"], beads["truth"])
    assert result["matched"] == 1.0
    assert result["reasons"] == ["not sharper along z, y, x"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: np.roll(v, 1, axis=2),
        lambda v: np.roll(v, -1, axis=0),
        lambda v: v[:, ::-1],
        lambda v: np.swapaxes(v, 1, 2),
        lambda v: np.zeros_like(v),
        lambda v: -v,
        lambda v: np.full_like(v, np.nan),
        lambda v: v[0],
        lambda v: np.random.default_rng(1).permuted(v, axis=0),
    ],
    ids=[
        "one voxel right",
        "one plane up",
        "mirrored",
        "transposed",
        "empty",
        "negative",
        "nan",
        "flat",
        "shuffled",
    ],
)
def test_a_wrong_volume_fails(spoil: Any, beads: dict[str, Any]) -> None:
    result = verdict(spoil(beads["sharp"]), beads["truth"])
    assert not result["passed"]
    assert result["reasons"]


def test_one_missing_bead_fails(beads: dict[str, Any]) -> None:
    z, y, x = np.round(beads["truth"]["beads"][7]).astype(int)
    volume = beads["sharp"].copy()
    volume[z - 3 : z + 4, y - 3 : y + 4, x - 3 : x + 4] = np.median(volume)
    result = verdict(volume, beads["truth"])
    assert "1 of 40 beads are not where they should be" in result["reasons"]


def test_one_bright_voxel_too_many_fails(beads: dict[str, Any]) -> None:
    volume = beads["sharp"].copy()
    empty = np.argwhere(volume == volume.min())[0]
    volume[tuple(empty)] = volume.max()
    assert "1 spots where no bead is" in verdict(volume, beads["truth"])["reasons"]


def test_a_half_that_is_too_bright_fails(beads: dict[str, Any]) -> None:
    volume = beads["sharp"].copy()
    volume[:, :48] *= 1.3
    result = verdict(volume, beads["truth"])
    assert any("brightness" in reason for reason in result["reasons"])


def test_truth_survives_a_file_and_finds_datasets_by_name(tmp_path: Path) -> None:
    truth = Truth({"a/b/c": {"name": "Beads, 200 nm", "beads": [[1.0, 2.0, 3.5]]}})
    truth.write(tmp_path / "deep" / "truth.json")
    again = Truth.read(tmp_path / "deep" / "truth.json")
    assert again == truth
    assert again.of("Beads, 200 nm")["beads"] == [[1.0, 2.0, 3.5]]
    with pytest.raises(KeyError):
        again.of("Nothing")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["truth.json"]


def test_a_truth_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text('{"schema": 2, "datasets": {}}')
    with pytest.raises(ValueError, match="schema 1"):
        Truth.read(path)
