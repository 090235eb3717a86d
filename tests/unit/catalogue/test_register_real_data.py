"""Registering real measurements: a tooth, cells, a fluorescent volume."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from small_facility import NOW, SmallFacility

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Dataset, DatasetType
from portal.catalogue.service import get_dataset
from portal.config import Settings
from portal.db import Database


@pytest.fixture
def root(settings: Settings) -> Path:
    return settings.roots["demo"].path


def register(
    database: Database, facility: SmallFacility, settings: Settings, path: Path, mapping: dict[str, Any]
) -> Dataset:
    with database.write() as session:
        session.get_one(DatasetType, facility.types["stack"]).mapping = mapping
    made = add_in_place(
        database,
        facility.actors["sam"],
        path,
        type_name="light-sheet stack",
        investigation=facility.investigations["private"],
        settings=settings,
        now=NOW,
    )
    with database.read() as session:
        return get_dataset(session, facility.actors["maya"], made.id, now=NOW)


def values(dataset: Dataset) -> dict[str, object]:
    return {row.type.name: row.value for row in dataset.parameters}


def test_the_tooth(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, root: Path, test_data: Path
) -> None:
    path = Path(shutil.copy(test_data / "tomography/tooth.h5", root))
    dataset = register(sqlite_database, sqlite_facility, settings, path, {})
    assert (dataset.name, dataset.problem, dataset.file_size) == ("tooth", None, path.stat().st_size)
    assert dataset.thumbnail is not None


def test_the_cells(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, root: Path, test_data: Path
) -> None:
    with zipfile.ZipFile(test_data / "cytometry/fmt-hdf5_cytoshot_full-features_2024.zip") as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".rtdc")]
        archive.extract(name, root)
    mapping = {
        "pixel size": {"units": "um", "sources": ["hdf5:/@imaging:pixel size"]},
        "medium": {"units": "", "sources": ["hdf5:/@setup:medium"], "kind": "text"},
    }
    dataset = register(sqlite_database, sqlite_facility, settings, root / name, mapping)
    assert dataset.problem is None
    assert dataset.thumbnail is not None
    found = values(dataset)
    assert isinstance(found["pixel size"], float)
    assert 0.1 < found["pixel size"] < 1
    assert isinstance(found["medium"], str)


def test_the_volume(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, root: Path, test_data: Path
) -> None:
    path = Path(shutil.copy(test_data / "lightsheet/gendata_psfconv_poiss.tif", root))
    mapping = {"width": {"units": "px", "sources": ["tiff:ImageWidth"]}}
    dataset = register(sqlite_database, sqlite_facility, settings, path, mapping)
    assert (dataset.problem, values(dataset)) == (None, {"width": 160.0})
    assert dataset.thumbnail is not None
    assert (dataset.thumbnail.width, dataset.thumbnail.height) == (160, 160)
