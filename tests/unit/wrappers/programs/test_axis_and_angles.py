"""Scans of which a wrong axis was found: angles that run on, an axis far off the middle, rows without a sample."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, ABSORPTION, BEAM, DARK = 80, 3, 0.02, 20000.0, 100.0
DISKS = ((0.0, 2.0, 20.0, 1.0), (8.0, -6.0, 5.0, 1.0), (-10.0, 4.0, 4.0, -0.6))  # x, y, radius, density
HALF = np.linspace(0, 180, 120, endpoint=False)
Written = Callable[..., Path]


def lines(degrees: np.ndarray, axis: float, scale: float) -> np.ndarray:
    """Attenuation (angles, columns) of the disks, `scale` times as large."""
    turned, columns = np.deg2rad(degrees)[:, None], np.arange(COLUMNS)
    found = np.zeros((len(degrees), COLUMNS))
    for x, y, radius, density in DISKS:
        middle = axis + scale * (x * np.cos(turned) - y * np.sin(turned))
        found += density * 2 * np.sqrt(np.maximum(0, (radius * scale) ** 2 - (columns - middle) ** 2))
    return found * ABSORPTION


def noisy(expected: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(6)
    return np.round(expected + np.sqrt(expected) * rng.normal(size=expected.shape) + DARK).astype(np.uint16)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(
        degrees: np.ndarray, axis: float, scale: float = 1.0, *, empty: tuple[int, ...] = (), theta=None
    ) -> Path:
        light = np.exp(-lines(degrees, axis, scale))[:, None].repeat(ROWS, axis=1)
        light[:, list(empty)] = 1.0
        path = tmp_path / "scan.h5"
        with h5py.File(path, "w") as file:
            file["exchange/data"] = noisy(BEAM * light)
            file["exchange/data_white"] = noisy(np.full((8, ROWS, COLUMNS), BEAM))
            file["exchange/data_dark"] = noisy(np.zeros((8, ROWS, COLUMNS)))
            file["exchange/theta"] = degrees if theta is None else theta
            file["exchange/theta"].attrs["units"] = "deg"
        return path

    return write


def likeness(ending: Ending, scale: float = 1.0) -> float:
    """How well the slice correlates with the disks."""
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0]
    down, across = np.indices(image.shape) - (len(image) - 1) / 2
    wanted = sum(d * (np.hypot(across - scale * x, down - scale * y) < scale * r) for x, y, r, d in DISKS)
    return float(np.corrcoef(image.ravel(), np.ravel(wanted))[0, 1])


@pytest.mark.parametrize(
    "degrees",
    [
        np.arange(150) * 111.246,
        np.arange(240) * 222.492,
        np.linspace(0, 720, 300, endpoint=False),
        np.linspace(720, 0, 300, endpoint=False),
        np.concatenate([HALF[i::4] + 180 * i for i in range(4)]),
    ],
)
def test_angles_that_run_on_through_many_turns_are_directions(run_program, written, degrees) -> None:
    """Steps of the golden angle ended as Done with a slice that correlated to 0.64."""
    ending = run_program("tomo_slice", {"scan": [written(degrees, 39.5)]}, {"row_count": 1})
    assert ending.parameters["rotation centre"] == pytest.approx(39.5, abs=0.15)
    assert likeness(ending) > 0.95


@pytest.mark.parametrize("axis", [13.0, 18.5, 30.0, 60.0, 67.0])
def test_an_axis_far_from_the_middle_is_found_in_half_a_turn(run_program, written, axis) -> None:
    """In the outer quarters it was not looked for, and another one was found."""
    ending = run_program("tomo_slice", {"scan": [written(HALF, axis, 0.5)]}, {"row_count": 1})
    assert ending.parameters["rotation centre"] == pytest.approx(axis, abs=0.2)


def test_two_methods_that_disagree_on_the_axis_are_said(run_program, written) -> None:
    """A sample twice as wide as the detector: one method is off by three columns."""
    ending = run_program("tomo_slice", {"scan": [written(HALF, 43.5, 2.0)]}, {"row_count": 1})
    assert "two methods disagree on the rotation centre: column 43.5" in ending.warned
    assert ending.parameters["rotation centre error"] > 1


def test_an_axis_at_the_edge_of_a_full_turn_is_not_guessed(run_program, refused, written) -> None:
    path = written(np.linspace(0, 360, 240, endpoint=False), 3.0)
    refused(run_program("tomo_slice", {"scan": [path]}, {"row_count": 1}), "it lies at the detector's edge")


def test_a_row_without_a_sample_has_no_axis(run_program, refused, written) -> None:
    """Of three rows, two in air, the axis was the median of what noise looks like."""
    path = written(HALF, 36.0, empty=(0, 2))
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 0, "row_count": 3})
    assert ending.parameters["rotation centre"] == pytest.approx(36.0, abs=0.15)
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 0, "row_count": 1})
    refused(ending, "row 0 of scan.h5 shows nothing but noise")


@pytest.mark.parametrize(
    ("factor", "unit"),
    [
        (1000.0, "deg"),
        (100.0, "deg"),
        (1.0, "rad"),
        (1.0, "mrad"),
        (1e3 * np.pi / 180, "rad"),
        (np.pi / 180, "deg"),
    ],
)
def test_a_unit_in_which_no_scan_turns_is_asked(run_program, refused, written, factor, unit) -> None:
    """Steps of an encoder, hundredths of degrees, degrees that are called radians: all were believed."""
    path = written(HALF, 39.5, theta=HALF * factor)
    with h5py.File(path, "r+") as file:
        file["exchange/theta"].attrs["units"] = unit
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1, "centre": "39.5"})
    refused(ending, f"records its rotation angles in {unit}")


@pytest.mark.parametrize(("first", "end", "said"), [(100, 120, 0.0), (60, 90, 90.0)])
def test_one_angle_of_pictures_that_go_on_is_not_theirs(run_program, written, first, end, said) -> None:
    """A list filled up with zeros, an encoder that hung: projections were put where they were not taken."""
    theta = HALF.copy()
    theta[first:end] = said
    ending = run_program("tomo_slice", {"scan": [written(HALF, 39.5, theta=theta)]}, {"centre": "39.5"})
    assert ending.parameters["projections left out"] == end - first
    words = f"{end - first} projections record the same angle, {said:g}, and look from"
    assert words in ending.warned


def test_the_axis_is_not_found_for_what_was_left_out(run_program, refused, written) -> None:
    path = written(HALF, 39.5, theta=np.where(np.arange(120) < 100, HALF, 0.0))
    refused(run_program("tomo_slice", {"scan": [path]}), "20 projections record the same angle, 0, and look from")


@pytest.mark.parametrize(
    ("degrees", "theta", "options"),
    [
        (HALF, None, {"centre": "30"}),
        (np.linspace(0, 360, 180, endpoint=False), np.arange(180.0), {}),
    ],
)
def test_a_turn_that_pictures_contradict_is_said(run_program, written, degrees, theta, options) -> None:
    """Another axis; numbers of frames for degrees: Done, without a word."""
    path = written(degrees, 39.5, theta=theta)
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1, **options})
    words = "projections from opposite sides are no mirror images about column"
    assert words in ending.warned


def test_a_sample_that_reaches_beyond_one_edge_of_half_a_turn_is_said(run_program, written) -> None:
    """Where both edges see it it was said; with an axis far from the middle values were half as large again."""
    ending = run_program("tomo_slice", {"scan": [written(HALF, 12.0)]}, {"row_count": 1, "centre": "12"})
    assert "the sample reaches beyond the detector" in ending.warned
    path = written(np.linspace(0, 360, 180, endpoint=False), 12.0)
    assert not run_program("tomo_slice", {"scan": [path]}, {"row_count": 1}).warned
