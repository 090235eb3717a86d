"""Raw values, as a browser or a program sends them, and what is made of them."""

import pytest

from portal.form.values import as_text, is_blank, parse
from portal.jobtype.option import BooleanOption, ChoiceOption, FloatOption, IntegerOption, TextOption

INTEGER = IntegerOption(type="integer", name="n", label="N", min=1, max=200)
FLOAT = FloatOption(type="float", name="x", label="X", min=-10, max=1e6)
SIZE = FloatOption(type="float", name="dx", label="Voxel size", units="um")
WAVELENGTH = IntegerOption(type="integer", name="light", label="Wavelength", units="nm")
ENERGY = FloatOption(type="float", name="e", label="E", units="keV", default_from={"parameter": "photon energy"})
STAGE = FloatOption(type="float", name="stage", label="Stage", units="um")
SMALLEST = FloatOption(type="float", name="smallest", label="Smallest size", units="um", min=0)
BOOLEAN = BooleanOption(type="boolean", name="b", label="B")
CHOICE = ChoiceOption(type="choice", name="c", label="C", choices=["max", "mean"])
TEXT = TextOption(type="text", name="t", label="T", pattern="auto|[0-9]+", pattern_help="Write auto or a number")
FREE = TextOption(type="text", name="t", label="T", max_length=10)

TAKEN = [
    (INTEGER, "20", 20),
    (INTEGER, " 20 ", 20),
    (INTEGER, "+7", 7),
    (INTEGER, 20, 20),
    (FLOAT, "0.5", 0.5),
    (FLOAT, ".5", 0.5),
    (FLOAT, "5.", 5.0),
    (FLOAT, "-1e-3", -0.001),
    (FLOAT, 3, 3.0),
    (FLOAT, 0.25, 0.25),
    (STAGE, "-3", -3.0),
    (SMALLEST, "0", 0.0),
    (BOOLEAN, "true", True),
    (BOOLEAN, "on", True),
    (BOOLEAN, "False", False),
    (BOOLEAN, False, False),
    (CHOICE, "mean", "mean"),
    (TEXT, " auto ", "auto"),
    (FREE, "ein Ötzi", "ein Ötzi"),
]

REFUSED = [
    (INTEGER, "yes", "is not one"),
    (INTEGER, "1.5", "without decimals"),
    (INTEGER, "1,5", "without decimals"),
    (INTEGER, "1,500", "“1,500” can be 1500 or 1.5. Write 1500 if that is meant."),
    (INTEGER, "1.000", "“1.000” can be 1000 or 1. Write 1000 or 1."),
    (INTEGER, "0", "from 1 to 200; this is 0"),
    (INTEGER, "201", "from 1 to 200; this is 201"),
    (INTEGER, "1_0", "is not one"),
    (INTEGER, "٣-٣", "is not one"),
    (INTEGER, "9" * 40, "Give a whole number"),
    (INTEGER, True, "Give a whole number"),
    (INTEGER, 2.0, "Give a whole number"),
    (INTEGER, [1], "Give a whole number"),
    (FLOAT, "1,000", "“1,000” can be 1000 or 1. Write 1000 or 1.0."),
    (FLOAT, "300 nm", "This has no unit: give the number alone, without “nm”."),
    (SIZE, "2 min", "“min” is no unit of this kind. Give the value, in um."),
    (FLOAT, "nan", "is not one"),
    (FLOAT, "inf", "is not one"),
    (FLOAT, "1e999", "“1e999” is too large."),
    (FLOAT, "-1e999", "“-1e999” is too large."),
    (FLOAT, 10**400, "this one is too large"),
    (INTEGER, 10**400, "from 1 to 200"),
    (WAVELENGTH, 10**18, "Give a whole number; this one is too large."),
    (SIZE, "0", "Must be more than 0; this is 0."),
    (SIZE, -1, "Must be more than 0; this is -1."),
    (SIZE, 10**400, "too large"),
    (WAVELENGTH, "-488", "Must be more than 0; this is -488."),
    (ENERGY, 0, "Must be more than 0; this is 0."),
    (FLOAT, "1e9", "from -10 to 1e+06; this is 1e+09"),
    (FLOAT, float("nan"), "Give a number"),
    (FLOAT, float("inf"), "Give a number"),
    (FLOAT, True, "Give a number"),
    (FLOAT, "0x10", "is not one"),
    (BOOLEAN, "yes", "Choose true or false."),
    (BOOLEAN, 1, "Choose true or false."),
    (CHOICE, "median", "Choose one of: max, mean."),
    (CHOICE, ["max"], "Choose one of: max, mean."),
    (CHOICE, 1, "Choose one of: max, mean."),
    (TEXT, "auto5", "Write auto or a number."),
    (TEXT, 5, "Give a line of text."),
    (FREE, "x" * 11, "At most 10 characters; this has 11."),
    (FREE, "a\nb", "without control characters"),
    (FREE, "a\x00b", "without control characters"),
]


@pytest.mark.parametrize(("option", "raw", "value"), TAKEN, ids=str)
def test_what_a_person_or_a_program_writes_is_typed(option, raw, value):
    found = parse(option, raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("option", "raw", "words"), REFUSED, ids=str)
def test_what_is_no_such_value_is_refused_with_words(option, raw, words):
    with pytest.raises(ValueError, match=r".+") as refused:
        parse(option, raw)
    assert words in str(refused.value)


@pytest.mark.parametrize("raw", [None, "", "  ", "\t\n"])
def test_blank_is_nothing_given(raw):
    assert is_blank(raw)


@pytest.mark.parametrize("raw", [0, False, "0", [], "false"])
def test_zero_and_false_are_given(raw):
    assert not is_blank(raw)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (0.30000000000000004, "0.3"), (1e-7, "1e-07"), (20, "20"), ("x", "x")],
)
def test_values_as_they_stand_in_a_field(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    "value", [1.43206564, 123456789.5, 1e16, 1.2345678e-07, 0.1, 1 / 3, -0.0012345678, 2.5e300]
)
def test_what_stands_in_a_field_is_the_value_to_its_last_digit(value):
    assert as_text(value) == as_text(float(as_text(value)))
    assert float(as_text(value)) == pytest.approx(value, rel=1e-14)
