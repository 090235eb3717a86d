"""Seven centres, whole volumes in the memory that there is, phase retrieval and what it asks."""

import resource
from pathlib import Path

import h5py
import numpy as np
import pytest

from wrappers.programs.tomo_slice.memory import MIB
from wrappers.programs.tomo_slice.seven import contact_sheet, detailed

COLUMNS, ROWS, AXIS, DENSITY = 48, 6, 22.5, 0.02
DEGREES = np.linspace(0, 180, 90, endpoint=False)


def scan(path: Path, **told: tuple[float, str]) -> Path:
    """A disk of radius 14 and one of 4 in it, weaker from row to row; `told` are fields with their units."""
    away = np.arange(COLUMNS) - AXIS
    lines = 2 * DENSITY * np.sqrt(np.maximum(0, 14.0**2 - away**2))[None]
    middle = 6 * np.cos(np.deg2rad(DEGREES))[:, None]
    lines = lines + 2 * DENSITY * np.sqrt(np.maximum(0, 16.0 - (away - middle) ** 2))
    strength = np.linspace(1, 0.5, ROWS)[None, :, None]
    rng = np.random.default_rng(5)
    with h5py.File(path, "w") as file:
        file["exchange/data"] = (rng.poisson(20000 * np.exp(-lines[:, None] * strength)) + 100).astype(np.uint16)
        file["exchange/data_white"] = (rng.poisson(20000, (8, ROWS, COLUMNS)) + 100).astype(np.uint16)
        file["exchange/data_dark"] = rng.poisson(100, (8, ROWS, COLUMNS)).astype(np.uint16)
        file["exchange/theta"] = DEGREES
        file["exchange/theta"].attrs["units"] = "deg"
        for name, (value, unit) in told.items():
            place = f"measurement/instrument/{name.replace('__', '/')}"
            file[place] = value
            file[place].attrs["units"] = unit
    return path


TOLD = {
    "detector__pixel_size_x": (5.0, "um"),
    "detector__pixel_size_y": (5.0, "um"),
    "detector__distance": (0.05, "m"),
    "monochromator__energy": (20000.0, "eV"),
}


def volume(ending) -> np.ndarray:
    with h5py.File(ending.output / "slices.h5") as file:
        return np.asarray(file["data"])


def test_seven_centres_are_one_picture_and_seven_slices(run_program, tmp_path: Path) -> None:
    path = scan(tmp_path / "scan.h5")
    ending = run_program("tomo_slice", {"scan": [path]}, {"try_centres": True, "centre_step": 0.5, "row_first": 2})
    parameters = ending.parameters
    tried = [float(one) for one in parameters["centres tried"].split(", ")]
    assert np.diff(tried) == pytest.approx(0.5, abs=0.011)
    assert tried[3] == pytest.approx(parameters["rotation centre"], abs=0.01)
    assert parameters["rotation centre"] == pytest.approx(AXIS, abs=0.15)
    assert (parameters["row"], parameters["centre spacing"]) == (2, 0.5)
    with h5py.File(ending.output / "centres.h5") as file:
        assert file["data"].shape == (7, COLUMNS, COLUMNS)
        assert file["entry/data/z"][()] == pytest.approx(tried, abs=0.01)
        spread = [float(np.abs(image).sum()) for image in file["data"]]
    assert int(np.argmin(spread)) in (2, 3, 4)
    assert len(ending.metadata["previews"]) == 8
    assert (ending.output / "centres.png").is_file()


def test_seven_centres_stay_on_the_detector(run_program, tmp_path: Path) -> None:
    options = {"try_centres": True, "centre_step": 10, "centre": "22.5"}
    ending = run_program("tomo_slice", {"scan": [scan(tmp_path / "scan.h5")]}, options)
    assert ending.parameters["centres tried"] == "2.50, 12.50, 22.50, 32.50, 42.50"
    assert "only 5 of seven centres lie on the detector" in ending.warned


def test_of_a_large_slice_the_part_with_most_detail_is_shown() -> None:
    image = np.zeros((900, 900), np.float32)
    image[600:640, 500:540] = 1
    rows, columns = detailed(image, 400)
    assert rows.start <= 600 and rows.stop >= 640 and columns.start <= 500 and columns.stop >= 540
    assert rows.stop - rows.start == columns.stop - columns.start == 400
    sheet = contact_sheet(np.stack([image] * 3), [1.0, 2.0, 3.0], 2.0)
    assert sheet.dtype == np.uint8 and sheet.shape[1] > 3 * 400


def test_all_rows_are_the_same_whatever_fits_at_once(run_program, tmp_path: Path) -> None:
    path, options = scan(tmp_path / "scan.h5"), {"rows": "all", "centre": str(AXIS), "stripes": "all"}
    whole = run_program("tomo_slice", {"scan": [path]}, options)
    assert volume(whole).shape == (ROWS, COLUMNS, COLUMNS)
    said = [event["message"] for event in whole.events if event["stage"] == "reconstructing"]
    assert "all rows at once, about" in said[0] and "of 1024 MB" in said[0]
    one = [
        volume(
            run_program(
                "tomo_slice", {"scan": [path]}, options | {"rows": "chosen", "row_first": row, "row_count": 1}
            )
        )
        for row in (0, 4)
    ]
    assert np.array_equal(volume(whole)[0], one[0][0])
    assert np.array_equal(volume(whole)[4], one[1][0])


