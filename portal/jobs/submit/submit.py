"""Asking for jobs: one transaction from filled-in forms to rows that the daemon finds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record_all
from portal.catalogue.audience import Audience, audiences_of
from portal.catalogue.inputs import Chosen, chosen_datasets, open_experiments
from portal.catalogue.offered import offered_to
from portal.config import Settings
from portal.errors import ConflictError, InvalidError, SignInNeededError
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.jobs.batches.models import Batch, number_of
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import UNFINISHED, State
from portal.jobs.submit.check import FormCheck, Quota, SubmitRequest
from portal.jobs.submit.lacking import not_offered, size_not_offered
from portal.jobs.submit.presets import offer_for
from portal.jobs.submit.write import NewSubmission, Revision, SubmittedJob, WrittenSubmission, write_all
from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType
from portal.terms.service import check_terms, write_accepted

MAX_KEY = 200

# Built once: building a statement takes longer than the database needs to carry it out.
LOCK = select(Person.id).where(Person.id == bindparam("person")).with_for_update()
EARLIER = select(
    Submission.id,
    Submission.title,
    Submission.options,
    Submission.idempotency_key,
    Submission.request_digest,
    select(Batch.id).where(Batch.submission_id == Submission.id).scalar_subquery().label("batch"),
).where(
    Submission.person_id == bindparam("person"),
    Submission.idempotency_key.in_(bindparam("keys", expanding=True)),
)
JOBS_OF = (
    select(Job.submission_id, Job.id, Job.title)
    .where(Job.submission_id.in_(bindparam("submissions", expanding=True)))
    .order_by(Job.submission_id, Job.index)
)
UNFINISHED_OF = (
    select(Job.state, func.count())
    .where(Job.person_id == bindparam("person"), Job.state.in_(UNFINISHED))
    .group_by(Job.state)
)
REVISION = select(JobTypeRevision.id).where(
    JobTypeRevision.name == bindparam("name"), JobTypeRevision.digest == bindparam("digest")
)

Earlier = Mapping[str, tuple[str | None, WrittenSubmission]]
"""By idempotency key: the digest of the request that made it, and the submission."""


def submit(
    session: Session,
    actor: Actor,
    request: SubmitRequest,
    *,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
) -> WrittenSubmission:
    """Write the submission and its jobs down; nothing has left the portal afterwards.

    Raises SignInNeededError, NotFoundError (a dataset or analysis that this person cannot see), ForbiddenError,
    InvalidError (with `fields`), LimitError, and ConflictError where the idempotency key was used for something
    else. The same key with the same request gives the first submission again.
    """
    return submit_all(session, actor, [request], jobtypes=jobtypes, settings=settings, now=now)[0]


@dataclass(frozen=True)
class Checked:
    """What a form would make if it were sent now, or the submission that its key made before."""

    title: str
    jobs: int
    held: str | None
    """Why its jobs would wait for others of the person; None: they would go ahead."""
    earlier: WrittenSubmission | None = None
    warnings: tuple[str, ...] = ()
    """What is known of its datasets that may spoil it, in words."""


def check_all(
    session: Session,
    actor: Actor,
    requests: Sequence[SubmitRequest],
    *,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
    placed: Callable[[int], AbstractContextManager[None]] = lambda _place: nullcontext(),
) -> list[Checked]:
    """All that `submit_all` checks, with the same errors, and nothing written: a session for reading will do."""
    made = _made(session, _Asked(actor, requests, jobtypes, settings, now, placed), write=False)
    return [
        Checked(one.title, len(one.jobs), None, one)
        if isinstance(one, WrittenSubmission)
        else Checked(one.accepted.title, len(one.jobs), one.accepted.held, warnings=one.accepted.warnings)
        for one in made
    ]


def submit_all(
    session: Session,
    actor: Actor,
    requests: Sequence[SubmitRequest],
    *,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
    placed: Callable[[int], AbstractContextManager[None]] = lambda _place: nullcontext(),
) -> list[WrittenSubmission]:
    """What `submit` would do with one form after another, in as few statements as for one. Keys must differ.

    Raises what `submit` raises, inside `placed(place)`; the caller's transaction must then be given up.
    """
    made = _made(session, _Asked(actor, requests, jobtypes, settings, now, placed), write=True)
    connection = session.connection()
    accepting = [one.accepted.jobtype for one in made if isinstance(one, NewSubmission) and one.accepted.accepts]
    write_accepted(session, actor, accepting, now=now)
    fresh = write_all(connection, [one for one in made if isinstance(one, NewSubmission)])
    deeds = [(Thing(Kind.SUBMISSION, one.id, one.title), _details(one)) for one in fresh]
    record_all(session, actor, Action.SUBMIT, deeds, at=now)
    written = iter(fresh)
    return [one if isinstance(one, WrittenSubmission) else next(written) for one in made]


@dataclass(frozen=True)
class _Asked:
    """Who asks for what, when, and by which rules."""

    actor: Actor
    requests: Sequence[SubmitRequest]
    jobtypes: JobTypes
    settings: Settings
    now: datetime
    placed: Callable[[int], AbstractContextManager[None]]


def _made(session: Session, asked: _Asked, *, write: bool) -> list[WrittenSubmission | NewSubmission]:
    """The forms, each checked, or what its key made before."""
    actor, requests, now = asked.actor, asked.requests, asked.now
    if actor.person_id is None:
        raise SignInNeededError("Sign in to run an analysis.")
    session.flush()  # what follows asks the connection itself
    jobtypes = offered_to(
        session, actor, asked.jobtypes
    )  # whoever calls: who is no audience of it cannot start it
    connection = session.connection()
    if write:  # also serialises the person's submissions, so that two at once cannot pass a limit together
        lock_person(session, actor.person_id)
    earlier = _earlier(connection, actor, [one.idempotency_key for one in requests if one.idempotency_key])
    new = [request for request in requests if request.idempotency_key not in earlier]
    chosen = _chosen(connection, actor, new, jobtypes, now)
    forms = FormCheck(
        actor=actor,
        jobtypes=jobtypes,
        chosen=chosen,
        audiences=_audiences(connection, chosen, now),
        open_experiments=_open_experiments(connection, actor, new, now),
        quota=Quota(*_unfinished(connection, actor.person_id), asked.settings.limits),
        revision=_Revisions(session, now) if write else lambda jobtype: Revision(0, jobtype.revision),
        now=now,
        offer=lambda jobtype: offer_for(session, actor, jobtype),
        terms=lambda jobtype, one: check_terms(session, actor, jobtype, accepts=one.accepts, use=one.use),
        not_offered=lambda jobtype: not_offered(asked.settings, jobtype),
        size_not_offered=lambda jobtype, variant: size_not_offered(asked.settings, jobtype, variant),
    )
    made: list[WrittenSubmission | NewSubmission] = []
    for place, request in enumerate(requests):
        with asked.placed(place):
            made.append(_repeated(earlier, request) or forms.check(request))
    return made


def lock_person(session: Session, person_id: int) -> None:
    """Whoever asks for more jobs of this person waits until the transaction ends."""
    session.connection().execute(LOCK, {"person": person_id})


def _details(made: WrittenSubmission) -> dict[str, str | int]:
    accepted = made.accepted
    analysis = accepted.jobtype.name if accepted is not None else ""
    return {"analysis": analysis, "jobs": len(made.jobs), "first": made.jobs[0].number}


def _earlier(connection: Connection, actor: Actor, keys: Sequence[str]) -> Earlier:
    if not keys:
        return {}
    rows = connection.execute(EARLIER, {"person": actor.person_id, "keys": keys}).all()
    jobs: dict[str, list[SubmittedJob]] = {row.id: [] for row in rows}
    if jobs:
        for submission, job, title in connection.execute(JOBS_OF, {"submissions": list(jobs)}):
            jobs[submission].append(SubmittedJob(job, title))
    return {
        row.idempotency_key: (
            row.request_digest,
            WrittenSubmission(
                row.id,
                row.title,
                tuple(jobs[row.id]),
                row.options,
                batch=None if row.batch is None else number_of(row.batch),
            ),
        )
        for row in rows
        if row.idempotency_key is not None
    }


def _repeated(earlier: Earlier, request: SubmitRequest) -> WrittenSubmission | None:
    """The submission that the request's key led to before. Raises ConflictError, and InvalidError for the key."""
    key = request.idempotency_key or ""
    if len(key) > MAX_KEY:
        raise InvalidError(f"The idempotency key may have {MAX_KEY} characters at most.")
    if key not in earlier:
        return None
    digest, submitted = earlier[key]
    if digest != request.fingerprint():
        raise ConflictError("This idempotency key was used for another submission. Use a new one.")
    return submitted


