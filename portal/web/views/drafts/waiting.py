"""What waits for a second member of staff: as lines of a list, and as the page on which she decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import url_for
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.drafts.past import history, to_whom
from portal.drafts.pictures import ExamplePicture, example_of, is_earlier
from portal.drafts.revisions import RevisionWish, Wished
from portal.drafts.signoff.count import unsigned
from portal.drafts.signoff.keys import enrolled_of
from portal.drafts.signoff.meant import meant
from portal.drafts.signoff.models import Signoff
from portal.drafts.signoff.signing import said_of, waiting_for, wish_for
from portal.drafts.signoff.webauthn import Party
from portal.identity.actor import Actor
from portal.identity.people import full_names
from portal.jobtype.load import parse_text
from portal.jobtype.model import JobType
from portal.staging.models import ImageSignoff
from portal.web.views.drafts.past import SHORT, Comparison, beside
from portal.web.views.pictures import Picture


@dataclass(frozen=True)
class WaitingLine:
    """A request in the list."""

    title: str
    who: str
    when: datetime
    asks: str
    """For what, as what follows her name."""
    url: str


@dataclass(frozen=True)
class SaidLine:
    """What somebody said, and what the publisher found of it."""

    who: str
    said: str
    answer: str
    wrong: bool


@dataclass(frozen=True)
class WaitingPage:
    """Everything that is looked at before one signs."""

    id: int
    name: str
    jobtype: JobType | None
    """None: its text cannot be read, and the publisher will refuse it."""
    who: str
    when: datetime
    to: str
    changed: str
    short: str
    text: str
    to_now: str
    """For whom it is on offer now; empty where it is not."""
    comparison: Comparison | None
    """With what is on offer now; None where nothing is, or the same."""
    same: bool
    """The very text is on offer now."""
    said: Sequence[SaidLine]
    decided: str
    """What became of it; empty while it waits."""
    done: bool
    statement: str
    party: str
    credentials: str
    """Of her keys that count, with spaces between."""
    example: Picture | None = None
    """What would stand on its card."""
    example_is_earlier: bool = False
    """That picture is of an earlier revision."""


def waiting_lines(session: Session, actor: Actor, settings: Settings) -> list[WaitingLine]:
    """What this person could sign off."""
    return [_waiting_line(session, one) for one in waiting_for(session, actor, settings)]


def unsigned_lines(session: Session, actor: Actor, settings: Settings) -> list[WaitingLine]:
    """What waits for her key: of that what she has said nothing about that counts."""
    return [_waiting_line(session, one) for one in unsigned(session, actor, settings)]


def waiting_page(session: Session, actor: Actor, settings: Settings, wish_id: int) -> WaitingPage:
    """One request. Raises ForbiddenError, NotFoundError."""
    wish = wish_for(session, actor, settings, wish_id)
    revision, deed = wish.revision, wish.deed
    offered = next(iter(history(session, revision.name)), None)
    if offered is not None and (offered.wished is Wished.RETIRE or deed is not None):
        offered = None
    example = example_of(session, revision.digest)
    same = offered is not None and offered.revision.digest == revision.digest
    decided = ""
    if deed is not None:
        by = full_names(session, [deed.by]).get(deed.by) or deed.by
        refused = f"It was refused{f' by {by}' if by else ''}: {deed.words}"
        decided = f"Signed off by {by}. It is published." if deed.done else refused
    return WaitingPage(
        id=wish.id,
        name=revision.name,
        jobtype=parse_text(revision.text, Path(revision.name))[0],
        who=wish.person.full_name or wish.person.name,
        when=wish.at,
        to=to_whom(session, wish),
        changed=wish.changed,
        short=revision.digest[SHORT],
        text=revision.text,
        to_now=to_whom(session, offered) if offered is not None else "",
        comparison=beside(offered.revision, revision) if offered is not None and not same else None,
        same=same,
        said=[said_line(one) for one in said_of(session, wish.id)],
        decided=decided,
        done=deed is not None and deed.done,
        statement=meant(wish, actor.name).statement,
        party=Party(settings.signoff_origin).id,
        credentials=" ".join(one.credential for one in enrolled_of(session, actor) if one.withdrawn is None),
        example=_example(wish, example),
        example_is_earlier=example is not None and is_earlier(session, example),
    )


def _example(wish: RevisionWish, row: ExamplePicture | None) -> Picture | None:
    if row is None:
        return None
    url = url_for("drafts.waiting_example", wish_id=wish.id, v=row.sha256[:12])
    return Picture(url, row.width, row.height)


def _waiting_line(session: Session, one: RevisionWish) -> WaitingLine:
    return WaitingLine(
        title=_title(one),
        who=one.person.full_name or one.person.name,
        when=one.at,
        asks=f"asks to publish it to {to_whom(session, one)}",
        url=url_for("drafts.show_waiting", wish_id=one.id),
    )


def _title(wish: RevisionWish) -> str:
    jobtype, _ = parse_text(wish.revision.text, Path(wish.revision.name))
    return jobtype.title if jobtype is not None else wish.revision.name


def said_line(one: Signoff | ImageSignoff) -> SaidLine:
    """What somebody said about a request, in words."""
    answer = one.answer
    told = "not looked at yet" if answer is None else "counts" if answer.counts else answer.words
    return SaidLine(
        who=one.person.full_name or one.person.name,
        said="signed it with a key" if one.approves else f"refused it: {one.words}",
        answer=told,
        wrong=answer is not None and not answer.counts,
    )
