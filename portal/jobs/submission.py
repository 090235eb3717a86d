"""Asking for jobs: one transaction from a filled-in form to rows that the daemon finds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.catalogue import access
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset, Investigation
from portal.config import LimitSettings, Settings
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError, SignInNeededError
from portal.form import InputDataset, Planned, plan
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.jobs import words
from portal.jobs.cause import Cause
from portal.jobs.models import Job, JobEvent, JobInput, JobTypeRevision, Submission
from portal.jobs.quota import Admission, admit
from portal.jobs.state import FINAL, State
from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType, Variant

MAX_TITLE = 255


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
) -> Submission:
    """Write the submission and its jobs down; nothing has left the portal afterwards.

    Raises SignInNeededError, NotFoundError (a dataset or analysis that this person cannot see), ForbiddenError,
    InvalidError (with `fields`), LimitError, and ConflictError where the idempotency key was used for something
    else. The same key with the same request gives the first submission again.
    """
    if actor.person_id is None:
        raise SignInNeededError("Sign in to run an analysis.")
    # Also serialises the person's submissions, so that two at once cannot pass a limit together.
    session.execute(select(Person.id).where(Person.id == actor.person_id).with_for_update())
    earlier = _earlier(session, actor, request)
    if earlier is not None:
        return earlier
    jobtype = jobtypes.by_name.get(request.jobtype)
    if jobtype is None:
        raise NotFoundError(f"There is no analysis called {request.jobtype}.")
    variant = _variant(jobtype, request.variant)
    datasets = _datasets(session, actor, request, now)
    inputs = {slot: [input_dataset(datasets[i]) for i in ids] for slot, ids in request.inputs.items()}
    planned = plan(jobtype, request.options, inputs, mode=request.mode, preset=request.preset)
    targets = [_target(jobtype, one, datasets) for one in planned]
    _check_may_submit(session, actor, targets, now)
    held = _admit(session, actor, len(planned), settings.limits)
    submission = Submission(
        person_id=actor.person_id,
        revision=snapshot(session, jobtype, now),
        investigation=targets[0],
        title=_title(request, jobtype, planned),
        options=planned[0].options,
        variant=variant.name,
        resources=dict(variant.request(jobtype.grace_s)),
        mode=request.mode,
        preset=request.preset,
        idempotency_key=request.idempotency_key,
        request_digest=request.digest() if request.idempotency_key else None,
        created=now,
    )
    session.add(submission)
    for index, (one, target) in enumerate(zip(planned, targets, strict=True)):
        title = submission.title if len(planned) == 1 else one.title
        job = _job(submission, index, one, title=title, target=target)
        _first_event(job, actor, held, now)
        session.add(job)
    session.flush()
    return submission


def _earlier(session: Session, actor: Actor, request: SubmitRequest) -> Submission | None:
    if not request.idempotency_key:
        return None
    if len(request.idempotency_key) > 200:
        raise InvalidError("The idempotency key may have 200 characters at most.")
    earlier = session.scalar(
        select(Submission).where(
            Submission.person_id == actor.person_id, Submission.idempotency_key == request.idempotency_key
        )
    )
    if earlier is not None and earlier.request_digest != request.digest():
        raise ConflictError("This idempotency key was used for another submission. Use a new one.")
    return earlier


def _variant(jobtype: JobType, name: str | None) -> Variant:
    try:
        return jobtype.variant(name)
    except KeyError:
        known = words.listed([variant.name for variant in jobtype.resources.variants], 10)
        raise InvalidError(
            f"{jobtype.title} has no variant called {name}.", fields={"variant": f"Choose one of {known}."}
        ) from None


def _datasets(session: Session, actor: Actor, request: SubmitRequest, now: datetime) -> dict[int, Dataset]:
    """The chosen datasets by id, as far as the person may see them. Raises NotFoundError."""
    wanted = {i for ids in request.inputs.values() for i in ids}
    found: dict[int, Dataset] = {}
    chosen = sorted(wanted)
    for start in range(0, len(chosen), 500):
        query = access.visible(actor, Dataset, now=now).where(Dataset.id.in_(chosen[start : start + 500]))
        found.update({dataset.id: dataset for dataset in session.scalars(query).unique()})
    missing = sorted(wanted - found.keys())
    if missing:
        named = words.listed([str(i) for i in missing])
        raise NotFoundError(
            f"Dataset {named}: not found, or not shared with you. Signed in: {actor.full_name or actor.name}."
        )
    return found


def _check_may_submit(session: Session, actor: Actor, targets: Sequence[Investigation], now: datetime) -> None:
    """Results go to these experiments, so analyses must be allowed there. Raises ForbiddenError."""
    for target in {target.id: target for target in targets}.values():
        if not access.may(session, actor, access.Action.SUBMIT, target, now=now):
            raise ForbiddenError(
                f"You can see the data of “{target.title}”, but only its team can run analyses there."
            )


def _admit(session: Session, actor: Actor, wanted: int, limits: LimitSettings) -> str | None:
    """None if the jobs may go ahead, or the words under which they are held. Raises LimitError."""
    unfinished, held = unfinished_of(session, actor.person_id)
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
    query = select(Job.state, func.count()).where(Job.person_id == person_id, Job.state.not_in(FINAL))
    counts = dict(session.execute(query.group_by(Job.state)).all())
    held = counts.pop(State.HELD, 0)
    return sum(counts.values()), held


def snapshot(session: Session, jobtype: JobType, now: datetime) -> JobTypeRevision:
    """The row of this very revision, made if it is the first time that it is used."""
    query = select(JobTypeRevision).where(
        JobTypeRevision.name == jobtype.name, JobTypeRevision.digest == jobtype.revision
    )
    found = session.scalar(query)
    if found is not None:
        return found
    revision = JobTypeRevision(
        name=jobtype.name,
        version=jobtype.version,
        digest=jobtype.revision,
        document=jobtype.document(),
        created=now,
    )
    try:
        with session.begin_nested():
            session.add(revision)
    except IntegrityError:
        return session.scalars(query).one()  # another web process was first
    return revision


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


def _target(jobtype: JobType, planned: Planned, datasets: Mapping[int, Dataset]) -> Investigation:
    """The experiment of the first dataset of the first slot that has one. Raises InvalidError if none has."""
    for slot in jobtype.inputs:
        given: Sequence[InputDataset] = planned.inputs.get(slot.name, ())
        if given:
            return datasets[given[0].id].investigation
    raise InvalidError("Choose a dataset: the result is filed in its experiment.")


def _job(submission: Submission, index: int, planned: Planned, *, title: str, target: Investigation) -> Job:
    inputs = [
        JobInput(slot=slot, position=position, dataset_id=dataset.id, dataset_name=dataset.name)
        for slot, given in planned.inputs.items()
        for position, dataset in enumerate(given)
    ]
    return Job(
        submission=submission,
        person_id=submission.person_id,
        index=index,
        title=title,
        options=planned.options,
        investigation=target,
        resources=submission.resources,
        created=submission.created,
        changed=submission.created,
        inputs=inputs,
    )


def _first_event(job: Job, actor: Actor, held: str | None, now: datetime) -> None:
    by = actor.full_name or actor.name
    job.state = State.HELD if held else State.QUEUED
    cause = Cause.QUOTA.value if held else None
    job.cause, job.cause_words = cause, held
    event = JobEvent(at=now, from_state="", to_state=job.state.value, by=by, cause=cause, words=held)
    job.events.append(event)
