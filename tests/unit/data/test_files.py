"""Opening registered files and pictures for somebody."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import select

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Datafile, Dataset, DatasetPicture
from portal.config import Settings
from portal.data.files import open_datafile
from portal.data.pictures import open_picture
from portal.db import Database
from portal.errors import NotFoundError, UnavailableError, UnsafeFileError
from portal.identity.actor import NOBODY


@dataclass
class Registered:
    """One registered file and one picture of maya's private dataset."""

    path: Path
    dataset: int
    file: int
    picture: int


@pytest.fixture
def registered(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> Registered:
    path = settings.roots["demo"].path / "heart" / "deep" / "table.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a,b\n")
    dataset = add_in_place(
        sqlite_database,
        sqlite_facility.actors["ingest"],
        path.parent.parent,
        type_name="light-sheet stack",
        investigation=sqlite_facility.investigations["private"],
        settings=settings,
        now=NOW,
    )
    (settings.pictures / "1").mkdir()
    (settings.pictures / "1" / "a.png").write_bytes(b"a picture")
    with sqlite_database.write() as session:
        picture = DatasetPicture(
            dataset_id=dataset.id, name="a", role="preview", path="1/a.png", width=1, height=1
        )
        session.add(picture)
        session.flush()
        file = session.scalars(select(Datafile.id).where(Datafile.dataset_id == dataset.id)).one()
    return Registered(path, dataset.id, file, picture.id)


def read(
    database: Database, facility: SmallFacility, settings: Settings, it: Registered, name: str = "maya"
) -> bytes:
    with database.read() as session:
        found = open_datafile(session, facility.actors[name], it.dataset, it.file, settings=settings, now=NOW)
        with found.file:
            return found.file.read()


def test_the_team_gets_the_file(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    for name in ("maya", "ravi", "sam"):
        assert read(sqlite_database, sqlite_facility, settings, registered, name) == b"a,b\n"


def test_others_do_not_get_file_or_picture_by_any_number(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    shared = sqlite_facility.datasets["public"]
    with sqlite_database.read() as session:
        for actor in (sqlite_facility.actors["tom"], sqlite_facility.actors["ingest"], NOBODY):
            for dataset in (registered.dataset, shared, 10**40):
                with pytest.raises(NotFoundError):
                    open_datafile(session, actor, dataset, registered.file, settings=settings, now=NOW)
                with pytest.raises(NotFoundError):
                    open_picture(session, actor, dataset, registered.picture, settings=settings, now=NOW)


def test_the_team_sees_the_picture(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    maya = sqlite_facility.actors["maya"]
    with sqlite_database.read() as session:
        found = open_picture(session, maya, registered.dataset, registered.picture, settings=settings, now=NOW)
        with found.file:
            assert found.file.read() == b"a picture"


@pytest.mark.parametrize("change", ["longer", "later"])
def test_a_file_that_was_changed_is_not_handed_out(
    sqlite_database: Database,
    sqlite_facility: SmallFacility,
    settings: Settings,
    registered: Registered,
    change: str,
) -> None:
    status = registered.path.stat()
    if change == "longer":
        registered.path.write_text("a,b,c\n")
        os.utime(registered.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        os.utime(registered.path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(UnsafeFileError, match="changed after it was registered"):
        read(sqlite_database, sqlite_facility, settings, registered)


def test_a_file_of_a_dataset_that_is_still_written_may_change(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    with sqlite_database.write() as session:
        session.get_one(Dataset, registered.dataset).complete = False
    registered.path.write_text("a,b,c\n")
    assert read(sqlite_database, sqlite_facility, settings, registered) == b"a,b,c\n"


def test_a_link_in_its_place_is_not_followed(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    secret = settings.var / "secret"
    secret.write_text("a,b\n")
    registered.path.unlink()
    registered.path.symlink_to(secret)
    with pytest.raises(UnsafeFileError):
        read(sqlite_database, sqlite_facility, settings, registered)
    registered.path.unlink()
    registered.path.parent.rename(registered.path.parent.with_name("moved"))
    registered.path.parent.symlink_to("moved")
    with pytest.raises(UnsafeFileError):
        read(sqlite_database, sqlite_facility, settings, registered)


def test_an_entry_that_points_out_of_its_root_opens_nothing(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    with sqlite_database.write() as session:
        session.get_one(Datafile, registered.file).location = "../../../var/gantry.toml"
        session.get_one(DatasetPicture, registered.picture).path = "../secret"
    with pytest.raises(UnsafeFileError):
        read(sqlite_database, sqlite_facility, settings, registered)
    with sqlite_database.read() as session, pytest.raises(UnsafeFileError):
        open_picture(
            session,
            sqlite_facility.actors["maya"],
            registered.dataset,
            registered.picture,
            settings=settings,
            now=NOW,
        )


def test_a_root_that_is_not_configured_any_more_is_said(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, registered: Registered
) -> None:
    without = settings.model_copy(update={"roots": {}})
    with pytest.raises(UnavailableError, match="not connected"):
        read(sqlite_database, sqlite_facility, without, registered)
