"""What a page says of an array's axes."""

import pytest

from portal.form.inputs.arrays import InputArray
from portal.web.views.arrays import axes_words, interval_words


@pytest.mark.parametrize(
    ("axes", "labels", "words"),
    [
        ("CYX", {"C": ("DAPI", "GFP")}, "channel (DAPI and GFP), y, x"),
        ("?YX", {"?": ("sheet",)}, "“sheet” (not known), y, x"),
        ("???", {"?": ("sheet", "", "u")}, "“sheet” (not known), not known, “u” (not known)"),
        ("???", {"?": ("v", "u")}, "not known, not known, not known (the file names “v” and “u”)"),
        ("???", {}, ""),
        ("ZYX", {"C": ("GFP",)}, "z, y, x; channel GFP"),
    ],
)
def test_axes_that_are_not_known_are_told_by_their_own_names(axes, labels, words) -> None:
    shape = (7,) * len(axes)
    assert axes_words(InputArray(1, "a.h5", "/a", shape, "uint16", axes, labels)) == words


@pytest.mark.parametrize(
    ("axes", "step", "words"),
    [
        ("TYX", 5.0, "5 s between time points"),
        ("TYX", 0.04, "40 ms between time points"),
        ("TYX", 600.0, "10 min between time points"),
        ("TYX", 125.0, "125 s between time points"),
        ("TYX", None, "time between time points not known"),
        ("ZYX", None, ""),
        ("ZYX", 5.0, ""),
    ],
)
def test_how_far_time_points_are_apart_is_told_where_there_are_several(axes, step, words) -> None:
    assert interval_words(InputArray(1, "a.h5", "/a", (7, 7, 7), "uint16", axes, interval_s=step)) == words
    assert interval_words(InputArray(1, "a.h5", "/a", (1, 7, 7), "uint16", axes, interval_s=step)) == ""
