"""Names that no analysis may have, since the pages of an analysis and the portal's own share an address."""

from flask import Flask

from portal.jobtype.checks import PAGES


def test_they_are_those_that_stand_where_an_analysis_name_would(app: Flask) -> None:
    """An address that a later version adds beneath /analyses/ shows here: no analysis may hide behind it."""
    parts = [rule.rule.split("/") for rule in app.url_map.iter_rules()]
    beneath = {
        words[words.index("analyses") + 1]
        for words in parts
        if "analyses" in words and len(words) > words.index("analyses") + 1
    }
    assert {word for word in beneath if word and not word.startswith("<")} == PAGES
