"""Parameters of what is registered, read again: corrections beside, never an edit of what is complete."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import select, update

from portal.audit.models import AuditRecord
from portal.catalogue.access import visible
from portal.catalogue.files.register import add_in_place
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset, DatasetParameter, DatasetType, ParameterCorrection, ParameterType
from portal.catalogue.parameters.corrections import Typed, type_in, withdraw
from portal.catalogue.parameters.known import Known
from portal.catalogue.parameters.reread import Look, Selection, Then, chosen, look, write
from portal.catalogue.parameters.rows import known_of, known_of_all
from portal.catalogue.service import get_dataset
from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.form.inputs.dataset import Quantity
from portal.identity.actor import NOBODY, Actor

SIZE = "voxel size x"
MAPPING = {
    SIZE: {"units": "um", "sources": ["hdf5:/data@size"]},
    "exposure": {"units": "ms", "sources": ["hdf5:/data@exposure"]},
    "medium": {"units": "", "sources": ["hdf5:/data@medium"], "kind": "text"},
}
OPERATOR = Actor(name="ada as gantry")
LATER = NOW + timedelta(days=1)


@dataclass
class Yard:
    """A root, what is registered in it, and a catalogue as an earlier release would have filled it."""

    root: Path
    settings: Settings
    database: Database
    facility: SmallFacility

    def file(self, name: str, **attributes: Any) -> None:
        with h5py.File(self.root / name, "w") as file:
            file["data"] = np.arange(64, dtype="u2").reshape(8, 8)
            file["data"].attrs.update(attributes)

    def add(self, name: str, complete: bool = True, **attributes: Any) -> int:
        self.file(name, **attributes)
        added = add_in_place(
            self.database,
            self.facility.actors["ingest"],
            self.root / name,
            type_name="light-sheet stack",
            investigation=self.facility.investigations["private"],
            settings=self.settings,
            now=NOW,
            complete=complete,
        )
        return added.id

    def as_an_earlier_release_had_it(self, number: int, name: str, value: float, units: str) -> None:
        """Overwrite what was registered: without a source, and wrong."""
        with self.database.write() as session:
            dataset = session.get_one(Dataset, number)
            (row,) = (row for row in dataset.parameters if row.type.name == name)
            kinds = select(ParameterType).where(ParameterType.name == name, ParameterType.units == units)
            kind = session.scalar(kinds)
            if kind is None:
                kind = ParameterType(
                    facility_id=self.facility.facility, name=name, units=units, value_type="NUMERIC"
                )
                session.add(kind)
                session.flush()
            row.type_id, row.numeric_value = kind.id, value
            row.source_kind = row.source_file = row.source_place = row.source_value = row.source_units = None

    def look(self, number: int, *parameters: str) -> Look:
        return look(self.database, self.settings, number, parameters)

    def write(self, number: int) -> Look:
        seen = self.look(number)
        write(self.database, OPERATOR, seen, now=LATER)
        return seen

    def known(self, number: int) -> dict[str, Known]:
        with self.database.read() as session:
            dataset = get_dataset(session, self.facility.actors["sam"], number)
            found = known_of(dataset)
            given = known_of_all(session.connection(), [number]).get(number, {})
            # Two ways to read it, of which one has no times and reasons.
            assert {name: one.quantity for name, one in given.items()} == {
                name: one.quantity for name, one in found.items()
            }
            return found

    def registered(self, number: int) -> list[tuple[Any, ...]]:
        """Everything that the dataset's own rows say."""
        with self.database.read() as session:
            rows = session.scalars(select(DatasetParameter).where(DatasetParameter.dataset_id == number))
            dataset = session.get_one(Dataset, number)
            return [
                (dataset.mod_time, dataset.mod_id),
                *sorted(
                    (row.id, row.type_id, row.numeric_value, row.string_value, row.source, row.mod_time)
                    for row in rows
                ),
            ]

    def audit(self) -> list[tuple[str, str, dict[str, Any]]]:
        with self.database.read() as session:
            rows = session.scalars(select(AuditRecord).order_by(AuditRecord.id))
            return [(row.action, row.person_name, row.details) for row in rows]


