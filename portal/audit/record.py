"""Writing down what is done, in the transaction in which it is done: what was refused leaves nothing behind."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Thing
from portal.audit.models import AuditRecord
from portal.audit.who import Who
from portal.documents import canonical_json
from portal.words import one_line

MOST_DETAILS = 4096
"""Bytes of JSON."""
MOST_WORDS = 500
"""Characters of one text among the details."""

# Inline: the web tier's role may add rows, and not even read their numbers.
INSERT = insert(AuditRecord).inline()


def record(
    session: Session,
    actor: Who,
    action: Action,
    thing: Thing,
    *,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one deed down. Nothing secret may be in `words` or `details`."""
    record_all(session, actor, action, [(thing, details or {})], at=at)


def record_all(
    session: Session, actor: Who, action: Action, deeds: Iterable[tuple[Thing, Mapping[str, Any]]], *, at: datetime
) -> None:
    """The same for many things at once, in one statement."""
    origin = actor.origin
    common = {
        "at": at,
        "action": action.value,
        "person_id": actor.person_id,
        "person_name": one_line(actor.name, 255),
        "via": origin.via.value,
        "token_id": origin.token_id,
        "token_name": None if origin.token_name is None else one_line(origin.token_name, 100),
        "address": None if origin.address is None else one_line(origin.address, 64),
    }
    rows = [
        {
            **common,
            "object_kind": thing.kind.value,
            "object_id": None if thing.id is None else str(thing.id),
            "object_words": one_line(thing.words, 255),
            "details": bounded(details),
        }
        for thing, details in deeds
    ]
    if rows:
        session.connection().execute(INSERT, rows)


def bounded(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details as the table takes them: texts on one line, and as many as fit; `left_out` counts the others."""
    kept: dict[str, Any] = {}
    for place, (name, value) in enumerate(details.items()):
        one = {name: one_line(value, MOST_WORDS) if isinstance(value, str) else value}
        # Room is left for the word that says how many are missing.
        if len(canonical_json(kept | one)) > MOST_DETAILS - 32:
            return kept | {"left_out": len(details) - place}
        kept |= one
    return kept
