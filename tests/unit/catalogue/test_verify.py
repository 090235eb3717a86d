"""What is registered, read again: what changed, is missing, is more, and what is only as it was."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import update
from zarr_folders import described, write

from portal.catalogue.files import verify
from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Datafile, Dataset, FolderManifest
from portal.config import Settings, load_settings
from portal.db import Database

Verify = Callable[[], dict[str, str]]
GONE, NEW = "missing: it is not there any more", "extra: it was not there when the dataset was registered"


@pytest.fixture
def scan(settings: Settings) -> Path:
    """A folder with a master, what it leads to, an OME-Zarr folder and notes."""
    folder = settings.roots["demo"].path / "scan"
    (folder / "raw").mkdir(parents=True)
    with h5py.File(folder / "raw/frames.h5", "w") as file:
        file["data"] = np.arange(512.0).reshape(8, 8, 8)
    with h5py.File(folder / "master.nxs", "w") as file:
        file["raw"] = h5py.ExternalLink("raw/frames.h5", "/")
    values = np.arange(2 * 16 * 16, dtype=np.uint16).reshape(2, 16, 16)
    write(folder / "a.ome.zarr", [values], described("zyx", "micrometer", [[1, 1, 1]]), chunks=(1, 8, 8))
    (folder / "notes.txt").write_text("fixed on Monday")
    return folder


class Registered:
    """The dataset of the folder, and what is said of it when it is read again."""

    def __init__(self, database: Database, facility: SmallFacility, settings: Settings, path: Path, **given: Any):
        self.database, self.settings = database, settings
        self.id = add_in_place(
            database,
            facility.actors["ingest"],
            path,
            type_name="light-sheet stack",
            investigation=facility.investigations["private"],
            settings=settings,
            now=NOW,
            **given,
        ).id
        self.read = 0

    def look(self) -> verify.Verified:
        def tell(count: int) -> None:
            self.read += count

        return verify.verify(self.database, self.settings, self.id, tell)

    def said(self) -> dict[str, str]:
        return {one.path: f"{one.what}: {one.why}" for one in self.look().differences}


@pytest.fixture
def registered(database: Database, facility: SmallFacility, settings: Settings, scan: Path) -> Registered:
    return Registered(database, facility, settings, scan)


def forge(path: Path) -> None:
    """Other bytes with the size and the time of before, in the same inode."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_is_as_it_was_is_read_whole(registered: Registered, scan: Path) -> None:
    seen = registered.look()
    files = [path for path in scan.rglob("*") if path.is_file()]
    assert (seen.sound, seen.differences, seen.files) == (True, [], len(files))
    assert seen.bytes == registered.read == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize("name", ["notes.txt", "raw/frames.h5", "a.ome.zarr/0/c/1/1/1"])
def test_another_content_of_the_same_size_and_time_is_found(registered: Registered, scan: Path, name: str) -> None:
    forge(scan / name)
    assert registered.said() == {name: "changed: another content, though size and time are the same"}


@pytest.mark.parametrize("name", ["notes.txt", "raw/frames.h5", "a.ome.zarr/0/c/1/1/1"])
def test_what_is_missing_longer_or_touched_is_said(registered: Registered, scan: Path, name: str) -> None:
    path = scan / name
    status, content = path.stat(), path.read_bytes()
    os.utime(path, ns=(1, 1))
    assert registered.said() == {name: "changed: the same content, another time of its last change"}
    path.write_bytes(content + b"x")
    assert registered.said() == {name: f"changed: {len(content) + 1} bytes, registered {len(content)}"}
    path.unlink()
    assert registered.said() == {name: GONE}
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    same = registered.said()
    assert not same or same == {name: "changed: the same content, another file in its place"}


