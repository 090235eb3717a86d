"""What frames are by what they are called: projections, flats, or darks; in image keys, names and titles."""

from __future__ import annotations

import re

PROJECTION, FLAT, DARK, INVALID = 0, 1, 2, 3
"""As NXtomo's image_key has them."""
BOTH = -1
"""Flat and dark: which of them is not told."""
_GENERIC = {"ref", "refs", "reference", "references", "refhst"}
"""Flats, unless they are said to be dark."""
_OF_LIGHT = {
    *("flat", "flats", "flatfield", "flatfields", "white", "whites"),
    *("whitefield", "whitefields", "bright", "openbeam"),
}
WORDS = {
    DARK: {"dark", "darks", "darkfield", "darkfields"},
    FLAT: _OF_LIGHT | _GENERIC,
    PROJECTION: {"projection", "projections", "proj", "projs"},
}
_KEY_WORDS = {PROJECTION: {"sample", "data", "tomo"}, INVALID: {"invalid", "bad", "alignment"}}
_MOST_CHARACTERS = 200
_KNOWN = {word for words in WORDS.values() for word in words}
_FILLERS = {"for", "and", "field", "fields", "frame", "frames", "image", "images"}
_TILE = re.compile("|".join(sorted(_KNOWN | _FILLERS, key=len, reverse=True)))
_ENDING_NUMBER = re.compile(r"\d+$")


def role_of(text: str) -> int | None:
    """Return what a name or title says that frames are; BOTH for flat and dark, None for nothing, or other two.

    What they are taken for ("dark for flat") is not what they are; a "dark reference" is dark.
    """
    words = _words(text)
    if "for" in words[1:]:
        words = words[: words.index("for", 1)]
    said = set(words)
    if said & WORDS[DARK]:
        said -= _GENERIC
    roles = {role for role, known in WORDS.items() if said & known}
    if roles == {FLAT, DARK}:
        return BOTH
    return roles.pop() if len(roles) == 1 else None


def key_of(text: str) -> int | None:
    """Return the image key that a text stands for, a number or a word; None for what is neither."""
    text = text.strip().lower()
    if text.isdecimal() and len(text) == 1:
        return int(text)
    role = role_of(text)
    if role is not None and role != BOTH:
        return role
    return next((key for key, known in _KEY_WORDS.items() if text in known), None)


def _words(text: str) -> list[str]:
    """The words of a name in small letters, without numbers at their ends, those written as one taken apart."""
    found: list[str] = []
    for numbered in re.split(r"[^a-z0-9]+", text[:_MOST_CHARACTERS].lower()):
        word = _ENDING_NUMBER.sub("", numbered)
        tiles = _TILE.findall(word)
        found += tiles if word not in _KNOWN and "".join(tiles) == word else [word]
    return found
