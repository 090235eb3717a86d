"""What is asked of the publisher: to try this very revision of a draft, to publish it, to retire it.

Asking writes a wish and nothing else. What became of it is the publisher's to say; a text that was changed since
is another revision, which nobody tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.drafts.models import Draft
from portal.drafts.narrowing import check_nobody_loses
from portal.drafts.past import history
from portal.drafts.replacing import check_replaces_nobodys
from portal.drafts.revisions import LONGEST_CHANGED, DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.drafts.service import check_staff, draft_for
from portal.errors import ConflictError, InvalidError, LimitError, NotFoundError
from portal.identity.actor import Actor
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.jobtype.load import parse_text
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience
from portal.words import one_line

MOST_WAITING: Final = 50
"""Wishes of one person that the publisher has not looked at, or that wait to be signed off."""


class Stage(StrEnum):
    """How far this very revision is."""

    DRAFT = "draft"
    TRIED = "tried"
    """A run of this very revision succeeded."""
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True)
class Standing:
    """What is known of the text that a draft has now."""

    jobtype: JobType | None
    """None where the text cannot be used."""
    problems: tuple[str, ...]
    """Why not, each with its line."""
    stage: Stage
    may_try: bool
    """The publisher let this person run this revision."""
    wishes: tuple[RevisionWish, ...]
    """What was wished of this revision, newest first."""


def standing(session: Session, actor: Actor, draft_id: int) -> Standing:
    """How far the draft's text is. Raises NotFoundError, ForbiddenError."""
    draft = draft_for(session, actor, draft_id)
    jobtype, problems = parse_text(draft.text, Path("draft"))
    if jobtype is None:
        told = tuple(f"Line {one.line}: {one.message}" for one in problems)
        return Standing(None, told, Stage.DRAFT, False, ())
    digest = jobtype.revision
    wishes = wishes_of(session, digest)
    mine = [one for one in wishes if one.wished is Wished.TRY and one.person_id == actor.person_id]
    may_try = any(one.deed is not None and one.deed.done for one in mine)
    return Standing(jobtype, (), stage_of(session, jobtype.name, digest), may_try, tuple(wishes))


def ask_to_try(session: Session, actor: Actor, draft_id: int, *, now: datetime) -> RevisionWish:
    """Ask that this person may run the draft's text as it is now; asking again gives the same wish.

    Raises NotFoundError, ForbiddenError, LimitError, and InvalidError where the text cannot be used.
    """
    revision = _register(session, actor, draft_id, now)
    for wish in wishes_of(session, revision.digest):
        same = wish.person_id == actor.person_id and wish.wished is Wished.TRY
        if same and wish.revision_id == revision.id and (wish.deed is None or wish.deed.done):
            return wish
    return _ask(session, actor, revision, Wished.TRY, now=now)


def ask_to_publish(
    session: Session,
    actor: Actor,
    draft_id: int,
    audience: Audience,
    changed: str,
    *,
    now: datetime,
    narrow: bool = False,
    over: bool = False,
) -> RevisionWish:
    """Ask that the draft's text as it is now is published, with a sentence of what changed.

    `narrow`: it is meant that somebody who has what is on offer under its name loses it; `over`: that it replaces
    what somebody else published. Raises what `ask_to_try` raises, ConflictError where no run of this very revision
    succeeded, NarrowerError and ReplacedError.
    """
    sentence = one_line(changed, LONGEST_CHANGED + 1)
    if not sentence or len(sentence) > LONGEST_CHANGED:
        told = f"Say in a sentence of up to {LONGEST_CHANGED} characters what changed."
        raise InvalidError(told, fields={"changed": told})
    revision = _register(session, actor, draft_id, now)
    if stage_of(session, revision.name, revision.digest) is Stage.DRAFT:
        raise ConflictError("No run of this very text has succeeded yet. Try it first; nothing was published.")
    if not narrow:
        check_nobody_loses(session, actor, revision.name, audience)
    if not over:
        check_replaces_nobodys(session, actor, draft_for(session, actor, draft_id), revision.name)
    return _ask(session, actor, revision, Wished.PUBLISH, audience=audience, changed=sentence, now=now)


def ask_to_publish_again(
    session: Session,
    actor: Actor,
    name: str,
    digest: str,
    *,
    audience: Audience,
    changed: str,
    now: datetime,
    narrow: bool = False,
) -> RevisionWish:
    """Ask that a revision that was published before is published again; `narrow` as of `ask_to_publish`.

    Raises NotFoundError, ForbiddenError, LimitError, NarrowerError.
    """
    check_staff(actor)
    before = [
        one for one in history(session, name) if one.revision.digest == digest and one.wished is Wished.PUBLISH
    ]
    if not before:
        raise NotFoundError(f"No such revision of {name} was published here.")
    if not narrow:
        check_nobody_loses(session, actor, name, audience)
    sentence = one_line(changed, LONGEST_CHANGED) or "An earlier revision, published again."
    return _ask(session, actor, before[0].revision, Wished.PUBLISH, audience=audience, changed=sentence, now=now)


