"""Patterns tried on a pasted log: which lines fit, how far they tell, what is wrong with the pattern."""

import pytest

from portal.web.views.drafts.tried.log import MOST_CHARACTERS, MOST_LINES, MOST_SHOWN, tried

LOG = "start\r\nplane 1 of 4\nplane 4 of 4\nplane 5 of 4\nERROR: no beads\n"


def test_lines_that_fit_are_told_with_how_far_they_are() -> None:
    progress, cause = tried(LOG, r"plane (?<done>[0-9]+) of (?<total>[0-9]+)", "ERROR: (?<cause>.*)")
    assert [(one.number, one.told) for one in progress.lines] == [
        (2, "25 %"),
        (3, "100 %"),
        (4, "how far is not told"),
    ]
    assert progress.words == "How far it is: 3 of 5 lines fit."
    assert [one.told for one in cause.lines] == ["no beads"]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(?<done>[0-9]+)", "total"),
        ("plane", "none of the groups"),
        ("(?<percent>[0-9]+", "pattern"),
        ("(a+)+(?<percent>[0-9]+)%", "pattern"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, told: str) -> None:
    [found] = tried(LOG, pattern, "")
    assert told in found.wrong
    assert found.lines == ()


def test_a_huge_log_is_cut_and_that_is_said() -> None:
    [found] = tried("50 %\n" * (MOST_LINES + 5), "(?<percent>[0-9]+) %", "")
    assert found.cut
    assert len(found.lines) == MOST_SHOWN
    assert found.more == MOST_LINES - MOST_SHOWN
    [found] = tried("x" * (MOST_CHARACTERS + 1), "(?<percent>[0-9]+) %", "")
    assert found.cut
    assert tried("", "", "") == []
