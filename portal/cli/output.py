"""What commands print: tables for people on a terminal, tab-separated lines in a pipe, JSON where asked for."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from portal import words
from portal.cli.terminal import harmless

F = TypeVar("F", bound=Callable[..., Any])

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NUMERIC = frozenset({"Size", "Files"})

STATE_STYLES = {
    "Waiting": "yellow",
    "Running": "blue",
    "Saving": "blue",
    "Done": "green",
    "Failed": "red",
    "On hold": "magenta",
    "Cancelled": "dim",
}


def json_option(command: F) -> F:
    """Adds --json: the API's own documents instead of words."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def dry_run_option(command: F) -> F:
    """Adds --dry-run, as `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Check all of it, and change nothing.")(command)


def on_terminal() -> bool:
    """True if standard output is read by a person."""
    return sys.stdout.isatty()


def console(*, stderr: bool = False) -> Console:
    """Where rich writes; without colour where nobody looks."""
    return Console(stderr=stderr, highlight=False, soft_wrap=not on_terminal())


def show_json(document: Any) -> None:
    """JSON on standard output, one document."""
    click.echo(json_text(document, indent=2 if on_terminal() else None))


def json_text(document: Any, *, indent: int | None = None) -> str:
    """JSON in which what steers a terminal, turns the direction of reading or is no character stands escaped."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: object) -> str:
    """A value on one line, without what would move a terminal's cursor or turn the direction of reading."""
    return harmless(value).replace("\n", " ").replace("\t", " ")


def say(text: object, *, err: bool = False) -> None:
    """Words, with what others wrote in them, harmless to a terminal; lines stay lines."""
    click.echo(harmless(text), err=err)


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing found.") -> None:
    """A table on a terminal; in a pipe one line a row, tab-separated, without headings, the id first."""
    listed = [[plain(cell) for cell in row] for row in rows]
    if not on_terminal():
        for row in listed:
            click.echo("\t".join(row))
        return
    if not listed:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column, justify="right" if column in {"Size", "Files", "Results"} else "left", overflow="fold"
        )
    for row in listed:
        table.add_row(*(_styled(cell) for cell in row))
    console().print(table)


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values beneath each other; what is empty is left out."""
    shown = [(name, plain(value)) for name, value in pairs if value not in (None, "", [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def size_words(size: int | None) -> str:
    """A number of bytes in the words that the pages use; nothing where it is not known."""
    return "" if size is None else words.size(size)


def checked_words(*, warned: bool) -> str:
    """How a dry run ends: that it is well is said only where nothing is known that may spoil it."""
    return "It can be started; nothing was started." if warned else "All is well; nothing was started."


def time_words(moment: str | None, *, seconds: bool = False) -> str:
    """An API time in this computer's zone, which stands behind it: 2026-11-30 08:30 +01:00, or UTC."""
    if not moment:
        return ""
    try:
        there = datetime.fromisoformat(moment)
    except ValueError:
        return plain(moment)
    here = there.replace(tzinfo=UTC) if there.tzinfo is None else there
    with suppress(OverflowError, ValueError, OSError):  # at the ends of the calendar
        here = here.astimezone()
    offset = here.strftime("%z")
    zone = "UTC" if not here.utcoffset() else f"{offset[:3]}:{offset[3:5]}"
    return f"{here:%Y-%m-%d %H:%M:%S} {zone}" if seconds else f"{here:%Y-%m-%d %H:%M} {zone}"


def _styled(cell: str) -> Any:
    from rich.text import Text

    return Text(cell, style=STATE_STYLES.get(cell, ""))