def _chosen(
    connection: Connection, actor: Actor, requests: Sequence[SubmitRequest], jobtypes: JobTypes, now: datetime
) -> dict[int, Chosen]:
    """Those datasets of the forms that the person may see, with the parameters that matter to options."""
    asked = [jobtypes.by_name[name] for name in {one.jobtype for one in requests} if name in jobtypes.by_name]
    return chosen_datasets(
        connection,
        actor,
        set().union(*(request.datasets for request in requests)),
        parameters={name for jobtype in asked for name in jobtype.asked_of_datasets},
        arrays=any(jobtype.looks_at_arrays for jobtype in asked),
        files=frozenset().union(*(jobtype.file_patterns for jobtype in asked)),
        now=now,
    )


def _audiences(connection: Connection, chosen: Mapping[int, Chosen], now: datetime) -> Mapping[int, Audience]:
    """Who sees the datasets' experiments; no question where there is one."""
    experiments = {one.experiment for one in chosen.values()}
    return audiences_of(connection, experiments, now=now) if len(experiments) > 1 else {}


def _open_experiments(
    connection: Connection, actor: Actor, requests: Sequence[SubmitRequest], now: datetime
) -> Collection[int]:
    """Those experiments of the forms in which the person may run analyses; no question where none names one."""
    wanted = {request.experiment for request in requests if request.experiment is not None}
    return open_experiments(connection, actor, wanted, now=now).keys()


