"""Registering data in place."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from small_facility import NOW, SmallFacility
from sqlalchemy import func, select

from portal.catalogue.files.register import add_in_place, investigation_for_ingest
from portal.catalogue.models import Datafile, Dataset, DatasetType, Investigation
from portal.catalogue.service import get_dataset
from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    PortalError,
    UnsafeFileError,
)
from portal.identity.actor import NOBODY

MAPPING = {
    "voxel size": {"units": "um", "sources": ["hdf5:/entry/data@missing", "hdf5:/entry/data@voxel_um"]},
    "exposure": {"units": "ms", "sources": ["hdf5:/entry/exposure"]},
    "medium": {"units": "", "sources": ["hdf5:/@setup:medium"], "kind": "text"},
    "not a number": {"units": "", "sources": ["hdf5:/@setup:medium"]},
    "pixel size x": {"units": "um", "sources": ["ome:Pixels@PhysicalSizeX"]},
}


def write_stack(path: Path, planes: int = 3) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("entry/data", data=np.arange(planes * 64, dtype="u2").reshape(planes, 8, 8))
        data.attrs["voxel_um"] = 0.25
        file["entry/exposure"] = 0.01
        file["entry/exposure"].attrs["units"] = "s"
        file.attrs["setup:medium"] = "water"


@dataclass
class Yard:
    """A root with a way to register what lies in it."""

    root: Path
    settings: Settings
    database: Database
    facility: SmallFacility

    def add(self, path: str | Path, **changes: Any) -> Dataset:
        wanted: dict[str, Any] = {
            "actor": self.facility.actors["ingest"],
            "type_name": "light-sheet stack",
            "investigation": self.facility.investigations["private"],
            "settings": self.settings,
            "now": NOW,
        }
        wanted |= changes
        return add_in_place(self.database, wanted.pop("actor"), self.root / path, **wanted)

    def full(self, dataset: Dataset) -> Dataset:
        with self.database.read() as session:
            return get_dataset(session, self.facility.actors["sam"], dataset.id)

    def count(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Dataset)) or 0


@pytest.fixture
def yard(database: Database, facility: SmallFacility, settings: Settings) -> Yard:
    with database.write() as session:
        session.get_one(DatasetType, facility.types["stack"]).mapping = MAPPING
    return Yard(settings.roots["demo"].path, settings, database, facility)


@pytest.fixture
def plain_yard(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(settings.roots["demo"].path, settings, sqlite_database, sqlite_facility)


def test_a_folder_becomes_a_dataset_with_files_parameters_and_thumbnail(yard: Yard) -> None:
    write_stack(yard.root / "ls/heart_1/stack.h5")
    (yard.root / "ls/heart_1/notes").mkdir()
    (yard.root / "ls/heart_1/notes/day 1.txt").write_text("all well")
    os.utime(yard.root / "ls/heart_1/stack.h5", ns=(1, 1_700_000_000_123_456_789))
    told: list[tuple[int, int]] = []
    made = yard.add("ls/heart_1", sample="Larva 3", description="first", progress=lambda *seen: told.append(seen))
    dataset = yard.full(made)
    assert (dataset.name, dataset.location, dataset.complete, dataset.problem) == (
        "heart 1",
        "demo:ls/heart_1",
        True,
        None,
    )
    assert (dataset.sample and dataset.sample.name, dataset.description, dataset.create_id) == (
        "Larva 3",
        "first",
        "ingest",
    )
    assert dataset.instrument_id == yard.facility.instruments["lightsheet"]
    assert dataset.start_date == datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)
    found = {row.type.name: (row.value, row.type.units) for row in dataset.parameters}
    assert found == {"voxel size": (0.25, "um"), "exposure": (10.0, "ms"), "medium": ("water", "")}
    with yard.database.read() as session:
        files = list(
            session.scalars(select(Datafile).where(Datafile.dataset_id == dataset.id).order_by(Datafile.name))
        )
    stack = yard.root / "ls/heart_1/stack.h5"
    assert [file.name for file in files] == ["notes/day 1.txt", "stack.h5"]
    assert files[1].checksum == f"sha256:{sha256(stack.read_bytes()).hexdigest()}"
    assert (files[1].file_size, files[1].mtime_ns) == (stack.stat().st_size, 1_700_000_000_123_456_789)
    assert (dataset.file_count, dataset.file_size) == (2, stack.stat().st_size + 8)
    assert told[-1] == (dataset.file_size, dataset.file_size)
    picture = dataset.thumbnail
    assert picture is not None
    assert (picture.role, picture.width > 0, picture.height > 0) == ("thumbnail", True, True)
    assert (yard.settings.pictures / picture.path).read_bytes().startswith(b"\x89PNG")


def test_a_single_file_is_told_from_its_neighbours_and_its_folder(yard: Yard) -> None:
    for name in ("a.h5", "b.h5"):
        write_stack(yard.root / "ls" / name)
    a, b, folder = yard.add("ls/a.h5"), yard.add("ls/b.h5"), yard.add("ls")
    assert len({a.id, b.id, folder.id}) == 3
    assert [(one.name, one.location, one.file_count) for one in (a, b, folder)] == [
        ("a", "demo:ls", 1), ("b", "demo:ls", 1), ("ls", "demo:ls", 2),
    ]  # fmt: skip
    assert [yard.add(path).id for path in ("ls/a.h5", "ls/b.h5", "ls", "ls/../ls/a.h5")] == [
        a.id,
        b.id,
        folder.id,
        a.id,
    ]


def test_twice_gives_the_same_dataset_without_reading_again(yard: Yard) -> None:
    write_stack(yard.root / "ls/heart/stack.h5")
    first = yard.add("ls/heart", name="Zebrafish heart")
    before = yard.count()

    def fail(_done: int, _total: int) -> None:
        raise AssertionError("it was read again")

    again = yard.add("ls/heart", progress=fail)
    assert (again.id, again.name, yard.count()) == (first.id, "Zebrafish heart", before)


def test_a_whole_dataset_that_has_changed_since_is_left_as_it_is(yard: Yard) -> None:
    write_stack(yard.root / "ls/heart/stack.h5")
    first = yard.add("ls/heart")
    (yard.root / "ls/heart/more.txt").write_text("x")
    with pytest.raises(ConflictError, match=r"has changed since: more\.txt"):
        yard.add("ls/heart")
    write_stack(yard.root / "ls/heart/stack.h5", planes=9)
    with pytest.raises(ConflictError, match=r"more\.txt, stack\.h5"):
        yard.add("ls/heart")
    assert yard.full(first).file_count == 1


def test_what_is_still_written_is_brought_up_to_date_until_it_is_whole(yard: Yard) -> None:
    folder = yard.root / "ls/series"
    folder.mkdir(parents=True)
    empty = yard.add("ls/series", complete=False)
    assert (empty.complete, empty.file_count) == (False, 0)
    (folder / "stack.h5").write_bytes(b"\x89HDF\r\n\x1a\n half of it")
    growing = yard.full(yard.add("ls/series", complete=False))
    assert (growing.id, growing.complete, growing.file_count, growing.problem) == (empty.id, False, 1, None)
    assert growing.end_date is None
    write_stack(folder / "stack.h5")
    whole = yard.full(yard.add("ls/series"))
    assert (whole.id, whole.complete, whole.file_count, len(whole.parameters)) == (empty.id, True, 1, 3)
    assert whole.thumbnail is not None
    assert whole.end_date is not None


def test_a_truncated_file_is_registered_with_its_problem_in_words(yard: Yard) -> None:
    write_stack(yard.root / "ls/cut/stack.h5", planes=200)
    path = yard.root / "ls/cut/stack.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    cut = yard.full(yard.add("ls/cut"))
    assert cut.complete
    assert cut.problem is not None
    assert "truncated" in cut.problem
    assert cut.problem.startswith("stack.h5: ")
    path.write_bytes(whole)
    mended = yard.full(yard.add("ls/cut"))
    assert (mended.id, mended.problem, len(mended.parameters)) == (cut.id, None, 3)


def test_a_file_that_changes_while_it_is_read_is_noticed(yard: Yard) -> None:
    write_stack(yard.root / "ls/heart/stack.h5")
    before = yard.count()
    path = yard.root / "ls/heart/stack.h5"

    def append(_done: int, _total: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    def touch(_done: int, _total: int) -> None:
        os.utime(path, ns=(5, 5))

    def swap(_done: int, _total: int) -> None:
        other = path.with_name("other")
        other.write_bytes(path.read_bytes())
        other.rename(path)

    def add_another(_done: int, _total: int) -> None:
        (path.parent / "late.txt").write_text("x")

    for change in (append, touch, swap, add_another):
        with pytest.raises(ConflictError, match="changed while it was read"):
            yard.add("ls/heart", progress=change)
    assert yard.count() == before


def make_link(folder: Path) -> None:
    (folder / "link.h5").symlink_to(folder.parent / "secret.h5")


def make_folder_link(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent)


def make_hard_link(folder: Path) -> None:
    os.link(folder.parent / "secret.h5", folder / "hard.h5")


def make_fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.h5")


@pytest.mark.parametrize("trap", [make_link, make_folder_link, make_hard_link, make_fifo])
def test_what_leads_out_is_refused(plain_yard: Yard, trap: Callable[[Path], None]) -> None:
    folder = plain_yard.root / "ls/heart"
    write_stack(folder / "stack.h5")
    write_stack(folder.parent / "secret.h5")
    before = plain_yard.count()
    trap(folder)
    with pytest.raises(UnsafeFileError):
        plain_yard.add("ls/heart")
    assert plain_yard.count() == before


@pytest.mark.parametrize("path", ["ls/linked", "ls/linked/stack.h5", "ls/link.h5"])
def test_a_path_through_a_link_is_refused(plain_yard: Yard, path: str) -> None:
    write_stack(plain_yard.root / "ls/heart/stack.h5")
    (plain_yard.root / "ls/linked").symlink_to("heart")
    (plain_yard.root / "ls/link.h5").symlink_to("heart/stack.h5")
    with pytest.raises(UnsafeFileError):
        plain_yard.add(path)


@pytest.mark.parametrize("path", ["/etc", "/etc/passwd", "../outside", "", ".", "ls/../..", "../root-like/a"])
def test_only_what_lies_beneath_a_root_is_registered(plain_yard: Yard, path: str) -> None:
    for outside in ("outside", "root-like/a"):
        (plain_yard.root.parent / outside).mkdir(parents=True)
    with pytest.raises(InvalidError, match="not beneath a folder"):
        plain_yard.add(path)


def test_our_own_folders_cannot_be_roots(settings: Settings) -> None:
    for folder in (settings.scratch, settings.results / "deep", settings.var):
        with pytest.raises(PortalError, match="overlaps"):
            load_settings({}, var=settings.var, roots={"demo": {"path": folder}})


@pytest.mark.parametrize(
    ("name", "error"), [("maya", ForbiddenError), ("ravi", ForbiddenError), (None, ForbiddenError)]
)
def test_only_staff_and_instruments_register(plain_yard: Yard, name: str | None, error: type[PortalError]) -> None:
    write_stack(plain_yard.root / "ls/heart/stack.h5")
    actor = plain_yard.facility.actors[name] if name else NOBODY
    with pytest.raises(error):
        plain_yard.add("ls/heart", actor=actor)
    with plain_yard.database.read() as session, pytest.raises(error):
        investigation_for_ingest(session, actor, "E1")
    assert plain_yard.add("ls/heart", actor=plain_yard.facility.actors["sam"]).name == "heart"


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"type_name": "stack of light"},
            InvalidError,
            "The types are: deformability cytometry, light-sheet stack",
        ),
        ({"instrument": "LS9"}, InvalidError, "no instrument “LS9”"),
        ({"investigation": 10**40}, NotFoundError, "no experiment"),
        ({"investigation": 999}, NotFoundError, "no experiment"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    plain_yard: Yard, changes: dict[str, Any], error: type[PortalError], words: str
) -> None:
    write_stack(plain_yard.root / "ls/heart/stack.h5")
    with pytest.raises(error, match=words):
        plain_yard.add("ls/heart", **changes)


def test_missing_and_empty_places_are_named(plain_yard: Yard) -> None:
    (plain_yard.root / "empty").mkdir()
    with pytest.raises(InvalidError, match="no file"):
        plain_yard.add("empty")
    with pytest.raises(NotFoundError, match="nowhere"):
        plain_yard.add("nowhere")


def test_a_name_that_no_database_can_hold_is_refused(plain_yard: Yard) -> None:
    (plain_yard.root / "odd").mkdir()
    (plain_yard.root / "odd" / os.fsdecode(b"caf\xe9.tif")).write_bytes(b"x")
    with pytest.raises(InvalidError, match="not valid UTF-8"):
        plain_yard.add("odd")


def test_the_same_place_belongs_to_one_experiment(yard: Yard) -> None:
    write_stack(yard.root / "ls/heart/stack.h5")
    yard.add("ls/heart")
    with pytest.raises(ConflictError, match="another experiment"):
        yard.add("ls/heart", investigation=yard.facility.investigations["other"])


def test_equal_names_get_numbers(yard: Yard) -> None:
    for number in range(3):
        write_stack(yard.root / f"ls/{number}/stack.h5")
    assert [yard.add(f"ls/{number}", name="Heart").name for number in range(3)] == [
        "Heart",
        "Heart (2)",
        "Heart (3)",
    ]


def test_a_file_of_another_kind_is_registered_with_its_words(plain_yard: Yard) -> None:
    (plain_yard.root / "table.csv").write_text("a,b\n1,2\n")
    dataset = plain_yard.full(plain_yard.add("table.csv"))
    assert (dataset.name, dataset.file_count, dataset.thumbnail) == ("table", 1, None)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("table.csv", b"a,b\n1,2\n", None),
        ("fish.czi", b"ZISRAWFILE" + bytes(600), None),
        ("fish.czi", b"", "fish.czi: The file is empty: it holds not one byte."),
        ("fish.tif", b"a,b\n1,2\n", "fish.tif: The file is neither HDF5 nor TIFF nor MRC: it is text."),
        ("fish.raw", b"II*\0" + bytes(600), "fish.raw: The file is truncated: it holds no image."),
    ],
)
def test_only_what_is_to_hold_arrays_can_fail_to(
    plain_yard: Yard, name: str, content: bytes, problem: str | None
) -> None:
    (plain_yard.root / name).write_bytes(content)
    assert plain_yard.full(plain_yard.add(name)).problem == problem


def test_a_tiff_stack_gives_thumbnail_and_parameters(yard: Yard) -> None:
    path = yard.root / "ls/stack.ome.tif"
    path.parent.mkdir()
    volume = np.random.default_rng(1).integers(0, 1000, (4, 32, 32), dtype=np.uint16)
    tifffile.imwrite(path, volume, metadata={"axes": "ZYX", "PhysicalSizeX": 0.5})
    dataset = yard.full(yard.add("ls/stack.ome.tif"))
    assert dataset.thumbnail is not None
    assert {row.type.name: row.value for row in dataset.parameters} == {"pixel size x": 0.5}


def test_a_root_that_is_a_link_itself_works_by_either_name(plain_yard: Yard, tmp_path: Path) -> None:
    write_stack(plain_yard.root / "ls/heart/stack.h5")
    (tmp_path / "alias").symlink_to(plain_yard.root)
    settings = load_settings({}, var=plain_yard.settings.var, roots={"demo": {"path": tmp_path / "alias"}})
    first = plain_yard.add("ls/heart", settings=settings)
    arguments: dict[str, Any] = {
        "type_name": "light-sheet stack", "investigation": plain_yard.facility.investigations["private"],
        "settings": settings, "now": NOW,
    }  # fmt: skip
    path = tmp_path / "alias/ls/heart"
    again = add_in_place(plain_yard.database, plain_yard.facility.actors["sam"], path, **arguments)
    assert again.id == first.id


def test_too_many_folders_in_each_other_are_refused(plain_yard: Yard) -> None:
    deep = plain_yard.root / "deep"
    deep.joinpath(*["d"] * 70).mkdir(parents=True)
    with pytest.raises(LimitError):
        plain_yard.add("deep")


def test_an_instrument_finds_the_experiment_it_delivers_to(yard: Yard) -> None:
    ingest, number = yard.facility.actors["ingest"], yard.facility.investigations["private"]
    with yard.database.write() as session:
        for investigation in session.scalars(select(Investigation)):
            investigation.visit_id = "spring"
        session.get_one(Investigation, yard.facility.investigations["other"]).title = str(number)
    with yard.database.read() as session:
        for text in ("Zebrafish heart", "E1", str(number)):
            assert investigation_for_ingest(session, ingest, text).id == number
        with pytest.raises(InvalidError, match="not one experiment"):
            investigation_for_ingest(session, ingest, "spring")
        with pytest.raises(NotFoundError):
            investigation_for_ingest(session, ingest, "9" * 40)


def test_files_that_differ_in_a_number_do_not_give_that_of_the_first(yard: Yard) -> None:
    for name, size in (("a.h5", 0.25), ("b.h5", 0.5), ("c.h5", 0.25)):
        write_stack(yard.root / "run" / name)
        with h5py.File(yard.root / "run" / name, "r+") as file:
            file["entry/data"].attrs["voxel_um"] = size
    found = {row.type.name: row.value for row in yard.full(yard.add("run")).parameters}
    assert found["exposure"] == 10.0
    assert found["voxel size"] == "0.25 um in a.h5, 0.5 um in b.h5, 0.25 um in c.h5"


def test_what_macos_keeps_beside_a_file_is_no_damaged_one(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings
) -> None:
    folder = settings.roots["demo"].path / "mac"
    folder.mkdir()
    for number in range(3):
        tifffile.imwrite(folder / f"z{number}.tif", np.zeros((8, 9), np.uint16))
        (folder / f"._z{number}.tif").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        " + bytes(100))
    made = add_in_place(
        sqlite_database,
        sqlite_facility.actors["sam"],
        folder,
        type_name="light-sheet stack",
        investigation=sqlite_facility.investigations["private"],
        settings=settings,
        now=NOW,
    )
    assert (made.problem, made.file_count) == (None, 6)
    with sqlite_database.read() as session:
        arrays = get_dataset(session, sqlite_facility.actors["maya"], made.id, now=NOW).arrays
        assert [one.name for one in arrays if one.left_out] == []
        assert arrays[-1].name == "3 files"
