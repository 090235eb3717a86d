"""Scans that were ended early: what was never taken is left out and said, and no part of a turn."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, RADIUS, OFF, AXIS, ABSORPTION = 64, 2, 18.0, 5.0, 33.0, 0.025
BEAM, DARK = 8000.0, 100.0


def frames_at(degrees: np.ndarray, noise: float = 1.0, strength: float = 1.0, seed: int = 1) -> np.ndarray:
    """Readings of a disk, with Poisson noise times `noise`; of NaN the beam alone, of infinity darkness."""
    middle = AXIS + OFF * np.cos(np.deg2rad(np.where(np.isfinite(degrees), degrees, 0)))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, RADIUS**2 - (np.arange(COLUMNS) - middle) ** 2))
    chord[np.isnan(degrees)], chord[np.isinf(degrees)] = 0, np.inf
    light = (strength * BEAM * np.exp(-ABSORPTION * chord))[:, None].repeat(ROWS, axis=1)
    varied = np.sqrt(light + 4) * np.random.default_rng(seed).normal(size=light.shape)
    return np.maximum(np.round(light + noise * varied + DARK), 0).astype(np.uint16)


@pytest.fixture
def exchange(tmp_path: Path) -> Callable[..., Path]:
    def write(data: np.ndarray, theta: np.ndarray, noise: float = 1.0, **more: np.ndarray) -> Path:
        path = tmp_path / "scan.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("exchange")
            group["data"], group["theta"] = data, theta
            group["theta"].attrs["units"] = "deg"
            group["data_white"] = more.get("flats", frames_at(np.full(5, np.nan), noise, seed=2))
            group["data_dark"] = more.get("darks", frames_at(np.full(5, np.inf), noise, seed=3))
        return path

    return write


def check(ending: Ending, *, left_out: int, said: str = "") -> None:
    assert ending.code == 0, ending.words
    parameters = ending.parameters
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0]
    assert parameters["projections left out"] == left_out
    assert parameters["rotation centre"] == pytest.approx(AXIS, abs=0.25)
    down, across = np.indices(image.shape) - (image.shape[0] - 1) / 2
    inside = np.hypot(across, down) < RADIUS - OFF - 4
    assert np.median(image[inside]) == pytest.approx(ABSORPTION, rel=0.04)
    assert said in ending.warned
    assert left_out or "hold" not in ending.warned


ONE = {"row_count": 1}
HALF = np.linspace(0, 180, 100, endpoint=False)


@pytest.mark.parametrize(
    ("padding", "fill", "at_the_end"),
    [
        *((padding, fill, True) for padding in (0.0, "last", np.nan) for fill in (0, 65535)),
        *(("planned", fill, True) for fill in (0, 777, "darkness")),
        *((0.0, fill, False) for fill in (0, "darkness")),
    ],
)
def test_projections_that_were_never_taken_are_left_out(
    run_program, exchange, padding, fill, at_the_end: bool
) -> None:
    """Half a turn from 180 degrees, and angles that were written for 60 more frames."""
    more = 60
    degrees = HALF + 180
    extra = {"last": np.full(more, degrees[-1]), "planned": 360 + 1.8 * np.arange(more)}.get(
        padding, np.full(more, padding)
    )
    never = frames_at(np.full(more, np.inf)) if fill == "darkness" else np.full((more, ROWS, COLUMNS), fill)
    parts = [(frames_at(degrees), degrees), (never.astype(np.uint16), extra)]
    frames, angles = zip(*(parts if at_the_end else parts[::-1]), strict=True)
    ending = run_program("tomo_slice", {"scan": [exchange(np.concatenate(frames), np.concatenate(angles))]}, ONE)
    check(ending, left_out=more, said="60 projections hold no picture: left out")
    assert not ending.parameters["full turn"]


def test_without_noise_as_well_and_with_angles_of_the_taken_ones_only(run_program, exchange) -> None:
    frames = np.concatenate([frames_at(HALF, 0), np.zeros((20, ROWS, COLUMNS), np.uint16)])
    ending = run_program("tomo_slice", {"scan": [exchange(frames, HALF, 0)]}, ONE)
    check(ending, left_out=20, said="20 projections hold no picture: left out")


def test_even_steps_are_those_that_were_planned(run_program, exchange) -> None:
    path = exchange(frames_at(HALF), HALF)
    with h5py.File(path, "r+") as file:
        del file["exchange/theta"]
        file["exchange/data"][90:] = 0
    ending = run_program("tomo_slice", {"scan": [path]}, ONE | {"angles": "half-turn", "centre": str(AXIS)})
    check(ending, left_out=10, said="no projection looks from an arc of 19.8 degrees")


def test_angles_that_are_lost_are_said(run_program, exchange) -> None:
    theta = HALF.copy()
    theta[-3:] = np.nan
    ending = run_program("tomo_slice", {"scan": [exchange(frames_at(HALF), theta)]}, ONE)
    check(ending, left_out=3, said="3 projections have no angle: left out")


def test_flats_and_darks_that_were_never_taken_say_nothing(run_program, tmp_path: Path) -> None:
    """The second series of flats was to come behind the last projection."""
    path = tmp_path / "scan.nxs"
    nothing = np.zeros((4, ROWS, COLUMNS), np.uint16)
    parts = {
        2: np.concatenate([frames_at(np.full(4, np.inf)), nothing]),
        1: frames_at(np.full(4, np.nan)),
        0: np.concatenate([frames_at(HALF), nothing]),
    }
    with h5py.File(path, "w") as file:
        file["e/d/data"] = np.concatenate([*parts.values(), nothing])
        file["e/d/image_key"] = np.r_[np.repeat(list(parts), [len(one) for one in parts.values()]), [1] * 4]
        file["e/d/rotation_angle"] = np.r_[np.zeros(12), HALF, np.zeros(8)]
        file["e/d/rotation_angle"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [path]}, ONE)
    check(ending, left_out=4, said="4 flat fields hold no picture: left out")
    assert "4 dark frames hold no picture: left out" in ending.warned


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["full turn called 0 and 360", "0 at both ends", "each twice", "last repeated"])
def test_equal_angles_of_a_sound_scan_are_no_fault(run_program, exchange, noise, kind) -> None:
    angles = {
        "full turn called 0 and 360": np.linspace(0, 360, 121),
        "0 at both ends": np.r_[np.linspace(0, 360, 120, endpoint=False), 0.0],
        "each twice": HALF.repeat(2),
        "last repeated": np.r_[HALF, np.full(4, HALF[-1])],
    }[kind]
    ending = run_program("tomo_slice", {"scan": [exchange(frames_at(angles, noise), angles, noise)]}, ONE)
    check(ending, left_out=0)


def test_air_without_noise_is_a_picture(run_program, exchange) -> None:
    """A sample that leaves the detector's row: what such a frame reads is what flats read."""
    frames = frames_at(HALF, 0)
    frames[40:44] = frames_at(np.full(4, np.nan), 0)
    ending = run_program("tomo_slice", {"scan": [exchange(frames, HALF, 0)]}, ONE | {"centre": str(AXIS)})
    assert ending.parameters["projections left out"] == 0


