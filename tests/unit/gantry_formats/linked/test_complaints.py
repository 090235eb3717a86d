"""How much of a file there is, in words."""

import pytest

from gantry_formats.linked.complaints import part_there


@pytest.mark.parametrize(
    ("there", "whole", "words"),
    [
        (535 * 1024, 893 * 1024, "535 of 893 kB are there"),
        (3000, 1_200_000, "2.9 kB of 1.1 MB are there"),
        (500_000_000, 10**12, "477 MB of 931 GB are there"),
        (10, 27 * 1024, "10 bytes of 27.0 kB are there"),
        (1_199_995, 1_200_000, "1,199,995 of 1,200,000 bytes are there"),
        (5, 900, "5 of 900 bytes are there"),
    ],
)
def test_neither_a_small_part_reads_as_nothing_nor_nearly_all_as_all(there: int, whole: int, words: str) -> None:
    assert part_there(there, whole) == words
