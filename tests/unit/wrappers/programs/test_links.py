"""Programs on HDF5 files that lead to others: those of the dataset are read, rightly, and no others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

ROOT = Path(__file__).parents[4]
FRAMES = np.arange(4 * 6 * 8, dtype="u2").reshape(4, 6, 8)


def run(
    tmp_path: Path,
    dataset: Path,
    names: list[str],
    module: str = "qc",
    linked: tuple[str, ...] = (),
    not_followed: dict[str, str] | None = None,
):
    """Run a program as `launch` does on files of a dataset that are named as the catalogue names them."""
    attempt = tmp_path / f"attempt-{len(list(tmp_path.iterdir()))}"
    (attempt / "output").mkdir(parents=True)
    files = [
        {"name": name, "path": str(dataset / name), "target": f"/inputs/data/0/{name}", "size": 1, "mtime_ns": 1}
        | ({"linked": True} if name in linked else {})
        for name in names
    ]
    slot = {"tomo_slice": "scan", "lightsheet_deconvolution": "stack"}.get(module, "data")
    given = {"dataset": 1, "name": "d", "type": "t", "root": str(dataset.parent), "location": dataset.name}
    given |= {"not_followed": not_followed} if not_followed else {}
    order = {
        "schema": 1,
        "job": {"id": 1, "title": "t"},
        "inputs": {slot: [given | {"files": files, "parameters": {}}]},
        "options": {},
        "resources": {"cpus": 1},
    }
    (attempt / "job.json").write_text(json.dumps(order))
    done = subprocess.run(
        [sys.executable, "-m", f"wrappers.{module}"],
        cwd=attempt,
        env=os.environ | {"GANTRY_JOB": str(attempt / "job.json"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr
    metadata = json.loads((attempt / "output/metadata.json").read_text())
    found = {one["name"]: one["value"] for one in metadata["parameters"]}
    if module == "qc":
        found["left out"] = json.loads((attempt / "output/report.json").read_text())["left_out"]
    return found


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "root/scan"
    (folder / "raw").mkdir(parents=True)
    for number in range(2):
        with h5py.File(folder / f"raw/data_{number:06}.h5", "w") as file:
            file["entry/data/data"] = FRAMES[2 * number : 2 * number + 2]
    FRAMES.tofile(folder / "raw/frames.bin")
    return folder


def links(file: h5py.File, folder: Path) -> None:
    for number in range(2):
        file[f"entry/data/data_{number:06}"] = h5py.ExternalLink(f"raw/data_{number:06}.h5", "/entry/data/data")


def absolute_links(file: h5py.File, folder: Path) -> None:
    for number in range(2):
        path = folder / f"raw/data_{number:06}.h5"
        file[f"entry/data/data_{number:06}"] = h5py.ExternalLink(str(path), "/entry/data/data")


def view(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout(FRAMES.shape, "u2")
    for number in range(2):
        source = h5py.VirtualSource(f"raw/data_{number:06}.h5", "entry/data/data", (2, 6, 8))
        layout[2 * number : 2 * number + 2] = source
    file.create_virtual_dataset("data", layout)


def storage(file: h5py.File, folder: Path) -> None:
    file.create_dataset("data", FRAMES.shape, "u2", external=[("raw/frames.bin", 0, FRAMES.nbytes)])


PARTS = ["raw/data_000000.h5", "raw/data_000001.h5"]
MASTERS = {"links": (links, PARTS, 2), "absolute links": (absolute_links, PARTS, 2), "a view": (view, PARTS, 1)}
MASTERS["external storage"] = (storage, ["raw/frames.bin"], 1)


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "not marked"])
@pytest.mark.parametrize("kind", MASTERS)
def test_each_value_is_measured_once_and_right(tmp_path: Path, dataset: Path, kind: str, marked: bool) -> None:
    write, parts, arrays = MASTERS[kind]
    with h5py.File(dataset / "master.h5", "w", libver="latest") as file:
        write(file, dataset)
    FRAMES.tofile(dataset / "raw/frames.bin")
    if kind == "external storage" and not marked:
        parts = []  # a file that is no HDF5 comes along only by its mark
        (dataset / "raw/frames.bin").rename(dataset / "raw/gone.bin")
        words = run(tmp_path, dataset, ["master.h5"])
        assert "raw/frames.bin is no file of this dataset" in words
        return
    found = run(tmp_path, dataset, [*parts, "master.h5"], linked=tuple(parts) if marked else ())
    assert (found["arrays"], found["values"]) == (arrays, FRAMES.size)
    if arrays == 1:
        assert (found["minimum"], found["maximum"], found["mean"]) == (0, 191, FRAMES.mean())
    assert found["left out"] == []


def test_what_leads_elsewhere_is_left_out_and_named(tmp_path: Path, dataset: Path) -> None:
    with h5py.File(tmp_path / "root/secret.h5", "w") as file:
        file["data"] = np.full((4, 4), 42.0)
    with h5py.File(dataset / "master.h5", "w", libver="latest") as file:
        file["own"] = np.ones((4, 4))
        file["out"] = h5py.ExternalLink("../secret.h5", "/data")
        file["far"] = h5py.ExternalLink("/etc/passwd", "/data")
        file["gone"] = h5py.ExternalLink("gone.h5", "/data")
        file["by itself"] = h5py.ExternalLink("raw/data_000000.h5", "/entry")
        layout = h5py.VirtualLayout((4, 4), "f8")
        layout[:] = h5py.VirtualSource("../secret.h5", "data", (4, 4))
        file.create_virtual_dataset("view", layout)
    found = run(tmp_path, dataset, ["master.h5"])
    assert (found["arrays"], found["maximum"]) == (1, 1)
    said = {one["name"]: one["why"] for one in found["left out"]}
    assert said == {
        "/out": "../secret.h5 lies outside of the registered folder",
        "/far": "/etc/passwd lies outside of the registered folder",
        "/view": "../secret.h5 lies outside of the registered folder",
        "/gone": "gone.h5 is no file of this dataset",
        "/by itself": "raw/data_000000.h5 is no file of this dataset",
    }


def test_an_analysis_that_needs_it_is_refused_in_words(tmp_path: Path, dataset: Path) -> None:
    with h5py.File(dataset / "master.h5", "w", libver="latest") as file:
        file["view"] = h5py.ExternalLink("../secret.h5", "/data")
    assert "/view: ../secret.h5 lies outside of the registered folder" in run(tmp_path, dataset, ["master.h5"])
    with h5py.File(dataset / "scan.nxs", "w") as file:
        file["entry/definition"] = "NXtomo"
        file["entry/data/image_key"] = [1, 2, 0, 0]
        file["entry/data/rotation_angle"] = [0.0, 0.0, 0.0, 90.0]
        file["entry/data/data"] = h5py.ExternalLink("/dls/raw.h5", "/data")
    words = run(tmp_path, dataset, ["scan.nxs"], "tomo_slice")
    assert "scan.nxs has no projections: they lie in another file" in words
    assert "/dls/raw.h5 lies outside of the registered folder" in words


def test_masters_that_lead_to_each_other_are_measured_once(tmp_path: Path, dataset: Path) -> None:
    for one, other in (("a.h5", "b.h5"), ("b.h5", "a.h5")):
        with h5py.File(dataset / one, "w") as file:
            file["own"] = np.full((3, 3), ord(one[0]))
            file["other"] = h5py.ExternalLink(other, "/")
    found = run(tmp_path, dataset, ["a.h5", "b.h5"])
    assert (found["arrays"], found["values"]) == (2, 18)


def test_a_scan_by_links_reconstructs_as_the_same_scan_in_one_file(tmp_path: Path, shared_cases: Path) -> None:
    folder = tmp_path / "root/n14"
    folder.mkdir(parents=True)
    for path in (shared_cases / "n14_external").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    by_view = run(tmp_path, folder, ["scan.nxs", "raw.h5"], "tomo_slice", linked=("raw.h5",))
    with (
        h5py.File(folder / "scan.nxs") as file,
        h5py.File(folder / "raw.h5") as raw,
        h5py.File(folder / "one.nxs", "w") as one,
    ):
        file.copy("entry", one)
        del one["entry/instrument/detector/data"], one["entry/data/data"]
        one["entry/instrument/detector/data"] = raw["frames"][()]
        one["entry/data/data"] = one["entry/instrument/detector/data"]
    in_one = run(tmp_path, folder, ["one.nxs"], "tomo_slice")
    assert by_view == in_one
    assert by_view["rotation centre"] == pytest.approx(31.5, abs=0.1)
    with h5py.File(folder / "scan.nxs", "a") as file:
        del file["entry/instrument/detector/data"], file["entry/data/data"]
        file["entry/instrument/detector/data"] = h5py.ExternalLink(str(folder / "raw.h5"), "/frames")
        file["entry/data/data"] = h5py.SoftLink("/entry/instrument/detector/data")
    assert run(tmp_path, folder, ["raw.h5", "scan.nxs"], "tomo_slice") == in_one


def test_the_case_of_a_view_of_two_files(run_program, shared_cases: Path) -> None:
    names = ["master.h5", "part0.h5", "part1.h5"]
    ending = run_program("qc", {"data": [shared_cases / "h09_vds" / name for name in names]})
    assert (ending.parameters["arrays"], ending.parameters["values"]) == (1, 16 * 40 * 48)


LOST = "it is a symbolic link to /elsewhere/x, which lies outside of the registered folder"


def test_a_link_that_is_not_followed_is_named_by_the_analysis_that_needs_it(tmp_path: Path, dataset: Path) -> None:
    (dataset / "notes.txt").write_text("none")
    with h5py.File(dataset / "master.h5", "w") as file:
        file["data"] = h5py.ExternalLink("frames.h5", "/data")
        file["own"] = FRAMES
    lost = {"frames.h5": LOST}
    words = run(tmp_path, dataset, ["notes.txt"], not_followed=lost)
    assert words == f"No HDF5, TIFF, MRC or Zarr file was given. frames.h5: {LOST}.\n"
    found = run(tmp_path, dataset, ["master.h5"], not_followed=lost)
    left_out = {(one["file"], one["name"]): one["why"] for one in found["left out"]}
    assert LOST in left_out["master.h5", "/data"]
    assert left_out["frames.h5", "the whole file"] == LOST


def test_planes_of_which_one_is_a_link_elsewhere_are_no_volume(tmp_path: Path, dataset: Path) -> None:
    names = [f"plane_{number}.tif" for number in range(4)]
    for name in names:
        tifffile.imwrite(dataset / name, np.ones((32, 32), "u2"))
    words = run(
        tmp_path, dataset, names, "lightsheet_deconvolution", not_followed={"plane_4.tif": LOST, "a.txt": LOST}
    )
    assert words == f"A plane of the stack may be missing. plane_4.tif: {LOST}.\n"


def test_of_a_view_with_gaps_what_has_a_source_is_measured(tmp_path: Path, dataset: Path) -> None:
    """Fill values of frames that no file has were measured as if a detector had counted them."""
    layout = h5py.VirtualLayout((6, 6, 8), "u2")
    for number, first in enumerate((0, 4)):
        layout[first : first + 2] = h5py.VirtualSource(f"raw/data_{number:06}.h5", "entry/data/data", (2, 6, 8))
    with h5py.File(dataset / "view.h5", "w") as file:
        file.create_virtual_dataset("all", layout, fillvalue=60000)
    run(tmp_path, dataset, ["view.h5", "raw/data_000000.h5", "raw/data_000001.h5"])
    [report] = list(tmp_path.glob("attempt-*/output/report.json"))
    [one] = json.loads(report.read_text())["arrays"]
    assert (one["minimum"], one["maximum"]) == (FRAMES.min(), FRAMES.max())
    assert "96 of its 288 values come from no source: the fill value 60000 stands there" in one["note"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "data.h5 is no HDF5 file"),
        (b"angles\n" * 90, "data.h5 is no HDF5 file: it is text"),
        (None, "data.h5 is damaged: 8.8 of 27.0 kB are there"),
    ],
)
def test_what_a_link_leads_to_is_described_without_a_librarys_words(
    tmp_path: Path, dataset: Path, content: bytes | None, words: str
) -> None:
    target = dataset / "data.h5"
    with h5py.File(target, "w") as file:
        file["data"] = np.zeros((50, 8, 8))
    target.write_bytes(target.read_bytes()[:9000] if content is None else content)
    with h5py.File(dataset / "master.h5", "w") as file:
        file["own"], file["data"] = FRAMES, h5py.ExternalLink("data.h5", "/data")
    [left] = run(tmp_path, dataset, ["master.h5", "data.h5"])["left out"]
    assert words in left["why"]
    assert "Unable" not in left["why"]


def test_a_place_that_the_other_file_has_not_is_named(tmp_path: Path, dataset: Path) -> None:
    with h5py.File(dataset / "master.h5", "w") as file:
        file["own"] = FRAMES
        file["data"] = h5py.ExternalLink("raw/data_000000.h5", "/entry/other/data")
    [left] = run(tmp_path, dataset, ["master.h5", "raw/data_000000.h5"])["left out"]
    assert left["why"] == "raw/data_000000.h5 has no /entry/other/data"
