"""Errors of the portal about one of the lines of a file."""

import pytest

from portal.cli.run_list import name_lines
from portal.errors import ConflictError, InvalidError


def of_form(error, place):
    error.form = place
    return error


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Form 2 of 3: This key was used.", "Line 4: This key was used. Nothing was started."),
        ("The second form does not fit.", "Line 4: The second form does not fit. Nothing was started."),
        ("Form 2 of 3: Form 1 of 3 differs.", "Line 4: Form 1 of 3 differs. Nothing was started."),
    ],
)
def test_the_line_comes_from_the_form_s_place_and_not_from_the_sentence(message, said):
    error = of_form(ConflictError(message), 1)
    name_lines(error, [1, 4, 5], 0)
    assert (error.message, str(error)) == (said, said)


def test_an_error_about_no_form_keeps_its_words():
    error = InvalidError("Form 2 of 3 is a strange title.", fields={"1.sigma": "Too large."})
    name_lines(error, [1, 4, 5], 500)
    assert error.message == (
        "The first 500 analyses were started. After them: Form 2 of 3 is a strange title. "
        "None of those after was started."
    )
    assert error.fields == {"Line 4, sigma": "Too large."}
