"""Arrays of what is registered already, listed again: a dry run, then rows, with their pictures and no others."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from database_roles import DAEMON, WEB, as_role, grant
from small_facility import NOW, SmallFacility, fill_small_facility
from sqlalchemy import delete, select
from sqlalchemy.exc import ProgrammingError
from zarr_folders import described
from zarr_folders import write as write_zarr

from portal.audit.models import AuditRecord
from portal.catalogue.access import visible
from portal.catalogue.arrays.again import ArraysLook, State, look, write
from portal.catalogue.files import reading
from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Datafile, Dataset, DatasetArray, DatasetParameter
from portal.config import Settings
from portal.db import Database
from portal.errors import ConflictError, NotFoundError
from portal.identity.actor import NOBODY, Actor

OPERATOR = Actor(name="ada as root")
LATER = NOW + timedelta(days=1)


@dataclass
class Yard:
    """A root and what is registered in it."""

    root: Path
    settings: Settings
    database: Database
    facility: SmallFacility

    def add(self, path: str, complete: bool = True) -> int:
        made = add_in_place(
            self.database,
            self.facility.actors["ingest"],
            self.root / path,
            type_name="light-sheet stack",
            investigation=self.facility.investigations["private"],
            settings=self.settings,
            now=NOW,
            complete=complete,
        )
        return made.id

    def forget(self, number: int) -> None:
        """Make it a dataset of an earlier release, which listed no arrays."""
        with self.database.write() as session:
            session.execute(delete(DatasetArray).where(DatasetArray.dataset_id == number))
        for path in set(self.pictures(number)) - self.named(number):
            path.unlink()

    def look(self, number: int) -> ArraysLook:
        return look(self.database, self.settings, number)

    def write(self, number: int) -> ArraysLook:
        seen = self.look(number)
        write(self.database, self.settings, OPERATOR, seen, now=LATER)
        return seen

    def arrays(self, number: int) -> list[tuple[Any, ...]]:
        with self.database.read() as session:
            rows = session.get_one(Dataset, number).arrays
            return [(row.file, row.name, row.shape, row.axes, row.pictures, row.left_out) for row in rows]

    def pictures(self, number: int) -> set[Path]:
        return set((self.settings.pictures / str(number)).glob("*.png"))

    def named(self, number: int) -> set[Path]:
        with self.database.read() as session:
            dataset = session.get_one(Dataset, number)
            paths = [one["path"] for row in dataset.arrays for one in row.pictures]
            return {self.settings.pictures / path for path in [*paths, *(row.path for row in dataset.pictures)]}

    def rest(self, number: int) -> list[Any]:
        """What the catalogue says of the dataset besides its arrays."""
        with self.database.read() as session:
            found: list[Any] = []
            for kind, key in ((Dataset, Dataset.id), (Datafile, Datafile.dataset_id)):
                found += session.execute(select(*kind.__table__.columns).where(key == number)).all()
            of_it = DatasetParameter.dataset_id == number
            return found + list(session.execute(select(DatasetParameter.id).where(of_it)).all())


@pytest.fixture
def yard(database: Database, facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(settings.roots["demo"].path, settings, database, facility)


@pytest.fixture
def plain_yard(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(settings.roots["demo"].path, settings, sqlite_database, sqlite_facility)


def stack(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for number, name in enumerate(names):
            file[name] = np.arange(number, number + 4 * 12 * 14, dtype=np.uint16).reshape(4, 12, 14)


def test_what_was_registered_before_gets_its_arrays_and_nothing_else_changes(yard: Yard) -> None:
    stack(yard.root / "a.h5", "left", "right")
    number = yard.add("a.h5")
    registered = yard.arrays(number)
    yard.forget(number)
    before = yard.rest(number)
    seen = yard.look(number)
    assert (seen.state, seen.listed, seen.found, seen.unread) == (State.MISSING, 0, 2, "")
    assert yard.arrays(number) == []  # looking changes nothing
    assert yard.pictures(number) == yard.named(number)
    yard.write(number)
    assert (yard.arrays(number), yard.rest(number)) == (registered, before)
    assert yard.pictures(number) == yard.named(number) != set()
    again = yard.write(number)
    assert (again.state, again.listed, again.found, again.to_write) == (State.SAME, 2, 2, False)
    with yard.database.read() as session:
        rows = session.scalars(select(AuditRecord)).all()
        assert [(row.action, row.person_name, row.details) for row in rows] == [
            ("arrays-listed", "ada as root", {"was": "not listed yet", "is": "2"})
        ]
        for name, count in (("sam", 2), ("maya", 2), ("tom", 0)):
            assert len(session.scalars(visible(yard.facility.actors[name], DatasetArray)).all()) == count, name
        assert not session.scalars(visible(NOBODY, DatasetArray)).all()


def test_what_differs_is_listed_anew_and_its_pictures_take_the_place_of_the_others(yard: Yard) -> None:
    stack(yard.root / "a.h5", "left", "right")
    number = yard.add("a.h5")
    registered, files = yard.arrays(number), yard.pictures(number)
    with yard.database.write() as session:
        first, second = session.get_one(Dataset, number).arrays
        session.delete(second)
        other = f"{number}/{'a' * 64}.png"
        (yard.settings.pictures / other).write_bytes(b"of an earlier reader")
        first.axes, first.pictures = "TYX", [{"axis": "", "place": 0, "path": other}]
    (yard.settings.pictures / str(number) / "notes.txt").write_text("not ours to remove")
    seen = yard.write(number)
    assert (seen.state, seen.listed, seen.found) == (State.DIFFERENT, 1, 2)
    assert yard.arrays(number) == registered
    assert yard.pictures(number) == yard.named(number) == files
    assert (yard.settings.pictures / str(number) / "notes.txt").exists()


def test_of_every_kind_what_was_just_registered_is_unchanged(
    plain_yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_LISTED", 3)
    monkeypatch.setattr(reading, "MOST_PARSED", 1)
    root = plain_yard.root
    stack(root / "linked/frames.h5", "data")
    with h5py.File(root / "linked/master.nxs", "w") as file:
        file["data"] = h5py.ExternalLink("frames.h5", "/data")
    write_zarr(root / "zarr/a.ome.zarr", [np.zeros((4, 32, 32), np.uint16)], described("zyx", None, [[1, 1, 1]]))
    (root / "planes").mkdir()
    for number in range(3):
        tifffile.imwrite(root / f"planes/z{number:02}.tif", np.full((12, 14), number, np.uint8))
    (root / "damaged").mkdir()
    (root / "damaged/a.h5").write_bytes(b"\x89HDF\r\n\x1a\n broken")
    for name in ("0", "1", "2", "3_master", "4"):  # more than are listed, and a master among those that are not
        stack(root / f"many/{name}.h5", "data")
    for path in ("linked", "linked/master.nxs", "zarr", "planes", "damaged", "many"):
        seen = plain_yard.look(plain_yard.add(path))
        assert (path, seen.state, seen.unread) == (path, State.SAME, "")
        assert seen.found > 0 or path == "damaged"


def test_files_that_changed_since_are_not_listed(plain_yard: Yard) -> None:
    stack(plain_yard.root / "a.h5", "left")
    number = plain_yard.add("a.h5")
    before = plain_yard.arrays(number)
    stack(plain_yard.root / "a.h5", "left", "right")
    seen = plain_yard.write(number)
    assert seen.state is None
    assert seen.unread == "Its files have changed since it was registered, so they are not read: a.h5."
    (plain_yard.root / "a.h5").unlink()
    (plain_yard.root / "a.h5").symlink_to("/etc/passwd")
    assert plain_yard.write(number).unread != ""
    (plain_yard.root / "a.h5").unlink()
    assert plain_yard.write(number).unread != ""
    assert plain_yard.arrays(number) == before
    with pytest.raises(NotFoundError):
        plain_yard.look(10**12)


def test_one_that_is_still_being_written_is_listed_as_it_is_now(plain_yard: Yard) -> None:
    stack(plain_yard.root / "a.h5", "left")
    number = plain_yard.add("a.h5", complete=False)
    stack(plain_yard.root / "a.h5", "left", "right")
    assert plain_yard.write(number).state is State.DIFFERENT
    assert [name for _file, name, *_ in plain_yard.arrays(number)] == ["/left", "/right"]


def test_a_file_that_cannot_be_read_now_keeps_what_was_listed_of_it(plain_yard: Yard) -> None:
    stack(plain_yard.root / "a.h5", "left")
    number = plain_yard.add("a.h5")
    before, status = plain_yard.arrays(number), (plain_yard.root / "a.h5").stat()
    with (plain_yard.root / "a.h5").open("r+b") as file:
        file.write(b"\0" * 600)
    os.utime(plain_yard.root / "a.h5", ns=(status.st_atime_ns, status.st_mtime_ns))
    seen = plain_yard.write(number)
    assert (seen.state, seen.unread.startswith("a.h5 cannot be read now: ")) == (None, True)
    assert plain_yard.arrays(number) == before


def test_what_was_registered_or_listed_between_looking_and_writing_is_left_alone(plain_yard: Yard) -> None:
    stack(plain_yard.root / "a.h5", "left")
    number = plain_yard.add("a.h5")
    plain_yard.forget(number)
    seen = plain_yard.look(number)
    plain_yard.write(number)
    listed = plain_yard.arrays(number)
    with pytest.raises(ConflictError, match="listed anew meanwhile"):
        write(plain_yard.database, plain_yard.settings, OPERATOR, seen, now=LATER)
    assert plain_yard.arrays(number) == listed
    assert plain_yard.pictures(number) == plain_yard.named(number)


def test_registering_anew_leaves_no_picture_behind(plain_yard: Yard) -> None:
    stack(plain_yard.root / "a.h5", "left")
    number = plain_yard.add("a.h5", complete=False)
    first = plain_yard.pictures(number)
    with h5py.File(plain_yard.root / "a.h5", "w") as file:
        file["other"] = np.random.default_rng(1).integers(0, 900, (20, 30), dtype=np.uint16)
    assert plain_yard.add("a.h5") == number
    assert plain_yard.pictures(number) == plain_yard.named(number) != first
    assert not plain_yard.pictures(number) & first


def filed(yard: Yard) -> int:
    """A result of an earlier release, with a table and a report beside its array."""
    folder = yard.settings.results / "1/J-1/out"
    stack(folder / "out.h5", "left")
    for name in ("table.csv", "metadata.json"):
        (folder / name).write_text("{}")
    with yard.database.write() as session:
        number = yard.facility.datasets["private"]
        dataset = session.get_one(Dataset, number)
        dataset.location, dataset.complete = "results:1/J-1/out", True
        session.execute(delete(Datafile).where(Datafile.dataset_id == number))
        for name in ("out.h5", "table.csv"):
            status = (folder / name).stat()
            row = Datafile(dataset_id=number, name=name, location=name, file_size=status.st_size)
            row.mtime_ns, row.create_id, row.mod_id = status.st_mtime_ns, "maya", "maya"
            session.add(row)
    return number


def test_a_result_is_listed_where_that_was_not_done(plain_yard: Yard) -> None:
    number = filed(plain_yard)
    assert plain_yard.write(number).state is State.MISSING
    assert [(file, name) for file, name, *_ in plain_yard.arrays(number)] == [("out.h5", "/left")]
    with (plain_yard.settings.results / "1/J-1/out/out.h5").open("ab") as file:
        file.write(b"more")
    assert plain_yard.look(number).state is State.SAME  # listed once, and nobody opens it again
    plain_yard.forget(number)
    assert "have changed since" in plain_yard.look(number).unread


def test_a_result_may_not_lead_out_of_itself(plain_yard: Yard) -> None:
    number = filed(plain_yard)
    path = plain_yard.settings.results / "1/J-1/out/out.h5"
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    seen = plain_yard.write(number)
    assert (seen.state, seen.unread != "") == (None, True)
    assert plain_yard.arrays(number) == []


@pytest.mark.postgres
@pytest.mark.parametrize("role", [WEB, DAEMON])
def test_neither_service_may_list_anew_what_was_measured(role: str, postgres_url: str, settings: Settings) -> None:
    owner = Database(postgres_url)
    yard = Yard(settings.roots["demo"].path, settings, owner, fill_small_facility(owner))
    stack(yard.root / "a.h5", "left")
    number = yard.add("a.h5")
    yard.forget(number)
    grant(postgres_url)
    seen, pictures = yard.look(number), yard.pictures(number)
    taken_over = Database(as_role(postgres_url, role))
    try:
        with pytest.raises(ProgrammingError, match="permission denied"):
            write(taken_over, settings, OPERATOR, seen, now=LATER)
    finally:
        taken_over.dispose()
    assert (yard.arrays(number), yard.pictures(number)) == ([], pictures)
    owner.dispose()
