import pytest

from portal.web.api.prefer import wanted_return


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None),
        ("", None),
        ("return=minimal", "minimal"),
        ("return=representation", "representation"),
        ('Return = "minimal"', "minimal"),
        ("respond-async, wait=10, return=minimal", "minimal"),
        ('foo="a, return=minimal", return=representation', "representation"),
        ("return=minimal; foo=bar", "minimal"),
        ("return=representation, return=minimal", "representation"),
        ("return=minimalist", None),
        ("xreturn=minimal", None),
    ],
)
def test_the_first_return_preference_that_is_known_counts(header, wanted):
    assert wanted_return(header) == wanted
