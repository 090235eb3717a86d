"""Errors of the portal about one of the lines of a file."""

import click
import pytest

from portal.cli.run_list import _forms, name_lines
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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"analysis": "qc", "analysis": "mean"}', "Line 2 has “analysis” twice."),
        ('{"options": {"x": 1, "y": 2, "x": 3}}', "Line 2 has “x” twice."),
        ('{"x": NaN}', "Line 2 holds NaN, which is no number in JSON."),
        ('{"x": [-Infinity]}', "Line 2 holds -Infinity, which is no number in JSON."),
        ('{"title": "\\ud800"}', "Line 2 holds half of a character (\\ud800)."),
        ('{"x": ' + "9" * 5000 + "}", "Line 2 has a number of 5,000 digits."),
        ('{"x": 1', "Line 2 is not JSON: Expecting ',' delimiter at character 8."),
        ("[" * 100_000, "Line 2 is nested too deeply."),
        ("[1]", "Line 2 is not a JSON object."),
    ],
)
def test_a_line_that_could_be_read_in_two_ways_or_in_none_is_named_before_anything_is_sent(line, said):
    with pytest.raises(click.BadParameter) as caught:
        _forms(f"# first\n{line}\n")
    assert caught.value.message == said
