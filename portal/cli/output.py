"""What commands print: tables for people on a terminal, tab-separated lines in a pipe, JSON where asked for."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from portal import words

F = TypeVar("F", bound=Callable[..., Any])

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


def on_terminal() -> bool:
    """True if standard output is read by a person."""
    return sys.stdout.isatty()


def console(*, stderr: bool = False) -> Console:
    """Where rich writes; without colour where nobody looks."""
    return Console(stderr=stderr, highlight=False, soft_wrap=not on_terminal())


def show_json(document: Any) -> None:
    """JSON on standard output, one document."""
    click.echo(json.dumps(document, indent=2 if on_terminal() else None, ensure_ascii=False))


def plain(value: object) -> str:
    """A value on one line, without what would move a terminal's cursor."""
    if value is None:
        return ""
    return "".join(c if c.isprintable() else " " for c in str(value))


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


def day_words(moment: str | None) -> str:
    """The day of an API time, and the time of day in UTC."""
    return moment[:16].replace("T", " ") if moment else ""


def _styled(cell: str) -> Any:
    from rich.text import Text

    return Text(cell, style=STATE_STYLES.get(cell, ""))
