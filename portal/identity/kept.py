"""Forms whose sender had no sign-in any more, kept until the same person has signed in again.

They are found by an identifier that stands in an address, and read by their own person alone: whoever else has
the address learns that something is kept, and nothing of it.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.identity.models import KeptForm

KEPT_FOR: Final = timedelta(hours=24)
MOST_OF_A_PERSON: Final = 20
MOST_BYTES: Final = 256 * 1024
"""Of one form: some thousand datasets."""

Fields = Sequence[tuple[str, str]]


def keep_form(session: Session, person_id: int, path: str, fields: Fields, *, now: datetime) -> KeptForm | None:
    """Keep what was sent to `path`; None if it is too much. Of a person's forms the oldest make room."""
    if len(json.dumps(list(fields)).encode()) > MOST_BYTES:
        return None
    forget_kept(session, now=now)
    mine = select(KeptForm.id).where(KeptForm.person_id == person_id).order_by(KeptForm.created.desc())
    old = list(session.scalars(mine.offset(MOST_OF_A_PERSON - 1)))
    if old:
        session.execute(delete(KeptForm).where(KeptForm.id.in_(old)))
    kept = KeptForm(
        id=uuid.uuid4().hex,
        person_id=person_id,
        path=path,
        fields=[list(pair) for pair in fields],
        created=now,
        expires=now + KEPT_FOR,
    )
    session.add(kept)
    session.flush()
    return kept


def find_kept(session: Session, kept_id: str, *, now: datetime) -> KeptForm | None:
    """The kept form of this identifier. Whose it is, `person_id` says: nobody else may read its fields."""
    found = session.get(KeptForm, kept_id) if 0 < len(kept_id) <= 32 else None
    return found if found is not None and found.expires > now else None


def drop_kept(session: Session, person_id: int, kept_id: str) -> None:
    """Forget one of a person's kept forms, for example because it was sent."""
    session.execute(delete(KeptForm).where(KeptForm.id == kept_id[:32], KeptForm.person_id == person_id))


def forget_kept(session: Session, *, now: datetime) -> None:
    """Delete those whose time is over."""
    session.execute(delete(KeptForm).where(KeptForm.expires <= now))
