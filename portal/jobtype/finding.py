"""What is wrong at a place of a job type, and which word was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

Path = tuple[str | int, ...]
Finding = tuple[Path, str]


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean sigma_xy?`, or nothing where no known word is close."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """That there is no such thing of that name, and which was probably meant."""
    return f"there is no {noun} named {name}{suggestion(name, known)}"