def ask_to_retire(session: Session, actor: Actor, name: str, *, now: datetime) -> RevisionWish:
    """Ask that nobody can start it any more. Raises NotFoundError, ForbiddenError, ConflictError, LimitError."""
    check_staff(actor)
    past = history(session, name)
    if not past:
        raise NotFoundError(f"Nothing was published here under the name {name}.")
    if past[0].wished is Wished.RETIRE:
        raise ConflictError(f"{name} is retired already.")
    return _ask(session, actor, past[0].revision, Wished.RETIRE, now=now)


def wishes_of(session: Session, digest: str) -> Sequence[RevisionWish]:
    """What was wished of this very revision, newest first."""
    query = select(RevisionWish).join(RevisionWish.revision).where(DraftRevision.digest == digest)
    whole = query.options(joinedload(RevisionWish.deed), joinedload(RevisionWish.person))
    return session.scalars(whole.order_by(RevisionWish.id.desc())).all()


def waiting(session: Session) -> Sequence[RevisionWish]:
    """What the publisher has not done or refused yet, oldest first."""
    query = select(RevisionWish).where(~exists().where(RevisionDeed.wish_id == RevisionWish.id))
    whole = query.options(joinedload(RevisionWish.revision), joinedload(RevisionWish.person))
    return session.scalars(whole.order_by(RevisionWish.id)).all()


def was_tried(session: Session, digest: str) -> bool:
    """Whether a run of this very revision, as a draft, succeeded."""
    query = (
        select(Job.id)
        .join(Job.submission)
        .join(Submission.revision)
        .where(JobTypeRevision.digest == digest, Submission.draft, Job.state == State.SUCCEEDED)
    )
    return session.scalar(query.limit(1)) is not None


def stage_of(session: Session, name: str, digest: str) -> Stage:
    """How far this very revision is."""
    past = history(session, name)
    if any(one.revision.digest == digest for one in past):
        newest = past[0]
        if newest.wished is Wished.PUBLISH and newest.revision.digest == digest:
            return Stage.PUBLISHED
        if newest.wished is Wished.RETIRE:
            return Stage.RETIRED
    return Stage.TRIED if was_tried(session, digest) else Stage.DRAFT


def _register(session: Session, actor: Actor, draft_id: int, now: datetime) -> DraftRevision:
    """The draft's text as a revision of its author's, kept as it is. Raises InvalidError."""
    draft: Draft = draft_for(session, actor, draft_id)
    jobtype, problems = parse_text(draft.text, Path("draft"))
    if jobtype is None:
        told = "; ".join(f"line {one.line}: {one.message}" for one in problems[:5])
        raise InvalidError(f"This draft cannot be used yet: {told}.", fields={"text": told})
    query = select(DraftRevision).where(
        DraftRevision.author_id == draft.author_id, DraftRevision.digest == jobtype.revision
    )
    found = session.scalars(query).first()
    if found is not None:
        return found
    revision = DraftRevision(
        draft_id=draft.id,
        author_id=draft.author_id,
        name=jobtype.name,
        digest=jobtype.revision,
        text=draft.text,
        created=now,
    )
    try:
        with session.begin_nested():
            session.add(revision)
    except IntegrityError:  # another request was first
        return session.scalars(query).one()
    return revision


def _ask(
    session: Session,
    actor: Actor,
    revision: DraftRevision,
    wished: Wished,
    *,
    now: datetime,
    audience: Audience | None = None,
    changed: str = "",
) -> RevisionWish:
    check_staff(actor)
    if sum(one.person_id == actor.person_id for one in waiting(session)) >= MOST_WAITING:
        raise LimitError(f"{MOST_WAITING} of your requests wait already. Nothing was added.")
    wish = RevisionWish(
        revision_id=revision.id,
        person_id=actor.person_id,
        wished=wished,
        audience=audience.document() if audience is not None else {},
        changed=changed,
        at=now,
    )
    session.add(wish)
    session.flush()
    thing = Thing(Kind.ANALYSIS, revision.name, revision.name)
    record(
        session,
        actor,
        Action.ANALYSIS_ASKED,
        thing,
        at=now,
        details={"asked": wished.value, "revision": revision.digest},
    )
    return wish
