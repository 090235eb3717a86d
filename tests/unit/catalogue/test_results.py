"""Results and their history."""

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import Connection, event, func, insert, select

from portal.catalogue.entries import FileEntry, ParameterEntry, PictureEntry
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Application, Dataset, Job, ParameterType, Sample
from portal.catalogue.provenance import came_from, came_of
from portal.catalogue.results import ResultToRegister, register_result
from portal.catalogue.service import get_dataset, list_files
from portal.config import Settings
from portal.db import Database
from portal.errors import InvalidError, NotFoundError
from portal.form.inputs.dataset import Quantity
from portal.identity.actor import NOBODY


def png(width: int = 3, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    pixels = zlib.compress((b"\0" + bytes(width)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def result_of(facility: SmallFacility, job: int = 1, where: str = "private", **changes: Any) -> ResultToRegister:
    made = ResultToRegister(
        portal_job=job,
        output="deconvolved",
        investigation_id=facility.investigations[where],
        dataset_type="light-sheet result",
        name="Zebrafish heart, deconvolved",
        location=f"results:J-{job}/deconvolved",
        files=[
            FileEntry("result.h5", 1000, 1_700_000_000_000_000_000, "ab" * 32),
            FileEntry("p/xy.tif", 24, 1, "cd" * 32),
        ],
        application=("lightsheet-deconvolution", "1.0"),
        arguments={"iterations": 20},
        inputs=[("stack", facility.datasets[where])],
        person="maya",
        parameters=[ParameterEntry("sharpness gain", 3.5), ParameterEntry("method", "Richardson-Lucy")],
        pictures=[PictureEntry("xy.png", png(), "thumbnail", "Along z"), PictureEntry("xz.png", png(5, 4))],
        description="20 iterations",
        started=NOW,
        ended=NOW,
    )
    return replace(made, **changes)


def test_an_output_becomes_a_dataset_of_its_experiment(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    with database.write() as session:
        sample = Sample(investigation_id=facility.investigations["private"], name="Larva 3")
        session.get_one(Dataset, facility.datasets["private"]).sample = sample
        made = register_result(session, result_of(facility), settings=settings, now=NOW)
    with database.read() as session:
        found = get_dataset(session, facility.actors["maya"], made.id, now=NOW)
        files = list_files(session, facility.actors["maya"], made.id, now=NOW).items
    assert (found.name, found.type.name, found.complete, found.is_result) == (
        "Zebrafish heart, deconvolved", "light-sheet result", True, True,
    )  # fmt: skip
    assert (found.sample and found.sample.name, found.instrument and found.instrument.name) == ("Larva 3", "LS1")
    assert {row.type.name: row.value for row in found.parameters} == {
        "sharpness gain": 3.5,
        "method": "Richardson-Lucy",
    }
    assert [(file.name, file.file_size, file.checksum) for file in files] == [
        ("p/xy.tif", 24, "sha256:" + "cd" * 32), ("result.h5", 1000, "sha256:" + "ab" * 32),
    ]  # fmt: skip
    assert (found.file_count, found.file_size) == (2, 1024)
    assert [(picture.role, picture.caption, picture.width, picture.height) for picture in found.pictures] == [
        ("thumbnail", "Along z", 3, 2), ("preview", "", 5, 4),
    ]  # fmt: skip
    assert [(settings.pictures / picture.path).read_bytes() for picture in found.pictures] == [png(), png(5, 4)]
    assert str(Path(found.pictures[0].path).parent) == str(found.id)


def test_after_a_race_for_its_name_a_result_still_has_sample_and_instrument(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    wanted = result_of(facility)
    races = iter([True])

    def somebody_else(_mapper: object, connection: Connection, row: Dataset) -> None:
        if row.name == wanted.name and next(races, False):
            values = {"investigation_id": row.investigation_id, "type_id": row.type_id, "name": row.name}
            by = {"create_id": "tom", "mod_id": "tom", "create_time": NOW, "mod_time": NOW}
            connection.execute(insert(Dataset.__table__).values(complete=True, **values, **by))

    event.listen(Dataset, "before_insert", somebody_else)
    try:
        with database.write() as session:
            sample = Sample(investigation_id=facility.investigations["private"], name="Larva 3")
            session.get_one(Dataset, facility.datasets["private"]).sample = sample
            made = register_result(session, wanted, settings=settings, now=NOW)
            found = (made.sample and made.sample.name, made.instrument and made.instrument.name)
    finally:
        event.remove(Dataset, "before_insert", somebody_else)
    assert next(races, None) is None, "there was no race"
    assert found == ("Larva 3", "LS1")


def test_registering_twice_gives_the_same_dataset(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    ids = set()
    for attempt in range(3):
        with database.write() as session:
            wanted = result_of(facility, name=f"Name {attempt}")
            ids.add(register_result(session, wanted, settings=settings, now=NOW).id)
    with database.read() as session:
        assert len(ids) == 1
        for kind, number in ((Job, 1), (Application, 1), (Dataset, 5)):
            assert session.scalar(select(func.count()).select_from(kind)) == number


def test_filing_a_result_changes_no_row_that_is_there(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    """The daemon's role in the database may add to the catalogue, and neither change it nor take anything away."""
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_more: said.append(sql))
    with database.write() as session:
        register_result(session, result_of(facility), settings=settings, now=NOW)
        register_result(session, result_of(facility, output="report"), settings=settings, now=NOW)
    assert sum(sql.startswith("INSERT INTO icat_datafile ") for sql in said) == 2
    assert [sql for sql in said if sql.lstrip().startswith(("UPDATE", "DELETE"))] == []


def test_two_outputs_of_a_job_share_its_run(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    with database.write() as session:
        first = register_result(session, result_of(facility), settings=settings, now=NOW)
        second = register_result(session, result_of(facility, output="report"), settings=settings, now=NOW)
    assert (first.name, second.name) == ("Zebrafish heart, deconvolved", "Zebrafish heart, deconvolved (2)")
    with database.read() as session:
        [run] = came_of(session, facility.actors["maya"], session.get_one(Dataset, facility.datasets["private"]))
    assert {(linked.slot, linked.dataset.id) for linked in run.outputs} == {
        ("deconvolved", first.id), ("report", second.id),
    }  # fmt: skip


def test_a_long_name_is_cut_so_that_its_number_fits(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    with database.write() as session:
        for job in (1, 2):
            wanted = result_of(facility, job, name="x" * 400)
            made = register_result(session, wanted, settings=settings, now=NOW)
    assert made.name == "x" * 251 + " (2)"


def test_where_it_came_from_and_what_came_of_it(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    maya = facility.actors["maya"]
    with database.write() as session:
        made = register_result(session, result_of(facility), settings=settings, now=NOW)
    with database.read() as session:
        source = session.get_one(Dataset, facility.datasets["private"])
        run = came_from(session, maya, made, now=NOW)
        assert run is not None
        assert (run.application, run.version, run.options, run.portal_job, run.person) == (
            "lightsheet-deconvolution", "1.0", {"iterations": 20}, 1, "maya",
        )  # fmt: skip
        assert [(linked.slot, linked.dataset.id) for linked in run.inputs] == [("stack", source.id)]
        assert came_from(session, maya, source, now=NOW) is None
        assert [one.outputs[0].dataset.id for one in came_of(session, maya, source, now=NOW)] == [made.id]


def test_history_tells_nothing_about_what_is_not_shared(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    maya, tom = facility.actors["maya"], facility.actors["tom"]
    both = [("a", facility.datasets["public"]), ("b", facility.datasets["private"])]
    with database.write() as session:
        register_result(session, result_of(facility, inputs=both), settings=settings, now=NOW)
        shown = register_result(session, result_of(facility, 2, "public", inputs=both), settings=settings, now=NOW)
    with database.read() as session:
        public = session.get_one(Dataset, facility.datasets["public"])
        assert len(came_of(session, maya, public, now=NOW)) == 2
        for stranger in (tom, NOBODY):
            runs = came_of(session, stranger, public, now=NOW)
            assert [run.portal_job for run in runs] == [2]
            run = came_from(session, stranger, shown, now=NOW)
            assert run is not None
            assert [linked.dataset.id for linked in run.inputs] == [public.id]
            assert run.hidden_inputs == 1


def test_an_input_that_was_deleted_meanwhile_is_left_out(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    gone = [("a", 99_999), ("b", facility.datasets["private"]), ("c", facility.datasets["private"])]
    with database.write() as session:
        made = register_result(session, result_of(facility, inputs=gone), settings=settings, now=NOW)
    with database.read() as session:
        run = came_from(session, facility.actors["maya"], made, now=NOW)
    assert run is not None
    assert [linked.dataset.id for linked in run.inputs] == [facility.datasets["private"]]


def test_a_quantity_that_is_known_as_a_number_takes_text_beside_it(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    numbers = [
        ParameterEntry("gain", 2.0, "dB"),
        ParameterEntry("bad", float("nan")),
        ParameterEntry("label", "A\0B"),
    ]
    texts = [
        ParameterEntry("gain", "high", "dB"),
        ParameterEntry("label", 7.0),
        ParameterEntry("gain", "4.5", "dB"),
    ]
    with database.write() as session:
        first = register_result(session, result_of(facility, parameters=numbers), settings=settings, now=NOW)
        second = register_result(session, result_of(facility, 2, parameters=texts), settings=settings, now=NOW)
    with database.read() as session:
        shown = [
            {
                row.type.name: row.value
                for row in get_dataset(session, facility.actors["maya"], one.id, now=NOW).parameters
            }
            for one in (first, second)
        ]
        names = set(session.scalars(select(ParameterType.name)))
    assert shown == [{"gain": 2.0, "label": "AB"}, {"gain (text)": "high", "label": "7.0", "gain": 4.5}]
    assert {"gain", "gain (text)", "label"} <= names


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"pictures": [PictureEntry("x.png", b"GIF89a")]}, InvalidError),
        ({"files": [FileEntry("a\udcff", 1, 1, None)]}, InvalidError),
        ({"files": [FileEntry("a/" * 600, 1, 1, None)]}, InvalidError),
        ({"investigation_id": 99_999}, NotFoundError),
    ],
)
def test_what_cannot_be_stored_leaves_nothing_behind(
    database: Database,
    facility: SmallFacility,
    settings: Settings,
    changes: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error), database.write() as session:
        register_result(session, result_of(facility, **changes), settings=settings, now=NOW)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Dataset)) == 4


def test_a_very_long_path_keeps_a_name_of_its_own(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    paths = ["d/" * 200 + name for name in ("a", "b")]
    files = [FileEntry(path, 1, 1, "00" * 32) for path in paths]
    with database.write() as session:
        made = register_result(session, result_of(facility, files=files), settings=settings, now=NOW)
    with database.read() as session:
        stored = list_files(session, facility.actors["maya"], made.id, now=NOW).items
    assert {file.location for file in stored} == set(paths)
    assert len({file.name for file in stored}) == 2
    assert all(len(file.name) <= 255 for file in stored)


def test_a_form_sees_names_values_and_units(
    database: Database, facility: SmallFacility, settings: Settings
) -> None:
    with database.write() as session:
        made = register_result(session, result_of(facility), settings=settings, now=NOW)
    with database.read() as session:
        seen = input_dataset(get_dataset(session, facility.actors["maya"], made.id, now=NOW))
    assert (seen.id, seen.name, seen.type, seen.complete) == (made.id, made.name, "light-sheet result", True)
    assert seen.parameters == {"sharpness gain": Quantity(3.5), "method": Quantity("Richardson-Lucy")}
