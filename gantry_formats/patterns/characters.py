"""Sets of characters, as ranges of their numbers."""

from collections.abc import Iterable

LAST = 0x10FFFF
Range = tuple[int, int]
Characters = tuple[Range, ...]
"""Sorted, apart from each other."""


def union(ranges: Iterable[Range]) -> Characters:
    """All of them, sorted and joined where they touch."""
    joined: list[Range] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def without(characters: Characters) -> Characters:
    """Every character that is not one of them."""
    left: list[Range] = []
    start = 0
    for low, high in characters:
        if low > start:
            left.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        left.append((start, LAST))
    return tuple(left)


def overlap(one: Characters, other: Characters) -> bool:
    """Whether some character is in both."""
    return any(low <= high2 and low2 <= high for low, high in one for low2, high2 in other)


def holds(characters: Characters, character: str) -> bool:
    """Whether it is one of them."""
    number = ord(character)
    return any(low <= number <= high for low, high in characters)


def of(texts: Iterable[str]) -> Characters:
    """Those in the texts: single characters, or two, the ends of a range."""
    return union((ord(text[0]), ord(text[-1])) for text in texts)


DIGITS = of(["09"])
WORD = of(["09", "az", "AZ", "__"])
SPACE = of(["\t\r", "  "])
LINE_ENDS = of(["\n", "\r", "\u2028", "\u2029"])
ANY = without(LINE_ENDS)
"""What `.` means to JavaScript; to Python alone it would also be some ends of lines."""


def written(characters: Characters) -> str:
    """A class that Python and JavaScript (flag u) read alike."""
    if len(characters) == 1 and characters[0][0] == characters[0][1]:
        return _escaped(characters[0][0])
    return f"[{''.join(_range(low, high) for low, high in characters)}]"


def _range(low: int, high: int) -> str:
    if low == high:
        return _escaped(low)
    return f"{_escaped(low)}-{_escaped(high)}"


def _escaped(number: int) -> str:
    if number < 0x80:
        character = chr(number)
        return character if character.isalnum() or character == " " else f"\\x{number:02x}"
    if 0xD800 <= number <= 0xDFFF or not chr(number).isprintable():
        return f"\\u{number:04x}" if number <= 0xFFFF else chr(number)
    return chr(number)
