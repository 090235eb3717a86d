"""The time between time points, as each format tells it, and that it is not known where none does."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from zarr_folders import described
from zarr_folders import write as write_zarr

from portal.data.parsing import client
from portal.files.confined import Root

SERIES = np.arange(5 * 4 * 12 * 14, dtype=np.uint16).reshape(5, 4, 12, 14)


def steps(path: Path) -> list[float | None]:
    if path.is_dir():
        with Root(path) as folder:
            found = client.inspect(folder, pictures=0).listing
    else:
        with path.open("rb") as file:
            found = client.listing(file, pictures=0)
    assert found is not None
    return [one.interval_s for one in found.arrays]


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ({"TimeIncrement": 2.5}, 2.5),
        ({"TimeIncrement": 250.0, "TimeIncrementUnit": "ms"}, 0.25),
        ({"TimeIncrement": 2.0, "TimeIncrementUnit": "min"}, 120.0),
        ({"TimeIncrement": 0.0}, None),
        ({}, None),
    ],
)
def test_ome_tiff(tmp_path: Path, told: dict, step: float | None) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", SERIES, photometric="minisblack", metadata={"axes": "TZYX"} | told)
    assert steps(tmp_path / "a.ome.tif") == [step]


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ({"finterval": 0.04}, 0.04),
        ({"finterval": 40, "tunit": "ms"}, 0.04),
        ({"finterval": 3, "tunit": "min"}, 180.0),
        ({"finterval": 3, "tunit": "frame"}, None),
        ({"finterval": 0}, None),
        ({}, None),
    ],
)
def test_imagej(tmp_path: Path, told: dict, step: float | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES, imagej=True, metadata={"axes": "TZYX"} | told)
    assert steps(tmp_path / "a.tif") == [step]


@pytest.mark.parametrize(("unit", "step"), [("second", 30.0), ("minute", 1800.0), (None, None), ("furlong", None)])
@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr(tmp_path: Path, unit: str | None, step: float | None, version: int) -> None:
    attributes = described("tzyx", "micrometer", [[30.0, 1.0, 0.5, 0.5]])
    if unit:
        attributes["multiscales"][0]["axes"][0]["unit"] = unit
    write_zarr(tmp_path / "a.zarr", [SERIES], attributes, version)
    assert steps(tmp_path / "a.zarr") == [step]


@pytest.mark.parametrize(
    ("times", "unit", "step"),
    [
        ([0.0, 0.5, 1.0, 1.5, 2.0], "s", 0.5),
        ([10.0, 30.0, 50.0, 70.0, 90.0], "ms", 0.02),
        ([0.0, 0.5, 1.0, 1.5, 9.0], "s", None),
        ([0.0, 0.5, 1.0, 1.5, 2.0], "", None),
        ([0.0, 0.5, 1.0, 1.5, 2.0], "um", None),
    ],
)
def test_nexus(tmp_path: Path, times: list[float], unit: str, step: float | None) -> None:
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        data = file.create_group("entry/data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts"})
        data.attrs["axes"] = np.array(["time", "z", "y", "x"], dtype=h5py.string_dtype())
        data["counts"], data["time"] = SERIES, times
        if unit:
            data["time"].attrs["units"] = unit
    assert steps(tmp_path / "a.nxs")[0] == step
