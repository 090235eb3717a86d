"""From what people asked for to questions to those who lead such experiments: the daemon's, out of their sight."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.catalogue.access import own_investigations
from portal.catalogue.models import Investigation, InvestigationUser, User
from portal.catalogue.models.searchable import fold
from portal.identity.models import Person
from portal.notify.access.ask import AGAIN
from portal.notify.access.models import AccessQuestion, AccessRequest

LEADS: Final = "principal_investigator"
AT_ONCE: Final = 50
VISITS: Final = 10
"""Experiments of one number that are asked about, the newest: a proposal has a visit now and then."""


def anything_asked(session: Session) -> bool:
    """Whether there is something to pass on: one question to an index."""
    waiting = select(AccessRequest.id).where(AccessRequest.passed_on.is_(None)).limit(1)
    return session.scalar(waiting) is not None


def pass_on(session: Session, *, now: datetime) -> bool:
    """Ask whoever leads an experiment of such a number; True if there may be more. The caller keeps it."""
    query = (
        select(AccessRequest)
        .where(AccessRequest.passed_on.is_(None))
        .order_by(AccessRequest.id)
        .limit(AT_ONCE)
        .options(joinedload(AccessRequest.person, innerjoin=True))
    )
    waiting = session.scalars(query).all()
    for request in waiting:
        session.add_all(_questions(session, request, now))
        request.passed_on = now
    session.flush()
    return len(waiting) == AT_ONCE


def _questions(session: Session, request: AccessRequest, now: datetime) -> Iterator[AccessQuestion]:
    """One to each active person who leads an experiment that the one who asks is not in, and not public yet.

    Nobody is asked twice within AGAIN by the same person for the same experiment.
    """
    found = (
        select(Investigation.id)
        .where(
            _has_number(request.number),
            or_(Investigation.release_date.is_(None), Investigation.release_date > now),
            Investigation.id.not_in(own_investigations(request.person.actor())),
        )
        .order_by(Investigation.id.desc())
        .limit(VISITS)
    )
    leaders = (
        select(InvestigationUser.investigation_id, Person.id)
        .join(User, User.id == InvestigationUser.user_id)
        .join(Person, Person.name == User.name)
        .where(
            InvestigationUser.investigation_id.in_(list(session.scalars(found))),
            InvestigationUser.role == LEADS,
            Person.active,
        )
        .distinct()
    )
    asked = _asked_lately(session, request.person_id, now)
    for investigation_id, person_id in session.execute(leaders):
        if (investigation_id, person_id) not in asked:
            yield AccessQuestion(
                request_id=request.id, investigation_id=investigation_id, person_id=person_id, at=now
            )


def _asked_lately(session: Session, person_id: int, now: datetime) -> set[tuple[int, int]]:
    """What this person has had asked already, and of whom: one number can be written in several ways."""
    query = (
        select(AccessQuestion.investigation_id, AccessQuestion.person_id)
        .join(AccessRequest, AccessRequest.id == AccessQuestion.request_id)
        .where(AccessRequest.person_id == person_id, AccessQuestion.at > now - AGAIN)
    )
    return {(investigation_id, leader) for investigation_id, leader in session.execute(query)}


def leads(session: Session, name: str, investigation_id: int) -> bool:
    """If the person with this sign-in name leads the experiment."""
    member = (
        select(InvestigationUser.id)
        .join(User, User.id == InvestigationUser.user_id)
        .where(
            User.name == name,
            InvestigationUser.investigation_id == investigation_id,
            InvestigationUser.role == LEADS,
        )
    )
    return session.scalar(member.limit(1)) is not None


def _has_number(typed: str) -> ColumnElement[bool]:
    """The number alone, or with the visit behind it: `LS-2431`, `LS-2431 2`, or `LS-2431-2` as visits are named.

    The folded text of an experiment begins with its number and its visit, a line each.
    """
    number = " ".join(fold(typed).split())
    begins = [f"{number}\n"]
    for place, sign in enumerate(number):
        if place and sign in " -/":
            begins.append(f"{number[:place]}\n{number[place + 1 :]}\n")
    name = func.lower(Investigation.name)
    visit = and_(
        Investigation.search_text.contains(f"\n{number}\n", autoescape=True),
        func.substr(literal(number), 1, func.length(name)) == name,
    )
    return or_(visit, *(Investigation.search_text.startswith(one, autoescape=True) for one in begins))
