"""What counts where a dataset records one name more than once."""

import pytest

from portal.form.dataset import Quantity, under_one_name


@pytest.mark.parametrize(
    ("recorded", "counts"),
    [
        ([Quantity(0.5, "um")], Quantity(0.5, "um")),
        ([Quantity(0.2, "um"), Quantity(200.0, "nm")], Quantity(0.2, "um")),
        ([Quantity(0.1, "um"), Quantity(100.00000000001, "nm")], Quantity(0.1, "um")),
        ([Quantity(0.0, "um"), Quantity(0.0, "nm")], Quantity(0.0, "um")),
        ([Quantity("fast", ""), Quantity("fast", "mode")], Quantity("fast", "")),
    ],
)
def test_the_same_said_twice_counts_once(recorded, counts):
    assert under_one_name(recorded) == counts


@pytest.mark.parametrize(
    "recorded",
    [
        [Quantity(0.5, "um"), Quantity(7.0, "px")],
        [Quantity(0.5, "um"), Quantity(0.5, "")],
        [Quantity(0.5, "um"), Quantity(0.6, "um")],
        [Quantity(0.5, "um"), Quantity("0.5", "um")],
        [Quantity("fast", ""), Quantity("slow", "")],
    ],
)
def test_what_contradicts_is_kept_beside_the_first(recorded):
    first, second = recorded
    assert under_one_name(recorded) == Quantity(first.value, first.units, (second,))
