"""Expressions for the tasks of an array."""

import pytest

from portal.scheduler.slurm.arrays import compress, expand, place


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("7", {7}),
        ("0-4", {0, 1, 2, 3, 4}),
        ("0-999%2", set(range(1000))),
        ("[0-3%1]", {0, 1, 2, 3}),
        ("1,3,7-9,20-40:4", {1, 3, 7, 8, 9, 20, 24, 28, 32, 36, 40}),
        ("0x3F0", {4, 5, 6, 7, 8, 9}),
        ("0x1111110038A", {1, 3, 7, 8, 9, 20, 24, 28, 32, 36, 40}),
    ],
)
def test_an_expression_stands_for_its_indices(text, indices):
    assert expand(text) == indices


@pytest.mark.parametrize("text", ["", "1-", "a", "1,,2", "0-99999999999", "1-10,13-...", "-5"])
def test_an_expression_that_is_cut_off_or_strange_is_an_error(text):
    with pytest.raises(ValueError, match=r"array"):
        expand(text)


@pytest.mark.parametrize("indices", [{5}, {0, 1, 2}, {0, 2, 4}, set(range(0, 1000, 3)) | set(range(500))])
def test_what_is_compressed_expands_to_the_same(indices):
    assert expand(compress(indices)) == indices
    assert expand(compress(indices, at_once=3)) == indices


def test_a_limit_stands_behind_the_indices():
    assert compress([3, 1, 2, 9], at_once=2) == "1-3,9%2"


def test_chunks_keep_indices_below_slurms_bound():
    assert [place(index, 1001) for index in (0, 1000, 1001, 2500)] == [(0, 0), (0, 1000), (1, 0), (2, 498)]