def test_what_is_more_is_named_also_in_a_folder_that_is_one_entry(registered: Registered, scan: Path) -> None:
    (scan / "more.h5").write_bytes(b"more")
    (scan / "a.ome.zarr/0/c/9").write_bytes(b"more")
    assert registered.said() == {"more.h5": NEW, "a.ome.zarr/0/c/9": NEW}


@pytest.mark.parametrize(
    ("name", "where", "why"),
    [
        ("notes.txt", "notes.txt", "leads through a symbolic link, which is not followed"),
        ("raw/frames.h5", "raw/frames.h5", "a link"),
        ("a.ome.zarr/0/c/1/1/1", "a.ome.zarr", "is a link"),
        ("a.ome.zarr", "a.ome.zarr", "leads through a symbolic link or a file in the place of a folder"),
    ],
)
def test_a_link_in_its_place_is_not_followed(
    registered: Registered, scan: Path, name: str, where: str, why: str
) -> None:
    (scan / name).rename(scan.parent / "aside")
    (scan / name).symlink_to(scan.parent / "aside")
    said = registered.said()
    assert said[where].startswith("not read: ")
    assert why in said[where] or "not a regular file" in said[where]


def test_a_pipe_in_its_place_makes_nobody_wait(registered: Registered, scan: Path) -> None:
    (scan / "notes.txt").unlink()
    os.mkfifo(scan / "notes.txt")
    assert registered.said()["notes.txt"] == "not read: notes.txt is a device or pipe, not a regular file"


def test_a_list_that_was_changed_in_the_catalogue_proves_nothing(
    registered: Registered, database: Database
) -> None:
    for document in (b"no manifest", b""):
        with database.write() as session:
            session.execute(update(FolderManifest).values(document=document))
        why = "not read: the catalogue's list of what was in it is not that of its checksum"
        assert registered.said() == {"a.ome.zarr": why}


def test_so_many_differences_are_kept_and_no_more(
    registered: Registered, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MOST_KEPT", 3)
    for number in range(9):
        (scan / f"more{number}").touch()
    seen = registered.look()
    assert (len(seen.differences), seen.more, seen.sound) == (3, 6, False)


def test_what_is_still_being_written_was_not_pinned(
    database: Database, facility: SmallFacility, settings: Settings, scan: Path
) -> None:
    seen = Registered(database, facility, settings, scan, complete=False).look()
    assert (seen.sound, seen.files, seen.skipped) == (True, 0, verify.STILL_WRITTEN)


def test_of_what_has_no_checksum_size_and_time_are_compared(
    registered: Registered, database: Database, scan: Path
) -> None:
    with database.write() as session:
        session.execute(update(Datafile).where(Datafile.folder_stamp.is_(None)).values(checksum=None))
    assert (registered.look().sound, registered.look().without) == (True, 3)
    os.utime(scan / "notes.txt", ns=(1, 1))
    assert registered.said() == {"notes.txt": "changed: another time of its last change"}


def test_a_folder_that_is_gone_or_not_connected_is_said(registered: Registered, scan: Path) -> None:
    scan.rename(scan.parent / "aside")
    assert registered.look().unread == "scan does not exist."
    registered.settings = load_settings({}, var=registered.settings.var)
    assert "not connected" in registered.look().unread


def test_links_where_people_cannot_write_are_no_difference(
    database: Database, facility: SmallFacility, settings: Settings, scan: Path
) -> None:
    roots = {"demo": {"path": str(scan.parent), "writable_by_people": False}}
    closed = load_settings({}, var=settings.var, roots=roots)
    (scan / "in.h5").symlink_to("raw/frames.h5")
    (scan / "out.h5").symlink_to("/etc/passwd")
    registered = Registered(database, facility, closed, scan)
    assert registered.look().sound
    (scan / "in.h5").unlink()
    (scan / "in.h5").symlink_to("/etc/passwd")
    assert registered.said() == {"in.h5": "not read: in.h5 leads out of its folder"}
    with database.read() as session:
        assert session.get_one(Dataset, registered.id).complete
