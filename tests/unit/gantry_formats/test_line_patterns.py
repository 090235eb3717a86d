"""Patterns that are looked for in what programs print."""

import pytest

from gantry_formats.patterns import PatternError
from gantry_formats.patterns.lines import LONGEST_LINE, LinePattern

NAMES = ("done", "total", "percent", "message")


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        (
            r"iteration (?<done>\d+) of (?<total>\d+)",
            "  iteration 3 of 20, cost 1e-3",
            {"done": "3", "total": "20"},
        ),
        (r"(?P<percent>\d+(\.\d+)?) ?%", "[#####     ] 50.5 %", {"percent": "50.5"}),
        (r"^(?<done>\d+)/(?<total>\d+)$", "3/20", {"done": "3", "total": "20"}),
        (r"^(?<done>\d+)/(?<total>\d+)$", "plane 3/20", None),
        (r"(?<done>\d+)(/(?<total>\d+))?", "plane 7", {"done": "7"}),
        (
            r"Schritt (?<done>\d+): (?<message>.+)",
            "Schritt 4: Ränder glätten µ",
            {"done": "4", "message": "Ränder glätten µ"},
        ),
        (r"costs \$(?<done>\d+)\$", "costs $5$", {"done": "5"}),
        (r"step (?<done>\d+)", "stop", None),
    ],
)
def test_groups_are_found_where_the_pattern_first_stands(pattern, line, found):
    assert LinePattern(pattern, NAMES).found(line) == found


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r".*step (?<done>\d+)", "what stands before and behind need not be written"),
        (r"(?<done>(\d+)+)%", "repetition"),
        (r"(?<speed>\d+)", "a group named speed, which means nothing here; there are done, total"),
        (r"(?<done>\d+) (?<done>\d+)", "two groups named done"),
        (r"(?<done\d+)", "a group named"),
        (r"(?<done>\d+", "a ( that is not closed"),
        (r"(?=x)(?<done>\d)", "not everybody reads alike"),
        ("(?<done>x)" + "(y" * 9 + ")" * 9, "levels deep"),
    ],
)
def test_other_patterns_are_refused_in_words(pattern, why):
    with pytest.raises(PatternError, match=None) as refused:
        LinePattern(pattern, NAMES)
    assert why in str(refused.value)


def test_a_line_is_looked_at_to_a_length():
    pattern = LinePattern(r"done (?<done>\d+)", NAMES)
    assert pattern.found(" " * (LONGEST_LINE - 6) + "done 3") == {"done": "3"}
    assert pattern.found(" " * LONGEST_LINE + "done 3") is None


def test_groups_mean_nothing_to_patterns_of_values():
    from gantry_formats.patterns import objection

    assert "not everybody reads alike" in (objection(r"(?<done>\d+)") or "")
