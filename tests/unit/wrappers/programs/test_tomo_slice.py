"""The tomography program end to end, on scans of a phantom whose slice and axis are known."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from program_ending import Ending
from scipy.ndimage import shift
from skimage.data import shepp_logan_phantom
from skimage.transform import radon, resize

COLUMNS, ANGLES, ROWS, AXIS = 129, 180, 3, 67.0
ABSORPTION = 0.02  # a pixel, where the phantom is 1
INNER = np.hypot(*np.mgrid[-64:65, -64:65]) < 55


@pytest.fixture(scope="session")
def phantom() -> np.ndarray:
    return np.asarray(resize(shepp_logan_phantom(), (COLUMNS, COLUMNS), anti_aliasing=True))


@pytest.fixture(scope="session")
def readings(phantom: np.ndarray) -> dict[str, np.ndarray]:
    """Projections, flats and darks (n, rows, columns) as counts; row r absorbs r + 1 times as much."""
    rng = np.random.default_rng(0)
    degrees = np.linspace(0, 180, ANGLES, endpoint=False)
    lines = shift(radon(phantom, degrees, circle=True).T, (0, AXIS - 64), order=3) * ABSORPTION
    beam = rng.uniform(15000, 20000, (ROWS, COLUMNS))
    exposed = beam * np.exp(-lines[:, None, :] * np.arange(1, ROWS + 1)[None, :, None])
    return {
        "projections": (exposed + 100).astype(np.uint16),
        "flats": np.repeat((beam + 100)[None], 4, 0).astype(np.uint16),
        "darks": np.full((3, ROWS, COLUMNS), 100, np.uint16),
        "degrees": degrees,
    }


Scans = Callable[..., Path]


@pytest.fixture
def data_exchange(tmp_path: Path, readings) -> Scans:
    def write(**changes: np.ndarray | None) -> Path:
        path = tmp_path / "scan.h5"
        content = {
            "data": readings["projections"],
            "data_white": readings["flats"],
            "data_dark": readings["darks"],
            "theta": readings["degrees"],
        } | changes
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                if values is not None:
                    file[f"exchange/{name}"] = values
            if content["theta"] is not None:
                file["exchange/theta"].attrs["units"] = "deg"
        return path

    return write


@pytest.fixture
def nxtomo(tmp_path: Path, readings) -> Path:
    """The same scan as NXtomo: flats first, an invalid frame, a falling beam current, angles in radians."""
    path = tmp_path / "scan.nxs"
    parts = [readings["flats"], readings["darks"], readings["projections"][:1] * 0, readings["projections"]]
    key = np.concatenate([np.full(len(part), kind) for part, kind in zip(parts, (1, 2, 3, 0), strict=True)])
    current = np.linspace(1, 0.7, len(key))
    frames = np.concatenate(parts).astype(float)
    frames[key != 2] = (frames[key != 2] - 100) * current[key != 2, None, None] + 100
    angles = np.zeros(len(key))
    angles[key == 0] = np.deg2rad(readings["degrees"])
    with h5py.File(path, "w") as file:
        file["entry/instrument/detector/data"] = np.round(frames).astype(np.uint16)
        file["entry/instrument/detector/image_key"] = key
        file["entry/instrument/detector/x_pixel_size"] = 5e-6
        file["entry/instrument/detector/x_pixel_size"].attrs["units"] = "m"
        file["entry/sample/rotation_angle"] = angles
        file["entry/sample/rotation_angle"].attrs["units"] = "rad"
        file["entry/control/data"] = current
        file["entry/data/data"] = h5py.SoftLink("/entry/instrument/detector/data")
    return path


def slices(ending: Ending) -> np.ndarray:
    with h5py.File(ending.output / "slices.h5") as file:
        return np.asarray(file["data"])


def error(found: np.ndarray, phantom: np.ndarray, scale: float) -> float:
    return float(np.sqrt(np.mean((found / scale - phantom)[INNER] ** 2)))


def test_slices_of_data_exchange_are_the_phantom_with_the_axis_found(run_program, data_exchange, phantom) -> None:
    ending = run_program("tomo_slice", {"scan": [data_exchange()]}, {}, cpus=2)
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.1)
    found = slices(ending)
    assert found.shape == (ROWS, COLUMNS, COLUMNS)
    for row in range(ROWS):
        assert error(found[row], phantom, ABSORPTION * (row + 1)) < 0.06
    assert np.array_equal(tifffile.imread(ending.output / "slices.tif"), found)


def test_slices_of_nxtomo_are_the_same_in_inverse_millimetres(run_program, nxtomo, phantom) -> None:
    options = {"row_first": 1, "row_count": 1, "centre": str(AXIS)}
    ending = run_program("tomo_slice", {"scan": [nxtomo]}, options)
    (found,) = slices(ending)
    assert error(found, phantom, ABSORPTION * 2 / 0.005) < 0.06
    assert ending.parameters["pixel size"] == pytest.approx(5)
    assert ending.parameters["centre found"] is False
    with h5py.File(ending.output / "slices.h5") as file:
        assert file["data"].attrs["units"] == "1/mm"


def test_a_missing_theta_is_half_a_turn_only_if_somebody_says_so(
    run_program, refused, data_exchange, phantom
) -> None:
    scan, options = {"scan": [data_exchange(theta=None)]}, {"row_first": 0, "row_count": 1}
    refused(run_program("tomo_slice", scan, options), "has no rotation angles")
    ending = run_program("tomo_slice", scan, options | {"angles": "half-turn"})
    assert ending.parameters["angles read as"] == "even steps, half-turn, as chosen"
    assert error(slices(ending)[0], phantom, ABSORPTION) < 0.06


def test_missing_darks_mean_none(run_program, data_exchange, readings, phantom) -> None:
    path = data_exchange(data=readings["projections"] - 100, data_white=readings["flats"] - 100, data_dark=None)
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 0, "row_count": 1})
    assert error(slices(ending)[0], phantom, ABSORPTION) < 0.06


def test_rows_are_counted_from_the_middle_unless_asked_and_end_at_the_last(run_program, data_exchange) -> None:
    path = data_exchange()
    assert run_program("tomo_slice", {"scan": [path]}, {"row_count": 1}).parameters["first row"] == 1
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 2, "row_count": 50, "centre": 67})
    assert (ending.parameters["first row"], ending.parameters["slices"]) == (2, 1)


def test_sorting_takes_rings_out(run_program, data_exchange, readings) -> None:
    options = {"row_first": 0, "row_count": 1, "centre": AXIS}
    clean = slices(run_program("tomo_slice", {"scan": [data_exchange()]}, options))[0]
    projections = readings["projections"].astype(float)
    for column in (50, 80, 90):
        projections[:, :, column] = (projections[:, :, column] - 100) * 1.2 + 100
    path = data_exchange(data=np.round(projections).astype(np.uint16))
    kept = slices(run_program("tomo_slice", {"scan": [path]}, options))[0]
    mended = slices(run_program("tomo_slice", {"scan": [path]}, options | {"stripes": "sorting"}))[0]
    assert error(mended, clean, 1) < 0.4 * error(kept, clean, 1)


def test_hann_is_smoother_than_the_ramp(run_program, data_exchange) -> None:
    path = data_exchange()
    options = {"row_first": 0, "row_count": 1, "centre": AXIS}
    rough = {
        kind: np.abs(
            np.diff(slices(run_program("tomo_slice", {"scan": [path]}, options | {"filter": kind}))[0])
        ).mean()
        for kind in ("ramp", "shepp-logan", "hann")
    }
    assert rough["hann"] < rough["shepp-logan"] < rough["ramp"]


def test_the_recorded_tooth_has_its_published_axis_and_air_around_it(run_program, test_data) -> None:
    path = test_data / "tomography" / "tooth.h5"
    ending = run_program("tomo_slice", {"scan": [path]}, {}, cpus=2)
    # 296 is what the file's publishers reconstruct it with (tomopy's documentation).
    assert ending.parameters["rotation centre"] == pytest.approx(296, abs=0.5)
    found = slices(ending)
    assert found.shape == (2, 640, 640)
    assert abs(found[0][40:120, 300:340].mean()) < 0.05 * found[0].max()
    assert np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"data_white": None}, {}, "has no flat fields (exchange/data_white)"),
        ({"data": np.zeros((5, 5))}, {}, "frames (n, rows, columns) are needed"),
        ({"theta": np.zeros(7)}, {}, "one rotation angle a projection"),
        ({"theta": np.arange(ANGLES + 4.0)}, {}, f"{ANGLES + 4} rotation angles for {ANGLES} projections"),
        (
            {"theta": np.linspace(0, 1000 * np.pi, ANGLES, endpoint=False)},
            {},
            "half a turn in milliradians: if that is so, choose milliradians",
        ),
        ({"data_white": np.full((2, ROWS, COLUMNS), 50, np.uint16)}, {}, "not brighter than its dark frames"),
        ({"data_white": np.ones((2, 9, 9))}, {}, "differ in size"),
        ({"data": np.full((ANGLES, ROWS, COLUMNS), np.nan)}, {}, "no usable readings in 180 of 180 projections"),
        ({"theta": np.linspace(0, 90, ANGLES)}, {}, "the angles cover less than half a turn; give it as a number"),
        ({}, {"row_first": 3}, "the scan has rows 0 to 2"),
        ({}, {"centre": "middle"}, 'it must be "auto" or a column number'),
        ({}, {"centre": 500}, "outside the detector"),
        ({}, {"filter": "cosine"}, "filter"),
    ],
)
def test_unfit_scans_and_options_end_in_one_sentence(
    run_program, refused, data_exchange, changes, options, words
) -> None:
    refused(run_program("tomo_slice", {"scan": [data_exchange(**changes)]}, options), words)


def test_files_that_are_no_scans_are_named(run_program, refused, data_exchange, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["data"] = np.zeros((4, 5, 6))
    refused(run_program("tomo_slice", {"scan": [other]}), "neither an NXtomo nor a Data Exchange scan")
    path = data_exchange()
    path.write_bytes(path.read_bytes()[:20000])
    refused(run_program("tomo_slice", {"scan": [path]}), "scan.h5 is damaged: ")
