"""Asking for jobs: one transaction from a filled-in form to rows that the daemon finds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.catalogue.inputs import Chosen, chosen_datasets
from portal.config import LimitSettings, Settings
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError, SignInNeededError
from portal.form import InputDataset, Planned, plan
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.jobs import words
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.quota import Admission, admit
from portal.jobs.state import FINAL, State
from portal.jobs.submitted import Accepted, NewJob, Submitted, SubmittedJob, write
from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType, Variant

MAX_TITLE = 255

# Built once: building a statement takes longer than the database needs to carry it out.
LOCK = select(Person.id).where(Person.id == bindparam("person")).with_for_update()
EARLIER = select(Submission.id, Submission.title, Submission.options, Submission.request_digest).where(
    Submission.person_id == bindparam("person"), Submission.idempotency_key == bindparam("key")
)
JOBS_OF = select(Job.id, Job.title).where(Job.submission_id == bindparam("submission")).order_by(Job.index)
UNFINISHED = (
    select(Job.state, func.count())
    .where(Job.person_id == bindparam("person"), Job.state.not_in(FINAL))
    .group_by(Job.state)
)
REVISION = select(JobTypeRevision.id).where(
    JobTypeRevision.name == bindparam("name"), JobTypeRevision.digest == bindparam("digest")
)


@dataclass(frozen=True)
class SubmitRequest:
    """A filled-in form. `inputs` maps a slot to dataset ids; `options` are raw values, typed by the validator."""

    jobtype: str
    inputs: Mapping[str, Sequence[int]]
    options: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    title: str | None = None
    mode: str = "each"
    preset: str | None = None
    idempotency_key: str | None = None

    def digest(self) -> str:
        """`sha256:<hex>` of what is asked, by which a repetition is told from another request."""
        document = {
            "jobtype": self.jobtype,
            "inputs": {slot: list(ids) for slot, ids in self.inputs.items()},
            "options": dict(self.options),
            "variant": self.variant,
            "title": self.title,
            "mode": self.mode,
            "preset": self.preset,
        }
        raw = json.dumps(document, sort_keys=True, default=str).encode()
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def submit(
    session: Session,
    actor: Actor,
    request: SubmitRequest,
    *,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
) -> Submitted:
    """Write the submission and its jobs down; nothing has left the portal afterwards.

    Raises SignInNeededError, NotFoundError (a dataset or analysis that this person cannot see), ForbiddenError,
    InvalidError (with `fields`), LimitError, and ConflictError where the idempotency key was used for something
    else. The same key with the same request gives the first submission again.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in to run an analysis.")
    session.flush()  # what follows asks the connection itself
    connection = session.connection()
    # Also serialises the person's submissions, so that two at once cannot pass a limit together.
    connection.execute(LOCK, {"person": actor.person_id})
    earlier = _earlier(connection, actor, request)
    if earlier is not None:
        return earlier
    jobtype = jobtypes.by_name.get(request.jobtype)
    if jobtype is None:
        raise NotFoundError(f"There is no analysis called {request.jobtype}.")
    variant = _variant(jobtype, request.variant)
    chosen = _chosen(connection, actor, request, jobtype, now)
    inputs = {slot: [chosen[i].dataset for i in ids] for slot, ids in request.inputs.items()}
    planned = plan(jobtype, request.options, inputs, mode=request.mode, preset=request.preset)
    targets = [_target(jobtype, one, chosen) for one in planned]
    _check_may_submit(targets)
    digest = jobtype.revision
    accepted = Accepted(
        actor=actor,
        held=_admit(connection, actor, len(planned), settings.limits),
        jobtype=jobtype,
        revision=snapshot(session, jobtype, digest, now),
        digest=digest,
        title=_title(request, jobtype, planned),
        mode=request.mode,
        preset=request.preset,
        variant=variant.name,
        now=now,
    )
    jobs = [
        NewJob(one, accepted.title if len(planned) == 1 else one.title, target.experiment)
        for one, target in zip(planned, targets, strict=True)
    ]
    key = request.idempotency_key
    return write(connection, accepted, jobs, key=key, digest=request.digest() if key else None)


def _earlier(connection: Connection, actor: Actor, request: SubmitRequest) -> Submitted | None:
    key = request.idempotency_key
    if not key:
        return None
    if len(key) > 200:
        raise InvalidError("The idempotency key may have 200 characters at most.")
    earlier = connection.execute(EARLIER, {"person": actor.person_id, "key": key}).one_or_none()
    if earlier is None:
        return None
    if earlier.request_digest != request.digest():
        raise ConflictError("This idempotency key was used for another submission. Use a new one.")
    jobs = tuple(SubmittedJob(*row) for row in connection.execute(JOBS_OF, {"submission": earlier.id}))
    return Submitted(earlier.id, earlier.title, jobs, earlier.options)


