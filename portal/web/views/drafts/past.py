"""What was published and retired under a name, and how its revisions differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.drafts.narrowing import told_narrower
from portal.drafts.past import audience_of, concerns, history, seen_history, to_whom, unanswered_or_refused
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.identity.people import full_names
from portal.jobtype.load import parse_text
from portal.jobtype.written.compare import Difference, Line, differences, lines

MOST: Final = 200
"""Deeds of all names that are looked through for the list."""
SHORT: Final = slice(7, 19)
"""Of `sha256:<hex>`, what people read."""


@dataclass(frozen=True)
class PublishedLine:
    """An analysis that was made here, in the list."""

    name: str
    state: str
    when: datetime
    url: str


@dataclass(frozen=True)
class PastLine:
    """What was done once under a name."""

    done: str
    when: datetime
    who: str
    signed_by: str
    changed: str
    digest: str
    short: str
    now: bool
    """It is by this that the analysis is on offer."""
    again: bool
    """It can be published again."""
    narrows: str
    """Who would lose it by that, in a sentence; empty where nobody would."""
    compare_url: str
    """With the one before it; empty for the first."""


@dataclass(frozen=True)
class AskedLine:
    """What somebody asked of the publisher that was not done: it waits, or was refused."""

    asked: str
    when: datetime
    who: str
    changed: str
    short: str
    refused: datetime | None
    """None for what waits."""
    by: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """Two revisions beside each other."""

    before: str
    after: str
    fields: Sequence[Difference] | None
    """None: one of them cannot be read by the rules of today."""
    text: Sequence[Line] | None
    """None: too long to be compared."""


def published_lines(session: Session, actor: Actor) -> list[PublishedLine]:
    """The analyses that were published here, the last deed first, each with how it stands."""
    whole = joinedload(RevisionWish.revision), joinedload(RevisionWish.deed)
    query = select(RevisionWish).join(RevisionWish.deed).options(*whole)
    done = query.where(RevisionWish.wished != Wished.TRY, RevisionDeed.done).order_by(RevisionDeed.id.desc())
    newest: dict[str, PublishedLine] = {}
    for wish in session.scalars(done.limit(MOST)):
        name = wish.revision.name
        if name in newest or not concerns(actor, wish):
            continue
        assert wish.deed is not None
        state = "Retired" if wish.wished is Wished.RETIRE else f"Published to {to_whom(session, wish)}"
        newest[name] = PublishedLine(name, state, wish.deed.at, url_for("drafts.published", name=name))
    return list(newest.values())


def past_of(session: Session, actor: Actor, name: str) -> list[PastLine]:
    """What was done under a name, newest first. Raises NotFoundError, ForbiddenError."""
    past = seen_history(session, actor, name)
    published = [one for one in past if one.wished is Wished.PUBLISH]
    offered = past[0] if past[0].wished is Wished.PUBLISH else None
    before = {
        one.id: earlier.revision.digest
        for one, earlier in pairwise(published)
        if earlier.revision.digest != one.revision.digest
    }
    to_again = {one.revision.digest: audience_of(one) for one in reversed(published)}
    had = audience_of(offered) if offered is not None else None

    def narrows(digest: str) -> str:
        audience = to_again.get(digest)
        mine = replace(audience, author=actor.name) if audience is not None else None
        return told_narrower(session, actor, had, mine) if mine is not None else ""

    people = full_names(session, {one.deed.by for one in past if one.deed is not None})

    def line(one: RevisionWish) -> PastLine:
        shown = _line(session, one, name, offered, before.get(one.id, ""))
        by = people.get(shown.signed_by) or shown.signed_by
        return replace(shown, signed_by=by, narrows=narrows(one.revision.digest))

    return [line(one) for one in past]


def asked_lines(session: Session, actor: Actor, name: str) -> list[AskedLine]:
    """What of a name waits, or was refused, newest first."""
    found = unanswered_or_refused(session, actor, name)
    people = full_names(session, {one.deed.by for one in found if one.deed is not None})
    return [
        AskedLine(
            asked="To retire it" if one.wished is Wished.RETIRE else f"To publish it to {to_whom(session, one)}",
            when=one.at,
            who=one.person.full_name or one.person.name,
            changed=one.changed,
            short=one.revision.digest[SHORT],
            refused=one.deed.at if one.deed is not None else None,
            by=(people.get(one.deed.by) or one.deed.by) if one.deed is not None else "",
            why=one.deed.words if one.deed is not None else "",
        )
        for one in found
    ]


def title_of(session: Session, actor: Actor, name: str) -> str:
    """What the analysis is called now, or was called last; its name where its text is not read any more."""
    text, _digest = newest_text(session, actor, name)
    jobtype, _problems = parse_text(text, Path(name))
    return jobtype.title if jobtype is not None else name


def newest_text(session: Session, actor: Actor, name: str) -> tuple[str, str]:
    """Text and digest of what was published last under the name. Raises NotFoundError, ForbiddenError."""
    return text_of(session, actor, name, "")


def text_of(session: Session, actor: Actor, name: str, digest: str) -> tuple[str, str]:
    """The same, of the revision with this digest; of the last one for "". Raises NotFoundError, ForbiddenError."""
    published = [one.revision for one in seen_history(session, actor, name) if one.wished is Wished.PUBLISH]
    found = next((one for one in published if not digest or one.digest == digest), None)
    if found is None:
        raise NotFoundError(f"No such revision was published here under the name {name}.")
    return found.text, found.digest


def compared(session: Session, actor: Actor, name: str, before: str, after: str) -> Comparison | None:
    """Two revisions that were published under the name; None unless both are there."""
    found = {one.revision.digest: one.revision for one in history(session, name) if concerns(actor, one)}
    one, other = found.get(before), found.get(after)
    if one is None or other is None:
        return None
    return beside(one, other)


def beside(one: DraftRevision, other: DraftRevision) -> Comparison:
    """Two revisions compared, the older one first."""
    old, new = (parse_text(text.text, Path(text.name))[0] for text in (one, other))
    told = differences(old, new) if old is not None and new is not None else None
    return Comparison(one.digest[SHORT], other.digest[SHORT], told, lines(one.text, other.text))


def _line(session: Session, wish: RevisionWish, name: str, offered: RevisionWish | None, before: str) -> PastLine:
    deed, digest = wish.deed, wish.revision.digest
    assert deed is not None
    retired = wish.wished is Wished.RETIRE
    compare = url_for("drafts.published", name=name, before=before, after=digest) if before and not retired else ""
    return PastLine(
        done="Retired" if retired else f"Published to {to_whom(session, wish)}",
        when=deed.at,
        who=wish.person.full_name or wish.person.name,
        signed_by=deed.by,
        changed=wish.changed,
        digest=digest,
        short=digest[SHORT],
        now=wish is offered,
        again=not retired and (offered is None or digest != offered.revision.digest),
        narrows="",
        compare_url=f"{compare}#compared" if compare else "",
    )
