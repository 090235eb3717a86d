"""Numbers as people type them: understood where they have one meaning, else refused with both."""

from decimal import Decimal

import pytest

from portal.form.build import build_form
from portal.form.numbers import NoNumberError, number_text, read_number
from portal.form.values import how_read, parse
from portal.jobtype.option import FloatOption, IntegerOption

NBSP, NARROW, MINUS = "\u00a0", "\u202f", "\u2212"
LENGTH = FloatOption(type="float", name="dx", label="Voxel size", units="um")
COUNT = IntegerOption(type="integer", name="n", label="N", min=1, max=5000)

UNDERSTOOD = [
    ("0,5", "", "0.5", "0,5 is read as 0.5"),
    (",25", "", "0.25", ",25 is read as 0.25"),
    ("0,125", "", "0.125", "0,125 is read as 0.125"),
    ("2048,125", "", "2048.125", "2048,125 is read as 2048.125"),
    ("1 000", "", "1000", "1 000 is read as 1000"),
    (f"7{NBSP}500{NBSP}000", "", "7500000", f"7{NBSP}500{NBSP}000 is read as 7500000"),
    (f"12{NARROW}345,6", "", "12345.6", f"12{NARROW}345,6 is read as 12345.6"),
    ("1'000", "", "1000", "1'000 is read as 1000"),
    ("1’000.5", "", "1000.5", "1’000.5 is read as 1000.5"),
    ("1,234.5", "", "1234.5", "1,234.5 is read as 1234.5"),
    ("1,234,567", "", "1234567", "1,234,567 is read as 1234567"),
    ("1.234,5", "", "1234.5", "1.234,5 is read as 1234.5"),
    (f"{MINUS}5", "", "-5", f"{MINUS}5 is read as -5"),
    (f"1e{MINUS}3", "", "0.001", f"1e{MINUS}3 is read as 0.001"),
    ("１２．５", "", "12.5", "１２．５ is read as 12.5"),
    ("1.500", "", "1.5", "1.500 is read as 1.5"),
    ("1e3", "", "1000", ""),
    ("1.5e-3", "", "0.0015", ""),
    ("1.333", "", "1.333", ""),
    ("  20 ", "", "20", ""),
    ("300 nm", "um", "0.3", "300 nm = 0.3 um"),
    ("300nm", "um", "0.3", "300 nm = 0.3 um"),
    ("0,3 µm", "um", "0.3", "0,3 is read as 0.3"),
    ("90 000 nm", "um", "90", "90000 nm = 90 um"),
    ("2 min", "s", "120", "2 min = 120 s"),
    ("20 keV", "eV", "20000", "20 keV = 20000 eV"),
    ("5 µm", "um", "5", ""),
    ("5 %", "%", "5", ""),
    ("5 %", "", "0.05", "5 % = 0.05"),
    ("4 ％", "", "0.04", "4 % = 0.04"),
    ("½", "", "0.5", "½ is read as 0.5"),
    (f"{MINUS}2¾", "", "-2.75", f"{MINUS}2¾ is read as -2.75"),
    ("1 ⅛ mm", "um", "1125", "1.125 mm = 1125 um"),
    ("٣٠٠", "", "300", "٣٠٠ is read as 300"),
    ("٠٫٥", "", "0.5", "٠٫٥ is read as 0.5"),
    ("١٬٠٠٠", "", "1000", "١٬٠٠٠ is read as 1000"),
    ("१२.५", "", "12.5", "१२.५ is read as 12.5"),
    ("3×10^-4", "", "0.0003", "3×10^-4 is read as 0.0003"),
    ("3 · 10⁻⁴", "", "0.0003", "3 · 10⁻⁴ is read as 0.0003"),
    ("2 x 10^3 nm", "um", "2", "2000 nm = 2 um"),
    ("10^4", "", "10000", "10^4 is read as 10000"),
]


def test_a_fraction_without_a_last_decimal_is_explained():
    with pytest.raises(ValueError, match="“⅓” has no last decimal: write as many as you need"):
        read_number("⅓")


