"""gantry run-list: start many different analyses from a file."""

import json
import math
import re
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from portal.cli.arguments import make_client
from portal.cli.output import checked_words, json_option, plain, show_json, show_rows
from portal.cli.reading import lines_of, text_of_file, text_of_stream
from portal.cli.run import check_key, wait_for_all
from portal.client import Client
from portal.client.http import Document
from portal.errors import InvalidError, PortalError

AT_ONCE = 500
"""Forms that the portal takes in one request, all or none."""
MOST_BYTES: Final = 64 << 20
"""Of a list; 500 lines of it are sent at a time."""
MOST_DIGITS: Final = 60
"""Of a whole number; the portal takes fewer."""
FIELD = re.compile(r"(?:forms\.)?(\d+)\.(.+)")


@click.command("run-list")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--key", help="The same key with the same file gives the same jobs, not new ones.")
@click.option("--dry-run", is_flag=True, help="Check all that starting them checks; start nothing.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 10 if a job failed.")
@json_option
def run_list(file: Path, key: str | None, dry_run: bool, wait: bool, as_json: bool) -> int:
    """Start the analyses that stand in FILE, one a line; give - for standard input.

    A line is what the API takes: {"analysis": "qc", "inputs": {"data": [12]}, "options": {"projection": "mean"}}.
    Further keys: preset, variant, title, mode. All of 500 lines are started, or none of them. Empty lines and
    those that begin with # are passed over.
    """
    check_key(key)
    piped = str(file) == "-"
    lines, forms = _forms(
        text_of_stream(sys.stdin, most=MOST_BYTES) if piped else text_of_file(file, most=MOST_BYTES)
    )
    client = make_client()
    if dry_run:
        return _check(client, lines, forms, key, as_json)
    stem = key or str(uuid.uuid4())
    started: list[Document] = []
    for first in range(0, len(forms), AT_ONCE):
        try:
            started += client.submit_list(forms[first : first + AT_ONCE], key=f"{stem}/{first}")
        except PortalError as error:
            _show(started, as_json)
            name_lines(error, lines[first : first + AT_ONCE], first)
            raise
    if not wait:
        _show(started, as_json)
        return 0
    return wait_for_all(client, [one["id"] for one in started], as_json=as_json)


def _check(client: Client, lines: Sequence[int], forms: Sequence[Document], key: str | None, as_json: bool) -> int:
    """What starting them would check, 500 at a time, and would make."""
    found: list[Document] = []
    for first in range(0, len(forms), AT_ONCE):
        try:
            found += client.check_list(forms[first : first + AT_ONCE], key=f"{key}/{first}" if key else None)
        except PortalError as error:
            name_lines(error, lines[first : first + AT_ONCE], 0)
            raise
    if as_json:
        show_json(found)
        return 0
    show_rows(
        ("Line", "Jobs", "Title", "Note"),
        (
            (
                line,
                one["count"],
                one["title"],
                _note(one),
            )
            for line, one in zip(lines, found, strict=True)
        ),
    )
    if len(forms) > AT_ONCE:
        told = f"{AT_ONCE} lines are started, and were checked, at a time"
        click.echo(f"{told}: how many unfinished jobs you may have was not checked over all of them.", err=True)
    click.echo(checked_words(warned=any(one.get("warnings") for one in found)), err=True)
    return 0


def _note(checked: Document) -> str:
    if checked["earlier"]:
        return f"started before: {', '.join(checked['earlier'])}"
    # A portal of an earlier release tells no warnings.
    return " ".join(filter(None, (checked["held"], *checked.get("warnings", ()))))


def _forms(text: str) -> tuple[list[int], list[Document]]:
    """The numbers of the lines that are not empty, and what they hold.

    Fails like a mistyped command where one is no JSON object.
    """
    numbers, forms = [], []
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            form = json.loads(
                line, object_pairs_hook=_map, parse_int=_whole, parse_float=_real, parse_constant=_constant
            )
            json.dumps(form, ensure_ascii=False).encode()
        except RecursionError:
            raise click.BadParameter(f"Line {number} is nested too deeply.") from None
        except UnicodeEncodeError:
            raise click.BadParameter(f"Line {number} holds half of a character (\\ud800).") from None
        except json.JSONDecodeError as error:
            where = f"{error.msg} at character {error.pos + 1}"
            raise click.BadParameter(f"Line {number} is not JSON: {where}.") from None
        except ValueError as error:
            raise click.BadParameter(f"Line {number} {error}.") from None
        if not isinstance(form, dict):
            raise click.BadParameter(f"Line {number} is not a JSON object.")
        numbers.append(number)
        forms.append(form)
    if not forms:
        raise click.BadParameter("The file holds no form.")
    return numbers, forms


def _map(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [one for one, _ in pairs].count(name) > 1)
        raise ValueError(f"has “{plain(twice)[:60]}” twice")
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"has a number of {len(text):,} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"holds {text[:40]}, which is larger than a computer's numbers")
    return value


def _constant(word: str) -> NoReturn:
    raise ValueError(f"holds {word}, which is no number in JSON")


def name_lines(error: PortalError, lines: Sequence[int], first: int) -> None:
    """Say the file's own lines where the portal counts the forms of its request."""
    message = error.message
    if error.form is not None and 0 <= error.form < len(lines):
        message = message.removeprefix(f"Form {error.form + 1} of {len(lines)}: ")
        message = f"Line {lines[error.form]}: {message}"
    if isinstance(error, InvalidError):
        error.fields = {_on_line(name, lines): words for name, words in error.fields.items()}
        if "forms." in message:  # the shape of a line is wrong: its fields say which and how
            message = " ".join(f"{name}: {words}" for name, words in error.fields.items())
    if first:
        told = f"The first {first} analyses were started. After them: {message} None of those after was started."
    else:
        told = f"{message} Nothing was started."
    error.message = told
    error.args = (told,)


def _on_line(name: str, lines: Sequence[int]) -> str:
    found = FIELD.fullmatch(name)
    return f"Line {lines[int(found[1])]}, {found[2]}" if found else name


def _show(started: list[Document], as_json: bool) -> None:
    if as_json:
        show_json(started)
        return
    show_rows(("Job", "Title"), ((number, one["title"]) for one in started for number in one["jobs"]))
