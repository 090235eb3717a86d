"""A result with its history as an RO-Crate, judged by roc-validator."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from crate_judge import CONTEXT, judged
from small_facility import NOW, SmallFacility

from portal.catalogue.entries import FileEntry
from portal.catalogue.models import Datafile, Dataset
from portal.catalogue.service import get_dataset
from portal.config import Settings
from portal.db import Database
from portal.errors import UnsafeFileError
from portal.identity.actor import Actor
from portal.methods.account import account_of
from portal.methods.crate import METADATA, TERMS, crate_document
from portal.methods.packing import Packed

from .conftest import AddResult
from .test_account import GAUSSIAN, own

BASE = "https://gantry.example.org"
NAMES = ("result.h5", "deep/er/b c#%.txt", "ro-crate-metadata.json", '\u05d0\u05d1 \u202e"q"é.h5', "a&b=c?d.tif")


def document_of(database: Database, actor: Actor, dataset: int, *, with_files: bool = False) -> dict[str, Any]:
    with database.read() as session:
        account = account_of(session, actor, get_dataset(session, actor, dataset, now=NOW), now=NOW)
        return crate_document(session, actor, account, base=BASE, with_files=with_files, now=NOW)


def packed_of(database: Database, settings: Settings, actor: Actor, dataset: int) -> Packed:
    with database.read() as session:
        account = account_of(session, actor, get_dataset(session, actor, dataset))
        document = crate_document(session, actor, account, base=BASE, with_files=True, now=NOW)
        session.expunge_all()
    return Packed(document, account, actor, settings, database.read, NOW)


def by_id(document: dict[str, Any]) -> dict[str, Any]:
    entities = {one["@id"]: one for one in document["@graph"]}
    assert len(entities) == len(document["@graph"])
    return entities


def of_type(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in document["@graph"] if one["@type"] == kind]


@pytest.fixture
def chain(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, request: Any) -> int:
    """A deconvolution, and a report on it with files that are there, of odd names."""
    add_result: AddResult = request.getfixturevalue("add_result")
    folder = settings.results / "private" / "J-2"
    entries = []
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
        entries.append(FileEntry(name, path.stat().st_size, path.stat().st_mtime_ns, "cd" * 32))
    stack = sqlite_facility.datasets["private"]
    image = {"name": "science", "digest": "sha256:" + "ef" * 32}
    with sqlite_database.write() as session:
        session.add(Datafile(dataset_id=stack, name="stack.h5", file_size=7, checksum="sha256:" + "12" * 32))
        session.get_one(Dataset, stack).file_count = 1
        first = add_result(
            session, "Deconvolved", [("stack", stack)], options=GAUSSIAN, job=1, facts={"image": image}
        )
        last = add_result(
            session, "Report", [("data", first.id), ("data", stack)], analysis="qc", job=2, files=entries,
            options={"projection": "max", "histogram_bins": 256}, warnings=["3 values are saturated"],
            found=[("arrays", 2.0, ""), ("mean", 1.5, "um^2")],
        )  # fmt: skip
        return last.id


@pytest.fixture
def facility(sqlite_facility: SmallFacility) -> SmallFacility:
    """These tests ask one database: what is tested is no query."""
    return sqlite_facility


def test_the_document_alone_is_valid(
    sqlite_database: Database, sqlite_facility: SmallFacility, chain: int, tmp_path: Path
) -> None:
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], chain)
    folder = tmp_path / "crate"
    folder.mkdir()
    (folder / METADATA).write_text(json.dumps(document))
    assert judged(folder) == []


def test_a_crate_that_lacks_what_is_required_is_found_out(
    sqlite_database: Database, sqlite_facility: SmallFacility, chain: int, tmp_path: Path
) -> None:
    """The judge judges: without an instrument the action is none of a Process Run Crate."""
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], chain)
    for action in of_type(document, "CreateAction"):
        del action["instrument"]
    (tmp_path / METADATA).write_text(json.dumps(document))
    assert any("instrument" in one for one in judged(tmp_path))


def test_the_archive_is_valid_and_holds_the_files_as_they_are(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, chain: int, tmp_path: Path
) -> None:
    packed = packed_of(sqlite_database, settings, sqlite_facility.actors["maya"], chain)
    assert packed.check() == (len(NAMES), sum(len(name.encode()) * 100 for name in NAMES))
    target = tmp_path / "crate.zip"
    target.write_bytes(b"".join(packed.content()))
    assert judged(target) == []
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert names[:2] == [METADATA, "methods.txt"]
        assert sorted(names[2:]) == sorted(["references.bib", *(f"data/{name}" for name in NAMES)])
        assert archive.read("data/" + NAMES[3]) == NAMES[3].encode() * 100
        assert archive.read("methods.txt").decode().count("\n\n") == 2
        document = json.loads(archive.read(METADATA))
    beside = {unquote(key) for key, one in by_id(document).items() if one["@type"] == "File" and "://" not in key}
    assert beside == {"methods.txt", "references.bib", *(f"data/{name}" for name in NAMES)}


def test_each_step_is_an_action_with_instrument_object_result_agent_and_times(
    sqlite_database: Database, sqlite_facility: SmallFacility, chain: int
) -> None:
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], chain)
    entities = by_id(document)
    first, last = of_type(document, "CreateAction")
    stack = f"{BASE}/datasets/{sqlite_facility.datasets['private']}"
    assert {"@id": stack} in first["object"] and {"@id": stack} in last["object"]
    assert first["result"][0] in last["object"]
    assert last["result"] == [{"@id": f"{BASE}/datasets/{chain}"}]
    assert (first["startTime"], last["endTime"]) == ("2026-11-20T12:00:00+00:00",) * 2
    assert entities[first["agent"]["@id"]]["name"] == "Maya Lind"
    assert entities[first["instrument"]["@id"]]["softwareVersion"]
    assert entities[first["containerImage"]["@id"]]["sha256"] == "ef" * 32
    values = [entities[one["@id"]] for one in first["object"] if "option" in one["@id"]]
    sigma = next(one for one in values if one["propertyID"] == "sigma_xy")
    assert (sigma["name"], sigma["value"], sigma["unitText"]) == ("Width in the plane (sigma)", 0.31, "µm")
    file = next(one for one in of_type(document, "File") if one["name"] == "stack.h5")
    assert (file["contentSize"], file["sha256"]) == ("7", "12" * 32)
    assert entities[stack]["hasPart"] == [{"@id": file["@id"]}]
    result = entities[f"{BASE}/datasets/{chain}"]
    assert entities[result["comment"][0]["@id"]]["text"] == "3 values are saturated"
    assert [entities[one["@id"]]["unitText"] for one in result["variableMeasured"][1:]] == ["µm²"]
    assert len(entities["./"]["citation"]) == 2
    assert {"@id": "#run-1"} in entities["./"]["mentions"] or len(entities["./"]["mentions"]) == 2


def test_every_term_is_one_of_ro_crate_and_every_reference_leads_to_an_entity(
    sqlite_database: Database, sqlite_facility: SmallFacility, chain: int
) -> None:
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], chain, with_files=True)
    known = json.loads(CONTEXT.read_text())["@context"].keys() | TERMS.keys() | {"@id", "@type"}
    entities = by_id(document)
    for one in document["@graph"]:
        assert one.keys() <= known, one
        for name, value in one.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    target = item["@id"]
                    assert target in entities or target.startswith(
                        ("https://w3id.org/ro/crate/1.1", "http://schema.org/")
                    ), (name, item)


def test_what_may_not_be_read_is_not_named(
    sqlite_database: Database, sqlite_facility: SmallFacility, add_result: AddResult, tmp_path: Path
) -> None:
    with sqlite_database.write() as session:
        session.add(Datafile(dataset_id=sqlite_facility.datasets["private"], name="secret-name.h5", file_size=7))
        hidden = add_result(session, "Secret step", [("stack", sqlite_facility.datasets["private"])], job=1)
        made = add_result(
            session, "Open", [("stack", hidden.id), ("psf", sqlite_facility.datasets["private"])], where="public",
            options={**GAUSSIAN, "psf": "file"}, job=2, person="tom",
        ).id  # fmt: skip
    document = document_of(sqlite_database, sqlite_facility.actors["tom"], made)
    said = json.dumps(document, ensure_ascii=False)
    assert "Secret" not in said and "secret" not in said and "Zebrafish" not in said
    assert f"/datasets/{hidden.id}" not in said
    assert "2 datasets that are not visible to you" in said
    (tmp_path / METADATA).write_text(json.dumps(document))
    assert judged(tmp_path) == []


def test_without_options_inputs_files_and_a_known_type_it_is_valid_too(
    sqlite_database: Database, sqlite_facility: SmallFacility, add_result: AddResult, tmp_path: Path
) -> None:
    with sqlite_database.write() as session:
        made = add_result(
            session, 'A "b"\nc \u05d0', [], jobtype=own(), files=[], facts={"revision": None, "gantry": None}
        ).id
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], made)
    (tmp_path / METADATA).write_text(json.dumps(document))
    assert judged(tmp_path) == []


def test_many_files_and_inputs_are_bounded(
    sqlite_database: Database,
    sqlite_facility: SmallFacility,
    add_result: AddResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portal.methods.crate.MOST_FILES", 50)
    with sqlite_database.write() as session:
        many = [
            Dataset(
                investigation_id=sqlite_facility.investigations["private"], type_id=sqlite_facility.types["stack"],
                name=f"S {i}", file_count=1,
            )
            for i in range(1500)
        ]  # fmt: skip
        session.add_all(many)
        session.flush()
        session.add_all(Datafile(dataset_id=one.id, name="a.h5") for one in many)
        made = add_result(session, "All", [("data", one.id) for one in many], jobtype=own()).id
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], made)
    assert len(of_type(document, "File")) == 50
    inputs = [one for one in document["@graph"] if one.get("name", "").startswith("S ")]
    assert len(inputs) == 1500
    assert inputs[-1]["description"] == "1 more files are not described here."


def test_a_file_that_was_changed_is_not_sent(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, chain: int
) -> None:
    packed = packed_of(sqlite_database, settings, sqlite_facility.actors["maya"], chain)
    os.utime(settings.results / "private" / "J-2" / "result.h5", (1, 1))
    with pytest.raises(UnsafeFileError, match=r"result\.h5 was changed"):
        packed.check()
    with pytest.raises(UnsafeFileError):
        list(packed.content())


def test_no_more_than_a_piece_is_kept_while_it_is_sent(
    sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings, chain: int
) -> None:
    path = settings.results / "private" / "J-2" / "result.h5"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    with sqlite_database.write() as session:
        row = session.query(Datafile).filter_by(dataset_id=chain, name="result.h5").one()
        row.file_size, row.mtime_ns = 40 << 20, path.stat().st_mtime_ns
    packed = packed_of(sqlite_database, settings, sqlite_facility.actors["maya"], chain)
    sizes = [len(piece) for piece in packed.content()]
    assert max(sizes) < 3 << 20
    assert sum(sizes) > 40 << 20


def test_settings_of_any_form_are_told(
    sqlite_database: Database, sqlite_facility: SmallFacility, add_result: AddResult, tmp_path: Path
) -> None:
    """What an ICAT that was brought over keeps as arguments may be anything that JSON can say."""
    odd = {
        "a b": [1, {"c": None}],
        "n": float("nan"),
        "i": 10**400,
        "none": None,
        "": "x",
        "é#": True,
        "t": "x\ny" * 900,
    }
    with sqlite_database.write() as session:
        made = add_result(session, "Odd", [], jobtype=own(), options=odd).id
    document = document_of(sqlite_database, sqlite_facility.actors["maya"], made)
    text = json.dumps(document, allow_nan=False)
    (tmp_path / METADATA).write_text(text)
    assert judged(tmp_path) == []
