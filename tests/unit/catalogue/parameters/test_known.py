"""Which of all that a dataset records under one name counts."""

from dataclasses import replace

import pytest

from portal.catalogue.parameters.known import (
    Recorded,
    as_it_stands,
    known_by_name,
    unit_is_known,
    wanted_units,
)
from portal.catalogue.parameters.source import NOT_KEPT, Source, SourceKind
from portal.form.inputs.dataset import Quantity

IN_FILE = Source(SourceKind.FILE, "stack.ome.tif", "ome:PhysicalSizeX", "200", "nm")
TYPED = Source(SourceKind.PERSON)
COMPUTED = Source(SourceKind.JOB, job=3)


def value(number: float | str | None, units: str = "um", source: Source = NOT_KEPT, **more: object) -> Recorded:
    return replace(Recorded("voxel size x", number, units, source, "maya"), **more)  # type: ignore[arg-type]


def known(*recorded: Recorded):
    return known_by_name(recorded)["voxel size x"]


@pytest.mark.parametrize("source", [NOT_KEPT, IN_FILE, COMPUTED, TYPED])
def test_one_value_counts_wherever_it_is_from(source):
    one = value(0.2, source=source)
    assert (known(one).counts, known(one).replaced, known(one).doubtful) == ((one,), (), False)


def test_what_is_recorded_twice_in_two_units_counts_once_where_it_is_the_same():
    first, again, other = value(0.2), value(200.0, "nm"), value(7.0, "px")
    assert known(first, again).counts == (first,)
    assert known(first, again, other).counts == (first, other)
    assert known(first, other).quantity == Quantity(0.2, "um", (Quantity(7.0, "px"),))


def test_what_was_recorded_without_a_value_is_not_known():
    assert known_by_name([value(None)]) == {}
    assert known(value(None), value(0.2, "mm")).counts == (value(0.2, "mm"),)


def test_a_correction_from_the_file_counts_and_says_what_it_replaces():
    first, now = value(162.5), value(0.1625, source=IN_FILE, correction=1)
    assert (known(first, now).counts, known(first, now).replaced) == ((now,), (first,))
    assert known(first, now).quantity == Quantity(
        0.1625, "um", source="in stack.ome.tif, ome:PhysicalSizeX", before="162.5 um"
    )


def test_a_correction_that_takes_away_leaves_no_value():
    first, now = value(352.8), value(None, "", IN_FILE, correction=1)
    assert known(first, now).quantity == Quantity(
        None, source="in stack.ome.tif, ome:PhysicalSizeX", before="352.8 um"
    )


@pytest.mark.parametrize("typed", [value(0.5, source=TYPED), value(0.5, source=TYPED, correction=1)])
@pytest.mark.parametrize("read", [value(0.2), value(0.2, source=IN_FILE), value(0.2, source=COMPUTED)])
def test_what_was_typed_and_what_was_read_contradict_each_other(read, typed):
    found = known(read, typed)
    assert (found.counts, found.doubtful) == ((read, typed), True)
    assert found.quantity.others == (Quantity(0.5, "um", source="typed by maya"),)


@pytest.mark.parametrize("units", ["", "counts"])
def test_numbers_without_a_unit_of_a_table_contradict_each_other_too(units):
    read, typed = value(1.0, units, IN_FILE), value(0.8, units, TYPED)
    assert known(read, typed).counts == (read, typed)


def test_what_was_typed_and_agrees_is_one_value():
    read, typed = value(200.0, "nm", IN_FILE), value(0.2, source=TYPED)
    assert known(read, typed).counts == (read,)


@pytest.mark.parametrize(
    "read",
    [
        value(200.0, ""),
        value(200.0, "furlong", IN_FILE),
        value(None, "", IN_FILE, correction=1),
    ],
)
def test_what_was_typed_counts_where_the_file_says_nothing_that_could_be_compared(read):
    typed = value(0.2, source=TYPED, correction=2)
    found = known(read, typed)
    assert (found.counts, found.doubtful) == ((typed,), False)
    assert read in found.replaced


def test_a_file_read_again_and_a_typed_correction_stand_side_by_side():
    first, typed = value(162.5), value(0.5, source=TYPED, correction=1)
    read = value(0.1625, source=IN_FILE, correction=2)
    found = known(first, typed, read)
    assert (found.counts, found.replaced) == ((read, typed), (first,))


def test_a_value_as_it_stands_is_told_only_where_it_was_converted():
    assert as_it_stands(value(0.2, source=IN_FILE)) == "200 nm"
    assert as_it_stands(value(0.2, source=replace(IN_FILE, value="0.2", units="um"))) == ""
    assert as_it_stands(value(0.2)) == ""


MAPPING = {"voxel size x": {"units": "um"}, "medium": {"units": "um", "kind": "text"}, "count": {}, "odd": None}


@pytest.mark.parametrize(
    ("number", "units", "known"),
    [(0.2, "um", True), (200.0, "nm", True), (3.0, "", False), (3.0, "furlong", False), (3.0, "px", False)],
)
def test_a_unit_is_known_where_it_can_be_converted_into_what_the_type_wants(number, units, known):
    assert unit_is_known(value(number, units), wanted_units(MAPPING, "voxel size x")) is known


@pytest.mark.parametrize("name", ["medium", "count", "odd", "elsewhere"])
def test_nothing_is_wanted_of_texts_and_of_what_the_type_does_not_name(name):
    assert wanted_units(MAPPING, name) == ""
    assert unit_is_known(value(3.0, ""), "")
    assert not unit_is_known(value("0.2 um in a.h5, 0.5 um in b.h5", ""), "um")


def test_what_gave_way_to_a_typed_value_is_kept_for_what_reads_the_files():
    unitless, typed = value(3.117, "", IN_FILE), value(178.5, "deg", TYPED, correction=1)
    assert known(unitless, typed).quantity.gave_way == (unitless.quantity,)
    assert known(value(3.117, "rad", IN_FILE), value(178.6, "deg", TYPED, correction=1)).quantity.gave_way == ()
    assert known(value(None, "", IN_FILE, correction=1), typed).quantity.gave_way == ()
