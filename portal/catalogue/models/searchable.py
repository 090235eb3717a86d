"""Text for searching: what a person may type, folded the same way in Python for every database.

SQLite's LIKE and lower() know ASCII only, so "Ölfilm" would never find "ölfilm" there. The folded text is
therefore kept in a column of its own, filled by whoever inserts (ORM or bulk) and refreshed by the ORM.
"""

import unicodedata
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Text, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import MappedColumn, Mapper, mapped_column

from portal.db import Base


class _Searchable(Protocol):
    search_text: str
    search_fields: tuple[str, ...]


def fold(text: str) -> str:
    """`text` as it is compared: compatibility forms unified, case removed, without what no database stores."""
    storable = text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFKC", storable).casefold()


def _text_of(values: Callable[[str], Any], fields: tuple[str, ...]) -> str:
    return fold("\n".join(str(values(name)) for name in fields if values(name)))


def search_column(*fields: str) -> MappedColumn[str]:
    """A column with the folded text of `fields`, filled at every kind of INSERT."""

    def default(context: DefaultExecutionContext) -> str:
        values: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
        return _text_of(values.get, fields)

    return mapped_column(Text, default=default, deferred=True)


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _refresh(_mapper: Mapper[Any], _connection: Connection, target: Any) -> None:
    fields = getattr(type(target), "search_fields", None)
    if fields is not None:
        searchable: _Searchable = target
        searchable.search_text = _text_of(lambda name: getattr(target, name), fields)
