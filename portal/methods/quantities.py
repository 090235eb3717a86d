"""Numbers, units and names as a paper has them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from portal import words

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MICRO = re.compile(r"(?<![A-Za-z])u(?=(m|s|A|g|l|L|W|J|V|M|mol|Pa|N|rad|Hz|T|Sv|Gy|eV)(?![A-Za-z]))")
_POWER = re.compile(r"(?<=[A-Za-zµ])(?:\^|\*\*)(-?\d)(?!\d)|(?<=m)([23]|-[1-3])(?!\w)|(?<=s)(-[12])(?!\w)")
_WHOLE = {
    "deg": "°",
    "degree": "°",
    "degrees": "°",
    "degC": "°C",
    "celsius": "°C",
    "Celsius": "°C",
    "degF": "°F",
    "ohm": "Ω",
    "angstrom": "Å",
    "Angstrom": "Å",
    "percent": "%",
}
_NO_SPACE = frozenset({"°", "%"})
GROUPED = 10_000
"""From here on thousands are parted."""
ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


def unit(name: str) -> str:
    """A unit as it is printed: `um` is `µm`, `um^2` is `µm²`, `uL/s` is `µL/s`, `deg` is `°`, `degC` is `°C`."""
    parts = (_WHOLE.get(part, part) for part in re.split("([/ ·*])", name.strip()) if "**" not in name)
    name = "".join(parts) or name.strip()
    return _POWER.sub(lambda found: next(filter(None, found.groups())).translate(_RAISED), _MICRO.sub("µ", name))


_UNIT_IN_WORDS = re.compile(
    r"(?<=\d )[A-Za-z]+(?:[*^/·-]+[A-Za-z0-9]+)*|(?<=, in )[A-Za-z]+(?:[*^/·-]+[A-Za-z0-9]+)*(?=\.)"
)


def printed_units(text: str) -> str:
    """Words in which units stand as catalogues write them, printed as people do: behind numbers, and `, in um.`"""
    return _UNIT_IN_WORDS.sub(lambda found: unit(found.group()), text)


def number(value: float) -> str:
    """A number as a paper has it, six digits that count: `0.3`, `−6`, `1 × 10⁻⁶`; of whole ones all: `10,000`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = _whole(value) if isinstance(value, int) else f"{value:.6g}"
    mantissa, e, power = text.partition("e")
    if e:
        text = f"{mantissa} × 10{str(int(power)).translate(_RAISED)}"
    return text.replace("-", "\N{MINUS SIGN}")


def figure(value: float) -> str:
    """A measured number as pages show it, three digits that count: `0.162`, `12,300`, `1 × 10⁻⁶`.

    What is whole is as likely a count as a measure, and stays what it is to the last digit.
    """
    if not isfinite(value):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    rounded = float(f"{value:.3g}")
    if 1000 <= abs(rounded) < 1e15:
        return f"{rounded:,.0f}"
    mantissa, e, power = f"{rounded:.3g}".partition("e")
    return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}" if e else mantissa


def _whole(value: int) -> str:
    return f"{value:,}" if abs(value) >= GROUPED else str(value)


def quantity(value: object, units: str = "") -> str:
    """A value with its unit: `0.3 µm`, `180°`, `20 November 2026`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return day(value)
    if not isinstance(value, int | float):
        return words.one_line(str(value), 500)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    printed, said = number(value), unit(units)
    return f"{printed}{said}" if said in _NO_SPACE else f"{printed} {said}".rstrip()


def day(moment: datetime) -> str:
    """`20 November 2026`, in the server's time zone, which is the facility's."""
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y}"


def quoted(name: str) -> str:
    """A name in quotation marks, on one line; one that is read from the right is kept apart from the sentence."""
    plain = words.one_line(name, 255)
    if any(unicodedata.bidirectional(character) in {"R", "AL"} for character in plain):
        plain = f"{ISOLATE}{plain}{END}"
    return f"“{plain}”"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
