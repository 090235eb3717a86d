"""The names by which lists are narrowed: one that does not exist is an error, and never an empty list."""

from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import DatasetType, Instrument
from portal.errors import InvalidError
from portal.identity.actor import Actor

MOST = 1000


def check_names(session: Session, actor: Actor, *, type_name: str | None, instrument: str | None) -> None:
    """Raises InvalidError for a dataset type or an instrument that this person cannot see, with the nearest."""
    for kind, noun, field, name in (
        (DatasetType, "dataset type", "type", type_name),
        (Instrument, "instrument", "instrument", instrument),
    ):
        if name is None:
            continue
        readable = visible(actor, kind).subquery()
        if session.scalar(select(readable.c.id).where(readable.c.name == name).limit(1)) is not None:
            continue
        known = list(session.scalars(select(readable.c.name).distinct().limit(MOST)))
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]}?" if close else ""
        told = f"There is no {noun} called {name}.{hint}"
        raise InvalidError(told, fields={field: told})
