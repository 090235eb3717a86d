"""Beside the step Data: a real file's tree, from which conditions and defaults are picked by a press."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from draft_desk import Desk

from portal.catalogue.models import Datafile, Dataset, DatasetArray, DatasetParameter, ParameterType
from portal.catalogue.parameters.source import SourceKind
from portal.jobtype.lines import parse

Csrf = Callable[..., str]
COMMAND = "smooth --sigma=1.5 --label=cells in.h5 out.tif"


def put_files(site: Any) -> tuple[int, dict[str, int]]:
    """Real files in place of those of the private dataset, with what its registration would have read."""
    folder: Path = site.settings.roots["demo"].path / "heart"
    with h5py.File(folder / "stack.h5", "w") as file:
        data = file.create_dataset("entry/data", data=np.zeros((5, 6, 7), "u2"))
        data.attrs["voxel size"] = 0.2
        data.attrs["axes"] = ["z", "y", "x"]
        file["entry"].attrs["NX_class"] = "<b>NXentry</b>"
        file["entry/title"] = "a heart"
    tifffile.imwrite(
        folder / "plane.ome.tif",
        np.zeros((3, 8, 9), "u2"),
        ome=True,
        metadata={"axes": "ZYX", "PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "um"},
    )
    (folder / "notes.txt").write_text("nothing\n")
    names = ("stack.h5", "plane.ome.tif", "notes.txt")
    with site.database.write() as session:
        dataset = session.get_one(Dataset, site.facility.datasets["private"])
        dataset.parameters.clear()
        for row in list(dataset.datafiles):
            session.delete(row)
        session.flush()
        rows = []
        for name in names:
            status = (folder / name).stat()
            rows.append(
                Datafile(
                    dataset_id=dataset.id,
                    name=name,
                    location=name,
                    file_size=status.st_size,
                    mtime_ns=status.st_mtime_ns,
                )
            )
        session.add_all(rows)
        dataset.file_count, dataset.file_size = 3, sum(row.file_size or 0 for row in rows)
        session.add(
            DatasetArray(
                dataset_id=dataset.id,
                position=0,
                file="stack.h5",
                name="/entry/data",
                shape=[5, 6, 7],
                dtype="uint16",
                axes="ZYX",
                pictures=[],
            )
        )
        kind = ParameterType(
            facility_id=dataset.type.facility_id, name="voxel size x", units="um", value_type="NUMERIC"
        )
        session.add(kind)
        session.flush()
        session.add(
            DatasetParameter(
                dataset_id=dataset.id,
                type_id=kind.id,
                numeric_value=0.2,
                source_kind=SourceKind.FILE,
                source_file="stack.h5",
                source_place="/entry/data@voxel size",
            )
        )
        session.flush()
        return dataset.id, {row.name: row.id for row in rows}


def begun(desk: Desk) -> int:
    """A draft with an input, an option of a number and one of text."""
    draft = desk.make("Smooth it", COMMAND)
    for chip in ("1.option", "2.option", "3.input", "4.output"):
        desk.step(draft, "command", do=f"chip.{chip}")
    desk.step(draft, "data", inputs__0__dataset_types="light-sheet stack", inputs__0__files="*")
    return draft


def words(html: str) -> str:
    """What stands on a page, without marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def panel(html: str) -> str:
    """The panel with the tree."""
    found = re.search(r'<section id="draft-inside".*', html, re.DOTALL)
    assert found, html[:2000]
    return found[0].partition("</aside>")[0]