@pytest.fixture
def yard(tmp_path: Path, database: Database, facility: SmallFacility) -> Yard:
    root = tmp_path / "root"
    root.mkdir()
    file = tmp_path / "gantry.toml"
    file.write_text(f'var = "{tmp_path / "var"}"\n[roots.demo]\npath = "{root}"\n', encoding="utf-8")
    with database.write() as session:
        session.execute(update(DatasetType).where(DatasetType.name == "light-sheet stack").values(mapping=MAPPING))
    return Yard(root, load_settings({"GANTRY_CONFIG": str(file)}), database, facility)


def test_what_agrees_is_no_difference(yard: Yard) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"}, medium="water")
    yard.as_an_earlier_release_had_it(number, SIZE, 162.5, "nm")
    assert yard.look(number) == Look(number, "a", mod_time=yard.look(number).mod_time)


def test_a_wrong_unit_is_corrected_beside_what_was_registered(yard: Yard) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"})
    yard.as_an_earlier_release_had_it(number, SIZE, 162.5, "um")
    before = yard.registered(number)
    (one,) = yard.look(number).differences
    assert (one.name, one.stored_words, one.found_words, one.then) == (
        SIZE,
        "162.5 um",
        "0.1625 um",
        Then.CORRECTED,
    )
    assert yard.known(number)[SIZE].quantity == Quantity(162.5, "um")  # looking changes nothing
    yard.write(number)
    assert yard.registered(number) == before
    known = yard.known(number)[SIZE]
    assert known.quantity == Quantity(0.1625, "um", source="in a.h5, /data@size", before="162.5 um")
    (correction,) = known.counts
    assert (correction.by, correction.at, correction.source.value, correction.source.units) == (
        "ada as gantry",
        LATER,
        "162.5",
        "nm",
    )
    details = {
        "parameter": SIZE,
        "correction": correction.correction,
        "was": "162.5 um",
        "is": "0.1625 um",
        "reason": "",
    }
    assert yard.audit() == [("parameter-corrected", "ada as gantry", details)]
    assert yard.look(number).differences == ()  # twice is harmless


@pytest.mark.parametrize(
    ("attributes", "was", "found"),
    [
        ({}, (352.8, "um"), "nothing"),
        ({"size": float("nan")}, (352.8, "um"), "nothing"),
        ({"size": 0.2}, (0.2, "um"), "0.2"),
        ({"size": 0.2, "size units": "furlong"}, (0.2, "um"), "0.2 furlong"),
        ({"size": "0.2 µm"}, (0.2, "mm"), "0.2 um"),
    ],
)
def test_what_the_file_does_not_say_or_not_in_which_unit_is_a_correction_too(
    yard: Yard, attributes: dict[str, Any], was: tuple[float, str], found: str
) -> None:
    number = yard.add("a.h5", size=1.0, size_units="um")
    yard.as_an_earlier_release_had_it(number, SIZE, *was)
    yard.file("a.h5", **attributes)
    with yard.database.write() as session:  # as if it had been registered like this
        dataset = session.get_one(Dataset, number)
        status = (yard.root / "a.h5").stat()
        dataset.datafiles[0].file_size, dataset.datafiles[0].mtime_ns = status.st_size, status.st_mtime_ns
    (one,) = yard.write(number).differences
    assert one.found_words == found
    quantity = yard.known(number)[SIZE].quantity
    assert (quantity.words, quantity.before) == ("" if found == "nothing" else found, Quantity(*was).words)


def test_a_parameter_that_only_today_s_reader_finds_is_added_beside(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.2, **{"size units": "um"}, exposure="20 ms")
    with yard.database.write() as session:
        for row in session.get_one(Dataset, number).parameters:
            session.delete(row)
    assert {one.name: one.found_words for one in yard.write(number).differences} == {
        SIZE: "0.2 um",
        "exposure": "20 ms",
    }
    assert yard.known(number)["exposure"].quantity == Quantity(20.0, "ms", source="in a.h5, /data@exposure")


def test_one_that_is_still_being_written_is_brought_up_to_date(yard: Yard) -> None:
    number = yard.add("a.h5", complete=False, size=0.2, **{"size units": "um"})
    yard.file("a.h5", size=0.3, **{"size units": "um"}, medium="oil")
    assert {one.then for one in yard.write(number).differences} == {Then.UPDATED}
    known = yard.known(number)
    assert (known[SIZE].quantity, known["medium"].quantity.value) == (
        Quantity(0.3, "um", source="in a.h5, /data@size"),
        "oil",
    )
    assert [action for action, *_ in yard.audit()] == ["parameter-read-again"] * 2
    with yard.database.read() as session:
        assert session.scalars(select(ParameterCorrection)).all() == []


