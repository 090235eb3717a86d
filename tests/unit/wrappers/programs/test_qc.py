"""The quality check on files of known content."""

import json
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from program_ending import Ending

from wrappers.io.source import block_places


def report(ending: Ending) -> dict[str, dict]:
    text = (ending.output / "report.json").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in json.loads(text)["arrays"]}


@pytest.fixture
def mixed_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "mixed.h5"
    with h5py.File(path, "w") as file:
        stack = rng.poisson(1000, (20, 30, 40)).astype(np.uint16)
        stack[3, 4, 5:9] = 4095
        file.create_dataset("entry/stack", data=stack, chunks=(5, 10, 10), compression="gzip")
        values = rng.normal(0, 1, (50, 60))
        values[0, :7] = np.nan
        file["entry/plane"] = values
        file["entry/curve"] = np.arange(300, dtype=np.int64) - 2**40
        file["entry/complex"] = np.full(5, 3 + 4j)
        file["entry/flags"] = np.array([True, False, True])
        file["entry/nothing"] = np.empty((0, 4))
        file["entry/all_nan"] = np.full(4, np.nan)
        file["entry/words"] = "no numbers"
        file["entry/scalar"] = 3.0
        file["entry/elsewhere"] = h5py.ExternalLink("/etc/hostname", "/data")
    return path


def test_figures_are_numpys_for_every_array_and_nothing_outside_the_file_is_read(run_program, mixed_file) -> None:
    ending = run_program("qc", {"data": [mixed_file]}, {"histogram_bins": 100})
    found = report(ending)
    assert set(found) == {f"/entry/{name}" for name in ("stack", "plane", "curve", "complex", "flags", "all_nan")}
    left_out = {one["name"] for one in json.loads((ending.output / "report.json").read_text())["left_out"]}
    assert {"/entry/nothing", "/entry/elsewhere"} <= left_out
    with h5py.File(mixed_file) as file:
        for name in ("stack", "plane", "curve", "flags"):
            values = file[f"entry/{name}"][...].astype(float)
            finite = values[np.isfinite(values)]
            entry = found[f"/entry/{name}"]
            assert entry["minimum"] == finite.min()
            assert entry["maximum"] == finite.max()
            assert entry["mean"] == pytest.approx(finite.mean(), rel=1e-12, abs=1e-12)
            assert entry["std"] == pytest.approx(finite.std(), rel=1e-9)
            assert entry["not_finite"] == values.size - finite.size
            assert sum(entry["histogram_counts"]) == finite.size
            assert len(entry["histogram_counts"]) <= 100
            assert entry["percentiles_exact"]
            wanted = np.percentile(finite, [float(rank) for rank in entry["percentiles"]])
            assert list(entry["percentiles"].values()) == pytest.approx(wanted.tolist())
    assert (found["/entry/stack"]["saturation_level"], found["/entry/stack"]["saturated"]) == (4095, 4)
    assert found["/entry/plane"]["saturated"] is None
    assert found["/entry/complex"]["mean"] == 5
    assert found["/entry/all_nan"]["mean"] is None
    assert ending.parameters["not finite"] == 7 + 4
    assert ending.parameters["largest array"] == "/entry/stack"


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_exact_counts_and_projections_are_kept(run_program, mixed_file, kind: str) -> None:
    ending = run_program("qc", {"data": [mixed_file]}, {"projection": kind})
    with h5py.File(mixed_file) as file:
        stack = file["entry/stack"][...]
    with h5py.File(ending.output / "qc.h5") as kept:
        (group,) = (kept[name] for name in kept if name.endswith("entry_stack"))
        values, counts = np.unique(stack, return_counts=True)
        assert np.array_equal(group["histogram/lower_edge"], values)
        assert np.array_equal(group["histogram/count"], counts)
        for axis in range(3):
            wanted = getattr(stack.astype(float), kind)(axis=axis)
            assert np.allclose(group[f"{kind}_along_axis_{axis}"], wanted)


def test_the_page_has_no_script_loads_nothing_and_escapes_names(run_program, tmp_path: Path) -> None:
    path = tmp_path / "names.h5"
    with h5py.File(path, "w") as file:
        file["<script>alert(1)<"] = np.arange(12.0).reshape(3, 4)
    page = (run_program("qc", {"data": [path]}).output / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"\son\w+=|javascript:|<link|<iframe|style=|@import", page)
    assert all(source.startswith("data:image/png") for source in re.findall(r'src="([^"]*)"', page))
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))
    assert all(f'id="{place}"' in page for place in re.findall(r'href="#([^"]*)"', page))
    assert "A &lt;title&gt; &amp; more" in page


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("shape", [(30, 40), (6, 30, 40), (2, 3, 30, 40)])
def test_tiff_pages_are_read_with_or_without_compression(run_program, tmp_path, compression, shape) -> None:
    values = np.random.default_rng(1).integers(-50, 50, shape).astype(np.int16)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, values, compression=compression, photometric="minisblack", byteorder=">")
    (found,) = report(run_program("qc", {"data": [path]})).values()
    assert (found["minimum"], found["maximum"]) == (values.min(), values.max())
    assert found["mean"] == pytest.approx(values.mean())
    assert found["shape"] == list(shape)


