"""Terms: whether a person has accepted them, that she does now, and what all she has."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobtype.licences.terms import EITHER, USES, Terms
from portal.jobtype.model import JobType
from portal.terms.models import AcceptedTerms

FIELD, USE_FIELD = "terms.accept", "terms.use"
"""In the fields of an InvalidError; options may be named like the parts of a request."""
MOST_SHOWN: Final = 200


def accepted_of(session: Session, actor: Actor) -> Sequence[AcceptedTerms]:
    """What this person has accepted, the newest first."""
    query = select(AcceptedTerms).where(AcceptedTerms.person_id == actor.person_id)
    return session.scalars(query.order_by(AcceptedTerms.accepted.desc()).limit(MOST_SHOWN)).all()


def when_accepted(session: Session, actor: Actor, terms: Terms) -> datetime | None:
    """When this person accepted this very text; None where she has not."""
    query = select(AcceptedTerms.accepted)
    return session.scalar(
        query.where(AcceptedTerms.person_id == actor.person_id, AcceptedTerms.digest == terms.digest)
    )


def check_terms(session: Session, actor: Actor, jobtype: JobType, *, accepts: str | None, use: str | None) -> bool:
    """Whether the terms are accepted by this very form, and are to be written down. Nothing is written here.

    `accepts`: the digest of the terms that were shown; `use`: for what the person uses the program.
    Raises InvalidError (with `fields`) where she has not accepted them, or may not use it for that.
    """
    terms = jobtype.terms
    if terms is None:
        _nothing_to_say(jobtype, accepts, use)
        return False
    found = _objections(jobtype, terms, use)
    known = when_accepted(session, actor, terms) is not None
    if not known and accepts != terms.digest:
        found[FIELD] = _not_accepted(terms, accepts)
    if found:
        raise InvalidError(" ".join(found.values()), fields=found)
    return not known


def _nothing_to_say(jobtype: JobType, accepts: str | None, use: str | None) -> None:
    given = [name for name, value in ((FIELD, accepts), (USE_FIELD, use)) if value]
    if given:
        words = f"{jobtype.title} has no terms to accept. Leave this out."
        raise InvalidError(words, fields=dict.fromkeys(given, words))


def _objections(jobtype: JobType, terms: Terms, use: str | None) -> dict[str, str]:
    if use is not None and use not in USES:
        return {USE_FIELD: "Say academic or commercial."}
    if terms.use == EITHER:
        return {}
    if use is None:
        return {USE_FIELD: "Say for what you use it: academic or commercial work."}
    if use != terms.use:
        return {
            USE_FIELD: f"By its licence {jobtype.title} is for {terms.use} use only: it cannot be started for "
            f"{use} work. Nothing was started. Ask {jobtype.contact} whether there is another licence."
        }
    return {}


def _not_accepted(terms: Terms, accepts: str | None) -> str:
    if accepts:
        return f"The terms “{terms.title}” are not those that you accepted: read them as they are now."
    return f"Accept the terms “{terms.title}” first. You are asked once."


def write_accepted(session: Session, actor: Actor, jobtypes: Collection[JobType], *, now: datetime) -> None:
    """Write down that this person accepts the terms of these; what is there already stays as it is."""
    by_digest = {one.terms.digest: (one.terms, one.name) for one in jobtypes if one.terms is not None}
    for terms, analysis in by_digest.values():
        if actor.person_id is None or when_accepted(session, actor, terms) is not None:
            continue
        row = AcceptedTerms(
            person_id=actor.person_id,
            digest=terms.digest,
            title=terms.title,
            text=terms.text or "",
            link=terms.link or "",
            use=terms.use,
            analysis=analysis,
            accepted=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            continue  # she pressed twice, and the first was quicker
