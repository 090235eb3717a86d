"""Files that are not what their names say, and bytes that do not unpack: in plain words, and where."""

import gzip
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from zarr_folders import described, write

from wrappers.io import tiff
from wrappers.programs.qc.measure import measure

VOLUME = np.random.default_rng(0).integers(0, 400, (6, 40, 48)).astype(np.uint16)


def packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "a")


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("a.tif", lambda path: path.write_text("hello world"), "a.tif is no TIFF file: it is text"),
        (
            "a.h5",
            lambda path: path.write_text("<!doctype html><p>Sign in"),
            "no HDF5 file: it is a web page",
        ),
        ("a.tif", packed, "a.tif is no TIFF file: it is a ZIP archive"),
        ("a.tif", lambda path: h5py.File(path, "w").close(), "a.tif is no TIFF file: it is HDF5"),
        ("a.nxs", lambda path: tifffile.imwrite(path, VOLUME), "a.nxs is no HDF5 file: it is TIFF"),
        (
            "a.mrc",
            lambda path: path.write_bytes(gzip.compress(bytes(3000))),
            "a.mrc is no MRC file: it is compressed by gzip",
        ),
    ],
)
def test_a_file_of_another_kind_is_said_to_be_one(run_program, refused, tmp_path, name, write, words) -> None:
    write(tmp_path / name)
    refused(run_program("qc", {"data": [tmp_path / name]}), words)


def test_a_table_that_is_called_a_measurement_is_said_to_be_text(run_program, refused, tmp_path: Path) -> None:
    (tmp_path / "a.rtdc").write_text("area;deform\n1;2\n")
    refused(run_program("dc_segmentation", {"measurement": [tmp_path / "a.rtdc"]}), "is no HDF5 file: it is text")


def test_a_chunk_that_does_not_unpack_is_named_with_its_place(run_program, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["sound"] = VOLUME
        bad = file.create_dataset("bad", data=VOLUME, chunks=(1, 40, 48), compression="gzip")
        start = bad.id.get_chunk_info(2).byte_offset
    raw = bytearray(path.read_bytes())
    raw[start : start + 50] = bytes(50)
    path.write_bytes(raw)
    ending = run_program("qc", {"data": [path]})
    report = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))
    assert report["left_out"] == []
    bad = next(one for one in report["arrays"] if one["name"] == "/bad")
    others = np.delete(VOLUME, 2, axis=0)
    assert (bad["mean"], bad["not_read"], bad["not_written"]) == (pytest.approx(others.mean()), 40 * 48, 0)
    assert bad["note"] == (
        "Damaged: /bad at 2…2, 0…39, 0…47: its stored bytes cannot be unpacked. "
        "1,920 values are left out of the figures."
    )
    assert ending.parameters["not read"] == 1920
    assert "1,920 values not read: damaged" in ending.metadata["summary"]


def broken_pages(
    path: Path, values: np.ndarray, pages: list[int], compression: str = "lzw", **how: object
) -> None:
    """A TIFF of these pages, some of which do not unpack: in each the last strip or tile."""
    tifffile.imwrite(path, values, compression=compression, photometric="minisblack", **how)
    with tifffile.TiffFile(path) as file:
        places = [(file.pages[one].dataoffsets[-1], file.pages[one].databytecounts[-1]) for one in pages]
    raw = bytearray(path.read_bytes())
    for start, count in places:
        raw[start : start + count] = b"\xff" * count
    path.write_bytes(raw)


