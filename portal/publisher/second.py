"""What a second person said about a wish, checked: her key, her signature, and whether she may sign it at all.

The web tier writes what she said and may write anything. Her sign-off counts where an enrolled key signed this
very request for this portal; a refusal needs no key, since it publishes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.config import Settings
from portal.config.publisher import Signs
from portal.drafts.revisions import LONGEST_CHANGED, RevisionWish
from portal.drafts.signoff.meant import meant
from portal.drafts.signoff.models import Signoff, SignoffAnswer, SignoffKey, Spoken
from portal.drafts.signoff.webauthn import Assertion, Party, checked, unpacked
from portal.errors import InvalidError
from portal.identity.actor import Role
from portal.identity.models import Person
from portal.staging.models import ImageSignoff, ImageSignoffAnswer
from portal.words import one_line

AT_ONCE: Final = 20
"""Of one wish, looked at in one go; the others are looked at in the next."""


Kind = TypeVar("Kind", Signoff, ImageSignoff)
Answers = TypeVar("Answers", SignoffAnswer, ImageSignoffAnswer)


@dataclass(frozen=True)
class Said:
    """Who signed it off; or who refused it, and why."""

    by: str
    why: str = ""


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, as far as saying something about it goes."""

    wish: int
    by: int
    """The person who asked."""
    own: frozenset[int]
    """Whose own it is: they are nobody's second pair of eyes."""
    challenge: Callable[[str], bytes]
    """What a person of that sign-in name signs who signs it off."""


def said(session: Session, settings: Settings, wish: RevisionWish, *, now: datetime) -> Said | None:
    """What was said of a wish to publish and counts; None where nothing does. All of it gets its answer."""
    own = frozenset({wish.person_id, wish.revision.author_id})
    asked = Asked(wish.id, wish.person_id, own, lambda signer: meant(wish, signer).challenge)
    return first_that_counts(session, settings, asked, Signoff, SignoffAnswer, now=now)


def first_that_counts(
    session: Session, settings: Settings, asked: Asked, spoken: type[Kind], found: type[Answers], *, now: datetime
) -> Said | None:
    """The first that counts of what was said and not looked at yet; None where none does. Each gets its answer."""
    for one in _unanswered(session, asked, spoken, found):
        words = ""
        try:
            _check_person(settings, asked, one)
            if one.approves:
                _check_key(session, settings, asked, one)
            elif settings.signs is not Signs.STAFF:
                raise InvalidError("Requests are not refused by others of the staff here.")
        except InvalidError as error:
            words = error.message
        session.add(found(signoff_id=one.id, counts=not words, words=words, at=now))
        session.flush()
        if not words:
            why = "" if one.approves else one_line(one.words, LONGEST_CHANGED) or "No reason is given."
            return Said(one.person.name, why)
    return None


def _unanswered(session: Session, asked: Asked, spoken: type[Kind], found: type[Answers]) -> Sequence[Kind]:
    answered = select(found.signoff_id)
    # No more of a person than the publisher's role may see.
    person = joinedload(spoken.person).load_only(Person.name, Person.full_name, Person.roles, Person.active)
    query = select(spoken).where(spoken.wish_id == asked.wish, spoken.id.not_in(answered))
    return session.scalars(query.options(person).order_by(spoken.id).limit(AT_ONCE)).all()


def _check_person(settings: Settings, asked: Asked, one: Spoken) -> None:
    person = one.person
    if settings.signs is Signs.OPERATOR:
        raise InvalidError("An operator signs off here.")
    if not person.active or Role.STAFF not in person.actor().roles:
        raise InvalidError(f"{person.name} is not of the staff.")
    if settings.signs is Signs.STAFF and person.id in asked.own:
        raise InvalidError("Nobody signs off what she wrote or asked for herself.")
    if settings.signs is Signs.ONESELF and person.id != asked.by:
        raise InvalidError("Who asked signs off here.")


def _check_key(session: Session, settings: Settings, asked: Asked, one: Spoken) -> None:
    found = session.scalars(select(SignoffKey).where(SignoffKey.credential == one.credential[:1400])).first()
    if found is None or found.person_id != one.person_id:
        raise InvalidError("No operator enrolled this key for this person.")
    if found.withdrawn is not None:
        raise InvalidError("This key is withdrawn.")
    given = Assertion(
        unpacked(found.credential),
        unpacked(one.client_data),
        unpacked(one.authenticator_data),
        unpacked(one.signature),
    )
    challenge = asked.challenge(one.person.name)
    counter = checked(given, unpacked(found.public_key), challenge, Party(settings.signoff_origin))
    if counter <= found.counter and (counter or found.counter):
        raise InvalidError("The key has signed more often than it says: there may be a copy. Tell an operator.")
    found.counter = counter