def _variant(jobtype: JobType, name: str | None) -> Variant:
    try:
        return jobtype.variant(name)
    except KeyError:
        known = words.listed([variant.name for variant in jobtype.resources.variants], 10)
        raise InvalidError(
            f"{jobtype.title} has no variant called {name}.", fields={"variant": f"Choose one of {known}."}
        ) from None


def _chosen(
    connection: Connection, actor: Actor, request: SubmitRequest, jobtype: JobType, now: datetime
) -> dict[int, Chosen]:
    """The chosen datasets by id, as far as the person may see them. Raises NotFoundError."""
    wanted = {i for ids in request.inputs.values() for i in ids}
    asked = {option.default_from.parameter for option in jobtype.options if option.default_from is not None}
    found = chosen_datasets(connection, actor, wanted, parameters=asked, now=now)
    missing = sorted(wanted - found.keys())
    if missing:
        named = words.listed([str(i) for i in missing])
        raise NotFoundError(
            f"Dataset {named}: not found, or not shared with you. Signed in: {actor.full_name or actor.name}."
        )
    return found


def _check_may_submit(targets: Sequence[Chosen]) -> None:
    """Results go to these experiments, so analyses must be allowed there. Raises ForbiddenError."""
    for target in targets:
        if not target.may_submit:
            raise ForbiddenError(
                f"You can see the data of “{target.experiment_title}”, but only its team can run analyses there."
            )


def _admit(connection: Connection, actor: Actor, wanted: int, limits: LimitSettings) -> str | None:
    """None if the jobs may go ahead, or the words under which they are held. Raises LimitError."""
    unfinished, held = _unfinished(connection, actor.person_id)
    answer = admit(
        wanted=wanted,
        unfinished=unfinished,
        held=held,
        queued_limit=limits.queued_per_person,
        submission_limit=limits.datasets_per_submission,
    )
    if answer.admission is Admission.REFUSED:
        raise LimitError(answer.words or "Too many jobs.")
    return answer.words if answer.admission is Admission.HELD else None


def unfinished_of(session: Session, person_id: int | None) -> tuple[int, int]:
    """A person's unfinished jobs: those that count against the limit, and those held because of it."""
    session.flush()  # the caller may have moved some of them
    return _unfinished(session.connection(), person_id)


def _unfinished(connection: Connection, person_id: int | None) -> tuple[int, int]:
    rows = connection.execute(UNFINISHED, {"person": person_id})
    counts: dict[State, int] = dict(rows.all())
    held = counts.pop(State.HELD, 0)
    return sum(counts.values()), held


def snapshot(session: Session, jobtype: JobType, digest: str, now: datetime) -> int:
    """The id of this very revision's row, made if it is the first time that it is used."""
    which = {"name": jobtype.name, "digest": digest}
    found = session.connection().execute(REVISION, which).scalar_one_or_none()
    if found is not None:
        return found
    revision = JobTypeRevision(
        name=jobtype.name,
        version=jobtype.version,
        digest=digest,
        document=jobtype.document(),
        created=now,
    )
    try:
        with session.begin_nested():
            session.add(revision)
    except IntegrityError:  # another web process was first
        return session.connection().execute(REVISION, which).scalar_one()
    return revision.id


def _title(request: SubmitRequest, jobtype: JobType, planned: Sequence[Planned]) -> str:
    given = checked_title(request.title) if request.title and request.title.strip() else None
    if given:
        return given
    if len(planned) == 1:
        return planned[0].title
    return f"{jobtype.title}, {words.count(len(planned), 'dataset')}"[:MAX_TITLE]


def checked_title(title: str) -> str:
    """One line of 1 to 255 characters. Raises InvalidError."""
    line = " ".join(title.split())
    if not line or len(line) > MAX_TITLE or not line.isprintable():
        wrong = "A title is one line of up to 255 characters."
        raise InvalidError(wrong, fields={"title": wrong})
    return line


def _target(jobtype: JobType, planned: Planned, chosen: Mapping[int, Chosen]) -> Chosen:
    """The first dataset of the first slot that has one: its experiment takes the result. Raises InvalidError."""
    for slot in jobtype.inputs:
        given: Sequence[InputDataset] = planned.inputs.get(slot.name, ())
        if given:
            return chosen[given[0].id]
    raise InvalidError("Choose a dataset: the result is filed in its experiment.")
