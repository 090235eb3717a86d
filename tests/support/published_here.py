"""Revisions that the publisher has published or retired, as its rows tell it."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.documents import digest
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.jobtype.offer.audience import EVERYONE, Audience


def put_down(
    session: Session,
    person: int,
    name: str,
    text: str,
    *,
    changed: str = "It is new.",
    wished: Wished = Wished.PUBLISH,
    audience: Audience = EVERYONE,
    answered: bool = True,
) -> str:
    """One deed under a name; the digest of its revision. What is not read as a job type has its text's."""
    now, found = datetime.now(UTC), digest(text.encode())
    revision = session.scalars(select(DraftRevision).where(DraftRevision.digest == found)).first()
    if revision is None:
        revision = DraftRevision(author_id=person, name=name, digest=found, text=text, created=now)
        session.add(revision)
        session.flush()
    asked = audience.document() if wished is Wished.PUBLISH else {}
    wish = RevisionWish(
        revision_id=revision.id, person_id=person, wished=wished, audience=asked, changed=changed, at=now
    )
    session.add(wish)
    session.flush()
    if not answered:
        return found
    session.add(RevisionDeed(wish_id=wish.id, done=True, words="", by="root", at=now))
    session.flush()
    return found
