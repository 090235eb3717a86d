"""Which draft is meant, what is said of one, and what is asked for."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.cli.output import plain, say, show_json, show_pairs
from portal.cli.reading import text_of_file, text_of_stream
from portal.client import Client
from portal.client.http import Document
from portal.errors import ConfigError, InvalidError, NotFoundError

MOST_BYTES = 512 << 10
"""Of a job type's text; the portal takes no longer one."""
STDIN = "-"
_BESIDE = re.compile(r"\bbeside\b")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def draft_number(client: Client, word: str) -> int:
    """The number of the draft with that number, or with that name in its text.

    Raises NotFoundError, and InvalidError where several have the name: none is taken by a guess.
    """
    if word.isascii() and word.isdecimal() and len(word) < 19:
        return int(word)
    found = drafts_called(client, word)
    if not found:
        raise NotFoundError(f"No draft of yours has the name {plain(word)[:60]}. See: gantry analyses drafts")
    if len(found) > 1:
        several = ", ".join(str(one["id"]) for one in found)
        raise InvalidError(f"Several drafts have the name {plain(word)[:60]}: {several}. Give the number.")
    return int(found[0]["id"])


def drafts_called(client: Client, name: str) -> list[Document]:
    """The drafts in whose text that name stands."""
    return [one for one in client.drafts() if one["analysis"] == name]


def reference(client: Client, word: str) -> str:
    """What the portal takes for `diff` and `export`. A name is what is on offer; where nothing is, the draft."""
    if not word or not (word[:1].islower() and "@" not in word):
        return word
    if any(one["name"] == word for one in client.analyses()["items"]):
        return word
    return str(draft_number(client, word))


def text_at(place: str) -> str:
    """The text of a file, or of standard input. Raises OSError, BadParameter."""
    if place == STDIN:
        return text_of_stream(sys.stdin, most=MOST_BYTES)
    return text_of_file(Path(place), most=MOST_BYTES)


@dataclass(frozen=True)
class Brought:
    """A job type's text as it is sent: with the scripts in it that lie beside its file."""

    text: str
    lines: Mapping[int, int] = field(default_factory=dict)
    """For each of its lines the one of the file; empty where they are the same."""

    def problems(self, found: list[Document]) -> list[Document]:
        """What is wrong, at the lines of the file."""
        return [{**one, "line": self.lines.get(one["line"], one["line"])} for one in found]


def brought_from(place: str) -> Brought:
    """The job type in a file or on standard input, and what lies beside that file.

    Raises OSError, BadParameter, InvalidError where a script cannot be had, ConfigError where this computer has
    nothing that reads YAML.
    """
    text = text_at(place)
    if place == STDIN or not _BESIDE.search(text):
        return Brought(text)
    try:
        from portal.jobtype.command.beside import BesideError, folder_reader
        from portal.jobtype.written.inlined import inlined, lines_before
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{place} has scripts beside it, and this computer cannot read YAML ({error.name} is missing): "
            "pip install 'gantry-portal[server]'"
        ) from None
    try:
        sent = inlined(text, folder_reader(Path(place).resolve().parent))
    except BesideError as error:
        raise InvalidError(f"{place}: {error}.") from error
    return Brought(sent, lines_before(text, sent))


def write_scripts(text: str, folder: Path) -> str:
    """The text with its scripts as new files in a folder. Raises InvalidError, ConfigError, OSError."""
    try:
        from portal.jobtype.written.inlined import laid_beside
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"This computer cannot read YAML ({error.name} is missing): pip install 'gantry-portal[server]'"
        ) from None
    text, scripts = laid_beside(text)
    taken = [name for name in scripts if not _NAME.fullmatch(name) or (folder / name).exists()]
    if taken:
        raise InvalidError(
            f"{folder / plain(taken[0])} is there already, or no name of a file. Nothing was written."
        )
    for name, content in scripts.items():
        write_text(folder / name, content)
    return text


def write_text(place: Path, text: str) -> None:
    """A new file; never over one that says something else. Raises InvalidError, OSError."""
    try:
        with place.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise InvalidError(f"{place} is there already, and stays as it is. Give another name.") from None


def say_problems(name: str, problems: list[Document]) -> None:
    """What is wrong, a line each, as compilers say it."""
    for one in problems:
        word = "" if one["certain"] else "warning: "
        # A portal of an earlier release does not tell it.
        told = f"fill in `{one['path']}`" if one.get("missing") else one["message"]
        say(f"{name}:{one['line']}:{one['column']}: {word}{told}", err=True)


def show_draft(draft: Document, *, as_json: bool, called: str = "") -> None:
    """How a draft is. `called`: the file that it came from, in the lines of what is wrong."""
    if as_json:
        show_json(draft)
        return
    show_pairs(
        [
            ("Draft", draft["id"]),
            ("Title", draft["name"]),
            ("Name", draft["analysis"]),
            ("Version", draft["version"]),
            ("State", draft["stage_words"]),
        ]
    )
    for words in draft["told"]:
        say(words, err=True)
    say_problems(called or f"draft {draft['id']}", draft["problems"])


def show_wish(wish: Document, *, as_json: bool) -> None:
    """What became of what was asked."""
    if as_json:
        show_json(wish)
        return
    show_pairs(
        [
            ("Request", wish["number"]),
            ("Asked", f"to {wish['wish']} {wish['analysis']}"),
            ("Revision", wish["revision"][7:19]),
            ("To", wish["to"]),
            ("State", wish["state"]),
            ("By", wish["by"]),
            ("Why", wish["why"]),
            ("Next", wish["next"]),
        ]
    )
