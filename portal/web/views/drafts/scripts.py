"""The scripts of a draft as its step Command shows them."""

import hashlib
from dataclasses import dataclass

from gantry_formats.commands.written import LONGEST_CONTENT
from portal.jobtype.written.chips import words_of
from portal.jobtype.written.inlined import scripts_of
from portal.jobtype.written.scripts import lacking
from portal.words import size


@dataclass(frozen=True)
class ShownScript:
    """One script; `was` tells whoever saves it which text she had before her."""

    name: str
    text: str
    lines: int
    size: str
    digest: str
    was: str
    used: bool
    """Whether the command names it; one may also be there for another to import."""


@dataclass(frozen=True)
class Scripts:
    """All of a draft, which the command names and are not there, and how much room is left."""

    shown: tuple[ShownScript, ...]
    lacking: tuple[str, ...]
    room: str
    typed: ShownScript | None = None
    """One that was typed and is not saved: it met no sign-in, or somebody else's save."""


def digest_of(script: str) -> str:
    """SHA-256 of its bytes, in hexadecimal digits."""
    return hashlib.sha256(script.encode()).hexdigest()


def scripts_shown(text: str, typed: tuple[str, str, str] | None = None) -> Scripts:
    """Those that stand in a text that is YAML. `typed`: name, text and `was` of one that is not saved."""
    found = scripts_of(text)
    named = {word.get("written") for word in words_of(text) if isinstance(word, dict)}
    left = LONGEST_CONTENT - sum(len(one.encode()) for one in found.values())
    return Scripts(
        tuple(_shown(name, one, digest_of(one), used=name in named) for name, one in found.items()),
        tuple(lacking(text)),
        size(max(0, left)),
        _shown(typed[0], typed[1], typed[2], used=False) if typed else None,
    )


def _shown(name: str, script: str, was: str, *, used: bool) -> ShownScript:
    lines = script.count("\n") + (not script.endswith("\n"))
    return ShownScript(name, script, lines, size(len(script.encode())), digest_of(script)[:12], was, used)