@pytest.mark.parametrize("offset", [0.0, -0.02])
@pytest.mark.parametrize("whites", ["none", "ones", "raw"])
def test_line_integrals_are_not_taken_for_intensities(run_program, refused, exchange, offset, whites) -> None:
    """They were divided by flats, and their logarithm was taken again."""
    light = (frames_at(HALF).astype(np.float32) - DARK) / BEAM
    path = exchange(offset - np.log(np.maximum(light, 1e-3)), HALF)
    with h5py.File(path, "r+") as file:
        del file["exchange/data_dark"]
        if whites != "raw":
            del file["exchange/data_white"]
        if whites == "ones":
            file["exchange/data_white"] = np.ones((1, ROWS, COLUMNS), np.float32)
    refused(run_program("tomo_slice", {"scan": [path]}, ONE), "logarithm")


def test_transmissions_with_flats_of_one_are_intensities(run_program, exchange) -> None:
    light = (frames_at(HALF).astype(np.float32) - DARK) / BEAM
    ones, zeros = np.ones((1, ROWS, COLUMNS), np.float32), np.zeros((1, ROWS, COLUMNS), np.float32)
    check(run_program("tomo_slice", {"scan": [exchange(light, HALF, flats=ones, darks=zeros)]}, ONE), left_out=0)
