"""The arrays of datasets: what is listed of their files, and kept."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from small_facility import NOW, SmallFacility
from sqlalchemy import event

from portal.catalogue.access import visible
from portal.catalogue.arrays.entries import ArrayEntry, Looked, entries_of
from portal.catalogue.arrays.rows import add_arrays, replace_arrays
from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Dataset, DatasetArray
from portal.catalogue.service import get_dataset
from portal.config import Settings
from portal.data.parsing.listed import ListedArray, Listing
from portal.db import Database
from portal.errors import LimitError
from portal.identity.actor import NOBODY

STACK = ListedArray("/data", (16, 40, 48), "uint16", "ZYX")
PLANE = ListedArray("series 0", (40, 48), "uint16", "YX")


def plane(file: str, **changes) -> Looked:
    return Looked(file, Listing((PLANE,), **changes))


def told(entries: list[ArrayEntry]) -> list[tuple]:
    return [(one.file, one.name, one.shape, one.left_out) for one in entries]


def test_arrays_are_those_of_all_files_with_what_is_left_out_of_each():
    looked = [
        Looked("a.h5", Listing((STACK,), left_out=(("/b", "it is stored by a filter"),), more=3)),
        Looked("c.h5", None, "the file is truncated"),
    ]
    assert told(entries_of(looked, ["a.h5", "c.h5"])) == [
        ("a.h5", "/data", (16, 40, 48), ""),
        ("a.h5", "/b", (), "it is stored by a filter"),
        ("a.h5", "", (), "3 arrays more are not listed"),
        ("c.h5", "", (), "the file is truncated"),
    ]


def test_a_dataset_without_arrays_says_so():
    assert told(entries_of([], [])) == [("", "", (), "there is no array in it")]


def test_planes_in_a_file_each_make_a_volume():
    files = ["z0.tif", "z1.tif", "z2.tif"]
    entries = entries_of([plane(file) for file in files], files)
    assert told(entries)[-1] == ("z0.tif", "3 files", (3, 40, 48), "")
    assert entries[-1].axes == "ZYX"


def test_planes_that_are_not_alike_make_none_and_are_named():
    files = ["z0.tif", "z1.tif", "z2.tif"]
    thumb = Looked("z2.tif", Listing((ListedArray("series 0", (5, 6), "uint8", "YX"),)))
    assert told(entries_of([plane("z0.tif"), plane("z1.tif"), thumb], files))[-1] == (
        "",
        "3 files",
        (),
        "it has planes that are not alike: z2.tif is 5 × 6, uint8 and 2 others are 40 × 48, uint16",
    )


def test_of_many_planes_the_first_and_last_speak_for_all():
    files = [f"z{number}.tif" for number in range(100)]
    looked = [plane(file) for file in [*files[:15], files[-1]]]
    assert told(entries_of(looked, files))[-1] == ("z0.tif", "100 files", (100, 40, 48), "")
    gap = [file for file in files if file != "z50.tif"]
    assert told(entries_of(looked, gap))[-1] == (
        "",
        "99 files",
        (),
        "it lacks planes: there is no file of the number 50",
    )


def test_files_that_were_not_looked_into_are_said():
    files = [f"{number}.h5" for number in range(100)]
    entries = entries_of([Looked(file, Listing((STACK,))) for file in files[:16]], files)
    assert entries[-1].left_out == "84 further files of it were not looked into"


def test_a_series_in_several_files_is_there_once_and_only_where_all_of_them_are():
    whole = ListedArray("Image 1", (2, 40, 48), "uint16", "ZYX")
    parts = {"parts": ("a.tif", "b.tif"), "together": (whole,)}
    both = entries_of([plane("x/b.tif", **parts), plane("x/a.tif", **parts)], ["x/a.tif", "x/b.tif"])
    assert told(both) == [("x/a.tif", "Image 1", (2, 40, 48), "")]
    one = entries_of([plane("x/a.tif", **parts)], ["x/a.tif", "y/b.tif"])
    assert told(one)[:2] == [
        ("x/a.tif", "series 0", (40, 48), ""),
        ("x/a.tif", "b.tif", (), "it is a part of this series and not there"),
    ]
    two_folders = [f"{folder}/{name}" for folder in "xy" for name in ("a.tif", "b.tif")]
    entries = entries_of([plane(file, **parts) for file in two_folders], two_folders)
    assert [entry.file for entry in entries] == ["x/a.tif", "y/a.tif"]


@dataclass
class Yard:
    root: Path
    settings: Settings
    database: Database
    facility: SmallFacility

    def add(self, path: str) -> Dataset:
        made = add_in_place(
            self.database,
            self.facility.actors["ingest"],
            self.root / path,
            type_name="light-sheet stack",
            investigation=self.facility.investigations["private"],
            settings=self.settings,
            now=NOW,
        )
        with self.database.read() as session:
            dataset = get_dataset(session, self.facility.actors["sam"], made.id)
            assert dataset.arrays is not None
            return dataset


@pytest.fixture
def yard(database: Database, facility: SmallFacility, settings: Settings) -> Yard:
    return Yard(settings.roots["demo"].path, settings, database, facility)


def write_channels(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.arange(4 * 2 * 12 * 14, dtype=np.uint16).reshape(4, 2, 12, 14)
    metadata = {"axes": "ZCYX", "Name": "Heart", "Channel": {"Name": ["DAPI", "GFP"]}, "PhysicalSizeX": 0.2}
    tifffile.imwrite(path, values, ome=True, metadata=metadata, photometric="minisblack")


def test_registering_lists_the_arrays_with_pictures(yard: Yard) -> None:
    write_channels(yard.root / "ls/heart.ome.tif")
    [array] = yard.add("ls/heart.ome.tif").arrays
    assert (array.file, array.name, array.shape, array.dtype, array.axes) == (
        "heart.ome.tif",
        "Heart",
        [4, 2, 12, 14],
        "uint16",
        "ZCYX",
    )
    assert array.labels == {"C": ["DAPI", "GFP"]}
    assert array.sizes["x"] == pytest.approx(0.2)
    assert [(one["axis"], one["place"]) for one in array.pictures] == [("", 0), ("C", 0), ("C", 1)]
    assert all((yard.settings.pictures / one["path"]).is_file() for one in array.pictures)


def test_a_damaged_file_is_said_among_the_arrays(yard: Yard) -> None:
    path = yard.root / "ls/broken.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros((8, 64, 64))
    path.write_bytes(path.read_bytes()[:5000])
    dataset = yard.add("ls/broken.h5")
    assert "truncated" in (dataset.problem or "")
    [array] = dataset.arrays
    assert array.left_out.startswith("the file is truncated")


CONVERTED = "it can be converted to OME-TIFF or OME-Zarr, which analyses read"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "fish.czi",
            b"ZISRAWFILE" + bytes(600),
            f"it is CZI, a format of Zeiss' microscopes; {CONVERTED}",
        ),
        ("fish.nd2", b"a,b\n1,2\n", "it is text, though its name says ND2"),
        (
            "table.csv",
            b"a,b\n1,2\n",
            "it is text, which analyses of texts and tables take; none that needs arrays does",
        ),
        ("notes.zip", b"PK\3\4" + bytes(600), "it is a ZIP archive"),
        ("blob.dat", bytes(range(64)) * 10, "its format is not known here"),
    ],
)
def test_what_is_in_a_file_of_another_kind_is_what_the_file_is(
    yard: Yard, name: str, content: bytes, words: str
) -> None:
    path = yard.root / "ls" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    dataset = yard.add(f"ls/{name}")
    assert (dataset.problem, [one.left_out for one in dataset.arrays]) == (None, [words])


def test_arrays_are_as_visible_as_their_dataset_and_can_be_listed_again(yard: Yard) -> None:
    write_channels(yard.root / "ls/heart.ome.tif")
    dataset = yard.add("ls/heart.ome.tif")
    with yard.database.read() as session:
        for name, count in (("sam", 1), ("maya", 1), ("ravi", 1), ("tom", 0)):
            found = session.scalars(visible(yard.facility.actors[name], DatasetArray)).all()
            assert len(found) == count, name
        assert not session.scalars(visible(NOBODY, DatasetArray)).all()
    with yard.database.write() as session:
        again = session.get_one(Dataset, dataset.id)
        entries = [ArrayEntry("heart.ome.tif", "Other", (4, 4), "uint8", "YX")]
        replace_arrays(session, again, entries, folder=yard.settings.pictures, by="sam")
        assert [one.name for one in again.arrays] == ["Other"]


def test_one_array_is_added_without_asking_for_its_number(database: Database, facility: SmallFacility, tmp_path):
    """The daemon may add arrays and see none: a result with a single one could not be filed."""
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    with database.write() as session:
        dataset = session.get_one(Dataset, facility.datasets["private"])
        add_arrays(session, dataset, [ArrayEntry("a.h5", "/data")], folder=tmp_path, by="")
    [added] = [one for one in statements if "INSERT INTO dataset_array" in one]
    assert "RETURNING" not in added


def write_whole_stack(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros((8, 64, 64))


@pytest.mark.parametrize(
    ("name", "content", "unusable"),
    [
        ("cut.h5", None, "damaged"),
        ("cut.tif", None, "damaged"),
        ("empty.tif", b"", "damaged"),
        ("page.tif", b"<!doctype html><p>Sign in", "other kind"),
        ("table.csv", b"a,b\n1,2\n", "other kind"),
        ("whole.h5", None, ""),
    ],
)
def test_a_file_that_is_of_no_use_as_it_is_is_known_to_be_so(
    yard: Yard, name: str, content: bytes | None, unusable: str
) -> None:
    path = yard.root / name
    if content is not None:
        path.write_bytes(content)
    elif name.endswith(".tif"):
        tifffile.imwrite(path, np.zeros((3, 64, 64), "u2"), photometric="minisblack")
    else:
        write_whole_stack(path)
    if name.startswith("cut"):
        path.write_bytes(path.read_bytes()[:-9000])
    rows = yard.add(name).arrays
    assert [row.unusable for row in rows] == [unusable] * len(rows)
    assert rows


def test_of_a_file_that_could_not_be_looked_into_nothing_is_known(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole_stack(yard.root / "slow.h5")

    def late(*_given: object, **_more: object) -> None:
        raise LimitError("Looking into the file took longer than 60 s.")

    monkeypatch.setattr("portal.catalogue.files.reader.inspect", late)
    [row] = yard.add("slow.h5").arrays
    assert (row.unusable, "longer than 60 s" in row.left_out) == ("", True)
