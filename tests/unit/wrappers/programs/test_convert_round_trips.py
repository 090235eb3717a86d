"""Conversion from OME-Zarr to OME-TIFF and back: the same values, sizes, time step and names."""

from pathlib import Path
from typing import Any

import judges
import numpy as np
import pytest
import tifffile
import zarr

RNG = np.random.default_rng(7)
KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
LENGTHS = {"t": 3, "c": 2, "z": 4, "y": 20, "x": 24}
SCALES = {"t": 90.0, "c": 1.0, "z": 0.5, "y": 0.2, "x": 0.25}
MOMENT = "2024-05-06T07:08:09Z"


def written(path: Path, version: str, axes: str, levels: int, unit: str | None = "minute") -> np.ndarray:
    """A picture of several resolutions, of a time step of 1.5 minutes, whose coarser levels hold other values."""
    values = RNG.integers(0, 60000, [LENGTHS[axis] for axis in axes]).astype(np.uint16)
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    datasets = []
    for level in range(levels):
        thin = tuple(slice(None, None, 2**level) if axis in "yx" else slice(None) for axis in axes)
        part = values[thin] if not level else np.zeros_like(values[thin])
        chunks = tuple(max(1, length // 2) for length in part.shape)
        group.create_array(str(level), shape=part.shape, dtype=part.dtype, chunks=chunks)[...] = part
        scale = [SCALES[axis] * (2**level if axis in "yx" else 1) for axis in axes]
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    named = [
        {"name": axis, "type": KINDS[axis]} | ({"unit": "micrometer"} if axis in "zyx" else {}) for axis in axes
    ]
    multiscale: dict[str, Any] = {"name": "embryo 7", "axes": named, "datasets": datasets}
    if "t" in axes:
        named[axes.index("t")] |= {"unit": unit} if unit else {}
        # What holds for all levels may be said once, beside them.
        multiscale["coordinateTransformations"] = [
            {"type": "scale", "scale": [1 / 60 if axis == "t" else 1.0 for axis in axes]}
        ]
    ome: dict[str, Any] = {"multiscales": [multiscale]}
    if "c" in axes:
        window = {"min": 0, "max": 65535, "start": 0, "end": 65535}
        names = [{"label": name, "color": "FFFFFF", "window": window} for name in ("DAPI <405>", "GFP µ")]
        ome["omero"] = {"channels": names}
    if version == "0.4":
        multiscale["version"] = "0.4"
        group.attrs.update(ome | {"acquisition date": MOMENT})
    else:
        group.attrs.update({"ome": ome | {"version": "0.5"}, "acquisition date": MOMENT})
    return values


def converted(run_program: Any, path: Path, kind: str) -> Path:
    ending = run_program("convert", {"data": [path]}, {"format": kind})
    assert ending.code == 0, ending.words
    [made] = [one for one in ending.output.iterdir() if ".ome." in one.name]
    return Path(made)


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("axes", ["tczyx", "tyx", "zyx"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_goes_to_ome_tiff_and_back_is_what_it_was(
    run_program: Any, tmp_path: Path, version: str, axes: str, levels: int
) -> None:
    values = written(tmp_path / "embryo.ome.zarr", version, axes, levels)
    tiff = converted(run_program, tmp_path / "embryo.ome.zarr", "ome-tiff")
    [image] = judges.ome_of(tiff).images
    pixels = image.pixels
    for axis in set(axes) & set("zyx"):
        assert getattr(pixels, f"physical_size_{axis}") == pytest.approx(SCALES[axis])
    if "t" in axes:
        assert (pixels.time_increment, str(pixels.time_increment_unit.value)) == (pytest.approx(90.0), "s")
    if "c" in axes:
        assert [channel.name for channel in pixels.channels] == ["DAPI <405>", "GFP µ"]
    assert image.acquisition_date.isoformat().startswith("2024-05-06T07:08:09")
    with tifffile.TiffFile(tiff) as file:
        [series] = file.series
        order = [series.axes.index(axis.upper()) for axis in axes]
        assert np.array_equal(series.asarray().transpose(order), values)
    back = converted(run_program, tiff, "ome-zarr")
    ome, stored = judges.ngff_of(back)
    assert np.array_equal(stored.reshape(values.shape), values)
    [multiscale] = ome["multiscales"]
    found = [axis["name"] for axis in multiscale["axes"]]
    scale = dict(zip(found, multiscale["datasets"][0]["coordinateTransformations"][0]["scale"], strict=True))
    units = {axis["name"]: axis.get("unit") for axis in multiscale["axes"]}
    assert [axis for axis in found if stored.shape[found.index(axis)] > 1] == list(axes)
    for axis in set(axes) - {"c"}:
        assert scale[axis] == pytest.approx(SCALES[axis])
        assert units[axis] == ("second" if axis == "t" else "micrometer")
    if "c" in axes:
        assert [one["label"] for one in ome["omero"]["channels"]] == ["DAPI <405>", "GFP µ"]
    assert zarr.open_group(back, mode="r").attrs["acquisition date"].startswith("2024-05-06T07:08:09")


@pytest.mark.parametrize("unit", [None, "fortnight"])
def test_a_time_step_of_an_unknown_unit_is_none(run_program: Any, tmp_path: Path, unit: str | None) -> None:
    written(tmp_path / "embryo.ome.zarr", "0.5", "tyx", 1, unit)
    tiff = converted(run_program, tmp_path / "embryo.ome.zarr", "ome-tiff")
    assert judges.ome_of(tiff).images[0].pixels.time_increment is None


def test_a_zarr_picture_goes_into_zarr_as_it_was(run_program: Any, tmp_path: Path) -> None:
    values = written(tmp_path / "embryo.ome.zarr", "0.4", "tczyx", 2)
    ome, stored = judges.ngff_of(converted(run_program, tmp_path / "embryo.ome.zarr", "ome-zarr"))
    assert np.array_equal(stored, values)
    [level] = ome["multiscales"][0]["datasets"]
    assert level["coordinateTransformations"][0]["scale"] == pytest.approx([90.0, 1.0, 0.5, 0.2, 0.25])