@pytest.mark.parametrize("codec", ["lzw", "zlib", "zstd", "lzma"])
def test_an_analysis_of_the_whole_names_the_page_and_no_library(
    run_program, refused, tmp_path: Path, codec
) -> None:
    broken_pages(tmp_path / "a.tif", VOLUME, [3], compression=codec)
    options = {"voxel_xy": 0.2, "voxel_z": 0.5}
    ending = run_program("lightsheet_deconvolution", {"stack": [tmp_path / "a.tif"]}, options)
    refused(
        ending, "a.tif cannot be read as TIFF; it may be incomplete or damaged (page 4: its stored bytes cannot"
    )


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("how", [{}, {"rowsperstrip": 8}, {"tile": (16, 16)}])
def test_a_page_that_does_not_unpack_costs_itself_and_is_named(
    run_program, tmp_path: Path, dtype: str, how
) -> None:
    values = VOLUME.astype(dtype)
    broken_pages(tmp_path / "a.tif", values, [3], **how)
    ending = run_program("qc", {"data": [tmp_path / "a.tif"]})
    report = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))
    assert report["left_out"] == []
    [found] = report["arrays"]
    others = np.delete(values, 3, axis=0)
    assert found["mean"] == pytest.approx(others.mean())
    assert (found["minimum"], found["maximum"]) == (others.min(), others.max())
    assert found["percentiles"]["50"] == pytest.approx(float(np.median(others)), rel=1e-3)
    assert (found["size"], found["not_read"], found["not_finite"]) == (VOLUME.size, 40 * 48, 0)
    assert found["note"] == (
        "Damaged: page 4: its stored bytes cannot be unpacked. 1,920 values are left out of the figures."
    )
    assert len(found["pictures"]) == 3
    assert found["note"] in (ending.output / "report.html").read_text(encoding="utf-8")


def test_the_first_of_many_damaged_pages_are_named_and_the_others_counted(run_program, tmp_path: Path) -> None:
    broken_pages(tmp_path / "a.tif", VOLUME, [0, 1, 2, 4, 5])
    ending = run_program("qc", {"data": [tmp_path / "a.tif"]})
    [found] = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))["arrays"]
    assert found["mean"] == pytest.approx(VOLUME[3].mean())
    assert "page 3: its stored bytes cannot be unpacked; and 2 more. 9,600 values" in found["note"]


def test_where_no_page_can_be_read_that_is_said(run_program, refused, tmp_path: Path) -> None:
    broken_pages(tmp_path / "a.tif", VOLUME, list(range(len(VOLUME))))
    ending = run_program("qc", {"data": [tmp_path / "a.tif"]})
    refused(ending, "page 1: its stored bytes cannot be unpacked")
    assert "IMCD" not in ending.words
    assert ending.words.count("a.tif") == 1


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_of_a_page_that_is_read_by_tiles_a_broken_one_costs_itself(
    run_program, tmp_path: Path, monkeypatch, dtype: str
) -> None:
    plane = np.random.default_rng(2).integers(1, 900, (96, 112)).astype(dtype)
    broken_pages(tmp_path / "a.tif", plane, [0], tile=(32, 32))
    with tiff.open_tiff(tmp_path / "a.tif") as opened:
        monkeypatch.setattr(tiff, "BLOCK_BYTES", 1000)
        [array] = tiff.survey(opened.file, tmp_path / "a.tif")[0]
        found = measure("a.tif", array, 16, "max", lambda _bytes, _passes: None).finding
    there = np.ones(plane.shape, bool)
    there[64:, 96:] = False
    assert found.mean == pytest.approx(plane[there].mean())
    assert found.not_read == 32 * 16
    assert "values at 64…95, 96…111: its stored bytes cannot be unpacked" in found.note


def test_a_chunk_of_zarr_that_does_not_unpack_is_named(run_program, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ome.zarr", [VOLUME], described("zyx", None, [[1, 1, 1]]), chunks=(2, 40, 48))
    (path / "0" / "c" / "1" / "0" / "0").write_bytes(b"\xff" * 100)
    ending = run_program("qc", {"data": [path]})
    [found] = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))["arrays"]
    assert found["mean"] == pytest.approx(np.delete(VOLUME, [2, 3], axis=0).mean())
    assert found["note"].startswith("Damaged: /0 at 2…3, 0…39, 0…47: ")


def test_figures_beyond_the_range_of_numbers_are_said(run_program, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = [-1.7e308, 1.7e308, 1.0]
    ending = run_program("qc", {"data": [tmp_path / "a.h5"]})
    [found] = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))["arrays"]
    assert found["std"] is None
    assert found["note"] == "Beyond the range of numbers: its standard deviation."
