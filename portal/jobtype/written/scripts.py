"""A script put beside a job type's text, or taken away; the command's words that name it go along. Pure."""

import re
from pathlib import PurePosixPath
from typing import Any, Final

from gantry_formats.commands.written import LONGEST_CONTENT, NAME, content_of
from portal.jobtype.command.beside import PLACE
from portal.jobtype.finding import Path
from portal.jobtype.written.chips import COMMAND, Made, words_of
from portal.jobtype.written.edit import put, remove
from portal.jobtype.written.inlined import scripts_of

SUFFIXES: Final = frozenset(
    (".py", ".sh", ".bash", ".r", ".jl", ".m", ".pl", ".lua", ".ijm", ".groovy", ".cppipe")
)
"""Of words that are probably scripts of whoever pasted the command."""
_PREFIXED: Final = re.compile(r"(--?[A-Za-z0-9][A-Za-z0-9_-]*=)(.+)")


def with_script(text: str, name: str, raw: bytes) -> Made:
    """The text with this script; a word of the command that names it stands for it from now on.

    Raises ValueError with why it is no script, UnsoundError.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"“{name[:60]}” is no name for it: letters, digits, . _ and -, 100 at most")
    content = content_of(raw)
    there = scripts_of(text)
    before = there.get(name)
    whole = sum(len(one.encode(errors="replace")) for one in {**there, name: content}.values())
    if whole > LONGEST_CONTENT:
        raise ValueError(f"with it the scripts would be {whole:,} bytes; at most {LONGEST_CONTENT:,} go along")
    text = put(text, (*PLACE, name), {"content": content})
    said = f"{name} stands beside the text." if before is None else f"{name} is replaced. Undo leads back."
    if before == content:
        said = f"{name} was there already, with the same text."
    for place, mark in _named(text, name):
        text = put(text, (*COMMAND, *place), mark)
        said += " The command's word of that name stands for it now."
    return Made(text, said)


def without_script(text: str, name: str) -> Made:
    """The text without it; the command has its name as a word again. Raises UnsoundError."""
    if name not in scripts_of(text):
        return Made(text, f"There is no script called {name[:60]} here any more.")
    for index, word in enumerate(words_of(text)):
        if isinstance(word, dict) and word.get("written") == name:
            text = put(text, (*COMMAND, index), f"{word.get('prefix') or ''}{name}")
    return Made(remove(text, (*PLACE, name)), f"{name} is taken away. Undo brings it back.")


def lacking(text: str) -> list[str]:
    """Scripts that the command names and that are not beside it, as far as their names tell."""
    words = [word for word in words_of(text)[1:] if isinstance(word, str)]
    names = [PurePosixPath(_bare(word)[1]).name for word in words]
    there = scripts_of(text)
    found = [one for one in names if PurePosixPath(one).suffix.lower() in SUFFIXES and NAME.fullmatch(one)]
    return [one for one in dict.fromkeys(found) if one not in there]


def _named(text: str, name: str) -> list[tuple[Path, dict[str, Any]]]:
    found: list[tuple[Path, dict[str, Any]]] = []
    for index, word in enumerate(words_of(text)):
        if index == 0 or not isinstance(word, str):
            continue
        prefix, value = _bare(word)
        if PurePosixPath(value).name == name:
            found.append(((index,), {"written": name} | ({"prefix": prefix} if prefix else {})))
    return found[:1]


def _bare(word: str) -> tuple[str, str]:
    found = _PREFIXED.fullmatch(word)
    return (found[1], found[2]) if found else ("", word)
