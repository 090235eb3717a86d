"""One thing asked of many jobs in one transaction: each by itself, so that one that cannot harms no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.errors import NotFoundError, PortalError
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobs.unseen import hide_in_titles


@dataclass(frozen=True)
class Became:
    """What became of one job, or why nothing did."""

    asked: int | str
    number: str = ""
    title: str = ""
    state: State | None = None
    error: PortalError | None = None
    """Why it was not done; None where it was."""


def each_of(
    session: Session,
    actor: Actor,
    asked: Sequence[int | str],
    act: Callable[[Session, int], Job],
    *,
    undo: bool = False,
) -> list[Became]:
    """Do it to each job, in the order of their ids; what became of them in the order in which they were asked for.

    A word that is no id stands for no job. `undo`: nothing is kept, as if it had only been checked; until all were
    tried each counts against the limits of the next, as it would.
    """
    whole = session.begin_nested() if undo else None
    became: dict[int | str, Became] = {}
    # By id: two requests about the same jobs wait for each other, and never in a ring.
    for one in sorted(asked, key=lambda one: one if isinstance(one, int) else 0):
        if isinstance(one, str):
            words = f"“{one}” is no job: give its number (J-1042) or its id."
            became[one] = Became(one, error=NotFoundError(words))
            continue
        became[one] = _one(session, actor, one, act)
    if whole is not None:
        whole.rollback()
    return [became[one] for one in asked]


def _one(session: Session, actor: Actor, asked: int, act: Callable[[Session, int], Job]) -> Became:
    kept = session.begin_nested()
    try:
        job = act(session, asked)
        session.flush()
    except PortalError as error:
        kept.rollback()
        return Became(asked, error=error)
    hide_in_titles(session, actor, [job])
    became = Became(asked, job.number, job.title, job.state)
    kept.commit()
    return became
