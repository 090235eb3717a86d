"""What the form says of its own limits, once the part of a trial is taken off."""

import pytest

from portal.form import build_form
from portal.jobtype.load import load_folders, shipped_folder
from portal.web.views.start import limits_of

SHIPPED = load_folders([shipped_folder()])


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("tomo-slice", {}, "Rows some slices, Slices 4"),
        ("tomo-slice", {"row_first": "120", "row_count": "2"}, "Rows some slices, First row 120, Slices 2"),
        ("lightsheet-deconvolution", {}, ""),
        ("lightsheet-deconvolution", {"box": "0:2, 0:9, 0:9"}, "Box 0:2, 0:9, 0:9"),
        ("qc", {}, ""),
    ],
)
def test_what_limits_the_work_is_told_as_the_form_has_it(name, typed, words):
    form = build_form(SHIPPED.named(name), {}, values=typed or None)
    assert limits_of(form) == words
