"""From the jobs' events, which are the outbox, to notices: each event tells a person at most once.

1. The mark moves on, if it is sure that no event before its next place can still appear.
2. The events behind the mark that can make a notice are read, oldest first.
3. Notices are added; one that is there already stays as it is.
4. How far the mark may go next is noted.

All of it is one transaction, so that a process that dies leaves all or nothing. On PostgreSQL a transaction may
commit an event with a lower number after one with a higher number was seen. So the mark waits until every
transaction has ended that was at work when the higher number was seen, and what lies between is read again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import failpoints
from portal.identity.models import Person
from portal.jobs.models import Job, JobEvent
from portal.jobs.state import FINAL, State
from portal.notify.models import JOBS, About, Notice, NoticeMark
from portal.portions import portions

MOST_EVENTS: Final = 2000
TELLING: Final = tuple(state.value for state in (*FINAL, State.HELD))
ABOUT: Final = {
    State.SUCCEEDED.value: About.DONE,
    State.FAILED.value: About.FAILED,
    State.CANCELLED.value: About.CANCELLED,
    State.HELD.value: About.HELD,
}


@dataclass(frozen=True)
class Happened:
    """An event that may make a notice, and whose job it is."""

    id: int
    at: datetime
    state: str
    job_id: int
    submission_id: str
    person_id: int
    cancelled_by: int | None

    @property
    def own_wish(self) -> bool:
        """Whether the person herself wished this end, and so knows of it."""
        return self.state == State.CANCELLED.value and self.cancelled_by == self.person_id


def drain(session: Session, *, most: int = MOST_EVENTS) -> bool:
    """Make the notices of what has happened; True if there may be more. The caller's transaction keeps it."""
    mark = session.scalars(select(NoticeMark).where(NoticeMark.name == JOBS)).one()
    _move_on(session, mark)
    newest = session.scalar(select(func.max(JobEvent.id))) or 0
    if newest <= mark.event_id:
        return False
    # Asked before the events are read: what comes in between is behind the mark, and read again.
    transaction = _next_transaction(session)
    happened = _happened(session, mark.event_id, most)
    whole = len(happened) < most
    rows = [*_of_single_jobs(session, happened), *_of_batches(session, happened)]
    _add(session, rows)
    seen = newest if whole else happened[-1].id
    if transaction is None:
        mark.event_id = seen
    elif mark.ahead_id is None:
        mark.ahead_id, mark.ahead_transaction = seen, transaction
    else:
        return False  # as far as it goes; the mark must move on first
    return not whole


def anything_new(session: Session) -> bool:
    """Whether there may be something to do: two questions to indexes."""
    mark = session.scalar(select(NoticeMark.event_id).where(NoticeMark.name == JOBS))
    newest = session.scalar(select(func.max(JobEvent.id)))
    return mark is not None and newest is not None and newest > mark


def _move_on(session: Session, mark: NoticeMark) -> None:
    if mark.ahead_id is None:
        return
    oldest = session.scalar(text("SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text)"))
    if mark.ahead_transaction is not None and int(oldest) >= mark.ahead_transaction:
        # What committed late is read once more below, in this transaction, before nobody looks there again.
        late = _happened(session, mark.event_id, None, until=mark.ahead_id)
        _add(session, [*_of_single_jobs(session, late), *_of_batches(session, late)])
        mark.event_id, mark.ahead_id, mark.ahead_transaction = mark.ahead_id, None, None


def _next_transaction(session: Session) -> int | None:
    """The first transaction that has not begun; None where writers come one after another (SQLite)."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return int(session.scalar(text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)")) or 0)


def _happened(session: Session, after: int, most: int | None, *, until: int | None = None) -> list[Happened]:
    query = (
        select(
            JobEvent.id,
            JobEvent.at,
            JobEvent.to_state,
            Job.id.label("job"),
            Job.submission_id,
            Person.id.label("person_id"),
            Job.cancel_requested_by_id,
        )
        .join(Job, JobEvent.job_id == Job.id)
        .join(Person, Job.person_id == Person.id)
        # Who asks for a job that is held is told on its page.
        .where(JobEvent.id > after, JobEvent.to_state.in_(TELLING), JobEvent.from_state != "")
        .order_by(JobEvent.id)
        .limit(most)
    )
    if until is not None:
        query = query.where(JobEvent.id <= until)
    return [Happened(*row) for row in session.execute(query)]


def _batches_among(session: Session, submissions: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in portions(submissions):
        many = select(Job.submission_id).where(Job.submission_id.in_(some), Job.index == 1)
        found |= set(session.scalars(many))
    return found


def _of_single_jobs(session: Session, happened: Sequence[Happened]) -> Iterator[dict[str, Any]]:
    batches = _batches_among(session, sorted({one.submission_id for one in happened}))
    for one in happened:
        if one.submission_id not in batches and not one.own_wish:
            yield _row(one, ABOUT[one.state], job_id=one.job_id)


def _of_batches(session: Session, happened: Sequence[Happened]) -> Iterator[dict[str, Any]]:
    """One notice when all has ended, and one while some of it is on hold."""
    batches = _batches_among(session, sorted({one.submission_id for one in happened}))
    last = {one.submission_id: one for one in happened if one.submission_id in batches}
    held = {
        one.submission_id: one
        for one in happened
        if one.submission_id in batches and one.state == State.HELD.value
    }
    for submission, one in held.items():
        told = select(Notice.id).where(
            Notice.submission_id == submission, Notice.about == About.HELD, Notice.read.is_(None)
        )
        if session.scalar(told.limit(1)) is None:
            yield _row(one, About.HELD)
    for submission, one in last.items():
        states = _states(session, submission)
        if states.keys() <= {state.value for state in FINAL} and not _all_own_wish(session, one, states):
            end = session.execute(
                select(JobEvent.id, JobEvent.at)
                .join(Job, JobEvent.job_id == Job.id)
                .where(Job.submission_id == submission)
                .order_by(JobEvent.id.desc())
                .limit(1)
            ).one()
            yield _row(one, About.BATCH, counts=states) | {"event_id": end.id, "at": end.at}


def _states(session: Session, submission: str) -> Counter[str]:
    query = select(Job.state, func.count()).where(Job.submission_id == submission).group_by(Job.state)
    return Counter({state.value: count for state, count in session.execute(query).all()})


def _all_own_wish(session: Session, one: Happened, states: Mapping[str, int]) -> bool:
    if states.keys() != {State.CANCELLED.value}:
        return False
    others = select(Job.id).where(
        Job.submission_id == one.submission_id, func.coalesce(Job.cancel_requested_by_id, 0) != one.person_id
    )
    return session.scalar(others.limit(1)) is None


def _row(
    one: Happened, about: About, *, job_id: int | None = None, counts: Mapping[str, int] | None = None
) -> dict[str, Any]:
    return {
        "event_id": one.id,
        "person_id": one.person_id,
        "submission_id": one.submission_id,
        "job_id": job_id,
        "about": about,
        "at": one.at,
        "counts": dict(counts or {}),
        "read": None,
    }


def _add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    adding = dialect.insert(Notice.__table__).on_conflict_do_nothing(index_elements=["event_id", "person_id"])
    for some in portions(rows):
        session.connection().execute(adding, some)
    failpoints.reach("notices-added")
