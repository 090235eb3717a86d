"""When two values say one thing."""

import pytest

from portal.form.inputs.dataset import Quantity, same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Quantity(0.2, "um"), Quantity(200.0, "nm")),
        (Quantity(0.1, "um"), Quantity(100.00000000001, "nm")),
        (Quantity(0.0, "um"), Quantity(0.0, "nm")),
        (Quantity(3.0, "furlong"), Quantity(3.0, "furlong")),
        (Quantity("fast", ""), Quantity("fast", "mode")),
        (Quantity(None), Quantity(None)),
    ],
)
def test_equal_numbers_in_comparable_units_and_equal_texts_are_the_same(first, second):
    assert same(first, second) and same(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Quantity(0.5, "um"), Quantity(7.0, "px")),
        (Quantity(0.5, "um"), Quantity(0.5, "")),
        (Quantity(0.5, "um"), Quantity(0.6, "um")),
        (Quantity(0.5, "um"), Quantity("0.5", "um")),
        (Quantity("fast", ""), Quantity("slow", "")),
        (Quantity(0.5, "um"), Quantity(None)),
    ],
)
def test_all_else_is_not(first, second):
    assert not same(first, second) and not same(second, first)


def test_words_have_the_digits_that_tell_two_values_apart():
    assert [Quantity(0.2000001, "um").words, Quantity(0.2, "um").words] == ["0.2000001 um", "0.2 um"]
    assert Quantity(None).words == ""
