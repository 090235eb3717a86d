"""Arrays of which not all was written, and arrays that take too long: neither costs another its figures."""

import json
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending
from zarr_folders import described, write

from gantry_formats.linked import Tree
from gantry_formats.linked.written import written_offsets
from wrappers.io.chunk_grid import places_of
from wrappers.io.stack import open_arrays
from wrappers.job import Beside, InputDataset, InputFile, Job, Options
from wrappers.programs.qc import program

HUGE = (100_000, 4096, 4096)
SOUND = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)


def report(ending: Ending) -> dict[str, object]:
    assert ending.code == 0, ending.words
    return dict(json.loads((ending.output / "report.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "layout", [{"chunks": (1, 1024, 1024)}, {}, {"chunks": (1, 4096, 4096), "compression": "gzip"}]
)
def test_an_array_to_which_nothing_was_written_is_named_and_the_others_are_measured(
    run_program, tmp_path: Path, layout
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("big", shape=HUGE, dtype="u2", **layout)
        file["sound"] = SOUND
    ending = run_program("qc", {"data": [tmp_path / "a.h5"]})
    found = report(ending)
    assert [one["name"] for one in found["arrays"]] == ["/sound"]
    assert found["arrays"][0]["mean"] == SOUND.mean()
    assert [(one["name"], one["why"]) for one in found["left_out"]] == [("/big", "nothing was written to it")]


@pytest.mark.parametrize("dtype", ["u2", "f8"])
def test_of_a_partly_written_array_the_written_chunks_are_measured(
    run_program, tmp_path: Path, dtype: str
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        big = file.create_dataset("big", shape=HUGE, dtype=dtype, chunks=(1, 64, 64), fillvalue=7)
        big[5, :64, :128] = np.arange(64 * 128).reshape(64, 128)
        big[70_000, 4032:, 4032:] = 3
    [found] = report(run_program("qc", {"data": [tmp_path / "a.h5"]}))["arrays"]
    values = np.concatenate([np.arange(64 * 128), np.full(64 * 64, 3)])
    assert (found["minimum"], found["maximum"]) == (0, 64 * 128 - 1)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["std"] == pytest.approx(values.std())
    assert found["percentiles"]["50"] == np.median(values)
    assert found["not_written"] == np.prod(HUGE) - len(values)
    chunks = HUGE[0] * 64 * 64
    assert "projections are too large" in found["note"]
    assert f"{chunks - 3} of its {chunks} chunks were never written" in found["note"]


def test_written_places_are_the_written_chunks_each_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for number in range(20):
        shape, chunks = tuple(rng.integers(1, 12, 3)), tuple(rng.integers(1, 5, 3))
        chunks = tuple(min(one, length) for one, length in zip(chunks, shape, strict=True))
        with h5py.File(tmp_path / f"{number}.h5", "w") as file:
            data = file.create_dataset("d", shape=shape, chunks=chunks, dtype="i4", fillvalue=-1)
            for offset in rng.integers(0, shape, (4, 3)):
                data[tuple(offset)] = 5
            written = np.zeros(shape, int)
            for index in range(data.id.get_num_chunks()):
                start = data.id.get_chunk_info(index).chunk_offset
                written[tuple(slice(s, s + c) for s, c in zip(start, chunks, strict=True))] += 1
            seen = np.zeros(shape, int)
            offsets = written_offsets(Tree(file, "a").root["d"])
            for place in places_of(offsets, chunks, shape, int(rng.integers(1, 40))):
                seen[place] += 1
        assert np.array_equal(seen, written)


def test_an_array_that_takes_too_long_is_named_and_smaller_ones_are_kept(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a large one"] = np.ones((40, 50, 60))
        file["z small"] = SOUND
    given = InputFile("a.h5", path, Beside({}, str(tmp_path)))
    job = Job("t", {"data": (InputDataset("d", (given,), {}),)}, Options({}), 1, tmp_path, time_s=1000.0)
    (tmp_path / "output").mkdir()
    clock = [program.STARTED]

    def measured(file, array, bins, kind, tell):
        if array.name == "/a large one":
            clock[0] += 900
            tell(1, 1)
        return measure(file, array, bins, kind, tell)

    measure = program.measure
    monkeypatch.setattr(program, "measure", measured)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    program.main(job, Silent())
    found = json.loads((tmp_path / "output" / "report.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in found["arrays"]] == ["/z small"]
    [left] = found["left_out"]
    assert left["name"] == "/a large one"
    assert "the job's time is too short for it" in left["why"]


class Silent:
    """Takes a program's stages and progress, and tells nobody."""

    def stage(self, name: str) -> None:
        assert name in program.STAGES

    def progress(self, share: float, words: str) -> None:
        assert 0 <= share <= 1, words


# ---- sparse folders of Zarr, and what is said where fill values are worked on -------------------------------

WHOLE = np.arange(8 * 16 * 18, dtype=np.uint16).reshape(8, 16, 18) % 997 + 100


def sparse_zarr(path: Path, lost: list[str], fill: int = 0, version: int = 3, **how: object) -> Path:
    """A stack of 16 chunks, (2, 8, 9) each, without the files of some; `how`: as zarr takes it."""
    attributes = described("zyx", "micrometer", [[0.5, 0.2, 0.2]])
    write(path, [WHOLE], attributes, version, fill_value=fill, **({"chunks": (2, 8, 9)} | how))
    for name in lost:
        (path / "0" / name).unlink()
    return path


def with_fill(lost: list[tuple[int, int, int]], fill: int) -> np.ndarray:
    values = WHOLE.copy()
    for z, y, x in lost:
        values[2 * z : 2 * z + 2, 8 * y : 8 * y + 8, 9 * x : 9 * x + 9] = fill
    return values


SPARSE = [
    (2, {"chunk_key_encoding": {"name": "v2", "separator": "."}}, "{}.{}.{}"),
    (2, {"chunk_key_encoding": {"name": "v2", "separator": "/"}}, "{}/{}/{}"),
    (3, {}, "c/{}/{}/{}"),
    (3, {"chunk_key_encoding": {"name": "default", "separator": "."}}, "c.{}.{}.{}"),
    (3, {"chunk_key_encoding": {"name": "v2", "separator": "/"}}, "{}/{}/{}"),
    (3, {"chunks": (1, 4, 9), "shards": (2, 8, 9)}, "c/{}/{}/{}"),
]


@pytest.mark.parametrize(("version", "how", "name"), SPARSE)
def test_of_a_sparse_zarr_what_is_left_out_counts_as_its_fill_value_and_is_said(
    run_program, tmp_path: Path, version: int, how, name: str
) -> None:
    lost = [(0, 0, 0), (3, 1, 0), (3, 1, 1)]
    path = sparse_zarr(tmp_path / "a.ome.zarr", [name.format(*one) for one in lost], 3, version, **how)
    [found] = report(run_program("qc", {"data": [path]}))["arrays"]
    values = with_fill(lost, 3)
    assert found["mean"] == pytest.approx(values.mean())
    assert (found["minimum"], found["maximum"], found["not_written"]) == (3, values.max(), 0)
    what = "shards" if "shards" in how else "chunks"
    assert found["note"] == (f"3 of its 16 {what} are not there: the fill value 3 stands there, and counts.")


def test_a_zarr_without_any_chunk_is_its_fill_value(run_program, tmp_path: Path) -> None:
    path = sparse_zarr(tmp_path / "a.ome.zarr", [])
    for file in (path / "0" / "c").rglob("*"):
        if file.is_file():
            file.unlink()
    [found] = report(run_program("qc", {"data": [path]}))["arrays"]
    assert (found["minimum"], found["maximum"], found["not_written"]) == (0, 0, 0)
    assert found["note"] == "none of its 16 chunks is there: the fill value 0 stands there, and counts."


def test_a_shard_that_is_larger_than_a_block_is_read_in_parts(tmp_path: Path) -> None:
    path = sparse_zarr(tmp_path / "a.ome.zarr", ["c/0/0/0"], chunks=(1, 4, 9), shards=(4, 16, 9))
    with open_arrays(InputFile("a.ome.zarr", path)) as arrays:
        [array] = arrays.found
        values = WHOLE.copy()
        values[:4, :, :9] = 0
        seen = np.zeros(WHOLE.shape, int)
        for place, block in array.blocks(200):
            assert block.nbytes <= 200
            seen[place] += 1
            np.testing.assert_array_equal(block, values[place])
    assert (seen.min(), seen.max()) == (1, 1)


def test_a_whole_zarr_is_said_to_be_nothing_else(run_program, tmp_path: Path) -> None:
    [found] = report(run_program("qc", {"data": [sparse_zarr(tmp_path / "a.ome.zarr", [])]}))["arrays"]
    assert (found["note"], found["mean"]) == ("", pytest.approx(WHOLE.mean()))


def sparse_hdf5(path: Path, fill: int = 5) -> Path:
    """Two channels, of which of the second one chunk of eight was never written."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "data", shape=(2, *WHOLE.shape), dtype="u2", chunks=(1, 4, 8, 9), fillvalue=fill
        )
        data.attrs["axes"] = "czyx"
        data[0] = WHOLE
        data[1, 4:], data[1, :4, 8:], data[1, :4, :8, 9:] = WHOLE[4:], WHOLE[:4, 8:], WHOLE[:4, :8, 9:]
    return path


SHARP = {"iterations": 1, "sigma_xy": 0.2, "sigma_z": 0.5, "voxel_xy": 0.2, "voxel_z": 0.5}
OF_HDF5 = (
    "a.h5, /data: 1 of its 16 chunks was never written: the fill value 5 stands there, "
    "in 288 of the 2,304 values taken"
)


def test_a_deconvolution_says_what_of_its_volume_was_never_written(run_program, tmp_path: Path) -> None:
    path = sparse_hdf5(tmp_path / "a.h5")
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, {**SHARP, "channel": 1})
    assert ending.warned.split("; ")[0] == OF_HDF5


def test_a_channel_that_is_whole_has_no_remark(run_program, tmp_path: Path) -> None:
    path = sparse_hdf5(tmp_path / "a.h5")
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, {**SHARP, "channel": 0})
    assert "never written" not in str(ending.metadata)


def test_a_deconvolution_says_which_chunks_of_a_zarr_are_not_there(run_program, tmp_path: Path) -> None:
    path = sparse_zarr(tmp_path / "a.ome.zarr", ["c/1/0/0", "c/1/0/1"])
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, SHARP)
    assert ending.warned.split("; ")[0] == (
        "a.ome.zarr, /0: 2 of its 16 chunks are not there: the fill value 0 stands there, "
        "in 288 of the 2,304 values taken"
    )


@pytest.mark.parametrize("kind", ["ome-tiff", "ome-zarr"])
def test_a_conversion_says_what_it_filled(run_program, tmp_path: Path, kind: str) -> None:
    ending = run_program("convert", {"data": [sparse_hdf5(tmp_path / "a.h5")]}, {"format": kind})
    whole = OF_HDF5.replace("2,304", "4,608")
    assert ending.warned == whole
    path = sparse_zarr(tmp_path / "b.ome.zarr", ["c/0/0/0"], 9)
    ending = run_program("convert", {"data": [path]}, {"format": kind})
    assert "1 of its 16 chunks is not there: the fill value 9 stands there" in ending.warned


def test_planes_in_a_file_each_say_which_are_not_whole(run_program, tmp_path: Path) -> None:
    paths = []
    for number in range(6):
        paths.append(tmp_path / f"z{number}.h5")
        with h5py.File(paths[-1], "w") as file:
            plane = file.create_dataset("data", shape=(16, 18), dtype="u2", chunks=(8, 9))
            plane[: 16 if number == 2 else 8] = 7
    ending = run_program("lightsheet_deconvolution", {"stack": paths}, SHARP)
    assert ending.code == 0, ending.words
    remarks = ending.warned.split("; ")
    assert remarks[0] == (
        "z0.h5, /data: 2 of its 4 chunks were never written: the fill value 0 stands there, "
        "in 144 of the 288 values taken"
    )
    assert remarks[3] == "and 2 more planes are not whole"
