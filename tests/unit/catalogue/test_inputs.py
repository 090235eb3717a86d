"""Datasets as forms see them, read for somebody in particular."""

from datetime import datetime, timedelta

import pytest
from small_facility import EMBARGO, NOW, SmallFacility
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import may, visible
from portal.catalogue.inputs import chosen_datasets, datasets_by_slot, input_dataset
from portal.catalogue.models import Dataset, DatasetParameter, Investigation, ParameterType
from portal.db import Database
from portal.errors import NotFoundError, SignInNeededError
from portal.form.inputs.dataset import Quantity
from portal.identity.actor import NOBODY
from portal.portions import AT_ONCE, portions


def give(
    session: Session, dataset: int, facility: int, name: str, value: float | str | datetime, units: str
) -> None:
    """Give a dataset a parameter."""
    kinds = {float: "numeric_value", str: "string_value", datetime: "date_time_value"}
    kind = ParameterType(facility_id=facility, name=name, units=units, value_type="NUMERIC")
    session.add(kind)
    session.flush()
    session.add(DatasetParameter(dataset_id=dataset, type_id=kind.id, **{kinds[type(value)]: value}))
    session.flush()


@pytest.mark.parametrize("name", ["maya", "tom", "ravi", "sam", "ingest"])
@pytest.mark.parametrize("now", [NOW, NOW + 2 * EMBARGO])
def test_who_may_choose_what_follows_the_catalogues_filter(
    database: Database, facility: SmallFacility, name: str, now: datetime
) -> None:
    actor = facility.actors[name]
    with database.read() as session:
        ids = list(session.scalars(select(Dataset.id)))
        found = chosen_datasets(session.connection(), actor, ids, parameters=(), now=now)
        seen = session.scalars(visible(actor, Dataset, now=now)).all()
        assert found.keys() == {dataset.id for dataset in seen}
        for number, chosen in found.items():
            experiment = session.get_one(Investigation, chosen.experiment)
            assert chosen.dataset == input_dataset(session.get_one(Dataset, number))
            assert chosen.experiment_title == experiment.title
            assert chosen.may_submit == may(session, actor, "submit", experiment, now=now)


def test_nobody_cannot_choose_even_what_is_public(database: Database, facility: SmallFacility) -> None:
    with database.read() as session, pytest.raises(SignInNeededError):
        chosen_datasets(
            session.connection(), NOBODY, [facility.datasets["public"]], parameters=(), now=NOW + timedelta(days=1)
        )


def test_parameters_are_those_that_a_form_sees_where_they_are_asked_for(
    database: Database, facility: SmallFacility
) -> None:
    number = facility.datasets["private"]
    with database.write() as session:
        for name, value, units in (
            ("voxel", 0.5, "um"),
            ("voxel", 500.0, "nm"),  # the same said twice
            ("width", 0.5, "um"),
            ("width", 7.0, "px"),  # and what contradicts
            ("method", "fast", ""),
            ("begun", NOW, ""),
            ("unasked", 1.0, ""),
        ):
            give(session, number, facility.facility, name, value, units)
    with database.read() as session:
        asked = ["voxel", "width", "method", "begun", "unknown"]
        found = chosen_datasets(session.connection(), facility.actors["maya"], [number], parameters=asked, now=NOW)
        whole = input_dataset(session.get_one(Dataset, number)).parameters
    given = found[number].dataset.parameters
    assert given == {name: quantity for name, quantity in whole.items() if name != "unasked"}
    assert given["voxel"] == Quantity(0.5, "um")
    assert given["width"] == Quantity(0.5, "um", (Quantity(7.0, "px"),))
    assert given["begun"].value == NOW.isoformat()


def test_more_than_one_statement_holds_are_found_too(database: Database, facility: SmallFacility) -> None:
    number = facility.datasets["private"]
    with database.write() as session:
        first = session.get_one(Dataset, number)
        made = [
            Dataset(investigation_id=first.investigation_id, type_id=first.type_id, name=f"Run {i}", complete=True)
            for i in range(AT_ONCE + 1)
        ]
        session.add_all(made)
        session.flush()
        ids = {dataset.id for dataset in made}
    with database.read() as session:
        found = chosen_datasets(
            session.connection(), facility.actors["maya"], ids | {0}, parameters=["voxel"], now=NOW
        )
    assert found.keys() == ids


def test_datasets_by_slot_are_those_asked_for_or_a_refusal_with_the_ids(
    database: Database, facility: SmallFacility
) -> None:
    mine = facility.datasets["private"]
    with database.read() as session:
        by_slot = datasets_by_slot(session, facility.actors["maya"], {"a": [mine], "b": [mine, mine]})
        assert {slot: [one.id for one in chosen] for slot, chosen in by_slot.items()} == {
            "a": [mine],
            "b": [mine, mine],
        }
        with pytest.raises(NotFoundError) as refused:
            datasets_by_slot(session, facility.actors["tom"], {"a": [mine], "b": [10**12]})
    assert refused.value.message == (
        f"Dataset {mine} and {10**12}: not found, or not shared with you. "
        f"Signed in: {facility.actors['tom'].full_name}."
    )


@pytest.mark.parametrize(("count", "expected"), [(0, []), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_portions_hold_everything_once_in_order(count: int, expected: list[int]) -> None:
    found = list(portions(range(count), 3))
    assert [len(some) for some in found] == expected
    assert [one for some in found for one in some] == list(range(count))
