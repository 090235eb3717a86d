"""Folders that are one entry of the catalogue: registered, known again, handed over and handed out."""

import io
import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from small_facility import NOW, SmallFacility
from sqlalchemy import select
from zarr_folders import described, write

from portal.agent.inputs import Inputs
from portal.catalogue.files.manifest import by_path
from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Datafile, Dataset, DatasetType, FolderManifest
from portal.catalogue.service import get_dataset
from portal.client.download import download_file
from portal.config import Settings
from portal.daemon.dispatch import queue
from portal.data.files import open_datafile
from portal.data.folders import OpenFolder
from portal.db import Database
from portal.errors import ConflictError, UnsafeFileError
from portal.files.confined import Root
from portal.files.folders import look_at
from portal.rpc.exchange import RefusedError
from wrappers.launch.checks import check_inputs
from wrappers.launch.exits import Refusal
from wrappers.launch.jobspec import InputFile

MAPPING = {f"voxel size {axis}": {"units": "um", "sources": [f"image:voxel size {axis}"]} for axis in "zyx"}
CHUNKS = 64


class Yard:
    """A registered folder `embryo` with the picture a.ome.zarr and a file of notes."""

    def __init__(self, database: Database, facility: SmallFacility, settings: Settings) -> None:
        self.database, self.facility, self.settings = database, facility, settings
        self.root = settings.roots["demo"].path
        self.path = self.root / "embryo"
        self.path.mkdir(parents=True)
        self.values = np.random.default_rng(1).integers(0, 900, (4, 32, 32), dtype=np.uint16)
        attributes = described("zyx", "nanometer", [[500, 200, 200]])
        self.volume = write(self.path / "a.ome.zarr", [self.values], attributes, chunks=(1, 8, 8))
        (self.path / "notes.txt").write_text("fixed on Monday")
        with database.write() as session:
            session.get_one(DatasetType, facility.types["stack"]).mapping = MAPPING

    def add(self, path: Path | None = None, **changes: Any) -> Dataset:
        wanted: dict[str, Any] = {
            "type_name": "light-sheet stack",
            "investigation": self.facility.investigations["private"],
            "settings": self.settings,
            "now": NOW,
        } | changes
        made = add_in_place(self.database, self.facility.actors["ingest"], path or self.path, **wanted)
        with self.database.read() as session:
            return get_dataset(session, self.facility.actors["sam"], made.id)

    def files(self, dataset: Dataset) -> list[Datafile]:
        with self.database.read() as session:
            query = select(Datafile).where(Datafile.dataset_id == dataset.id).order_by(Datafile.name)
            return list(session.scalars(query))

    def item(self, dataset: Dataset) -> dict[str, Any]:
        """What the daemon says of the dataset to the agent."""
        with self.database.read() as session:
            return dict(queue._documents(session, [dataset.id])[dataset.id])

    def open(self, dataset: Dataset) -> OpenFolder:
        actor = self.facility.actors["maya"]
        with self.database.read() as session:
            file = self.files(dataset)[0].id
            opened = open_datafile(session, actor, dataset.id, file, settings=self.settings, now=NOW)
        assert isinstance(opened, OpenFolder)
        return opened

    @property
    def chunk(self) -> Path:
        return self.volume / "0" / "c" / "1" / "2" / "3"


