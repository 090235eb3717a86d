"""Bytes as people read them."""

import pytest

from portal import words


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 kB"),
        (249_446, "244 kB"),
        (102_399, "100 kB"),
        (1024 * 1024 - 1, "1 MB"),
        (3 * 2**30, "3 GB"),
        (2**50, "1,024 TB"),
    ],
)
def test_of_a_number_of_bytes_three_digits_count_and_one_byte_is_one(count: int, said: str) -> None:
    assert words.size(count) == said
