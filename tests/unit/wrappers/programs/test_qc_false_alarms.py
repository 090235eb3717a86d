"""What a quality check is not to call wrong, since such data are so by nature; and what stays wrong beside."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from microscope_series import sample, series, taken
from scipy import ndimage

from wrappers.io.source import ArraySource
from wrappers.programs.qc.faults import Fault
from wrappers.programs.qc.measure import measure

Make = Callable[[np.random.Generator], tuple[np.ndarray, str]]


def faults(values: np.ndarray, axes: str) -> list[Fault]:
    array = ArraySource("data", values.shape, values.dtype, lambda place: values[place], axes=axes)
    return measure("a.h5", array, 256, "max", lambda *_: None).faults


def blinking(rng: np.random.Generator, spots: int) -> np.ndarray:
    light = np.zeros((30, 128, 128))
    for frame in light:
        frame[rng.integers(0, 128, spots), rng.integers(0, 128, spots)] = rng.uniform(3, 10, spots)
    return np.stack([taken(frame, rng, photons=1000) for frame in light])


def framed(values: np.ndarray, fill: int = 0) -> np.ndarray:
    values = values.astype(np.int32)
    values[:, :9], values[:, :, -7:] = fill, fill
    return values


def equalised(rng: np.random.Generator) -> np.ndarray:
    scene = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 4)
    ranks = scene.argsort(axis=None).argsort().reshape(scene.shape)
    return (ranks * 256 // ranks.size).astype(np.uint8)


def gaps(rng: np.random.Generator) -> np.ndarray:
    values = series(rng).astype(np.int32)
    values[:, :, 60:66] = -1
    return values


SOUND: dict[str, Make] = {
    "molecules that blink": lambda r: (blinking(r, 5), "TYX"),
    "a molecule that blinks here and there": lambda r: (blinking(r, 1), "TYX"),
    "a frame around pictures that were registered": lambda r: (framed(series(r)), "TYX"),
    "the same without saying that it is time": lambda r: (framed(series(r)), ""),
    "a frame of another number": lambda r: (framed(series(r), -1), "TYX"),
    "one channel kept as another too": lambda r: (np.stack([series(r)] * 2, axis=1), "TCYX"),
    "gaps between a detector's modules": lambda r: (gaps(r), "TYX"),
    "no light at one side, and no offset": lambda r: (
        r.poisson(np.broadcast_to(np.linspace(0, 20, 128), (12, 128, 128))).astype(np.uint16),
        "TYX",
    ),
    "all grey levels alike": lambda _: (np.tile(np.arange(256, dtype=np.uint8), (256, 1)), "YX"),
    "a picture with equalised grey levels": lambda r: (equalised(r), "YX"),
}


@pytest.mark.parametrize("what", SOUND)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_so_by_nature_is_not_called_wrong(what: str, seed: int) -> None:
    assert [fault.sentence for fault in faults(*SOUND[what](np.random.default_rng(seed)))] == []


def test_dead_columns_and_pixels_are_found_beside_a_frame() -> None:
    rng = np.random.default_rng(3)
    values = framed(series(rng))
    values[:, 20:, 40] = 0
    values[:, rng.integers(20, 90, 40), rng.integers(5, 100, 40)] = 100
    assert [fault.kind for fault in faults(values, "TYX")] == ["stuck pixels"]


@pytest.mark.parametrize("bright", [1.2, 1.5, 4])
def test_pictures_of_8_bits_that_are_cut_off_are_saturated(bright: float) -> None:
    rng = np.random.default_rng(4)
    scene = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 4)
    scene = (scene - scene.min()) / np.ptp(scene)
    values = (255 * bright * scene + rng.normal(0, 2, scene.shape)).clip(0, 255).round().astype(np.uint8)
    assert [fault.kind for fault in faults(values, "YX")] == ["saturated"]


def test_what_grows_is_not_said_to_be_a_fault_of_the_lamp_or_the_focus() -> None:
    rng = np.random.default_rng(5)
    away = np.hypot(*np.mgrid[-64:64, -64:64])
    grows = np.stack([taken((away < 10 + at).astype(float), rng, blur=2) for at in range(30)])
    found = faults(grows, "TYX")
    assert found
    assert all("sample" in fault.sentence for fault in found)
    assert all("may" in fault.sentence for fault in found)


def test_a_stage_that_drifts_or_is_hit_is_found_among_few_spots() -> None:
    rng = np.random.default_rng(6)
    scene = sample(rng, cells=4)
    moved = np.stack([taken(ndimage.shift(scene, (0.3 * at, 0), mode="wrap"), rng) for at in range(30)])
    assert [fault.kind for fault in faults(moved, "TYX")] == ["lateral drift"]


def test_of_several_files_a_fault_says_in_which_it_is_and_damaged_ones_come_first(
    run_program, tmp_path: Path
) -> None:
    rng = np.random.default_rng(8)
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(900))
    for name, photons in (("sound", 200), ("full", 9000)):
        tifffile.imwrite(tmp_path / f"{name}.tif", taken(sample(rng), rng, photons=photons).clip(0, 4095))
    files = [tmp_path / name for name in ("broken.h5", "sound.tif", "full.tif")]
    ending = run_program("qc", {"data": files})
    first, second = ending.metadata["warnings"]
    assert first.startswith("broken.h5 cannot be read")
    assert second.startswith("full.tif, ")
    left_out = json.loads((ending.output / "report.json").read_text())["left_out"]
    assert [note["file"] for note in left_out] == ["broken.h5"]
    words = re.sub(r"<[^>]*>", " ", (ending.output / "report.html").read_text().partition("<main>")[2])
    assert words.index("2 things are wrong") < words.index("broken.h5 cannot be read") < words.index("full.tif, ")


def test_a_dataset_with_a_damaged_file_is_not_called_sound(run_program, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(900))
    tifffile.imwrite(tmp_path / "sound.tif", taken(sample(rng), rng))
    ending = run_program("qc", {"data": [tmp_path / "broken.h5", tmp_path / "sound.tif"]})
    page = (ending.output / "report.html").read_text()
    assert "One thing is wrong." in page
    assert 'class="verdict good"' not in page
    assert len(ending.metadata["warnings"]) == 1
