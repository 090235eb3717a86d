"""Arrays of which not all was written, and arrays that take too long: neither costs another its figures."""

import json
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

from gantry_formats.linked import Tree
from gantry_formats.linked.written import written_places
from wrappers.job import Beside, InputDataset, InputFile, Job, Options
from wrappers.programs.qc import program

HUGE = (100_000, 4096, 4096)
SOUND = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)


def report(ending: Ending) -> dict[str, object]:
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
            for place in written_places(Tree(file, "a").root["d"], int(rng.integers(1, 40))):
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
