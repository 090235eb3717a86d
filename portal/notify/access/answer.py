"""What somebody who leads an experiment is asked, and the answer. It changes no team: that is the catalogue's.

No rule of the catalogue lets a person add somebody to a team, and the web tier has no right to. A yes is written
down, told to who asked, and waits for an operator (`gantry admin access`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.errors import ConflictError, InvalidError
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found
from portal.notify.access.models import NO, YES, AccessQuestion, AccessRequest
from portal.notify.access.pass_on import leads

LISTED: Final = 25


def open_questions(session: Session, actor: Actor) -> Sequence[AccessQuestion]:
    """The questions that wait for the actor's answer, the oldest first, with all that is shown of them."""
    query = select(AccessQuestion).where(*open_to(actor)).order_by(AccessQuestion.id).limit(LISTED)
    loaded = query.options(
        joinedload(AccessQuestion.request, innerjoin=True).joinedload(AccessRequest.person, innerjoin=True),
        joinedload(AccessQuestion.investigation, innerjoin=True),
    )
    return session.scalars(loaded).all()


def open_to(actor: Actor) -> list[ColumnElement[bool]]:
    """The conditions of a question that waits for the actor's answer."""
    return [AccessQuestion.person_id == actor.person_id, AccessQuestion.answered.is_(None)]


def answer(session: Session, actor: Actor, question_id: int, said: str, *, now: datetime) -> AccessQuestion:
    """The actor says `yes` or `no`; nobody else is asked any more.

    Only who was asked may answer, and only while they lead the experiment: staff or not. Raises NotFoundError,
    ConflictError (it was answered), InvalidError.
    """
    if said not in (YES, NO):
        raise InvalidError("Say yes or no.", fields={"answer": "Choose yes or no."})
    mine = select(AccessQuestion).where(
        AccessQuestion.id == check_id(actor, question_id), AccessQuestion.person_id == actor.person_id
    )
    question = session.scalar(mine)
    if question is None or not leads(session, actor.name, question.investigation_id):
        raise not_found(actor)
    if question.answered is not None:
        raise ConflictError("This has been answered already.")
    same = (
        AccessQuestion.request_id == question.request_id,
        AccessQuestion.investigation_id == question.investigation_id,
        AccessQuestion.answered.is_(None),
    )
    session.execute(update(AccessQuestion).where(*same).values(answered=now))
    question.answer, question.answered = said, now
    experiment = question.investigation
    who = question.request.person
    record(
        session,
        actor,
        Action.ACCESS_ANSWERED,
        Thing(Kind.EXPERIMENT, experiment.id, experiment.name),
        at=now,
        details={"answer": said, "person": who.name, "request": question.request_id},
    )
    return question