@pytest.mark.parametrize("typed", ["1 000½", "1.5½", "½½", "5×10", "100×10^99999", "²"])
def test_what_only_looks_like_such_a_number_is_none(typed):
    with pytest.raises(NoNumberError):
        read_number(typed, "um")


@pytest.mark.parametrize(("typed", "unit", "value", "how"), UNDERSTOOD)
def test_what_has_one_meaning_is_understood_and_said(typed, unit, value, how):
    read = read_number(typed, unit)
    assert (number_text(read.value), read.how) == (value, how)


TWO = [
    ("1,000", "“1,000” can be 1000 or 1. Write 1000 or 1.0."),
    ("1,250", "“1,250” can be 1250 or 1.25. Write 1250 or 1.25."),
    (f"{MINUS}12,500", "“-12,500” can be -12500 or -12.5. Write -12500 or -12.5."),
    ("1,000 nm", "“1,000” can be 1000 or 1. Write 1000 or 1.0."),
]


@pytest.mark.parametrize(("typed", "words"), TWO)
def test_what_has_two_meanings_is_refused_with_both(typed, words):
    with pytest.raises(ValueError, match="can be") as refused:
        read_number(typed, "um")
    assert str(refused.value) == words
    assert not isinstance(refused.value, NoNumberError)


@pytest.mark.parametrize(
    ("typed", "unit", "words"),
    [("2 m", "s", "no unit of this kind"), ("5 %", "um", "no unit of this kind"), ("3 px", "", "has no unit")],
)
def test_a_unit_of_another_kind_is_no_unit_here(typed, unit, words):
    with pytest.raises(ValueError, match=words):
        read_number(typed, unit)


@pytest.mark.parametrize(
    "typed",
    ["1 00", "1 5", "1,00,000", "1.2.3", "1,2,3", "0,000,5", "1_000", "0x10", "nan", "inf", "1/2", "~5",
     "<5", "5-6", "1 h 30 min", "5 5 nm", "1'00", "1 000'000", "--5", "5e", "5e+", "٣ ٣",
     "", "x" * 200, "9" * 200, "9e999 m"],
)  # fmt: skip
def test_what_is_no_number_is_none(typed):
    with pytest.raises(ValueError):
        read_number(typed, "um")


def test_in_a_field_for_whole_numbers_a_point_before_three_digits_has_two_meanings_too():
    assert parse(COUNT, "1 000") == 1000
    assert parse(COUNT, "1e3") == 1000
    for typed in ("1.000", "1,000"):
        with pytest.raises(ValueError, match=r"can be 1000 or 1\. Write 1000 or 1\."):
            parse(COUNT, typed)
    with pytest.raises(ValueError, match="without decimals"):
        parse(COUNT, "2,5")


def test_the_words_beside_a_field_are_those_of_the_reader():
    assert how_read(LENGTH, "300 nm") == "300 nm = 0.3 um"
    assert how_read(LENGTH, "2 min") == "“min” is no unit of this kind. Give the value, in um."
    assert how_read(LENGTH, "-300 nm") == "Must be more than 0; this is -0.3."
    assert how_read(LENGTH, "0.3") == how_read(LENGTH, "") == how_read(LENGTH, None) == how_read(LENGTH, 0.3) == ""


def test_a_conversion_is_exact_to_twelve_digits():
    for value in ("0.1", "0.3", "488", "123.456789", "1e-3"):
        assert read_number(f"{value} nm", "um").value == (Decimal(value) / 1000).normalize()


def test_a_form_says_how_it_reads_what_was_typed(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]}, values={"sigma": "800 nm", "iterations": "1,000"})
    fields = {field.name: field for field in form.fields}
    assert (fields["sigma"].value, fields["sigma"].read) == ("800 nm", "800 nm = 0.8 um")
    assert fields["iterations"].error == "“1,000” can be 1000 or 1. Write 1000 or 1."
    assert fields["iterations"].read == ""
