"""Attempts' folders do not stay for ever: those of good jobs go soon, those of failed ones after a while."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from portal.daemon.context import Deps, log_event
from portal.identity.kept import forget_kept
from portal.identity.models import Person
from portal.identity.people import forget_tries
from portal.identity.sessions import forget_expired
from portal.jobs.models import Attempt, Job
from portal.jobs.state import FINAL, State
from portal.notify.read import forget_read
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal

AT_ONCE = 200


def _forget(deps: Deps, now: datetime) -> None:
    """Sign-ins, tries to sign in and kept forms whose time is over, and notices that were read long ago."""
    with deps.write() as session:
        forget_expired(session, now=now)
        forget_tries(session, now=now)
        forget_kept(session, now=now)
        forget_read(session, now=now)


def retain_step(deps: Deps, now: datetime) -> bool:
    """Have the agent remove the folders whose time is over; True if there may be more."""
    _forget(deps, now)
    settings = deps.settings.daemon
    good = now - timedelta(hours=settings.keep_done_hours)
    bad = now - timedelta(days=settings.keep_failed_days)
    # Since it was noted: what ended while nobody looked stays for as long.
    over = or_((Job.state == State.SUCCEEDED) & (Job.changed < good), Job.changed < bad)
    # People take turns: folders that one's agent cannot remove keep nobody else's from being removed.
    turn = func.row_number().over(partition_by=Job.person_id, order_by=Attempt.created)
    query = (
        select(Attempt.id, Person.name)
        .join(Job, Attempt.job_id == Job.id)
        .join(Person, Job.person_id == Person.id)
        .where(Attempt.purged.is_(None), Job.state.in_(FINAL), over, deps.share.folders())
        .order_by(turn, Attempt.created)
        .limit(AT_ONCE)
    )
    with deps.database.read() as session:
        attempts = [
            (deps.settings.account_of(person), attempt) for attempt, person in session.execute(query).all()
        ]
    deps.scheduler.prune(bad)
    if not attempts:
        return False
    deps.still_active()
    answers = deps.agent.purge(attempts)
    gone = 0
    with deps.write() as session:
        for (account, attempt_id), answer in zip(attempts, answers, strict=True):
            if isinstance(answer, AnswerLostError | CallRefusedError):
                deps.blame(account, answer)
            elif not isinstance(answer, Refusal):
                session.get_one(Attempt, attempt_id).purged = now
                gone += 1
    log_event("purged", attempts=gone)
    return len(attempts) == AT_ONCE and gone > 0
