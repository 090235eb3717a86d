"""Slices change as physics says where a scan is shifted, brighter, cut, stored or counted in another way."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

COLUMNS, ROWS, AXIS, PIXEL_UM = 64, 4, 31.0, 5.0
DEGREES = np.linspace(0, 180, 120, endpoint=False)
INNER = np.hypot(*(np.indices((COLUMNS, COLUMNS)) - (COLUMNS - 1) / 2)) < 24
Change = Callable[[h5py.File], None]


def written(path: Path, *, axis: float = AXIS, light: float = 20000.0, change: Change | None = None) -> Path:
    """A disk with two in it; every row another strength. Without noise, so that differences are the change's."""
    turned, columns = np.deg2rad(DEGREES)[:, None], np.arange(COLUMNS)
    lines = np.zeros((len(DEGREES), COLUMNS))
    for x, y, radius, density in ((0, 1, 18, 0.02), (7, -5, 4, 0.02), (-8, 3, 3, -0.01)):
        middle = axis + x * np.cos(turned) - y * np.sin(turned)
        lines += density * 2 * np.sqrt(np.maximum(0, radius**2 - (columns - middle) ** 2))
    strength = np.linspace(1, 1.6, ROWS)[None, :, None]
    with h5py.File(path, "w") as file:
        file["exchange/data"] = 100 + light * np.exp(-lines[:, None] * strength)
        file["exchange/data_white"] = np.full((3, ROWS, COLUMNS), 100 + light)
        file["exchange/data_dark"] = np.full((3, ROWS, COLUMNS), 100.0)
        file["exchange/theta"] = DEGREES
        file["exchange/theta"].attrs["units"] = "deg"
        pixel = file.create_dataset("measurement/instrument/detector/pixel_size_x", data=PIXEL_UM)
        pixel.attrs["units"] = "um"
        if change is not None:
            change(file)
    return path


@pytest.fixture
def slices(run_program, tmp_path: Path) -> Callable[..., tuple[np.ndarray, dict[str, object]]]:
    def make(path: Path, **options: object) -> tuple[np.ndarray, dict[str, object]]:
        ending = run_program("tomo_slice", {"scan": [path]}, {"row_first": 0, "row_count": ROWS} | options)
        assert ending.code == 0, ending.words
        with h5py.File(ending.output / "slices.h5") as file:
            return np.asarray(file["data"]), ending.parameters

    return make


def off(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest relative L2 of all slices, within the circle that both show."""
    return max(
        float(np.linalg.norm((one - other)[INNER]) / np.linalg.norm(other[INNER]))
        for one, other in zip(found, wanted, strict=True)
    )


def replaced(name: str, values: object, **attributes: str) -> Change:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = values
        file[name].attrs.update(attributes)

    return change


@pytest.mark.parametrize("shift", [-3.0, 0.5, 4.0])
def test_a_shifted_axis_shifts_the_centre_and_not_the_slice(slices, tmp_path: Path, shift: float) -> None:
    plain, told = slices(written(tmp_path / "a.h5"))
    moved, then = slices(written(tmp_path / "b.h5", axis=AXIS + shift))
    assert then["rotation centre"] - told["rotation centre"] == pytest.approx(shift, abs=0.1)
    # Between columns values are interpolated, which blurs sharp edges.
    assert off(moved, plain) < (0.1 if shift % 1 else 0.03)


def test_the_beams_strength_does_not_matter(slices, tmp_path: Path) -> None:
    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    for light in (500.0, 3e6):
        found, _ = slices(written(tmp_path / "b.h5", light=light), centre=str(AXIS))
        assert off(found, plain) < 1e-4


def test_rows_that_are_cut_off_leave_the_others(slices, tmp_path: Path) -> None:
    def cut(file: h5py.File) -> None:
        for name in ("data", "data_white", "data_dark"):
            values = file[f"exchange/{name}"][:, 1:3]
            del file[f"exchange/{name}"]
            file[f"exchange/{name}"] = values

    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    found, told = slices(written(tmp_path / "b.h5", change=cut), centre=str(AXIS))
    assert told["slices"] == 2
    assert np.array_equal(found, plain[1:3])


@pytest.mark.parametrize(("chunks", "compression"), [((1, ROWS, COLUMNS), "gzip"), ((7, 3, 5), None)])
def test_chunks_do_not_matter(slices, tmp_path: Path, chunks, compression) -> None:
    def chunked(file: h5py.File) -> None:
        values = file["exchange/data"][()]
        del file["exchange/data"]
        file.create_dataset("exchange/data", data=values, chunks=chunks, compression=compression)

    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    found, _ = slices(written(tmp_path / "b.h5", change=chunked), centre=str(AXIS))
    assert np.array_equal(found, plain)


@pytest.mark.parametrize(("kind", "within"), [("f4", 1e-5), ("u2", 2e-3), ("i4", 2e-3), (">u2", 2e-3)])
def test_the_type_of_readings_does_not_matter_beyond_what_it_rounds(slices, tmp_path: Path, kind, within) -> None:
    def typed(file: h5py.File) -> None:
        for name in ("data", "data_white", "data_dark"):
            values = file[f"exchange/{name}"][()]
            del file[f"exchange/{name}"]
            file[f"exchange/{name}"] = (values if kind == "f4" else np.round(values)).astype(kind)

    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    found, _ = slices(written(tmp_path / "b.h5", change=typed), centre=str(AXIS))
    assert off(found, plain) < within


@pytest.mark.parametrize(("unit", "factor"), [("rad", np.pi / 180), ("mrad", 1000 * np.pi / 180)])
def test_the_unit_of_angles_does_not_matter(slices, tmp_path: Path, unit, factor) -> None:
    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    change = replaced("exchange/theta", DEGREES * factor, units=unit)
    found, _ = slices(written(tmp_path / "b.h5", change=change), centre=str(AXIS))
    assert off(found, plain) < 1e-5


@pytest.mark.parametrize(("value", "unit"), [(0.005, "mm"), (5e-6, "m"), (5000.0, "nm")])
def test_the_unit_of_the_pixel_size_does_not_matter(slices, tmp_path: Path, value, unit) -> None:
    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    change = replaced("measurement/instrument/detector/pixel_size_x", value, units=unit)
    found, told = slices(written(tmp_path / "b.h5", change=change), centre=str(AXIS))
    assert told["pixel size"] == pytest.approx(PIXEL_UM)
    assert off(found, plain) < 1e-6


def test_a_pixel_of_twice_the_size_halves_attenuation(slices, tmp_path: Path) -> None:
    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    found, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS), pixel_size=2 * PIXEL_UM)
    assert off(2 * found, plain) < 1e-6


def test_columns_that_are_cut_off_leave_the_scale(slices, tmp_path: Path) -> None:
    """The sample is wider than what is left: 30 of 64 columns about the axis."""

    def cut(file: h5py.File) -> None:
        for name in ("data", "data_white", "data_dark"):
            values = file[f"exchange/{name}"][..., 16:46]
            del file[f"exchange/{name}"]
            file[f"exchange/{name}"] = values

    plain, _ = slices(written(tmp_path / "a.h5"), centre=str(AXIS))
    found, _ = slices(written(tmp_path / "b.h5", change=cut), centre=str(AXIS - 16))
    place = np.hypot(*(np.indices((30, 30)) - 14.5)) < 12
    whole = plain[:, 17:47, 17:47]
    assert found[:, place].mean() == pytest.approx(whole[:, place].mean(), rel=0.06)
