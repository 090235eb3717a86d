"""A number as people type it: `0,5`, `1 000`, `−5`, `1e3`, `300 nm`. The one reader of web, API and command line.

What has one meaning is understood, and how it was understood is said. What has two (`1,000`) is refused with both:
which country somebody is from is never guessed. The point is the decimal sign, as in every program and file.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gantry_formats import factor_between

MOST_CHARACTERS: Final = 100
_SAME: Final = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("\u2212\uff0d\ufe63\u2010\u2011\u2013", "-"),
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f\u3000\t", " "),
        **dict.fromkeys("\u2019\u02bc\uff07", "'"),
        **dict.fromkeys("\u200b\u200e\u200f\ufeff\u2060", ""),
        "\u066b": ".",
        "\u066c": "'",
        "\u060c": ",",
        "\uff0b": "+",
        "\uff0e": ".",
        "\uff0c": ",",
        "\uff05": "%",
        "\uff45": "e",
        "\uff25": "E",
    }
)
"""Signs that mean one thing and look otherwise: digits of full width, minus signs, spaces that do not break."""
_FRACTION: Final = re.compile("(?<![0-9.,' ])([0-9]{0,15}) ?([\u00bc-\u00be\u2150-\u215e\u2189])(?![0-9])")
_RAISED: Final = str.maketrans(
    "\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "+-0123456789"
)
_POWER: Final = re.compile(
    "(?:(?<=[0-9]) ?[\u00d7\u00b7\u22c5*xX] ?|(?P<alone>^[+-]?))10"
    "(?:\\^ ?([+-]?[0-9]{1,3})|([\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,3}))(?![0-9])"
)
_PARTS: Final = re.compile(r"([+-]? ?)([0-9][0-9 ,.']*|[.,][0-9]+)([eE][+-]?[0-9]{1,3}(?![0-9]))?(.*)", re.ASCII)
_POINT: Final = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_COMMA: Final = re.compile(r"[0-9]*,[0-9]+")
_SPACED: Final = re.compile(r"[1-9][0-9]{0,2}([ '])[0-9]{3}(?:\1[0-9]{3})*(?:[.,][0-9]+)?")
_COMMAS: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")
_POINTS: Final = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")
_TWO_WAYS: Final = re.compile(r"[1-9][0-9]{0,2}[,.][0-9]{3}")
_UNIT: Final = re.compile(r"[^0-9\s.,;:+*'\"=<>~?!-][^0-9\s,;:=<>~?!]*(?: [^0-9\s,;:=<>~?!]+)?")
_MICRO: Final = str.maketrans({"\u00b5": "u", "\u03bc": "u", " ": ""})


@dataclass(frozen=True)
class TypedNumber:
    """A number that was typed. `how`: in what way it was understood; empty where it stands as it was typed."""

    value: Decimal
    how: str = ""
    unit: str = ""
    """The unit that was typed behind it, before it was converted."""


class NoNumberError(ValueError):
    """What was typed is no number at all; other ValueErrors say what is meant."""


def read_number(text: str, unit: str = "", *, whole: bool = False) -> TypedNumber:
    """The number that is meant, in `unit`, the field's own; `whole`: decimals have no meaning there.

    Raises NoNumberError; ValueError, with words for the field, where two numbers could be meant, or a unit is none
    of this kind.
    """
    typed = _as_programs_write(text) if len(text) <= MOST_CHARACTERS else ""
    parts = _PARTS.fullmatch(typed)
    if parts is None:
        raise NoNumberError(text)
    sign, body, exponent, rest = (part or "" for part in parts.groups())
    sign = sign.strip()
    value = Decimal(f"{sign}{_digits(body.strip(), typed, sign, whole=whole)}{exponent}")
    behind = rest.strip()
    number = f"{sign}{body.strip()}{exponent}"
    if not behind:
        return TypedNumber(value, _how(text.strip(), number, value))
    if not _UNIT.fullmatch(behind) or _FRACTION.search(behind):
        raise NoNumberError(text)
    factor = _factor(behind, unit)
    if factor == 1.0:
        return TypedNumber(value, _how(number, number, value), behind)
    return _converted(value, behind, unit, factor)


def _as_programs_write(text: str) -> str:
    """With our digits for those of every script, and without fractions and powers of ten as they are printed."""
    same = " ".join(text.translate(_SAME).split(" ")).strip()
    digits = "".join(str(unicodedata.decimal(character, character)) for character in same)
    return _POWER.sub(_power, _FRACTION.sub(_fraction, digits))


def _fraction(found: re.Match[str]) -> str:
    whole, sign = found.groups()
    value = unicodedata.numeric(sign)
    exact = Decimal(f"{value:.6f}").normalize()
    if float(exact) != value:
        raise ValueError(f"“{sign}” has no last decimal: write as many as you need, for example {value:.6g}.")
    return f"{int(whole or 0) + exact:f}"


def _power(found: re.Match[str]) -> str:
    alone, written, raised = found["alone"], found[2], found[3]
    exponent = (written or raised).translate(_RAISED)
    return f"e{exponent}" if alone is None else f"{alone}1e{exponent}"


def number_text(value: Decimal) -> str:
    """A number with all its digits and no more: 1000, 0.3, 1.5e-07."""
    value = value.normalize()
    exponent = value.adjusted() if value else 0
    if -5 <= exponent < 16:
        return f"{value:f}"
    return f"{value:e}".replace("E", "e")


def _digits(body: str, typed: str, sign: str, *, whole: bool) -> str:
    """The digits with a point for the decimal sign, if they can be read in one way."""
    if _TWO_WAYS.fullmatch(body) and (whole or "," in body):
        raise ValueError(_two_ways(body, sign, whole=whole))
    if _POINT.fullmatch(body):
        return body
    if _COMMA.fullmatch(body):
        return body.replace(",", ".")
    if _SPACED.fullmatch(body):
        return body.replace(" ", "").replace("'", "").replace(",", ".")
    if _COMMAS.fullmatch(body):
        return body.replace(",", "")
    if _POINTS.fullmatch(body):
        return body.replace(".", "").replace(",", ".")
    raise NoNumberError(typed)


def _two_ways(body: str, sign: str, *, whole: bool) -> str:
    large = sign + re.sub(r"[,.]", "", body)
    small = number_text(Decimal(sign + body.replace(",", ".")))
    written = small if "." in small or whole else f"{small}.0"
    words = f"“{sign}{body}” can be {large} or {small}."
    if whole and "." in small:
        return f"{words} Write {large} if that is meant."
    return f"{words} Write {large} or {written}."


def _how(text: str, read: str, value: Decimal) -> str:
    """What is said of a number without a unit; nothing where it was typed as programs write it."""
    plain = number_text(value)
    thousand = re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{2}0", text)  # elsewhere that is a thousand
    return f"{text} is read as {plain}" if text != read.strip() or thousand or re.search(r"[ ,']", text) else ""


def _factor(typed_unit: str, unit: str) -> float:
    """By what a number in the unit that was typed is multiplied. Raises ValueError with words for the field."""
    if typed_unit == "%" and not unit:
        return 0.01
    if not unit:
        raise ValueError(f"This has no unit: give the number alone, without “{typed_unit}”.")
    if typed_unit.translate(_MICRO) == unit.translate(_MICRO):
        return 1.0
    factor = factor_between(typed_unit, unit)
    if factor is None:
        raise ValueError(f"“{typed_unit}” is no unit of this kind. Give the value, in {unit}.")
    return factor


def _converted(value: Decimal, typed_unit: str, unit: str, factor: float) -> TypedNumber:
    product = float(value) * factor
    if not math.isfinite(product):
        raise ValueError("This is too large.")
    made = Decimal(f"{product:.12g}")  # a conversion must not show as 0.30000000000000004
    words = f"{number_text(value)} {typed_unit} = {number_text(made)} {unit}".rstrip()
    return TypedNumber(made, words, typed_unit)