@pytest.fixture
def yard(database: Database, facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(database, facility, settings)


@pytest.fixture
def plain_yard(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(sqlite_database, sqlite_facility, settings)


def test_all_its_files_are_one_entry_with_a_manifest(yard: Yard) -> None:
    dataset = yard.add()
    folder, notes = yard.files(dataset)
    assert (folder.name, notes.name, dataset.file_count) == ("a.ome.zarr", "notes.txt", 2)
    on_disk = [one for one in yard.volume.rglob("*") if one.is_file()]
    assert folder.folder_files == len(on_disk) == CHUNKS + 2
    assert folder.file_size == sum(one.stat().st_size for one in on_disk)
    assert notes.folder_files is None
    with yard.database.read() as session:
        pinned = by_path(session.get_one(FolderManifest, folder.id).document)
    assert set(pinned) == {str(one.relative_to(yard.volume)) for one in on_disk}
    assert pinned["zarr.json"].size == (yard.volume / "zarr.json").stat().st_size
    assert folder.checksum is not None
    sizes = {row.type.name: row.value for row in dataset.parameters}
    assert sizes == {"voxel size z": 0.5, "voxel size y": 0.2, "voxel size x": 0.2}
    assert dataset.thumbnail is not None
    assert dataset.problem is None


def test_it_may_be_registered_by_itself(yard: Yard) -> None:
    dataset = yard.add(yard.volume)
    [folder] = yard.files(dataset)
    assert (dataset.location, folder.location, dataset.single_file) == ("demo:embryo", "a.ome.zarr", True)
    assert yard.add(yard.volume).id == dataset.id


def test_one_without_the_name_is_known_by_what_is_in_it(plain_yard: Yard) -> None:
    plain_yard.volume.rename(plain_yard.path / "embryo 1")
    assert [one.name for one in plain_yard.files(plain_yard.add())] == ["embryo 1", "notes.txt"]


def test_again_is_harmless_and_a_changed_chunk_is_noticed(plain_yard: Yard) -> None:
    dataset = plain_yard.add()
    assert plain_yard.add().id == dataset.id
    raw, status = plain_yard.chunk.read_bytes(), plain_yard.chunk.stat()
    plain_yard.chunk.write_bytes(raw[::-1])
    os.utime(plain_yard.chunk, ns=(status.st_atime_ns, status.st_mtime_ns - 5))  # no later than the latest
    with pytest.raises(ConflictError, match=r"has changed since: a\.ome\.zarr"):
        plain_yard.add()


def test_a_link_in_it_is_refused(plain_yard: Yard) -> None:
    plain_yard.chunk.unlink()
    plain_yard.chunk.symlink_to("/etc/passwd")
    with pytest.raises(UnsafeFileError, match=r"a\.ome\.zarr/0/c/1/2/3 is a link"):
        plain_yard.add()


def test_an_incomplete_one_has_no_digests(plain_yard: Yard) -> None:
    dataset = plain_yard.add(complete=False)
    folder = plain_yard.files(dataset)[0]
    assert (folder.checksum, folder.folder_files) == (None, CHUNKS + 2)
    whole = plain_yard.add()
    assert (whole.id, plain_yard.files(whole)[0].checksum is None) == (dataset.id, False)


def test_a_job_gets_it_as_one_item_that_is_compared_whole(plain_yard: Yard) -> None:
    item = plain_yard.item(plain_yard.add())
    assert [one["name"] for one in item["files"]] == ["a.ome.zarr", "notes.txt"]
    with Inputs({"demo": plain_yard.root}) as inputs:
        [given] = inputs.open({"stack": [item]})["stack"]
    folder = given["files"][0]
    assert folder["path"] == str(plain_yard.volume)
    assert folder["target"] == "/inputs/stack/0/a.ome.zarr"
    assert folder["folder"]["files"] == CHUNKS + 2
    launched = InputFile(
        "a",
        folder["path"],
        folder["target"],
        folder["size"],
        0,
        str(plain_yard.path),
        folder["folder"]["stamp"],
    )
    check_inputs({"stack": [launched]})
    # Names that sort otherwise as parts than as texts: both halves of the contract take them as texts.
    for name in ("0-a", "0.a", "é", "0/c-1"):
        (plain_yard.volume / name).write_text(name)
    with Root(plain_yard.path) as root:
        look = look_at(root, "a.ome.zarr")
    check_inputs(
        {"stack": [InputFile("a", folder["path"], "/x", look.bytes, 0, str(plain_yard.path), look.stamp)]}
    )
    plain_yard.chunk.unlink()
    with (
        Inputs({"demo": plain_yard.root}) as inputs,
        pytest.raises(RefusedError, match=r"a\.ome\.zarr has changed"),
    ):
        inputs.open({"stack": [item]})
    with pytest.raises(Refusal, match="has changed since it was chosen"):
        check_inputs({"stack": [launched]})
    plain_yard.chunk.symlink_to("/etc/passwd")
    with Inputs({"demo": plain_yard.root}) as inputs, pytest.raises(RefusedError, match="is a link"):
        inputs.open({"stack": [item]})
    with pytest.raises(Refusal, match="holds what is no regular file"):
        check_inputs({"stack": [launched]})


def test_it_is_handed_out_as_an_archive_in_which_it_keeps_its_name(plain_yard: Yard) -> None:
    opened = plain_yard.open(plain_yard.add())
    with zipfile.ZipFile(io.BytesIO(b"".join(opened.zipped()))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == CHUNKS + 2
        assert archive.read("a.ome.zarr/0/c/1/2/3") == plain_yard.chunk.read_bytes()


def test_one_that_has_changed_is_not_handed_out(plain_yard: Yard) -> None:
    dataset = plain_yard.add()
    (plain_yard.volume / "new").write_text("x")
    with pytest.raises(UnsafeFileError, match="changed after it was registered"):
        plain_yard.open(dataset)


def test_what_changes_while_it_is_sent_breaks_the_archive(plain_yard: Yard) -> None:
    sent = plain_yard.open(plain_yard.add()).zipped()
    next(sent)
    (plain_yard.volume / "zarr.json").write_text("{}")
    with pytest.raises(UnsafeFileError, match="changed while it was sent"):
        list(sent)


def test_the_command_line_unpacks_it_and_keeps_what_is_there(plain_yard: Yard, tmp_path: Path) -> None:
    dataset = plain_yard.add()
    row = plain_yard.files(dataset)[0]
    file = {
        "id": row.id,
        "name": row.name,
        "size": row.file_size,
        "files": row.folder_files,
        "checksum": row.checksum,
    }
    asked: list[str] = []

    def stream(path: str, _headers: object) -> requests.Response:
        asked.append(path)
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(b"".join(plain_yard.open(dataset).zipped()))
        return response

    for _ in range(2):
        target = download_file(stream, dataset.id, file, tmp_path / "home", None)
    assert len(asked) == 1
    assert target == tmp_path / "home" / "a.ome.zarr"
    assert (target / "0/c/1/2/3").read_bytes() == plain_yard.chunk.read_bytes()
    assert [one.name for one in (tmp_path / "home").iterdir()] == ["a.ome.zarr"]


def test_as_many_chunks_as_one_likes_are_one_row_one_manifest_and_one_item_of_a_job(plain_yard: Yard) -> None:
    path = plain_yard.root / "large" / "a.ome.zarr"
    one = np.ones((1, 1, 1), np.uint16)
    write(path, [one], described("zyx", "nanometer", [[500, 200, 200]]), chunks=(1, 1, 1), compressors=None)
    shape = (100, 10, 10)
    array = path / "0" / "zarr.json"
    array.write_text(json.dumps(json.loads(array.read_text()) | {"shape": shape}))
    for z, y in np.ndindex(shape[:2]):
        folder = path / "0" / "c" / str(z) / str(y)
        folder.mkdir(parents=True, exist_ok=True)
        for x in range(shape[2]):
            (folder / str(x)).write_bytes((100 * z + 10 * y + x).to_bytes(2, "little"))
    chunks = int(np.prod(shape))

    dataset = plain_yard.add(path.parent)
    [row] = plain_yard.files(dataset)
    assert (dataset.problem, dataset.file_count, row.name) == (None, 1, "a.ome.zarr")
    assert row.folder_files == chunks + 2
    assert row.file_size == 2 * chunks + sum((path / name).stat().st_size for name in ("zarr.json", "0/zarr.json"))
    with plain_yard.database.read() as session:
        [listed] = session.get_one(Dataset, dataset.id).arrays
        [manifest] = session.scalars(select(FolderManifest)).all()
    assert (listed.shape, listed.axes, listed.left_out) == (list(shape), "ZYX", "")
    assert manifest.datafile_id == row.id
    pinned = by_path(manifest.document)
    assert len(pinned) == row.folder_files
    assert pinned["0/c/99/9/9"].sha256 == sha256((9999).to_bytes(2, "little")).hexdigest()
    # A digest is 32 bytes that nothing makes smaller; all else of a file, its path too, costs about as much again.
    assert len(manifest.document) < 80 * len(pinned)

    item = plain_yard.item(dataset)
    assert [one["name"] for one in item["files"]] == ["a.ome.zarr"]
    assert len(json.dumps(item)) < 1000
    with Inputs({"demo": plain_yard.root}) as inputs:
        [given] = inputs.open({"stack": [item]})["stack"]
    assert [one["folder"]["files"] for one in given["files"]] == [chunks + 2]
    assert len(json.dumps(given)) < 1000