def test_files_that_changed_since_are_not_taken_for_what_was_registered(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.2, **{"size units": "um"})
    yard.file("a.h5", size=0.3, **{"size units": "um"})
    seen = yard.look(number)
    assert (seen.differences, seen.unread) == (
        (),
        "Its files have changed since it was registered, so they are not read: a.h5.",
    )


def test_what_cannot_be_read_says_why_and_changes_nothing(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.2, **{"size units": "um"})
    (yard.root / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n broken")
    status = (yard.root / "a.h5").stat()
    with yard.database.write() as session:
        dataset = session.get_one(Dataset, number)
        dataset.datafiles[0].file_size, dataset.datafiles[0].mtime_ns = status.st_size, status.st_mtime_ns
    seen = yard.look(number)
    assert seen.differences == ()
    assert seen.unread.startswith("a.h5: ")
    (yard.root / "a.h5").unlink()
    assert yard.look(number).unread != ""
    (yard.root / "a.h5").symlink_to("/etc/passwd")
    linked = yard.look(number)
    assert (linked.differences, linked.unread != "") == ((), True)
    with pytest.raises(NotFoundError):
        yard.look(10**12)


def test_a_result_of_an_analysis_has_nothing_to_read_again(yard: Yard) -> None:
    number = yard.facility.datasets["private"]
    with yard.database.write() as session:
        session.get_one(Dataset, number).location = "results:1/J-1/x"
    seen = yard.look(number)
    assert ("result of an analysis" in seen.unread, seen.computed) == (True, True)


def test_a_correction_is_withdrawn_and_stays_in_the_history(yard: Yard) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"})
    yard.as_an_earlier_release_had_it(number, SIZE, 162.5, "um")
    yard.write(number)
    which = yard.known(number)[SIZE].counts[0].correction
    assert which is not None
    with yard.database.write() as session:
        withdraw(session, OPERATOR, which, now=LATER)
    assert yard.known(number)[SIZE].quantity == Quantity(162.5, "um")
    assert yard.audit()[-1][0] == "correction-withdrawn"
    with (
        yard.database.write() as session,
        pytest.raises(ConflictError, match="withdrawn by ada as gantry already"),
    ):
        withdraw(session, OPERATOR, which, now=LATER)
    for unknown in (0, 10**12):
        with yard.database.write() as session, pytest.raises(NotFoundError):
            withdraw(session, OPERATOR, unknown, now=LATER)
    yard.write(number)  # and may be made again
    assert yard.known(number)[SIZE].quantity.value == 0.1625


def test_a_file_that_says_what_was_registered_withdraws_the_correction(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.2, **{"size units": "um"})
    with yard.database.write() as session:
        session.add(ParameterCorrection(dataset_id=number, name=SIZE, source_kind="file", create_id="somebody"))
    (one,) = yard.write(number).differences
    assert one.then is Then.WITHDRAWN
    assert yard.known(number)[SIZE].quantity == Quantity(0.2, "um", source="in a.h5, /data@size")


def test_what_was_changed_between_looking_and_writing_is_left_alone(yard: Yard) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"})
    yard.as_an_earlier_release_had_it(number, SIZE, 162.5, "um")
    seen = yard.look(number)
    with yard.database.write() as session:
        session.get_one(Dataset, number).mod_time = LATER
    with pytest.raises(ConflictError):
        write(yard.database, OPERATOR, seen, now=LATER)
    assert yard.known(number)[SIZE].quantity.value == 162.5


def test_what_is_typed_stands_beside_the_file_and_neither_is_taken(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.5, **{"size units": "um"})
    with yard.database.write() as session:
        type_in(session, OPERATOR, number, Typed(SIZE, "200", "nm", "by the stage's log"), now=LATER)
    known = yard.known(number)[SIZE]
    assert known.doubtful
    assert [(one.words, one.source.kind) for one in known.counts] == [("0.5 um", "file"), ("0.2 um", "person")]
    with yard.database.read() as session:
        dataset = get_dataset(session, yard.facility.actors["maya"], number)
        assert len(input_dataset(dataset).parameters[SIZE].others) == 1
    assert yard.look(number).differences == ()  # what was typed is nothing that a file could contradict
    with yard.database.write() as session:  # another replaces it
        type_in(session, OPERATOR, number, Typed(SIZE, "500", "nm"), now=LATER)
    assert yard.known(number)[SIZE].quantity == Quantity(0.5, "um", source="in a.h5, /data@size")


def test_a_typed_unit_settles_what_the_file_leaves_open(yard: Yard) -> None:
    number = yard.add("a.h5", size=0.5, **{"size units": "furlong"})
    with yard.database.write() as session:
        type_in(session, OPERATOR, number, Typed(SIZE, "0.5", "um"), now=LATER)
    quantity = yard.known(number)[SIZE].quantity
    assert (quantity.words, quantity.source, quantity.before) == (
        "0.5 um",
        "typed by ada as gantry",
        "0.5 furlong",
    )
    assert quantity.gave_way == (Quantity(0.5, "furlong", source="in a.h5, /data@size"),)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (Typed(SIZE, "wide", "um"), "is no number"),
        (Typed(SIZE, "nan", "um"), "is no number"),
        (Typed(SIZE, "0.2"), "is wanted in um"),
        (Typed(SIZE, "0.2", "px"), "is wanted in um"),
        (Typed("voxel", "0.2", "um"), "has no parameter"),
    ],
)
def test_what_cannot_be_typed_is_refused_in_words(yard: Yard, typed: Typed, words: str) -> None:
    number = yard.add("a.h5", size=0.5, **{"size units": "um"})
    with yard.database.write() as session, pytest.raises(InvalidError, match=words):
        type_in(session, OPERATOR, number, typed, now=LATER)


