"""What frames are called: image keys in words, names of both flats and darks, and angles in another file."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, RADIUS, OFF, AXIS, ABSORPTION = 64, 2, 20.0, 4.0, 31.5, 0.02
DEGREES = np.linspace(0, 180, 90, endpoint=False)
BEAM, DARK = 20000.0, 3000.0
ONE = {"row_count": 1}
FLATS = np.full((4, ROWS, COLUMNS), BEAM + DARK, np.uint16)
DARKS = np.full((3, ROWS, COLUMNS), DARK, np.uint16)


def projections() -> np.ndarray:
    middle = AXIS + OFF * np.cos(np.deg2rad(DEGREES))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, RADIUS**2 - (np.arange(COLUMNS) - middle) ** 2))
    return np.round(BEAM * np.exp(-ABSORPTION * chord) + DARK)[:, None].repeat(ROWS, axis=1).astype(np.uint16)


def check(ending: Ending, said: str = "") -> None:
    """The disk has its density: with its darks."""
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0]
    y, x = np.indices(image.shape) - AXIS
    assert np.median(image[np.hypot(x, y) < RADIUS - OFF - 4]) == pytest.approx(ABSORPTION, rel=0.02)
    found = ending.warned
    assert (said in found) if said else found == ""


def scan(folder: Path, **more: np.ndarray) -> Path:
    path = folder / "scan.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"] = projections()
        for name, values in more.items():
            file[f"exchange/{name}"] = values
        if "theta" in more:
            file["exchange/theta"].attrs["units"] = "deg"
    return path


def keyed(path: Path, keys: object) -> None:
    with h5py.File(path, "w") as file:
        file["e/d/data"] = np.concatenate([DARKS, FLATS, projections()])
        file.create_dataset("e/d/image_key", data=keys)
        file["e/d/rotation_angle"] = np.concatenate([np.zeros(7), DEGREES])
        file["e/d/rotation_angle"].attrs["units"] = "deg"


@pytest.mark.parametrize(
    ("dark", "flat", "projection"),
    [
        ("dark", "flat", "projection"),
        ("Dark field", "WHITE", "proj"),
        ("darks", "reference", "sample"),
        ("2", "1", "0"),
    ],
)
@pytest.mark.parametrize("as_bytes", [True, False])
def test_image_keys_in_words_are_read(run_program, tmp_path: Path, dark, flat, projection, as_bytes) -> None:
    words = [dark] * 3 + [flat] * 4 + [projection] * len(DEGREES)
    keyed(tmp_path / "scan.nxs", np.array(words, "S12") if as_bytes else np.array(words, h5py.string_dtype()))
    check(run_program("tomo_slice", {"scan": [tmp_path / "scan.nxs"]}, ONE))


def test_an_image_key_of_an_unknown_word_is_refused(run_program, refused, tmp_path: Path) -> None:
    keyed(tmp_path / "scan.nxs", np.array(["dark"] * 3 + ["flat"] * 4 + ["thing"] * len(DEGREES), "S12"))
    refused(run_program("tomo_slice", {"scan": [tmp_path / "scan.nxs"]}, ONE), "image_key says “thing”")


@pytest.mark.parametrize(
    "name",
    [
        *("dark_0001.h5", "dark_for_flat.h5", "darkForFlats.h5", "dark_reference.h5", "ref-dark_02.h5"),
        *("DarkField.h5", "darkframes.h5", "dark_images_for_projections.h5"),
    ],
)
def test_darks_are_what_their_file_says_they_are(run_program, tmp_path: Path, name) -> None:
    with h5py.File(tmp_path / name, "w") as file:
        file["frames"] = DARKS
    files = [scan(tmp_path, data_white=FLATS, theta=DEGREES), tmp_path / name]
    check(run_program("tomo_slice", {"scan": files}, ONE))


@pytest.mark.parametrize("name", ["flatdark.h5", "flats_and_darks.h5", "dark_flat_1.h5", "whites+darks.h5"])
@pytest.mark.parametrize("single", [True, False])
def test_frames_whose_name_says_both_are_asked(run_program, refused, tmp_path: Path, name, single) -> None:
    """They were passed over, and zero was taken for the darks."""
    with h5py.File(tmp_path / name, "w") as file:
        file["frames"] = DARKS[0] if single else DARKS
    files = [scan(tmp_path, data_white=FLATS, theta=DEGREES), tmp_path / name]
    refused(run_program("tomo_slice", {"scan": files}, ONE), f"{name} are called both flat and dark")


def test_of_a_file_of_both_the_frames_own_names_count(run_program, tmp_path: Path) -> None:
    path = tmp_path / "flats_and_darks.h5"
    with h5py.File(path, "w") as file:
        file["flats_and_darks/flat"], file["flats_and_darks/dark_for_flat"] = FLATS, DARKS
    check(run_program("tomo_slice", {"scan": [scan(tmp_path, theta=DEGREES), path]}, ONE))


def test_of_a_file_of_both_image_keys_count(run_program, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "flatdark.h5", "w") as file:
        file["e/data"], file["e/image_key"] = np.concatenate([FLATS, DARKS]), np.repeat([1, 2], [4, 3])
    check(run_program("tomo_slice", {"scan": [scan(tmp_path, theta=DEGREES), tmp_path / "flatdark.h5"]}, ONE))


@pytest.mark.parametrize("where", ["entry/rotation_angle", "positions", "scan/srot/value"])
def test_angles_in_another_file_are_read_and_said(run_program, tmp_path: Path, where) -> None:
    with h5py.File(tmp_path / "positions.h5", "w") as file:
        file[where] = DEGREES
        file[where].attrs["units"] = "deg"
        file["more"] = np.arange(7)
    files = [scan(tmp_path, data_white=FLATS, data_dark=DARKS), tmp_path / "positions.h5"]
    ending = run_program("tomo_slice", {"scan": files}, ONE)
    check(ending, said=f"rotation angles are those of /{where} in positions.h5")


def test_angles_in_another_file_that_may_be_several_are_asked(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "positions.h5"
    with h5py.File(path, "w") as file:
        file["a"], file["b"] = DEGREES, DEGREES + 1
    files = [scan(tmp_path, data_white=FLATS, data_dark=DARKS), path]
    refused(run_program("tomo_slice", {"scan": files}, ONE), "/a in positions.h5, /b in positions.h5")
    with h5py.File(path, "r+") as file:
        del file["b"]
    refused(run_program("tomo_slice", {"scan": files}, ONE), "rotation angles without a unit")
    check(run_program("tomo_slice", {"scan": files}, ONE | {"angles": "deg"}), said="/a in positions.h5")


def test_angles_of_the_projections_of_image_keys_may_lie_elsewhere(run_program, tmp_path: Path) -> None:
    keyed(tmp_path / "scan.nxs", np.repeat([2, 1, 0], [3, 4, len(DEGREES)]))
    with h5py.File(tmp_path / "scan.nxs", "r+") as file:
        del file["e/d/rotation_angle"]
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["theta"] = np.deg2rad(DEGREES)
        file["theta"].attrs["units"] = "rad"
    files = [tmp_path / "scan.nxs", tmp_path / "log.h5"]
    check(run_program("tomo_slice", {"scan": files}, ONE), said="rotation angles are those of /theta in log.h5")


def test_where_no_file_has_angles_the_job_says_what_to_do(run_program, refused, tmp_path: Path) -> None:
    ending = run_program("tomo_slice", {"scan": [scan(tmp_path, data_white=FLATS, data_dark=DARKS)]}, ONE)
    refused(ending, "Angles in a text file are not read")
