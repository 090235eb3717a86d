"""Files that are not what their names say, and bytes that do not unpack: in plain words, and where."""

import gzip
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

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
    [left] = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))["left_out"]
    assert left["why"].startswith("it cannot be read as HDF5")
    assert "/bad at 0…5, 0…39, 0…47: its stored bytes cannot be unpacked" in left["why"]
    assert "filter" not in left["why"]


def test_a_page_that_does_not_unpack_is_named(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, compression="lzw", photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        start = file.pages[3].dataoffsets[0]
    raw = bytearray(path.read_bytes())
    raw[start : start + 400] = b"\xff" * 400
    path.write_bytes(raw)
    ending = run_program("qc", {"data": [path]})
    refused(ending, "page 4: its stored bytes cannot be unpacked")
    assert "IMCD" not in ending.words
    assert ending.words.count("a.tif") == 1


def test_figures_beyond_the_range_of_numbers_are_said(run_program, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["d"] = [-1.7e308, 1.7e308, 1.0]
    ending = run_program("qc", {"data": [tmp_path / "a.h5"]})
    [found] = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))["arrays"]
    assert found["std"] is None
    assert found["note"] == "Beyond the range of numbers: its standard deviation."