def test_registering_anew_withdraws_what_was_read_and_keeps_what_was_typed(yard: Yard) -> None:
    number = yard.add("a.h5", complete=False, size=0.2, **{"size units": "um"})
    with yard.database.write() as session:
        session.add(ParameterCorrection(dataset_id=number, name="exposure", source_kind="file", create_id="x"))
        type_in(session, OPERATOR, number, Typed("medium", "oil"), now=LATER)
    yard.add("a.h5", size=0.2, **{"size units": "um"})
    assert yard.known(number).keys() == {SIZE, "medium"}


def test_which_datasets_are_meant(yard: Yard) -> None:
    first, second = yard.add("a.h5"), yard.add("b.h5")
    private, other = (yard.facility.investigations[name] for name in ("private", "other"))

    def meant(**selection: Any) -> list[int]:
        return list(chosen(yard.database, Selection(**selection)))

    assert meant() == [first, second]  # what has no place, or is a result, has no files to read
    assert meant(after=first) == [second]
    assert meant(ids=(second, first, 99), after=first) == [second, 99]
    assert meant(type="light-sheet stack", experiment=private) == [first, second]
    assert meant(type="deformability cytometry") == meant(experiment=other) == []
    with pytest.raises(InvalidError, match="light-sheet stack"):
        meant(type="stack")
    with pytest.raises(InvalidError, match="a parameter “exposition”"):
        meant(ids=(first,), parameters={"exposition"})


def test_only_the_parameters_that_are_asked_for_are_compared(yard: Yard) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"}, exposure="20 ms")
    yard.as_an_earlier_release_had_it(number, SIZE, 1.0, "um")
    yard.as_an_earlier_release_had_it(number, "exposure", 1.0, "ms")
    assert [one.name for one in yard.look(number, "exposure").differences] == ["exposure"]


@pytest.mark.parametrize(("who", "sees"), [("maya", True), ("ravi", True), ("sam", True), ("tom", False)])
def test_a_correction_is_as_visible_as_its_dataset(yard: Yard, who: str, sees: bool) -> None:
    number = yard.add("a.h5", size=162.5, **{"size units": "nm"})
    yard.as_an_earlier_release_had_it(number, SIZE, 162.5, "um")
    yard.write(number)
    with yard.database.read() as session:
        seen = session.scalars(visible(yard.facility.actors[who], ParameterCorrection)).all()
        assert len(seen) == int(sees)
        assert session.scalars(visible(NOBODY, ParameterCorrection)).all() == []
