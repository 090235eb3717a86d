"""Options under conditions on the command line: when there is one, and why there is none now."""

import pytest

from portal.cli.analyses import _about
from portal.cli.run import _show_form

FIELD = {
    "name": "level", "label": "Level", "value": "200", "unit": "nm", "source": "", "read": "", "choices": [],
    "min": "", "max": "",
}  # fmt: skip
CONDITION = {
    "text": "Method is manual and Level is more than 3 um",
    "tree": {},
    "why_not": "Method must be manual.",
}


def test_when_an_option_is_asked_for_is_told() -> None:
    assert _about({**FIELD, "show_when": {**CONDITION, "holds": True}}) == (
        "Level; only if Method is manual and Level is more than 3 µm"
    )
    assert _about({**FIELD, "show_when": None}) == _about(FIELD) == "Level"  # an earlier portal says nothing


@pytest.mark.parametrize(("holds", "words"), [(True, "200"), (False, "not used")])
def test_an_option_that_is_not_used_is_shown_as_that(
    capsys: pytest.CaptureFixture[str], holds: bool, words: str
) -> None:
    _show_form({"fields": [{**FIELD, "show_when": {**CONDITION, "holds": holds}}]}, None, False)
    said = " ".join(capsys.readouterr().out.split())
    assert words in said
    assert ("Method must be manual." in said) is not holds
