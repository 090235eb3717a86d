"""What an operator does after a yes: somebody becomes a member of a team. Only operators have the right to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session, joinedload

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.ensure import ensure_user
from portal.catalogue.models import InvestigationUser, User
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.notify.access.models import YES, AccessQuestion, AccessRequest

MEMBER = "member"


def agreed(session: Session) -> Sequence[AccessQuestion]:
    """The questions that were answered with yes, whose person is not in the team yet; the oldest first."""
    return session.scalars(_agreed().order_by(AccessQuestion.id)).all()


def _agreed(*conditions: ColumnElement[bool]) -> Select[AccessQuestion]:
    in_team = exists().where(
        InvestigationUser.investigation_id == AccessQuestion.investigation_id,
        InvestigationUser.user_id == User.id,
        User.name == Person.name,
    )
    return (
        select(AccessQuestion)
        .join(AccessRequest, AccessRequest.id == AccessQuestion.request_id)
        .join(Person, Person.id == AccessRequest.person_id)
        .where(AccessQuestion.answer == YES, ~in_team, *conditions)
        .options(
            joinedload(AccessQuestion.request).joinedload(AccessRequest.person),
            joinedload(AccessQuestion.investigation),
            joinedload(AccessQuestion.person),
        )
    )


def grant(session: Session, actor: Actor, question_id: int, *, now: datetime) -> AccessQuestion:
    """Make who asked a member of the team. Raises NotFoundError where no yes with this number waits for that."""
    question = session.scalar(_agreed(AccessQuestion.id == question_id))
    if question is None:
        raise NotFoundError(f"No answer {question_id} waits: gantry admin access list")
    who, experiment = question.request.person, question.investigation
    user = ensure_user(session, who.name, full_name=who.full_name)
    session.add(InvestigationUser(investigation_id=experiment.id, user_id=user.id, role=MEMBER))
    record(
        session,
        actor,
        Action.ACCESS_GRANTED,
        Thing(Kind.EXPERIMENT, experiment.id, experiment.name),
        at=now,
        details={"person": who.name, "agreed": question.person.name},
    )
    return question
