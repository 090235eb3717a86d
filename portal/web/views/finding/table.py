"""Data as a table: columns with links to sort by, rows with values in the columns' units.

What is chosen stands in the address, so that it can be sent, bookmarked and gone back to; a script remembers the
last choice in the browser, since it says how somebody likes to look at data and nothing that the portal must know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.catalogue.finding.table import FIXED, MOST_COLUMNS, Cell, Column, cell_of, columns_of
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.rows import known_of_all
from portal.identity.actor import Actor
from portal.level import level
from portal.web.formats import unit
from portal.web.views.datasets import DatasetCard
from portal.web.views.paging import address

OFFERED = 60
"""Names of parameters to choose columns from: those of the datasets on the page."""
RIGHT = frozenset({"size"})
DOWN_FIRST = frozenset({"date", "size"})
"""Columns of which the largest are wanted first."""


@dataclass(frozen=True)
class Heading:
    """The head of a column."""

    words: str
    href: str
    sorted: str
    """`ascending`, `descending` or empty."""
    right: bool


@dataclass(frozen=True)
class Row:
    """A dataset, with what is known of it in each column of a parameter."""

    card: DatasetCard
    type: str
    instrument: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """What the page shows."""

    headings: list[Heading]
    rows: list[Row]
    columns: list[Column]
    offered: list[str]
    most: int = MOST_COLUMNS


def is_table(values: Mapping[str, str]) -> bool:
    """Whether the address asks for the table."""
    return values.get("view") == "table"


def columns_asked(session: Session, actor: Actor, values: MultiDict[str, str]) -> list[Column]:
    """The columns of parameters that the address asks for."""
    return columns_of(session, actor, values.getlist("column"))


def table_of(
    session: Session, datasets: Sequence[Dataset], cards: Sequence[DatasetCard], columns: list[Column], wanted: str
) -> Table:
    """The table of a page of datasets: one more question for all of them. `wanted`: how it is sorted."""
    known = known_of_all(session.connection(), [dataset.id for dataset in datasets])
    here = {name for one in known.values() for name in one} - {column.name for column in columns}
    rows = [
        Row(
            card,
            dataset.type.name,
            (dataset.instrument.full_name or dataset.instrument.name) if dataset.instrument else "",
            [cell_of(known.get(dataset.id, {}).get(column.name), column) for column in columns],
        )
        for dataset, card in zip(datasets, cards, strict=True)
    ]
    return Table(_headings(columns, wanted), rows, columns, sorted(here, key=str.casefold)[:OFFERED])


def _headings(columns: Sequence[Column], wanted: str) -> list[Heading]:
    words = {"experiment": level().One}
    fixed = [(name, words.get(name, name.capitalize()), name in RIGHT, name in DOWN_FIRST) for name in FIXED]
    named = [
        (
            f"parameter:{one.name}",
            f"{one.name[:1].upper()}{one.name[1:]}{f', {unit(one.units)}' if one.units else ''}",
            one.numeric,
            False,
        )
        for one in columns
    ]
    # What was chosen stands beside the name.
    ordered = [fixed[0], *named, *fixed[1:]]
    return [_heading(key, text, wanted, right=right, down=down) for key, text, right, down in ordered]


def _heading(key: str, words: str, wanted: str, *, right: bool, down: bool) -> Heading:
    up_now, down_now = wanted == key, wanted == f"-{key}"
    following = f"-{key}" if up_now or (down and not down_now) else key
    state = "ascending" if up_now else "descending" if down_now else ""
    return Heading(words, address(page=None, sort=following), state, right)
