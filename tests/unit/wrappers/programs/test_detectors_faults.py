"""Faults of a detector in a scan: stuck and saturated pixels, and rows without readings, cost themselves only."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, RADIUS, ABSORPTION, AXIS = 80, 5, 22.0, 0.03, 41.0
DEGREES = np.linspace(0, 180, 120, endpoint=False)
OFF = 7.0  # pixels from the axis to the disk's middle
DARK, BEAM = 50.0, 2500.0
TWELVE_BITS = 4095
Frames = dict[str, np.ndarray]


def scan_of(noise: float = 1.0, number_of_flats: int = 6) -> Frames:
    """Readings of a disk, of Poisson noise times `noise`, as they come from a detector of 12 bits in 16."""
    rng = np.random.default_rng(4)
    middle = AXIS + OFF * np.cos(np.deg2rad(DEGREES))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, RADIUS**2 - (np.arange(COLUMNS) - middle) ** 2))
    light = (BEAM * np.exp(-ABSORPTION * chord))[:, None].repeat(ROWS, axis=1)

    def read(expected: np.ndarray) -> np.ndarray:
        noisy = expected + noise * np.sqrt(expected + 1) * rng.normal(size=expected.shape) + DARK
        return np.clip(np.round(noisy), 0, TWELVE_BITS).astype(np.uint16)

    return {
        "data": read(light),
        "data_white": read(np.full((number_of_flats, ROWS, COLUMNS), BEAM)),
        "data_dark": read(np.zeros((5, ROWS, COLUMNS))),
    }


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Frames], Path]:
    def write(frames: Frames) -> Path:
        path = tmp_path / "scan.h5"
        with h5py.File(path, "w") as file:
            for name, values in frames.items():
                file[f"exchange/{name}"] = values
            file["exchange/theta"] = DEGREES
            file["exchange/theta"].attrs["units"] = "deg"
        return path

    return write


def volume(ending: Ending) -> np.ndarray:
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "slices.h5") as file:
        return np.asarray(file["data"])


def check_disk(image: np.ndarray) -> None:
    y, x = np.indices(image.shape) - (COLUMNS - 1) / 2
    from_middle = np.minimum(np.hypot(x - OFF, y), np.hypot(x + OFF, y))
    assert np.median(image[from_middle < RADIUS - 8]) == pytest.approx(ABSORPTION, rel=0.03)
    # With noise, a band of the margin varies around nothing.
    assert abs(np.mean(image[np.hypot(x, y) > RADIUS + OFF + 3])) < 0.05 * ABSORPTION


@pytest.mark.parametrize("value", [TWELVE_BITS, 1023, 2000])
@pytest.mark.parametrize(("noise", "flats"), [(1.0, 6), (1.0, 1), (0.0, 6), (0.0, 1)])
@pytest.mark.parametrize("width", [1, 2])
def test_a_stuck_column_says_nothing_whatever_it_reads(run_program, written, value, noise, flats, width) -> None:
    """Its attenuation is 0 at every angle, and the axis was found where it lies."""
    frames = scan_of(noise, flats)
    for name in ("data", "data_white"):
        frames[name][:, :, 52 : 52 + width] = value
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    check_disk(volume(ending)[0])
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    assert ending.parameters["dead pixels"] == width
    words = "1 dead pixel" if width == 1 else "2 dead pixels"
    assert f"{words} interpolated" in ending.warned


def test_a_stuck_column_at_the_detectors_edge_is_seen_by_its_lack_of_noise(run_program, written) -> None:
    frames = scan_of()
    for name in ("data", "data_white"):
        frames[name][:, :, :3] = 3000
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert ending.parameters["dead pixels"] == 3


def test_a_stuck_column_is_found_where_the_beams_strength_is_recorded(run_program, tmp_path: Path) -> None:
    frames = scan_of()
    for name in ("data", "data_white"):
        frames[name][:, :, 52] = 3500
    keys = np.repeat([1, 2, 0], [len(frames[name]) for name in ("data_white", "data_dark", "data")])
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        file["entry/d/data"] = np.concatenate([frames["data_white"], frames["data_dark"], frames["data"]])
        file["entry/d/image_key"] = keys
        file["entry/control/data"] = np.linspace(1, 0.98, len(keys))
        angles = np.zeros(len(keys))
        angles[keys == 0] = DEGREES
        file["entry/d/rotation_angle"] = angles
        file["entry/d/rotation_angle"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [tmp_path / "scan.nxs"]}, {"row_count": 1})
    assert ending.parameters["dead pixels"] == 1
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)


def test_a_pixel_whose_flats_are_cut_off_says_nothing(run_program, written) -> None:
    """Behind the sample it reads, and too dark by what the flats lack: a ring."""
    frames = scan_of()
    light = frames["data"][:, :, 50].astype(float) - DARK
    frames["data"][:, :, 50] = np.minimum(light * 2.4 + DARK, TWELVE_BITS)
    frames["data_white"][:, :, 50] = TWELVE_BITS
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert ending.parameters["dead pixels"] == 1
    check_disk(volume(ending)[0])
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)


@pytest.mark.parametrize("flats", [1, 2, 6])
@pytest.mark.parametrize("off", [0.0, 0.3, 7.0])
def test_air_without_noise_is_no_fault(run_program, written, flats, off) -> None:
    """What a program made, and what counts few bits: air reads in every frame what the flats do."""
    middle = AXIS + off * np.cos(np.deg2rad(DEGREES))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, 20.7**2 - (np.arange(COLUMNS) - middle) ** 2))
    light = np.exp(-ABSORPTION * chord)[:, None].repeat(ROWS, axis=1)
    frames = {
        "data": np.round(BEAM * light + DARK).astype(np.uint16),
        "data_white": np.full((flats, ROWS, COLUMNS), BEAM + DARK, np.uint16),
        "data_dark": np.full((2, ROWS, COLUMNS), DARK, np.uint16),
    }
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1, "centre": str(AXIS)})
    assert ending.parameters["dead pixels"] == 0
    assert ending.parameters["interpolated readings"] == 0


def test_a_dead_row_costs_itself_only(run_program, refused, written) -> None:
    frames = scan_of()
    for values in frames.values():
        values[:, 2] = 0
    path = written(frames)
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 0, "row_count": 5})
    found = volume(ending)
    assert np.isnan(found[2]).all()
    for row in (0, 1, 3, 4):
        check_disk(found[row])
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    assert ending.parameters["rows without readings"] == "2"
    assert "row 2 has no usable readings and no slice" in ending.warned
    for options in ({}, {"centre": str(AXIS)}):
        ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 2, "row_count": 1} | options)
        refused(ending, "row 2")


@pytest.mark.parametrize("value", [0, 77, TWELVE_BITS, 65535])
def test_a_row_is_dead_whatever_it_reads(run_program, written, value) -> None:
    frames = scan_of()
    for name in ("data", "data_white"):
        frames[name][:, 0] = value
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_first": 0, "row_count": 2})
    found = volume(ending)
    assert np.isnan(found[0]).all()
    check_disk(found[1])


@pytest.mark.parametrize("where", ["data", "data_white", "data_dark"])
@pytest.mark.parametrize("what", ["a row", "a frame", "every other", "a column"])
def test_readings_that_are_no_numbers_cost_themselves_only(run_program, written, where, what) -> None:
    """And nothing is said of them beside the result."""
    frames = {name: values.astype(np.float32) for name, values in scan_of().items()}
    lost = {
        "a row": np.s_[:, 0],
        "a frame": np.s_[1],
        "every other": np.s_[::2, 0],
        "a column": np.s_[:, :, 45],
    }[what]
    frames[where][lost] = np.nan
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_first": 0, "row_count": 2})
    check_disk(volume(ending)[1])
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)


def test_a_frame_that_was_dropped_is_left_out(run_program, written) -> None:
    """Zeros in the place of a projection: a streak through all, and stuck pixels that seem to change."""
    frames = scan_of()
    for name in ("data", "data_white"):
        frames[name][:, :, 52] = TWELVE_BITS
    frames["data"][31] = 0
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert ending.parameters["projections left out"] == 1
    assert ending.parameters["dead pixels"] == 1
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    check_disk(volume(ending)[0])


def test_a_column_that_flickers_in_its_last_bit_is_stuck_and_one_that_reads_anything_is_dead(
    run_program, written
) -> None:
    frames, rng = scan_of(), np.random.default_rng(8)
    for name in ("data", "data_white"):
        shape = frames[name][:, :, 0].shape
        frames[name][:, :, 52] = 3000 + rng.integers(0, 2, shape)
        frames[name][:, :, 30] = rng.integers(0, TWELVE_BITS, shape)
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert ending.parameters["dead pixels"] == 2
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    check_disk(volume(ending)[0])


def test_readings_far_brighter_than_the_beam_are_interpolated(run_program, written) -> None:
    """Hard radiation that hits the detector makes streaks, and had moved the axis."""
    frames, rng = scan_of(), np.random.default_rng(9)
    for frame, column in zip(rng.integers(0, len(DEGREES), 60), rng.integers(0, COLUMNS, 60), strict=True):
        frames["data"][frame, 2, column] = 60000
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert 50 < ending.parameters["interpolated readings"] <= 60
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    check_disk(volume(ending)[0])


@pytest.mark.parametrize(
    ("value", "noise", "flats", "when"),
    [
        (3000, 1.0, 6, slice(60, None)),
        (0, 1.0, 6, slice(60, None)),
        (int(DARK), 1.0, 1, slice(60, None)),
        (1900, 1.0, 6, slice(None, 50)),
        (2540, 1.0, 6, slice(40, 90)),
        (TWELVE_BITS, 0.0, 6, slice(20, None)),
        (0, 0.0, 1, slice(60, None)),
    ],
)
@pytest.mark.parametrize("width", [1, 3])
def test_a_column_that_sticks_in_a_part_of_the_scan_is_interpolated_there(
    run_program, written, value, noise, flats, when, width
) -> None:
    """What it read before was right, and stays."""
    frames = scan_of(noise, flats)
    frames["data"][when, :, 45 : 45 + width] = value
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    check_disk(volume(ending)[0])
    assert ending.parameters["dead pixels"] == 0
    spell = len(DEGREES[when]) * width
    assert ending.parameters["interpolated readings"] == pytest.approx(spell, abs=3)
    words = "1 pixel is" if width == 1 else "3 pixels are"
    assert f"{words} stuck in a part of the scan, and interpolated there" in ending.warned
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)


def test_flats_of_a_column_that_stuck_before_they_were_taken_say_nothing(run_program, tmp_path: Path) -> None:
    frames = scan_of()
    after = frames["data_white"].copy()
    frames["data"][60:, :, 45], after[:, :, 45] = 600, 600
    parts = {2: frames["data_dark"], 1: frames["data_white"], 0: frames["data"]}
    keys = np.r_[np.repeat(list(parts), [len(one) for one in parts.values()]), np.ones(len(after), int)]
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        file["entry/d/data"] = np.concatenate([*parts.values(), after])
        file["entry/d/image_key"] = keys
        angles = np.zeros(len(keys))
        angles[keys == 0] = DEGREES
        file["entry/d/rotation_angle"] = angles
        file["entry/d/rotation_angle"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [tmp_path / "scan.nxs"]}, {"row_count": 1})
    check_disk(volume(ending)[0])
    assert ending.parameters["dead pixels"] == 0
    assert ending.parameters["interpolated readings"] == 60


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("flats", [1, 6])
def test_nothing_is_stuck_in_a_sound_scan(run_program, written, noise, flats) -> None:
    """Nor behind a wire that lets nothing through, which stays in a column where it turns back."""
    frames = scan_of(noise, flats)
    rng = np.random.default_rng(5)
    wire = AXIS + 15 * np.cos(np.deg2rad(DEGREES + 200))[:, None]
    hidden = np.abs(np.arange(COLUMNS) - wire) <= 1
    nothing = DARK + np.round(noise * rng.normal(size=frames["data"].shape))
    frames["data"] = np.where(hidden[:, None], nothing, frames["data"]).astype(np.uint16)
    ending = run_program("tomo_slice", {"scan": [written(frames)]}, {"row_count": 1})
    assert ending.parameters["interpolated readings"] == 0
    assert "stuck" not in ending.warned