def test_floats_at_the_limits_of_their_type_give_a_report_all_the_same(run_program, tmp_path: Path) -> None:
    path = tmp_path / "extreme.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.array([-1.7e308, 0, 1.7e308, np.inf])
        file["b"] = np.array([0, 2**64 - 1], np.uint64)
        file["c"] = np.full((3, 3), 5, np.float16)
    found = report(run_program("qc", {"data": [path]}, {"histogram_bins": 100}))
    assert found["/a"]["maximum"] == 1.7e308
    assert found["/a"]["not_finite"] == 1
    assert found["/b"]["maximum"] == 2**64 - 1
    assert sum(found["/b"]["histogram_counts"]) == 2
    assert found["/c"]["std"] == 0


def test_several_files_are_all_looked_at_also_in_a_container(run_program, mixed_file, tmp_path: Path) -> None:
    other = tmp_path / "other.tiff"
    tifffile.imwrite(other, np.zeros((4, 5), np.uint8))
    ending = run_program("qc", {"data": [mixed_file, other]}, container=True)
    assert len(report(ending)) == 7


def test_a_colour_picture_is_shown_in_colour(run_program, tmp_path: Path) -> None:
    path = tmp_path / "colour.tif"
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[..., 0] = 200
    tifffile.imwrite(path, picture, photometric="rgb")
    ending = run_program("qc", {"data": [path]})
    from PIL import Image

    shown = np.asarray(Image.open(ending.output / ending.metadata["previews"][0]["file"]))
    assert shown.shape == (300, 400, 3)
    assert (shown[0, 0] == [200, 0, 0]).all()


def test_a_truncated_file_is_named(run_program, refused, mixed_file: Path) -> None:
    whole = mixed_file.read_bytes()
    mixed_file.write_bytes(whole[: len(whole) // 2])
    refused(run_program("qc", {"data": [mixed_file]}), "mixed.h5 is damaged: ")


@pytest.mark.parametrize("kind", [{}, {"compression": "zlib"}, {"metadata": None}, {"imagej": True}])
@pytest.mark.parametrize("kept", [0.3, 0.6])
def test_a_truncated_tiff_is_named_and_not_read_as_a_smaller_one(
    run_program, refused, tmp_path, kind, kept
) -> None:
    path = tmp_path / "cut.tif"
    values = np.random.default_rng(0).integers(0, 255, (9, 64, 64)).astype(np.uint8)
    tifffile.imwrite(path, values, photometric="minisblack", **kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    refused(run_program("qc", {"data": [path]}), "cut.tif cannot be read as TIFF")


def test_a_text_file_with_an_hdf5_name_is_named(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "notes.h5"
    path.write_text("not HDF5")
    refused(run_program("qc", {"data": [path]}), "notes.h5 is no HDF5 file: it is text")


@pytest.mark.parametrize("name", ["none.h5", "none.tif", "none.mrc"])
def test_an_empty_file_is_not_called_damaged(run_program, refused, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    refused(run_program("qc", {"data": [tmp_path / name]}), f"{name} is empty: it holds not one byte.")


def test_files_without_arrays_are_refused(run_program, refused, tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.h5", tmp_path / "notes.txt"
    with h5py.File(empty, "w") as file:
        file["words"] = "nothing else"
    text.write_text("words")
    refused(run_program("qc", {"data": [empty]}), "There is no number in empty.h5")
    refused(run_program("qc", {"data": [text]}), "No HDF5, TIFF, MRC or Zarr file")


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.integers(1, 5), min_size=4, max_size=4),
    st.booleans(),
    st.integers(1, 400),
)
def test_blocks_tile_an_array_and_never_split_a_chunk(shape, chunks, chunked, limit) -> None:
    shape = tuple(shape)
    chunk = tuple(min(c, n) for c, n in zip(chunks, shape, strict=False)) if chunked else None
    seen = np.zeros(shape, int)
    for place in block_places(shape, 2, chunk, limit):
        seen[place] += 1
        size = 2 * int(np.prod([part.stop - part.start for part in place]))
        assert size <= max(limit, 2 * int(np.prod(chunk or (1,))))
        if chunk:
            assert all(part.start % c == 0 for part, c in zip(place, chunk, strict=True))
            assert all(p.stop % c == 0 or p.stop == n for p, c, n in zip(place, chunk, shape, strict=True))
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("axes", "shape", "kind", "captions"),
    [
        ("zyx", (4, 12, 14), "max", ["z", "y", "x"]),
        ("", (4, 12, 14), "mean", ["z", "y", "x"]),
        ("tyx", (4, 12, 14), "max", ["time point", "y", "x"]),
        ("czyx", (2, 4, 12, 14), "max", ["channel and z", "channel and y", "channel and x"]),
        ("", (2, 1, 4, 12, 14), "max", [f"axis 1 of 5 and axis {axis} of 5" for axis in (3, 4, 5)]),
    ],
)
def test_pictures_say_in_words_what_they_show(run_program, tmp_path: Path, axes, shape, kind, captions) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = np.random.default_rng(1).integers(0, 9, shape)
        if axes:
            file["data"].attrs["axes"] = axes
    ending = run_program("qc", {"data": [tmp_path / "a.h5"]}, {"projection": kind})
    told = {"max": "largest", "mean": "mean"}[kind]
    found = [one["caption"] for one in ending.metadata["previews"]]
    assert found == [f"/data: {told} values along {one}" for one in captions]
    page = (ending.output / "report.html").read_text(encoding="utf-8")
    assert page.count("<figcaption>/data: ") == 3
