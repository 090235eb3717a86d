"""Parameters on the command line stand as on the pages; --json has all digits."""

import pytest

from portal.cli.data import _parameter


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
