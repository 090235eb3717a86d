"""What waits for the publisher, looked at one wish after another: carried out, refused in words, or left waiting.

A wish is nothing but a row that the web tier wrote. Everything is looked at anew here: who it is, whose draft, the
text, its digest, and what an operator allows at most.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.config import Settings
from portal.config.publisher import Signs
from portal.db import Database
from portal.drafts.caps import name_taken, objections, usable_images
from portal.drafts.models import DraftReader
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.drafts.signoff.models import Signoff, SignoffAnswer
from portal.errors import ConflictError, NotFoundError, PortalError
from portal.identity.actor import PORTAL_ITSELF, Role
from portal.identity.models import Person
from portal.jobtype.load import load_folders, parse_text, shipped_folder
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience
from portal.jobtype.offer.current import all_current
from portal.publisher.account import uid_of
from portal.publisher.folder import allow_trial, alone, publish_revision, retire
from portal.publisher.second import said

AT_ONCE = 100
"""Wishes that one look carries out."""


class RefusedWishError(PortalError):
    """It is not done; the words say why."""

    def __init__(self, message: str, *, by: str = "") -> None:
        super().__init__(message)
        self.by = by
        """Somebody of the staff, where it was not the publisher itself who refused."""


@dataclass(frozen=True)
class Done:
    """What became of a wish. `words` is empty where it was done."""

    wish: int
    wished: Wished
    name: str
    revision: str
    words: str = ""

    @property
    def done(self) -> bool:
        """False where it was refused."""
        return not self.words


def look(database: Database, settings: Settings, *, now: datetime, passed: set[int] | None = None) -> list[Done]:
    """Look at what waits; what must be signed off by somebody else goes on waiting.

    `passed`: the wishes that were found so before, which this keeps: they are read once, and again when somebody
    said something about them, and hold up none behind them. Raises OSError where the publisher's folder cannot be
    written: what was not done then waits.
    """
    passed = passed if passed is not None else set()
    with database.read() as session:
        acted = select(RevisionDeed.wish_id)
        ids = select(RevisionWish.id).where(RevisionWish.id.not_in(acted)).order_by(RevisionWish.id)
        waiting = list(session.scalars(ids))
        told = select(Signoff.wish_id).where(Signoff.id.not_in(select(SignoffAnswer.signoff_id)))
        passed &= set(waiting) - set(session.scalars(told))
    found = []
    for wish in [one for one in waiting if one not in passed][:AT_ONCE]:
        done = _one(database, settings, wish, by=None, now=now)
        if done is None:
            passed.add(wish)
        else:
            found.append(done)
    return found


def approve(database: Database, settings: Settings, wish: int, *, by: str, now: datetime) -> Done:
    """Sign a wish off as `by`, and carry it out. Raises NotFoundError where none of that number waits; OSError."""
    done = _one(database, settings, wish, by=by, now=now)
    if done is None:
        raise NotFoundError(f"No request with the number {wish} waits.")
    return done


def refuse(database: Database, wish: int, why: str, *, by: str, now: datetime) -> Done:
    """Refuse a wish with a reason that its person reads. Raises NotFoundError."""
    with database.write() as session:
        found = session.scalars(_waiting().where(RevisionWish.id == wish)).first()
        if found is None:
            raise NotFoundError(f"No request with the number {wish} waits.")
        return _note(session, found, why, by=by, now=now)


def _waiting() -> Select[RevisionWish]:
    acted = select(RevisionDeed.wish_id)
    # No more of a person than the publisher's role may see.
    person = joinedload(RevisionWish.person).load_only(Person.name, Person.full_name, Person.roles, Person.active)
    waiting = select(RevisionWish).where(RevisionWish.id.not_in(acted)).order_by(RevisionWish.id)
    return waiting.options(person, joinedload(RevisionWish.revision))


def _one(database: Database, settings: Settings, wish: int, *, by: str | None, now: datetime) -> Done | None:
    """What becomes of one wish; None where it waits, or somebody else was first."""
    # The lock is held until the deed is written: of two publishers the second finds it.
    with alone(settings.registered), database.write() as session:
        found = session.scalars(_waiting().where(RevisionWish.id == wish)).first()
        if found is None:
            return None
        try:
            signed = _carry_out(session, settings, found, by=by, now=now)
        except RefusedWishError as error:
            return _note(session, found, error.message, by=error.by or by or "", now=now)
        except ConflictError as error:
            return _note(session, found, error.message, by=by or "", now=now)
        except (OSError, SQLAlchemyError):
            raise
        except Exception as error:  # one text's fault must not keep all others from being looked at
            words = f"It could not be read ({type(error).__name__}). Please tell an operator."
            return _note(session, found, words, by=by or "", now=now)
        return None if signed is None else _note(session, found, "", by=signed, now=now)


def _note(session: Session, wish: RevisionWish, words: str, *, by: str, now: datetime) -> Done:
    session.add(RevisionDeed(wish_id=wish.id, done=not words, words=words, by=by, at=now))
    revision = wish.revision
    action = {
        Wished.TRY: Action.ANALYSIS_MAY_BE_TRIED,
        Wished.PUBLISH: Action.ANALYSIS_PUBLISHED,
        Wished.RETIRE: Action.ANALYSIS_RETIRED,
    }[wish.wished]
    details = {"revision": revision.digest, "by": by, "wished_by": wish.person.name, "why": words}
    thing = Thing(Kind.ANALYSIS, revision.name, revision.name)
    record(session, PORTAL_ITSELF, Action.ANALYSIS_REFUSED if words else action, thing, at=now, details=details)
    return Done(wish.id, wish.wished, revision.name, revision.digest, words)


def _carry_out(
    session: Session, settings: Settings, wish: RevisionWish, *, by: str | None, now: datetime
) -> str | None:
    """Who signed it off; None where nobody has yet. Raises RefusedWishError, ConflictError."""
    person, revision = wish.person, wish.revision
    if not person.active or Role.STAFF not in person.actor().roles:
        raise RefusedWishError(f"{person.name} is not of the staff.")
    if wish.wished is Wished.RETIRE:
        retire(settings.registered, revision.name, by=by or person.name, now=now)
        return by or person.name
    jobtype = verified(revision)
    _check_name(settings, jobtype.name)
    _check_caps(settings, jobtype)
    if wish.wished is Wished.TRY:
        _check_may_try(session, settings, wish)
        allow_trial(settings.registered, jobtype, [uid_of(settings, person.name)])
        return person.name
    try:
        audience = Audience.of(wish.audience)
    except ValueError as error:
        raise RefusedWishError(f"It does not say to whom it is to be published: {error}.") from error
    if audience.author != person.name:
        raise RefusedWishError("It names another author than the person who asked.")
    if not wish.changed.strip():
        raise RefusedWishError("It does not say what changed.")
    signed = by or _signed(session, settings, wish, now)
    if signed is None:
        return None
    publish_revision(settings.registered, jobtype, audience, wish.changed, by=signed, now=now)
    return signed


def _signed(session: Session, settings: Settings, wish: RevisionWish, now: datetime) -> str | None:
    """Who else than an operator signed it off; None if nobody has. Raises RefusedWishError where she refused."""
    if settings.signs is Signs.ONESELF and settings.signs_itself:
        return wish.person.name
    found = said(session, settings, wish, now=now)
    if found is not None and found.why:
        raise RefusedWishError(found.why, by=found.by)
    return None if found is None else found.by


def verified(revision: DraftRevision) -> JobType:
    """The job type of a revision's text, which must still be the one that was meant. Raises RefusedWishError."""
    jobtype, problems = parse_text(revision.text, Path(revision.name))
    if jobtype is None:
        told = "; ".join(f"line {one.line}: {one.message}" for one in problems[:5])
        raise RefusedWishError(f"Its text cannot be used: {told}.")
    if jobtype.revision != revision.digest or jobtype.name != revision.name:
        raise RefusedWishError("Its text is not the revision that was asked for. Ask for it anew.")
    return jobtype


def _check_name(settings: Settings, name: str) -> None:
    """A name that a file of the site has, or that root published, is not to be had."""
    files = load_folders(settings.jobtypes or (shipped_folder(),)).by_name
    if name in files or any(one.name == name for one in all_current(settings.published)):
        raise RefusedWishError(name_taken(name))


def _check_caps(settings: Settings, jobtype: JobType) -> None:
    images = usable_images(settings)
    found = objections(jobtype, settings.publisher, images, containers=not settings.signs_itself)
    if found:
        raise RefusedWishError(" ".join(words for _, words in found))


def _check_may_try(session: Session, settings: Settings, wish: RevisionWish) -> None:
    name, revision = wish.person.name, wish.revision
    if not settings.signs_itself and name not in settings.publisher.authors:
        raise RefusedWishError(f"{name} is not among those whose drafts may be tried here. Ask an operator.")
    if wish.person_id == revision.author_id:
        return
    named = select(DraftReader.draft_id).where(
        DraftReader.draft_id == revision.draft_id, DraftReader.person_id == wish.person_id
    )
    if revision.draft_id is None or session.scalar(named) is None:
        raise RefusedWishError("It is somebody else's draft, who did not name this person.")