def unfinished_of(session: Session, person_id: int | None) -> tuple[int, int]:
    """A person's unfinished jobs: those that count against the limit, and those held because of it."""
    session.flush()  # the caller may have moved some of them
    return _unfinished(session.connection(), person_id)


def _unfinished(connection: Connection, person_id: int | None) -> tuple[int, int]:
    rows = connection.execute(UNFINISHED_OF, {"person": person_id})
    counts: dict[State, int] = dict(rows.all())
    held = counts.pop(State.HELD, 0)
    return sum(counts.values()), held


class _Revisions:
    """The rows of job types' very revisions, each asked for once, and made if it is the first time it is used."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self._known: dict[str, Revision] = {}

    def __call__(self, jobtype: JobType) -> Revision:
        if jobtype.name not in self._known:
            digest = jobtype.revision
            self._known[jobtype.name] = Revision(self._id(jobtype, digest), digest)
        return self._known[jobtype.name]

    def _id(self, jobtype: JobType, digest: str) -> int:
        which = {"name": jobtype.name, "digest": digest}
        found = self._session.connection().execute(REVISION, which).scalar_one_or_none()
        if found is not None:
            return found
        revision = JobTypeRevision(
            name=jobtype.name,
            version=jobtype.version,
            digest=digest,
            document=jobtype.document(),
            created=self._now,
        )
        try:
            with self._session.begin_nested():
                self._session.add(revision)
        except IntegrityError:  # another web process was first
            return self._session.connection().execute(REVISION, which).scalar_one()
        return revision.id
