"""What is wrong comes first, with its number; what is sound is not called wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from microscope_series import sample, series, stack, taken, write
from scipy import ndimage

from wrappers.io.source import ArraySource
from wrappers.kernels.frame_quality import digests, neighbours, shift
from wrappers.programs.qc import checks, judge
from wrappers.programs.qc.frames import Frames, layout_of
from wrappers.programs.qc.measure import Measured, measure
from wrappers.programs.qc.sound import MOST_VALUES, Lost, sound_blocks

Made = tuple[np.ndarray, str]
Make = Callable[[np.random.Generator], Made]


def measured(values: np.ndarray, axes: str, name: str = "data", chunks: tuple[int, ...] | None = None) -> Measured:
    array = ArraySource(name, values.shape, values.dtype, lambda place: values[place], chunks=chunks, axes=axes)
    return measure("a.h5", array, 256, "max", lambda *_: None)


def kinds(values: np.ndarray, axes: str, name: str = "data") -> list[str]:
    return [fault.kind for fault in measured(values, axes, name).faults]


def dark(rng: np.random.Generator, values: np.ndarray, places: slice) -> np.ndarray:
    values[places] = rng.normal(100, 2, values[places].shape).round()
    return values


def copied(values: np.ndarray, of: int, to: slice) -> np.ndarray:
    values[to] = values[of]
    return values


def pixels(rng: np.random.Generator, values: np.ndarray, what: Callable[[np.ndarray], object]) -> np.ndarray:
    chosen = rng.choice(values[0].size, 30, replace=False)
    flat = values.reshape(len(values), -1)
    flat[:, chosen] = what(flat[:, chosen])
    return values


FAULTY: dict[str, tuple[str, Make]] = {
    "a camera that hung": ("duplicate frames", lambda r: (copied(series(r), 11, slice(12, 15)), "TYX")),
    "a plane twice": ("duplicate frames", lambda r: (copied(stack(r), 19, slice(20, 21)), "ZYX")),
    "pages of which nothing is said, one twice": (
        "duplicate frames",
        lambda r: (copied(stack(r), 19, slice(20, 21)), "QYX"),
    ),
    "a closed shutter": ("dark frames", lambda r: (dark(r, series(r), slice(10, 13)), "TYX")),
    "a closed shutter at the end": ("dark frames", lambda r: (dark(r, series(r), slice(26, 30)), "TYX")),
    "a closed shutter within a stack": ("dark frames", lambda r: (dark(r, stack(r), slice(18, 21)), "ZYX")),
    "a lost frame": ("empty frames", lambda r: (series(r) * (np.arange(30) != 7)[:, None, None], "TYX")),
    "12 bits that are full": (
        "saturated",
        lambda r: (series(r, photons=lambda _: 9000).clip(0, 4095).astype(np.uint16), "TYX"),
    ),
    "cut off at any number": (
        "saturated",
        lambda r: (series(r, photons=lambda _: 9000).clip(0, 3900).astype(np.uint16), "TYX"),
    ),
    "a plane that is full": (
        "saturated",
        lambda r: (taken(sample(r), r, photons=300).clip(0, 255).astype(np.uint8), "YX"),
    ),
    "one time point blurred": (
        "out of focus",
        lambda r: (series(r, blur=lambda t: 3.5 if t == 14 else 1.2), "TYX"),
    ),
    "some blurred, by little light": (
        "out of focus",
        lambda r: (series(r, photons=lambda _: 20, blur=lambda t: 3.5 if t in {3, 4, 20} else 1.2), "TYX"),
    ),
    "the focus drifts": ("focus drift", lambda r: (series(r, blur=lambda t: 1.2 + 0.08 * t), "TYX")),
    "bleached": ("brightness drift", lambda r: (series(r, photons=lambda t: 200 * (1 - 0.4 * t / 30)), "TYX")),
    "a lamp that warms up": (
        "brightness drift",
        lambda r: (series(r, photons=lambda t: 100 * (1 + 0.6 * t / 30)), "TYX"),
    ),
    "a stage that drifts": ("lateral drift", lambda r: (series(r, moved=lambda t: (0.2 * t, 0.1 * t)), "TYX")),
    "a stage that was hit": (
        "lateral drift",
        lambda r: (series(r, moved=lambda t: (0, 8.0) if t > 15 else (0, 0)), "TYX"),
    ),
    "nothing but noise": (
        "no structure", lambda r: (r.normal(100, 3, (20, 96, 128)).round().astype(np.uint16), "TYX"),
    ),
    "hot pixels": ("hot pixels", lambda r: (pixels(r, series(r), lambda v: v + 3000), "TYX")),
    "dead pixels": ("stuck pixels", lambda r: (pixels(r, series(r), lambda v: v * 0 + 100), "TYX")),
    "nothing at all": ("empty", lambda _: (np.full((5, 40, 40), 7, np.uint16), "TYX")),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTY)
def test_a_fault_is_found_and_no_other(what: str) -> None:
    wanted, make = FAULTY[what]
    assert kinds(*make(np.random.default_rng(1))) == [wanted]


SOUND: dict[str, Make] = {
    "a time series": lambda r: (series(r), "TYX"),
    "a sample that lives": lambda r: (series(r, change=0.9), "TYX"),
    "little light": lambda r: (series(r, photons=lambda _: 8), "TYX"),
    "hardly any light": lambda r: (series(r, photons=lambda _: 2), "TYX"),
    "few cells": lambda r: (series(r, cells=3), "TYX"),
    "slight bleaching": lambda r: (series(r, photons=lambda t: 200 * (1 - 0.1 * t / 30)), "TYX"),
    "a lamp that flickers": lambda r: (series(r, photons=lambda _: 200 * (1 + 0.15 * r.normal())), "TYX"),
    "cells that flash": lambda r: (series(r, photons=lambda t: 200 * (1 + 1.5 * (t % 10 == 0))), "TYX"),
    "a stage that trembles": lambda r: (series(r, jitter=0.8), "TYX"),
    "a long series": lambda r: (series(r, 100, change=0.5), "TYX"),
    "a short series": lambda r: (series(r, 5), "TYX"),
    "a stack, whose focus varies by nature": lambda r: (stack(r), "ZYX"),
    "a stack of which nothing is said": lambda r: (stack(r), ""),
    "stacks in time": lambda r: (np.stack([series(r, 8), series(r, 8)], axis=1), "TCYX"),
    "positions, each with its focus": lambda r: (
        np.stack([taken(sample(r), r, blur=1.2 + 2 * r.random()) for _ in range(12)]),
        "RYX",
    ),
    "small pictures": lambda r: (series(r)[:, :20, :20], "TYX"),
    "8 bits": lambda r: ((series(r) // 4).clip(0, 255).astype(np.uint8), "TYX"),
    "decimal numbers": lambda r: (series(r).astype(np.float32) / 7, "TYX"),
    "masks": lambda r: ((series(r) > 150).astype(np.uint8) * 255, "TYX"),
    "truths": lambda r: (series(r) > 150, "TYX"),
    "labels, the same in every plane": lambda r: (
        np.stack([np.kron(r.integers(0, 300, (12, 16)), np.ones((8, 8), int)).astype(np.uint16)] * 6),
        "ZYX",
    ),
    "angles": lambda r: (dark(r, stack(r), slice(18, 21)), "AYX"),
    "coordinates": lambda r: (r.normal(size=(4000, 3)), ""),
    "a list": lambda _: (np.full(5000, 4095, np.uint16), ""),
}


@pytest.mark.parametrize("what", SOUND)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_sound_is_not_called_wrong(what: str, seed: int) -> None:
    found = measured(*SOUND[what](np.random.default_rng(seed)))
    assert [fault.sentence for fault in found.faults] == []
    assert not [words for words in found.finding.unchecked if "could not" in words]


@pytest.mark.parametrize("name", ["exchange/data_dark", "exchange/data_white", "events/image_bg", "a/mask"])
def test_what_is_meant_to_be_dark_or_even_is_not_judged_so(name: str) -> None:
    rng = np.random.default_rng(0)
    assert kinds(rng.normal(100, 3, (20, 64, 64)).round().astype(np.uint16), "", name) == []


def test_the_findings_do_not_depend_on_how_the_array_is_stored() -> None:
    rng = np.random.default_rng(4)
    values = copied(
        dark(rng, series(rng, blur=lambda t: 3.5 if t == 5 else 1.2), slice(20, 23)), 11, slice(12, 13)
    )
    found = [
        [(fault.kind, list(fault.frames)) for fault in measured(values, "TYX", chunks=chunks).faults]
        for chunks in (None, (1, 96, 128), (30, 16, 16), (7, 50, 128))
    ]
    assert found[0] == [("dark frames", [20, 21, 22]), ("duplicate frames", [12]), ("out of focus", [5])]
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize(
    "change", [lambda v: v * 3 + 50, lambda v: v.astype(np.float64) / 65535, lambda v: v[:, ::-1, ::-1]]
)
def test_nor_on_gain_offset_type_or_orientation(change: Callable[[np.ndarray], np.ndarray]) -> None:
    rng = np.random.default_rng(5)
    values = series(rng, blur=lambda t: 3.5 if t == 14 else 1.2, photons=lambda t: 200 * (1 - 0.5 * t / 30))
    assert kinds(change(values), "TYX") == kinds(values, "TYX") == ["out of focus", "brightness drift"]


def test_time_may_be_any_axis_before_the_picture() -> None:
    rng = np.random.default_rng(6)
    values = np.stack([series(rng), series(rng, blur=lambda t: 3.5 if t == 14 else 1.2)])
    (fault,) = measured(values, "CTYX").faults
    assert fault.sentence.startswith("Time point 15 of channel 2 is out of focus")
    (fault,) = measured(np.swapaxes(values, 0, 1), "TCYX").faults
    assert fault.sentence.startswith("Time point 15 of channel 2 is out of focus")


def test_the_shift_of_pictures_is_what_it_is() -> None:
    rng = np.random.default_rng(7)
    scene = sample(rng)
    for wanted in ((0, 0), (3, -5), (1.4, 0.7), (-7.25, 2)):
        dy, dx, alike = shift(scene, ndimage.shift(scene, wanted, order=3, mode="nearest"))
        assert (dy, dx) == pytest.approx(wanted, abs=0.15)
        assert alike > 0.7


def test_neighbours_share_structure_and_no_noise() -> None:
    rng = np.random.default_rng(8)
    noise = neighbours(rng.normal(0, 5, (3, 200, 300)), 1, 1)
    assert noise.same / noise.pairs == pytest.approx([25] * 3, rel=0.02)
    assert np.abs(noise.next / noise.pairs) == pytest.approx([0] * 3, abs=0.2)
    smooth = sample(rng)[None]
    near = neighbours(smooth, 1, 1)
    assert 0.8 < float(near.next[0] / near.same[0]) < 1


def test_digests_tell_every_pixel_and_place() -> None:
    values = np.zeros((4, 20, 20), np.uint16)
    values[1, 3, 4] = 1
    values[2, 3, 5] = 1
    found = digests(values, (0, 0))
    assert len({tuple(one) for one in found}) == 3
    assert (found[0] == found[3]).all()
    assert not (digests(values[:1], (0, 20)) == found[0]).any()


def test_blocks_are_bounded_by_their_values_too() -> None:
    """What is computed of a value takes 8 bytes, also of one that has 1: 64 MiB of them took 1.7 GiB."""
    values = np.zeros((600, 128, 256), np.uint8)
    array = ArraySource("a", values.shape, values.dtype, lambda place: values[place])
    sizes = [block.size for _, block in sound_blocks(array, Lost())]
    assert (sum(sizes), max(sizes) <= MOST_VALUES) == (values.size, True)


@pytest.mark.parametrize("chunks", [None, (1, 96, 128), (4, 17, 23), (9, 5, 128)])
def test_small_pictures_are_sums_however_the_array_is_stored(chunks: tuple[int, ...] | None) -> None:
    values = np.random.default_rng(0).integers(0, 60000, (8, 301, 530)).astype(np.uint16)
    array = ArraySource("a", values.shape, values.dtype, lambda place: values[place], chunks=chunks, axes="TYX")
    layout = layout_of(array)
    assert not isinstance(layout, str)
    frames = Frames(array, layout)
    for place, block in array.blocks(100_000):
        frames.add(place, block)
    assert frames.bin == 3
    wanted = values[:, :300, :528].reshape(8, 100, 3, 176, 3).sum(axis=(2, 4), dtype=np.float64)
    assert np.array_equal(frames.small, wanted)
    assert np.array_equal(frames.mean, values.reshape(8, -1).mean(axis=1))
    assert np.array_equal(frames.lowest, values.min(axis=0))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    rng = np.random.default_rng(9)
    path = tmp_path / "mixed.h5"
    write(path, stack(rng), "ZYX", "a/sound")
    write(path, dark(rng, series(rng), slice(10, 13)), "TYX", "b/shut<ter>")
    write(path, pixels(rng, series(rng), lambda v: v + 3000), "TYX", "c/hot")
    with h5py.File(path, "a") as file:
        file["d/table"] = np.arange(60.0).reshape(20, 3)
    return path


def test_the_report_begins_with_what_is_wrong(run_program, mixed: Path) -> None:
    ending = run_program("qc", {"data": [mixed]})
    report = json.loads((ending.output / "report.json").read_text())
    assert [one["name"] for one in report["arrays"]] == ["/b/shut<ter>", "/c/hot", "/a/sound", "/d/table"]
    (fault,) = report["arrays"][0]["faults"]
    assert (fault["kind"], fault["number"], fault["frames"]) == ("dark frames", 3, [10, 11, 12])
    assert fault["reason"]
    assert [one["judged"] for one in report["arrays"]] == [True, True, True, False]
    assert ending.metadata["warnings"] == [
        f"/b/shut<ter>: {fault['sentence']}",
        f"/c/hot: {report['arrays'][1]['faults'][0]['sentence']}",
    ]
    thumbnail = next(one for one in ending.metadata["previews"] if one["role"] == "thumbnail")
    assert thumbnail["file"] == f"previews/{fault['picture']}.png"
    assert ending.metadata["summary"].startswith("Wrong: dark frames, hot pixels")
    page = (ending.output / "report.html").read_text()
    words = re.sub(r"<[^>]*>", " ", page.partition("<main>")[2])
    assert words.index("2 things are wrong") < words.index("Dark frames") < words.index("Hot pixels")
    assert "shut&lt;ter&gt;" in page
    assert words.index("Hot pixels") < words.index("All arrays")


def test_a_sound_dataset_says_so(run_program, tmp_path: Path) -> None:
    path = write(tmp_path / "sound.h5", stack(np.random.default_rng(2)), "ZYX")
    ending = run_program("qc", {"data": [path]})
    assert "Nothing wrong was found." in (ending.output / "report.html").read_text()
    assert ending.metadata["warnings"] == []
    assert ending.parameters["faults"] == 0


def test_lists_alone_are_not_called_sound(run_program, tmp_path: Path) -> None:
    path = write(tmp_path / "list.h5", np.arange(50.0), "")
    page = (run_program("qc", {"data": [path]}).output / "report.html").read_text()
    assert "Nothing wrong" not in page
    assert "There was nothing to judge" in page


def test_a_check_that_fails_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_subject: object) -> object:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(judge, "CHECKS", {"focus": broken, "dark frames": checks.dark_frames})
    rng = np.random.default_rng(3)
    found = measured(dark(rng, series(rng), slice(10, 13)), "TYX")
    assert [fault.kind for fault in found.faults] == ["dark frames"]
    assert found.finding.unchecked == ["focus could not be checked (ZeroDivisionError: of all things)"]


def test_pictures_that_cannot_be_looked_at_leave_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(judge.Frames, "add", broken)
    found = measured(series(np.random.default_rng(3)), "TYX")
    assert found.finding.unchecked == ["its pictures could not be looked at (there is too little memory)"]
    assert found.finding.maximum


def test_values_that_are_not_finite_and_frames_read_in_part_are_no_fault() -> None:
    values = series(np.random.default_rng(3)).astype(np.float32)
    values[4, :10] = np.nan
    values[9] = np.nan
    assert kinds(values, "TYX") == []


def test_a_colour_picture_is_only_asked_for_saturation(run_program, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = np.stack([taken(sample(rng), rng, photons=400).clip(0, 255)] * 3, axis=-1).astype(np.uint8)
    tifffile.imwrite(tmp_path / "c.tif", picture, photometric="rgb")
    ending = run_program("qc", {"data": [tmp_path / "c.tif"]})
    (found,) = json.loads((ending.output / "report.json").read_text())["arrays"]
    assert [fault["kind"] for fault in found["faults"]] == ["saturated"]
    assert found["unchecked"] == ["a colour picture is not judged but for saturation"]


@pytest.mark.parametrize(
    "name", ["lightsheet/gendata_psfconv_poiss.tif", "lightsheet/PSF_RFI_8bit.tif", "tomography/tooth.h5"]
)
def test_real_data_that_are_sound_are_not_called_wrong(run_program, test_data: Path, name: str) -> None:
    if not (test_data / name).is_file():
        pytest.skip(f"{name} is not among the test data")
    assert run_program("qc", {"data": [test_data / name]}).metadata["warnings"] == []


def test_nor_is_a_real_measurement_of_cells(run_program, recorded_rtdc: Path) -> None:
    assert run_program("qc", {"data": [recorded_rtdc]}).metadata["warnings"] == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_array_without_a_number_is_not_called_sound(run_program, tmp_path: Path, value: float) -> None:
    path = write(tmp_path / "empty.h5", np.full((8, 40, 50), value, np.float32), "ZYX")
    ending = run_program("qc", {"data": [path]})
    assert any("all 16,000 values are NaN or infinite" in words for words in ending.metadata["warnings"])
    assert "Nothing wrong was found." not in (ending.output / "report.html").read_text()
