"""What a page says of an array's axes."""

import pytest

from portal.form.arrays import InputArray
from portal.web.views.arrays import axes_words


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
