"""Datasets as a table: sorted by the database, numbers in one unit, what is not known is never a number."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy.orm import Session

from portal.catalogue import search
from portal.catalogue.finding.table import Cell, cell_of, columns_of, order_by
from portal.catalogue.models import Dataset, DatasetParameter, DatasetType, ParameterCorrection, ParameterType
from portal.catalogue.parameters.rows import known_of_all
from portal.catalogue.search import DatasetQuery, find_datasets
from portal.db import Database

AddDataset = Callable[..., Dataset]
NAME = "pixel size"


@pytest.fixture
def measured(database: Database, facility: SmallFacility, add_dataset: AddDataset) -> Database:
    """Six datasets of Maya's: 200 nm, 0.3 um, 5 px, nothing, 900 nm that is corrected to 0.1 um, 2 mm."""
    with database.write() as session:
        kinds = {
            units: ParameterType(facility_id=facility.facility, name=NAME, units=units, value_type="NUMERIC")
            for units in ("um", "nm", "px", "mm")
        }
        session.add_all(kinds.values())
        session.flush()
        for number, (name, value, units) in enumerate(
            [
                ("a", 200.0, "nm"),
                ("b", 0.3, "um"),
                ("c", 5.0, "px"),
                ("d", None, ""),
                ("e", 900.0, "nm"),
                ("f", 2.0, "mm"),
            ]
        ):
            dataset = add_dataset(
                session, f"run {name}", date=NOW - timedelta(hours=number), file_size=number * 10
            )
            if value is not None:
                parameter = DatasetParameter(dataset_id=dataset.id, type_id=kinds[units].id, numeric_value=value)
                session.add(parameter)
            if name == "e":
                session.add(
                    ParameterCorrection(
                        dataset_id=dataset.id, name=NAME, type_id=kinds["um"].id, numeric_value=0.1
                    )
                )
    return database


def sorted_names(session: Session, facility: SmallFacility, wanted: str) -> list[str]:
    """The names of Maya's runs in this order."""
    order = order_by(session, wanted, columns_of(session, facility.actors["maya"], [NAME]))
    assert order is not None
    query = DatasetQuery(text="run", investigation=facility.investigations["private"])
    found = find_datasets(session, facility.actors["maya"], query, order=order, now=NOW).items
    return [one.name.removeprefix("run ") for one in found if one.name.startswith("run ")]


def test_numbers_of_several_units_are_sorted_as_quantities_and_the_unknown_is_last(
    measured: Database, facility: SmallFacility
) -> None:
    with measured.read() as session:
        assert sorted_names(session, facility, f"parameter:{NAME}") == ["e", "a", "b", "f", "c", "d"]
        assert sorted_names(session, facility, f"-parameter:{NAME}") == ["f", "b", "a", "e", "c", "d"]


def test_cells_are_in_the_unit_of_their_column_or_say_what_is_recorded(
    measured: Database, facility: SmallFacility
) -> None:
    with measured.read() as session:
        (column,) = columns_of(session, facility.actors["maya"], [NAME])
        assert (column.units, column.numeric) == ("um", True)
        ids = {one.name: one.id for one in session.query(Dataset).where(Dataset.name.startswith("run "))}
        known = known_of_all(session.connection(), list(ids.values()))
        cells = {name[-1]: cell_of(known.get(number, {}).get(NAME), column) for name, number in ids.items()}
    assert cells["a"].value == pytest.approx(0.2)
    assert cells["b"].value == pytest.approx(0.3)
    assert cells["c"] == Cell(words="5 px")
    assert cells["d"].empty
    assert cells["e"].value == pytest.approx(0.1)
    assert cells["f"].value == pytest.approx(2000)


def test_what_contradicts_itself_is_no_number(measured: Database, facility: SmallFacility) -> None:
    with measured.write() as session:
        dataset = session.query(Dataset).filter_by(name="run a").one()
        micro = session.query(ParameterType).filter_by(name=NAME, units="um").one()
        session.add(DatasetParameter(dataset_id=dataset.id, type_id=micro.id, numeric_value=0.7))
        session.flush()
        (column,) = columns_of(session, facility.actors["maya"], [NAME])
        known = known_of_all(session.connection(), [dataset.id])[dataset.id][NAME]
        assert cell_of(known, column) == Cell(words="200 nm or 0.7 um")


def test_the_unit_that_a_type_wants_is_the_column_s(measured: Database, facility: SmallFacility) -> None:
    with measured.write() as session:
        kind = session.get_one(DatasetType, facility.types["stack"])
        kind.mapping = {NAME: {"units": "nm", "sources": ["hdf5:x"]}}
    with measured.read() as session:
        assert columns_of(session, facility.actors["maya"], [NAME])[0].units == "nm"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("name", "abcdef"), ("-name", "fedcba"), ("size", "abcdef"), ("-size", "fedcba"), ("date", "fedcba")],
)
def test_every_fixed_column_sorts_both_ways(
    measured: Database, facility: SmallFacility, wanted: str, expected: str
) -> None:
    with measured.read() as session:
        assert "".join(sorted_names(session, facility, wanted)) == expected
        for key in ("type", "instrument", "experiment"):
            assert len(sorted_names(session, facility, key)) == 6


@pytest.mark.parametrize(
    "wanted", ["", "-", "nothing", "--name", "parameter:", "parameter:voltage", "name; DROP TABLE x"]
)
def test_what_is_no_column_sorts_nothing(measured: Database, facility: SmallFacility, wanted: str) -> None:
    with measured.read() as session:
        assert order_by(session, wanted, columns_of(session, facility.actors["maya"], [NAME])) is None


def test_columns_are_bounded_and_of_names_that_are_recorded(measured: Database, facility: SmallFacility) -> None:
    with measured.read() as session:
        assert [
            one.name for one in columns_of(session, facility.actors["maya"], [NAME, NAME, "nobody", "", "x" * 999])
        ] == [NAME]
        assert columns_of(session, facility.actors["maya"], [f"n{number}" for number in range(5000)]) == []


def test_too_many_are_not_sorted_by_what_has_no_index(
    measured: Database, facility: SmallFacility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTED", 3)
    with measured.read() as session:
        order = order_by(session, "-size", []) or []
        found = find_datasets(session, facility.actors["maya"], DatasetQuery(text="run"), order=order, now=NOW)
    assert found.at_least
    assert [one.name for one in found.items][:2] == ["run a", "run b"]  # the newest, not the largest


def test_a_name_that_only_others_record_is_no_column(measured: Database, facility: SmallFacility) -> None:
    with measured.read() as session:
        seen = {name: bool(columns_of(session, actor, [NAME])) for name, actor in facility.actors.items()}
    assert seen == {"maya": True, "tom": False, "ravi": True, "sam": True, "ingest": False}


def test_sorting_shows_nothing_of_others(measured: Database, facility: SmallFacility) -> None:
    with measured.read() as session:
        order = order_by(session, f"parameter:{NAME}", columns_of(session, facility.actors["maya"], [NAME])) or []
        found = find_datasets(session, facility.actors["tom"], DatasetQuery(text="run"), order=order, now=NOW)
    assert not [one for one in found.items if one.name.startswith("run ")]
