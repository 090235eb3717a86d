"""Folders of planes: what is taken for one volume, what is not, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

VOLUME = np.random.default_rng(0).integers(0, 400, (12, 40, 48)).astype(np.uint16)
OPTIONS = {"iterations": 2, "sigma_z": 0.3, "voxel_xy": 0.2, "voxel_z": 0.5}


def planes(folder: Path, name: str, many: int = 12) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / name.format(number) for number in range(many)]
    for file, plane in zip(files, VOLUME, strict=False):
        tifffile.imwrite(file, plane)
    return files


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frame_{:03}.tif", "whose names count time points"),
        ("2026-11-{:02}.tif", "count days"),
        ("D{:02}.tif", "count wells"),
        ("a_s{}.tif", "slices, or positions of the stage"),
    ],
)
def test_names_that_count_something_else_are_refused(run_program, refused, tmp_path: Path, name, words) -> None:
    files = planes(tmp_path / "a", name)[1:]
    refused(run_program("lightsheet_deconvolution", {"stack": files}, OPTIONS), words)


@pytest.mark.parametrize("name", ["img_z{:02}.tif", "slice{}.tif"])
def test_of_planes_by_name_nothing_is_said(run_program, tmp_path: Path, name) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": planes(tmp_path / "a", name)}, OPTIONS)
    assert ending.code == 0, ending.words
    assert "taken for planes" not in ending.warned


def test_planes_by_another_word_are_said_to_be_taken_for_such(run_program, tmp_path: Path) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": planes(tmp_path / "a", "fish_{:03}.tif")}, OPTIONS)
    wanted = "the stack's 12 files are taken for planes along z, in the order of the number behind “fish_”"
    assert wanted in ending.warned


@pytest.mark.parametrize("other", [VOLUME[0, ::8, ::8], VOLUME[0].astype(np.uint8), VOLUME[0, :20]])
def test_planes_that_are_not_alike_are_named(run_program, refused, tmp_path: Path, other) -> None:
    files = planes(tmp_path / "a", "z{}.tif")
    tifffile.imwrite(tmp_path / "a" / "z12.tif", other)
    ending = run_program("lightsheet_deconvolution", {"stack": [*files, tmp_path / "a" / "z12.tif"]}, OPTIONS)
    refused(ending, "The stack has planes that are not alike: z12.tif is ")
    assert "and 12 others are 40 × 48, uint16" in ending.words


def test_what_macos_keeps_beside_a_file_is_none(run_program, tmp_path: Path) -> None:
    files = planes(tmp_path / "a", "z{}.tif")
    files += [file.with_name(f"._{file.name}") for file in files]
    for file in files[12:]:
        file.write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        " + bytes(100))
    ending = run_program("lightsheet_deconvolution", {"stack": files}, OPTIONS)
    assert ending.code == 0, ending.words
    ending = run_program("qc", {"data": files})
    assert ending.parameters["arrays"] == 12
    assert ending.parameters["left out"] == 0


def test_that_zero_is_white_is_said(run_program, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, photometric="miniswhite", metadata={"axes": "ZYX"})
    options = {"iterations": 1, "sigma_z": 0.3, "voxel_xy": 0.2, "voxel_z": 0.5}
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, options)
    assert "the file says that 0 is white" in ending.warned
