"""Filters of HDF5 by the names that people know."""

import pytest

from gantry_formats.linked.filters import called


@pytest.mark.parametrize(
    ("number", "name", "words"),
    [
        (
            32990,
            "HDF5 lz4 filter; see http://www.hdfgroup.org/services/contributions.html",
            "HDF5 lz4 filter (32990)",
        ),
        (32004, "HDF5 lz4 filter; see http://www.hdfgroup.org", "LZ4 (32004)"),
        (40000, " ; see there", "unnamed (40000)"),
        (40000, "own", "own (40000)"),
    ],
)
def test_a_filter_is_called_by_its_name_and_number_alone(number: int, name: str, words: str) -> None:
    assert called(number, name) == words