@pytest.mark.parametrize(("wide", "said"), [(51, True), (9, False)])
def test_wide_stripes_that_are_as_wide_as_the_sample_are_said(run_program, tmp_path: Path, wide, said) -> None:
    options = {"row_count": 1, "centre": str(AXIS), "stripes": "all", "stripe_wide": wide}
    ending = run_program("tomo_slice", {"scan": [scan(tmp_path / "scan.h5")]}, options)
    assert ("is more than a fifth of the detector's 48" in ending.warned) == said


def test_phase_retrieval_of_a_row_is_that_of_the_whole_volume(run_program, tmp_path: Path) -> None:
    path = scan(tmp_path / "scan.h5", **TOLD)
    options = {"rows": "all", "centre": str(AXIS), "phase": "paganin", "delta_beta": 20}
    whole = run_program("tomo_slice", {"scan": [path]}, options)
    parameters = whole.parameters
    assert parameters["propagation distance"] == pytest.approx(50)
    assert parameters["photon energy"] == pytest.approx(20)
    row = run_program("tomo_slice", {"scan": [path]}, options | {"rows": "chosen", "row_first": 3, "row_count": 1})
    assert np.allclose(volume(whole)[3], volume(row)[0], atol=0.01 * volume(row).max())
    plain = run_program("tomo_slice", {"scan": [path]}, options | {"phase": "none"})
    assert volume(whole).std() < volume(plain).std()
    inner = np.hypot(*(np.indices((COLUMNS, COLUMNS)) - (COLUMNS - 1) / 2)) < 20
    assert volume(whole)[:, inner].mean() == pytest.approx(volume(plain)[:, inner].mean(), rel=0.02)


@pytest.mark.parametrize(
    ("without", "options", "words"),
    [
        (
            list(TOLD),
            {"delta_beta": 20},
            "needs to know the pixel size, the distance from sample to detector and the",
        ),
        ([], {}, "needs to know delta over beta of the material, which scan.h5 does not tell: give it"),
        (["detector__distance"], {"delta_beta": 20}, "the distance from sample to detector, which"),
        ([], {"delta_beta": 1e6}, "one of these numbers is hardly right"),
    ],
)
def test_what_nobody_tells_phase_retrieval_is_asked(
    run_program, refused, tmp_path: Path, without, options, words
) -> None:
    told = {name: value for name, value in TOLD.items() if name not in without}
    path = scan(tmp_path / "scan.h5", **told)
    refused(
        run_program("tomo_slice", {"scan": [path]}, {"phase": "paganin", "centre": str(AXIS)} | options), words
    )


def test_a_pixel_size_that_is_given_counts_and_what_the_scan_says_is_said(run_program, tmp_path: Path) -> None:
    path, options = scan(tmp_path / "scan.h5", **TOLD), {"row_count": 1, "centre": str(AXIS)}
    plain = run_program("tomo_slice", {"scan": [path]}, options)
    given = run_program("tomo_slice", {"scan": [path]}, options | {"pixel_size": 10})
    assert np.allclose(volume(given) * 2, volume(plain), rtol=1e-5)
    assert "pixels of 10 um were given, and scan.h5 says that they are 5 um wide" in given.warned
    assert "pixels of" not in plain.warned


def test_more_memory_than_given_is_never_taken_and_too_little_is_said(
    run_program, refused, tmp_path: Path
) -> None:
    """A scan of 300 projections of 24 rows of 640 columns, in 256 MB."""
    path = tmp_path / "large.h5"
    rng = np.random.default_rng(3)
    away = np.arange(640) - 319.5
    line = 20000 * np.exp(-0.004 * np.sqrt(np.maximum(0, 250.0**2 - away**2)))
    with h5py.File(path, "w") as file:
        data = file.create_dataset("exchange/data", (300, 24, 640), np.uint16)
        for number in range(300):
            data[number] = rng.poisson(line, (24, 640))
        file["exchange/data_white"] = rng.poisson(20000, (4, 24, 640)).astype(np.uint16)
        file["exchange/theta"] = np.linspace(0, 180, 300, endpoint=False)
        file["exchange/theta"].attrs["units"] = "deg"
    options = {"rows": "all", "centre": "319.5"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    ending = run_program("tomo_slice", {"scan": [path]}, options, memory_mb=256)
    assert ending.code == 0, ending.words
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert volume(ending).shape == (24, 640, 640)
    assert any("; part 2 of " in event["message"] for event in ending.events)
    if before * 1024 < 256 * MIB:  # else another program of this process took more
        assert peak * 1024 < 256 * MIB
    refused(run_program("tomo_slice", {"scan": [path]}, options, memory_mb=64), "this job has 64 MB: choose more")
