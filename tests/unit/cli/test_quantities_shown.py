"""Parameters on the command line stand as on the pages; --json has all digits."""

import pytest

from portal.cli.analyses import with_basis
from portal.cli.data import _parameter
from portal.cli.run import _show_form
from portal.cli.trying import _in_words


@pytest.mark.parametrize(
    ("value", "units", "words"),
    [
        (0.1623499, "um", "0.162 µm"), (12345.678, "", "12,300"), (1.00049e-6, "m", "1 × 10⁻⁶ m"),
        (18.0, "degC", "18 °C"), (3.0, "uL/s", "3 µL/s"), (5, "", "5"), ("a\x1b[2J\u202eb", "", "a?[2J?b"),
    ],
)  # fmt: skip
def test_three_digits_that_count(value: object, units: str, words: str) -> None:
    shown = _parameter({"name": "Pitch", "value": value, "units": units})
    assert shown.startswith("Pitch: ") and "\x1b" not in shown and "\u202e" not in shown
    if isinstance(value, int | float):
        assert shown == f"Pitch: {words}"


def test_units_of_options_stand_as_on_the_pages(capsys: pytest.CaptureFixture[str]) -> None:
    field = {"name": "pitch", "value": "0.16", "unit": "um", "source": "0.16 um, from your dataset"}
    _show_form({"fields": [field]}, None, as_json=False)
    shown = capsys.readouterr().out
    assert "µm" in shown and "0.16 µm, from your dataset" in shown and " um" not in shown
    assert with_basis({"takes": "4 minutes", "takes_basis": "from 3 runs with Pitch 0.16 um"}, "takes") == (
        "4 minutes (from 3 runs with Pitch 0.16 µm)"
    )
    assert _in_words({"name": "area", "value": 12.34567, "units": "um^2"}) == "area 12.3 µm²"
