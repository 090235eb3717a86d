"""Registering HDF5 files that lead to others: their targets become files of the dataset, or are named."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import select

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Datafile, Dataset, DatasetType
from portal.catalogue.service import get_dataset
from portal.config import Settings, load_settings
from portal.daemon.dispatch import queue
from portal.data.files import open_datafile
from portal.db import Database
from portal.errors import ConflictError, InvalidError, UnsafeFileError

Add = Callable[..., Dataset]
MAPPING = {"exposure": {"units": "s", "sources": ["hdf5:/raw/exposure"]}}


@pytest.fixture
def root(settings: Settings) -> Path:
    return settings.roots["demo"].path


@pytest.fixture
def add(database: Database, facility: SmallFacility, settings: Settings, root: Path) -> Add:
    """Return add(path): the dataset that is registered, with its files."""
    with database.write() as session:
        session.get_one(DatasetType, facility.types["stack"]).mapping = MAPPING

    def register(path: str, **changes: Any) -> Dataset:
        given: dict[str, Any] = {"settings": settings, "type_name": "light-sheet stack", "now": NOW} | changes
        given.setdefault("investigation", facility.investigations["private"])
        made = add_in_place(database, facility.actors["ingest"], root / path, **given)
        with database.read() as session:
            dataset = get_dataset(session, facility.actors["sam"], made.id)
            session.refresh(dataset, ["datafiles", "parameters", "pictures"])
            return dataset

    return register


@pytest.fixture
def linked(root: Path) -> Path:
    """A master with a second hop, in a folder with a file that is none of its."""
    folder = root / "scan"
    (folder / "raw").mkdir(parents=True)
    with h5py.File(folder / "raw/frames.h5", "w") as file:
        file["data"] = np.arange(512.0).reshape(8, 8, 8)
        file["exposure"] = 0.25
        file["exposure"].attrs["units"] = "s"
    with h5py.File(folder / "raw/hop.h5", "w") as file:
        file["frames"] = h5py.ExternalLink("frames.h5", "/")
    with h5py.File(folder / "master.nxs", "w") as file:
        file["raw"] = h5py.ExternalLink("raw/hop.h5", "/frames")
    (folder / "notes.txt").write_text("not linked")
    return folder


def names(dataset: Dataset) -> dict[str, bool]:
    return {str(file.location): file.linked for file in dataset.datafiles}


def test_the_targets_of_a_single_master_are_files_of_the_dataset(add: Add, linked: Path) -> None:
    dataset = add("scan/master.nxs")
    assert names(dataset) == {"master.nxs": False, "raw/hop.h5": True, "raw/frames.h5": True}
    assert (dataset.problem, dataset.remarks, dataset.single_file) == (None, [], True)
    [frames] = [file for file in dataset.datafiles if file.location == "raw/frames.h5"]
    path = linked / "raw/frames.h5"
    assert frames.checksum == f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    assert (frames.file_size, frames.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert frames.inode == path.stat().st_ino
    assert dataset.file_count == 3
    assert dataset.file_size == sum((linked / name).stat().st_size for name in names(dataset))
    assert [row.numeric_value for row in dataset.parameters] == [0.25]
    assert len(dataset.pictures) == 1


def test_those_of_a_folder_are_marked(add: Add, linked: Path) -> None:
    dataset = add("scan")
    assert names(dataset) == {
        "master.nxs": False,
        "notes.txt": False,
        "raw/hop.h5": True,
        "raw/frames.h5": True,
    }
    assert dataset.pictures[0].role == "thumbnail"


def test_the_xml_beside_bigdataviewers_file_belongs_to_it(add: Add, root: Path) -> None:
    (root / "bdv").mkdir()
    with h5py.File(root / "bdv/a.h5", "w") as file:
        file["t00000/s00/0/cells"] = np.zeros((8, 8, 8), np.uint16)
    (root / "bdv/a.xml").write_text(
        "<SpimData><SequenceDescription><ImageLoader><hdf5>a.h5</hdf5></ImageLoader><ViewSetups><ViewSetup>"
        "<id>0</id><voxelSize><unit>nm</unit><size>200 200 500</size></voxelSize>"
        "</ViewSetup></ViewSetups></SequenceDescription></SpimData>"
    )
    for path in ("bdv/a.h5", "bdv"):
        dataset = add(path)
        assert names(dataset) == {"a.h5": False, "a.xml": True}
        assert (dataset.problem, dataset.remarks) == (None, [])


def test_a_master_behind_many_files_is_looked_into_all_the_same(add: Add, root: Path) -> None:
    (root / "run").mkdir()
    for number in range(9):
        with h5py.File(root / f"run/data_{number}.h5", "w") as file:
            file["data"] = np.full((4, 8, 8), number)
    with h5py.File(root / "run/the_master.h5", "w") as file:
        for number in range(9):
            file[f"entry/data/data_{number}"] = h5py.ExternalLink(f"data_{number}.h5", "/data")
    assert names(add("run")) == {**{f"data_{number}.h5": True for number in range(9)}, "the_master.h5": False}


def test_twice_is_harmless_and_reads_nothing(add: Add, linked: Path) -> None:
    first = add("scan/master.nxs")
    assert add("scan/master.nxs").id == first.id


def test_what_leads_elsewhere_is_registered_and_named(add: Add, root: Path) -> None:
    (root / "secret.h5").touch()
    (root / "scan").mkdir()
    with h5py.File(root / "scan/a.h5", "w") as file:
        file["own"] = np.ones((8, 8))
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")
        file["y"] = h5py.ExternalLink("../secret.h5", "/data")
        file["z"] = h5py.ExternalLink("gone.h5", "/data")
    dataset = add("scan/a.h5")
    assert names(dataset) == {"a.h5": False}
    assert dataset.problem is None
    assert [(one["file"], one["place"]) for one in dataset.remarks] == [
        ("a.h5", "/x"),
        ("a.h5", "/y"),
        ("a.h5", "/z"),
    ]
    assert dataset.remarks[0]["words"] == ("it leads to /etc/passwd, which lies outside of the registered folder")
    assert dataset.remarks[2]["words"] == "it leads to gone.h5, which is not there"
    assert len(dataset.pictures) == 1


def test_a_target_that_is_swapped_is_not_handed_out(
    add: Add, linked: Path, database: Database, facility: SmallFacility, settings: Settings
) -> None:
    """Another file of the same size and time, in the same place: its inode tells."""
    dataset = add("scan/master.nxs")
    path = linked / "raw/frames.h5"
    before = path.stat()
    other = linked / "other"
    other.write_bytes(bytes(before.st_size))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    [frames] = [file for file in dataset.datafiles if file.location == "raw/frames.h5"]
    with database.read() as session, pytest.raises(UnsafeFileError, match="was changed after it was registered"):
        open_datafile(session, facility.actors["sam"], dataset.id, frames.id, settings=settings, now=NOW)
    with pytest.raises(ConflictError, match="another file of the same size and time"):
        add("scan/master.nxs")


def test_files_that_were_moved_with_their_content_are_pinned_anew(
    add: Add, linked: Path, database: Database
) -> None:
    dataset = add("scan/master.nxs")
    path = linked / "raw/frames.h5"
    before, content = path.stat(), path.read_bytes()
    (linked / "copy").write_bytes(content)
    os.utime(linked / "copy", ns=(before.st_atime_ns, before.st_mtime_ns))
    (linked / "copy").replace(path)
    assert add("scan/master.nxs").id == dataset.id
    with database.read() as session:
        query = select(Datafile.inode).where(Datafile.location == "raw/frames.h5")
        assert session.scalar(query) == path.stat().st_ino != before.st_ino


def test_a_target_that_changes_makes_the_whole_changed(add: Add, linked: Path) -> None:
    add("scan/master.nxs")
    with h5py.File(linked / "raw/frames.h5", "a") as file:
        file["more"] = 1
    with pytest.raises(ConflictError, match=r"has changed since: raw/frames\.h5"):
        add("scan/master.nxs")


def test_a_target_that_changes_while_it_is_read_gives_no_dataset(add: Add, linked: Path) -> None:
    def change(done: int, _all: int) -> None:
        if done > (linked / "master.nxs").stat().st_size:
            os.utime(linked / "raw/frames.h5", ns=(1, 1))

    with pytest.raises(ConflictError, match="changed while it was read"):
        add("scan/master.nxs", progress=change)


def closed_root(settings: Settings, root: Path) -> Settings:
    roots = {"demo": {"path": str(root), "writable_by_people": False}}
    return load_settings({}, var=settings.var, roots=roots)


def test_links_that_stay_in_the_folder_count_where_people_cannot_write(
    add: Add, linked: Path, settings: Settings, root: Path
) -> None:
    (linked / "latest.h5").symlink_to("raw/frames.h5")
    (linked / "all").symlink_to("raw")
    os.link(linked / "notes.txt", linked / "second.txt")
    with pytest.raises(UnsafeFileError):
        add("scan")
    dataset = add("scan", settings=closed_root(settings, root))
    assert {file.location: file.alias for file in dataset.datafiles if file.alias} == {
        "latest.h5": "symbolic link",
        "notes.txt": "hard link",
        "second.txt": "hard link",
    }
    assert "all" not in names(dataset)


def test_a_file_of_several_names_counts_once(add: Add, settings: Settings, root: Path) -> None:
    folder = root / "names"
    folder.mkdir()
    for name in ("master.h5", "target.h5", "lone.h5"):
        with h5py.File(folder / name, "w") as file:
            file["own"] = np.ones((4, 8, 8))
            if name == "master.h5":
                file["by_name"] = h5py.ExternalLink("current.h5", "/own")
                file["itself"] = h5py.ExternalLink("also master.h5", "/own")
    (folder / "current.h5").symlink_to("target.h5")
    (folder / "also master.h5").symlink_to("master.h5")
    os.link(folder / "lone.h5", folder / "lone again.h5")
    dataset = add("names", settings=closed_root(settings, root))
    assert {file.location for file in dataset.datafiles if not file.linked} == {"also master.h5", "lone again.h5"}
    alone = add("names/master.h5", settings=closed_root(settings, root))
    assert [file.location for file in alone.datafiles if not file.linked] == ["master.h5"]


OUTSIDE, GONE, CIRCLE = "which lies outside of the registered folder", "which is not there", "in a circle"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("../secret.h5", OUTSIDE),
        ("/etc/passwd", OUTSIDE),
        ("/proc/self/environ", OUTSIDE),
        ("..", OUTSIDE),
        ("hop.h5", OUTSIDE),
        ("raw/../../secret.h5", OUTSIDE),
        ("/proc/self/fd/0", OUTSIDE),
        ("gone.h5", GONE),
        ("stack.h5", CIRCLE),
        ("notes.txt/frames.h5", "which is not there"),
        ("/dev/zero", OUTSIDE),
    ],
)
def test_a_link_that_leads_elsewhere_is_named_and_never_followed(
    add: Add, linked: Path, settings: Settings, root: Path, database: Database, target: str, why: str
) -> None:
    (root / "secret.h5").write_bytes(b"secret")
    (linked / "hop.h5").symlink_to("/etc/passwd")
    (linked / "stack.h5").symlink_to(target)
    dataset = add("scan", settings=closed_root(settings, root))
    assert set(names(dataset)) == {"master.nxs", "notes.txt", "raw/hop.h5", "raw/frames.h5"}
    assert dataset.problem is None
    assert {one["file"]: one["words"] for one in dataset.remarks} == {
        "hop.h5": f"it is a symbolic link to /etc/passwd, {OUTSIDE}",
        "stack.h5": f"it is a symbolic link to {target}, {why}",
    }
    with database.read() as session:
        given = queue._documents(session, [dataset.id])[dataset.id]
    assert given["not_followed"] == {one["file"]: one["words"] for one in dataset.remarks}


def test_what_a_link_in_the_place_of_an_array_file_leads_to_is_said_beside_the_arrays(
    add: Add, linked: Path, settings: Settings, root: Path, database: Database
) -> None:
    (linked / "more.tif").symlink_to("/etc/passwd")
    dataset = add("scan", settings=closed_root(settings, root))
    with database.read() as session:
        arrays = session.get_one(Dataset, dataset.id).arrays
        said = {one.file: one.left_out for one in arrays if one.left_out}
    assert said["more.tif"] == f"it is a symbolic link to /etc/passwd, {OUTSIDE}"
    assert any(not one.left_out for one in arrays)


def test_a_link_is_told_in_printable_text_of_bounded_length(
    add: Add, linked: Path, settings: Settings, root: Path
) -> None:
    (linked / "a.h5").symlink_to(b"/x\x1b[31m\xff\n" + b"y" * 4000)
    for number in range(300):
        (linked / f"z{number:03}.h5").symlink_to("/etc/passwd")
    dataset = add("scan", settings=closed_root(settings, root))
    assert len(dataset.remarks) <= 100
    first = dataset.remarks[0]
    assert (first["file"], first["words"].isprintable(), len(first["words"]) < 400) == ("a.h5", True, True)
    assert dataset.remarks[-1]["words"] == "251 more symbolic links are not followed"


def test_a_folder_of_nothing_but_such_links_is_refused_in_words(add: Add, settings: Settings, root: Path) -> None:
    (root / "bare").mkdir()
    (root / "bare/stack.h5").symlink_to("/etc/passwd")
    with pytest.raises(InvalidError, match=r"stack\.h5: it is a symbolic link to /etc/passwd, which lies outside"):
        add("bare", settings=closed_root(settings, root))


def test_a_link_that_is_swapped_after_registration_makes_the_whole_changed(
    add: Add, linked: Path, settings: Settings, root: Path, database: Database, facility: SmallFacility
) -> None:
    closed = closed_root(settings, root)
    (root / "secret.h5").write_bytes((linked / "raw/frames.h5").read_bytes())
    (linked / "in.h5").symlink_to("raw/frames.h5")
    (linked / "out.h5").symlink_to("../secret.h5")
    dataset = add("scan", settings=closed)
    [row] = [file for file in dataset.datafiles if file.location == "in.h5"]

    def swap(name: str, target: str) -> None:
        (linked / name).unlink()
        (linked / name).symlink_to(target)

    swap("in.h5", "../secret.h5")
    with pytest.raises(ConflictError, match=r"has changed since: in\.h5"):
        add("scan", settings=closed)
    with database.read() as session, pytest.raises(UnsafeFileError):
        open_datafile(session, facility.actors["sam"], dataset.id, row.id, settings=closed, now=NOW)
    swap("in.h5", "raw/frames.h5")
    swap("out.h5", "raw/hop.h5")
    with pytest.raises(ConflictError, match=r"has changed since: out\.h5"):
        add("scan", settings=closed)
    swap("out.h5", "/etc/passwd")
    assert add("scan", settings=closed).id == dataset.id


CASES = {
    "h09_vds/master.h5": {"master.h5", "part0.h5", "part1.h5"},
    "n14_external/scan.nxs": {"scan.nxs", "raw.h5"},
}


@pytest.mark.parametrize("case", CASES)
def test_facilities_masters_are_registered_with_their_data(
    add: Add, root: Path, shared_cases: Path, case: str
) -> None:
    (root / "case").mkdir()
    for path in (shared_cases / case).parent.iterdir():
        (root / "case" / path.name).write_bytes(path.read_bytes())
    dataset = add(f"case/{Path(case).name}")
    assert set(names(dataset)) == CASES[case]
    assert (dataset.problem, dataset.remarks) == (None, [])
    assert len(dataset.pictures) == 1


WORDS = {
    "h05_unknown_filter.h5": (None, "a filter that is not installed here"),
    "h06_swmr_left_open.h5": (None, "still open for writing, or was never closed"),
    "r08_basin/b_small.rtdc": (None, "a_raw.rtdc for features (image, image_bg)"),
    "real/savu_24888.nxs": (None, "pco1-24888.hdf, which lies outside of the registered folder"),
}


@pytest.mark.parametrize("case", WORDS)
def test_what_a_sound_file_does_not_give_is_said_and_is_no_damage(
    add: Add, root: Path, shared_cases: Path, case: str
) -> None:
    (root / "case").mkdir()
    path = root / "case" / Path(case).name
    path.write_bytes((shared_cases / case).read_bytes())
    dataset = add(f"case/{path.name}")
    problem, words = WORDS[case]
    assert dataset.problem == problem
    assert any(words in one["words"] for one in dataset.remarks), dataset.remarks


def test_each_kind_of_unreadable_file_has_its_own_words(add: Add, root: Path) -> None:
    (root / "empty.h5").touch()
    assert add("empty.h5").problem == "empty.h5: The file is empty: it holds not one byte."
    with h5py.File(root / "no_arrays.h5", "w") as file:
        file.create_group("entry")
    bare = add("no_arrays.h5")
    assert (bare.problem, bare.remarks) == (
        None,
        [{"file": "no_arrays.h5", "place": "", "words": "it holds no array"}],
    )
    with h5py.File(root / "part%d.h5", "w", driver="family") as file:
        file["data"] = np.ones(4)
    assert "one of several parts (family)" in str(add("part0.h5").problem)
    raw = (root / "no_arrays.h5").read_bytes()
    (root / "short.h5").write_bytes(raw[: len(raw) // 2])
    assert "truncated" in str(add("short.h5").problem)
    (root / "noise.h5").write_bytes(raw[:8] + bytes(range(256)) * 20)
    assert "damaged" in str(add("noise.h5").problem)
