"""A word that was typed with a slip, and the word that was meant. Pure.

A slip is a letter too many, too few or another one, or two neighbours the wrong way round. A number is never
mended: LS-2431 with another digit is another experiment.
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

SHORTEST: Final = 4
"""Letters of a word that may have a slip."""
LONG: Final = 8
"""From here on a word may have two."""
LONGEST: Final = 40
MOST_TOKENS: Final = 4000
_TOKEN: Final = re.compile(r"[^\W\d_]+")


def slips_allowed(word: str) -> int:
    """How many slips a word may have: none where it is short, or not of letters alone."""
    if not word.isalpha() or not SHORTEST <= len(word) <= LONGEST:
        return 0
    return 2 if len(word) >= LONG else 1


def is_short(word: str) -> bool:
    """If a word is too short for slips of its own: it is mended beside words that are right, or not at all."""
    return word.isalpha() and len(word) == SHORTEST - 1


def short_meant_by(word: str, texts: Iterable[str]) -> str | None:
    """The most frequent word with the same first letter that is one slip away from a short one; None for none.

    A word that stands in one of the texts is meant itself.
    """
    counted: Counter[str] = Counter()
    for text in texts:
        if word in text:
            return word
        counted.update(_TOKEN.findall(text))
    near = [
        (-number, token)
        for token, number in counted.most_common(MOST_TOKENS)
        if token[0] == word[0] and 2 < len(token) <= len(word) + 1 and whole_slips(word, token) == 1
    ]
    return min(near)[1] if near else None


def pieces(word: str) -> tuple[str, ...]:
    """Parts of the word of which one at least stands in what was meant, if it has no more slips than it may."""
    if len(word) < 6:
        return word[:2], word[-2:]
    number = 4 if len(word) >= LONG else 3
    cuts = [round(place * len(word) / number) for place in range(number + 1)]
    return tuple(word[start:end] for start, end in pairwise(cuts))


def slips(word: str, meant: str) -> int:
    """How many slips lie between `word` and the beginning of `meant` that is nearest to it: it is being typed."""
    return min(_last_row(word, meant))


def whole_slips(word: str, meant: str) -> int:
    """How many slips lie between two whole words."""
    return _last_row(word, meant)[-1]


def _last_row(word: str, meant: str) -> list[int]:
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(word, 1):
        two_before, before, row = before, row, [i]
        for j, other in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == other:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row


def meant_by(word: str, texts: Iterable[str]) -> str | None:
    """The word of these folded texts that was most likely meant: fewest slips, then most often.

    None where none is near. A word that stands in one of the texts is meant itself.
    """
    allowed = slips_allowed(word)
    counted: Counter[str] = Counter()
    for text in texts:
        if word in text:
            return word
        counted.update(_TOKEN.findall(text))
    if not allowed:
        return None
    near = [
        (found, -number, token)
        for token, number in counted.most_common(MOST_TOKENS)
        if len(token) >= len(word) - allowed
        and any(piece in token for piece in pieces(word))
        and (found := slips(word, token[: len(word) + allowed])) <= allowed
    ]
    return min(near)[2] if near else None