def test_the_tree_of_an_hdf5_file_and_what_has_a_name_in_it(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    html = panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={files['stack.h5']}"))
    told = words(html)
    assert "data 5 x 6 x 7, uint16" in told
    assert "@voxel size: 0.2 is the parameter voxel size x" in told
    assert "@axes: z, y, x no single value, so no parameter can be read of it" in told
    assert "@NX_class: <b>NXentry</b> hdf5:/entry@NX_class" in told
    assert "<b>NXentry" not in html
    assert "value: a heart hdf5:/entry/title" in told
    assert "Type of the pixels: uint16" in told
    assert "Number of files: 3 files" in told
    assert "pick=parameter:voxel" in html or "pick=parameter%3Avoxel" in html


def test_a_tiff_tells_pages_tags_and_ome(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    told = words(
        panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={files['plane.ome.tif']}"))
    )
    assert "Series 1 3 x 8 x 9 (ZYX), uint16" in told
    assert "Pages 3 Page 1 8 x 9, uint16, none" in told
    assert "PhysicalSizeX: 0.25 ome:PhysicalSizeX" in told
    assert "ImageWidth: 9 tiff:ImageWidth" in told


def test_of_another_kind_the_catalogue_still_tells(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    told = words(panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={files['notes.txt']}")))
    assert "The file is neither HDF5 nor TIFF nor MRC" in told
    assert "voxel size x: 0.2 um" in told


def test_a_condition_is_added_by_a_press_and_told_of_the_dataset(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    where = {"inside": f"0.{dataset}", "file": str(files["stack.h5"])}
    page = desk.look(
        f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={where['file']}&pick=parameter:voxel size x"
    )
    assert 'value="0.2 um"' in page
    use = f"/analyses/drafts/{draft}/data/use"
    pressed = {**where, "pick": "parameter:voxel size x", "do": "condition"}
    desk.send(use, {**pressed, "operator": "<=", "value": "300 nm", "because": "needs small pixels"})
    assert "meets it." in words(desk.html)
    desk.send(use, {**pressed, "operator": ">", "value": "300 nm", "because": ""})
    assert "does not meet it: it would not fit any more." in words(desk.html)
    desk.send(use, {**where, "pick": "fact:array.axes", "do": "condition", "operator": "has", "value": "Z"})
    dtype = {**where, "pick": "fact:array.dtype", "do": "condition"}
    desk.send(use, {**dtype, "operator": "in", "value": "uint8, it's"})
    desk.send(use, {**dtype, "operator": "known"})
    assert parse(desk.text(draft)).data["needs"] == [
        {"when": "data.'voxel size x' <= 300 nm", "because": "needs small pixels"},
        {"when": "data.'voxel size x' > 300 nm"},
        {"when": "'Z' in array.axes"},
        {"when": "array.dtype in ['uint8', 'it''s']"},
        {"when": "array.dtype != null"},
    ]
    desk.send(use, {**dtype, "operator": "known"}, status=422)
    assert "stands there already" in words(desk.html)


def test_what_makes_no_condition_is_said_and_stays_typed(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    before = desk.text(draft)
    pressed = {"inside": f"0.{dataset}", "file": str(files["stack.h5"]), "pick": "parameter:voxel size x"}
    page = desk.send(
        f"/analyses/drafts/{draft}/data/use",
        {**pressed, "do": "condition", "operator": "<", "value": "0,3 um", "because": "typed words"},
        status=422,
    )
    assert "is no number: write it as 0.5, 500 nm or 2 GB" in words(page)
    assert 'value="0,3 um"' in page
    assert 'value="typed words"' in page
    desk.send(
        f"/analyses/drafts/{draft}/data/use",
        {**pressed, "do": "condition", "operator": "<", "value": "3 parsecs"},
        status=422,
    )
    assert "is no unit that is known here" in words(desk.html)
    assert desk.text(draft) == before


def test_a_default_is_taken_from_a_parameter(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    pressed = {"inside": f"0.{dataset}", "file": str(files["stack.h5"]), "pick": "parameter:voxel size x"}
    use = f"/analyses/drafts/{draft}/data/use"
    desk.send(use, {**pressed, "do": "default", "option": "0"})
    assert "“Sigma” is at first the dataset's “voxel size x”." in words(desk.html)
    assert "default_from:" in desk.text(draft)
    assert "parameter: voxel size x" in desk.text(draft)
    desk.send(use, {**pressed, "do": "default", "option": "7"}, status=422)
    assert "Choose the option whose default it is." in words(desk.html)
    facts = {**pressed, "pick": "fact:files.count", "do": "default", "option": "0"}
    desk.send(use, facts, status=422)


def test_what_cannot_be_opened_is_said_in_words(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    draft = begun(desk)
    (site.settings.roots["demo"].path / "heart" / "stack.h5").write_bytes(b"another one")
    told = words(panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={files['stack.h5']}")))
    assert "was changed after it was registered" in told
    assert "voxel size x: 0.2 um" in told


def test_data_that_one_does_not_see_is_none(site: Any, csrf: Csrf, desk: Desk) -> None:
    """Staff see all; a number that is none, another dataset's file and nonsense show no tree."""
    dataset, files = put_files(site)
    other = site.facility.datasets["public"]
    draft = begun(desk)
    for asked in ("0.999999", "7.1", "x", "0.", f"9.{dataset}", "0." + "9" * 30):
        assert "In the file" not in desk.look(f"/analyses/drafts/{draft}/data?inside={asked}")
    told = words(panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{other}&file={files['stack.h5']}")))
    assert "5 x 6 x 7" not in told


def test_a_link_to_a_file_that_is_none_of_the_dataset_is_not_followed(site: Any, desk: Desk) -> None:
    dataset, files = put_files(site)
    folder = site.settings.roots["demo"].path / "heart"
    with h5py.File(folder / "aside.h5", "w") as file:
        file["secret"] = np.arange(11)
    with h5py.File(folder / "stack.h5", "w") as file:
        file["here"] = h5py.ExternalLink("aside.h5", "/secret")
        file["own"] = np.arange(12)
    with site.database.write() as session:
        row = session.get_one(Datafile, files["stack.h5"])
        status = (folder / "stack.h5").stat()
        row.file_size, row.mtime_ns = status.st_size, status.st_mtime_ns
    draft = begun(desk)
    told = words(panel(desk.look(f"/analyses/drafts/{draft}/data?inside=0.{dataset}&file={files['stack.h5']}")))
    assert "own 12, int64" in told
    assert "11, int64" not in told
