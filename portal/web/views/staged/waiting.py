"""An image that waits for a second member of staff: the page on which she decides, and its line in lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.drafts.signoff.keys import enrolled_of
from portal.drafts.signoff.webauthn import Party
from portal.identity.actor import Actor
from portal.staging import second
from portal.staging.models import ImageWish
from portal.web.views.drafts.waiting import SaidLine, WaitingLine, said_line
from portal.words import size


@dataclass(frozen=True)
class WaitingImage:
    """Everything that is looked at before one signs."""

    id: int
    name: str
    digest: str
    size: str
    who: str
    when: datetime
    job: str
    job_url: str
    how: str
    """The title of the analysis that made it."""
    asked: Sequence[tuple[str, str]]
    """What was typed where it was made, by the labels of its fields."""
    said: Sequence[SaidLine]
    decided: str
    """What became of it; empty while it waits."""
    statement: str
    party: str
    credentials: str
    """Of her keys that count, with spaces between."""


def image_lines(session: Session, actor: Actor, settings: Settings) -> list[WaitingLine]:
    """The images that this person could sign off."""
    return [_line(one) for one in second.waiting_for(session, actor, settings)]


def unsigned_image_lines(session: Session, actor: Actor, settings: Settings) -> list[WaitingLine]:
    """Those of them that wait for her key."""
    return [_line(one) for one in second.unsigned(session, actor, settings)]


def waiting_image(session: Session, actor: Actor, settings: Settings, wish_id: int) -> WaitingImage:
    """One request. Raises ForbiddenError, NotFoundError."""
    wish = second.wish_for(session, actor, settings, wish_id)
    job = wish.job
    document = job.submission.revision.document
    keys = [one.credential for one in enrolled_of(session, actor) if one.withdrawn is None]
    return WaitingImage(
        id=wish.id,
        name=wish.name,
        digest=wish.digest,
        size=_size(session, actor, wish),
        who=wish.person.full_name or wish.person.name,
        when=wish.at,
        job=job.number,
        job_url=url_for("jobs.job", job_id=job.id),
        how=str(document.get("title", "")),
        asked=_asked(document, job.options),
        said=[said_line(one) for one in second.said_of(session, wish.id)],
        decided=_decided(wish),
        statement=second.statement(wish, actor.name),
        party=Party(settings.signoff_origin).id,
        credentials=" ".join(keys),
    )


def _line(wish: ImageWish) -> WaitingLine:
    return WaitingLine(
        title=wish.name,
        who=wish.person.full_name or wish.person.name,
        when=wish.at,
        asks="asks that this image is staged",
        url=url_for("staging.show", wish_id=wish.id),
    )


def _size(session: Session, actor: Actor, wish: ImageWish) -> str:
    found = second.size_of(session, actor, wish)
    return size(found) if found is not None else ""


def _decided(wish: ImageWish) -> str:
    deed, approval = wish.deed, wish.approval
    if deed is not None:
        by = f" by {deed.by}" if deed.by else ""
        return f"Signed off{by}. It is staged." if deed.done else f"It was refused{by}: {deed.words}"
    return f"Signed off by {approval.by}. It is being staged." if approval is not None else ""


def _asked(document: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """As the revision that made it calls its options; one that was left empty is left out."""
    found = []
    for option in document.get("options") or ():
        value = given.get(option.get("name"))
        if value not in (None, ""):
            found.append((str(option.get("label") or option.get("name")), str(value)))
    return found
