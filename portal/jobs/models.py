"""Submission, Job, Attempt and what happened to them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Enum, Float, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.catalogue.models import Dataset, Investigation
from portal.db import Base, TypedDocument
from portal.errors import ConflictError
from portal.identity.models import Person
from portal.jobs.batches.models import Batch
from portal.jobs.said import Seen, Waiting
from portal.jobs.state import ANOTHER_RUN, Move, State
from portal.jobtype.kind import Kind
from portal.trials.trial import Trial

PORTAL = "gantry"
"""Who moved a job where no person did."""
NUMBER_OFFSET = 1000  # the first job people see is J-1001


def _uuid() -> str:
    return str(uuid.uuid4())


class JobTypeRevision(Base):
    """A snapshot of a job type as it was when something ran with it."""

    __tablename__ = "job_type_revision"
    __table_args__ = (UniqueConstraint("name", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(50))
    digest: Mapped[str] = mapped_column(String(80))
    """`sha256:<hex>` of the canonical JSON document."""
    document: Mapped[dict[str, Any]]
    created: Mapped[datetime]

    @property
    def leaves_dataset(self) -> bool:
        """False where all that is left of a job is its log and what the program reported."""
        return bool(self.document["outputs"])


class Submission(Base):
    """One person's form on N inputs: dispatch's unit. A batch, where N > 1."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("person_id", "idempotency_key"),
        Index("ix_submission_person_created", "person_id", "created"),
        Index(
            "ix_submission_kept",
            "id",
            postgresql_where=text("kept IS NOT NULL"),
            sqlite_where=text("kept IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("job_type_revision.id"))
    investigation_id: Mapped[int | None] = mapped_column(ForeignKey("icat_investigation.id", ondelete="SET NULL"))
    """Where results go: the inputs' experiment (the first one's where they differ), else the one that was chosen.

    None where it takes and leaves no dataset and none was chosen.
    """
    title: Mapped[str] = mapped_column(String(255))
    options: Mapped[dict[str, Any]]
    """The first job's typed values, after the one validator."""
    variant: Mapped[str] = mapped_column(String(50))
    resources: Mapped[dict[str, Any]]
    mode: Mapped[str] = mapped_column(String(10))
    """`each` (a job a dataset) or `all` (one job over all)."""
    preset: Mapped[str | None] = mapped_column(String(100))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_digest: Mapped[str | None] = mapped_column(String(80))
    created: Mapped[datetime]
    trial: Mapped[Trial | None] = mapped_column(TypedDocument(Trial))
    """Which option its jobs try over several values; None: they are what was asked for."""
    discarded: Mapped[datetime | None]
    """Since when its person has no more use for what was tried; its results stand in no list then."""
    draft: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It tries a revision that is not published; its results stand in no list until they are kept."""
    kept: Mapped[datetime | None]
    """Since when its person wants a draft's results among the others; the daemon sees to it."""
    use: Mapped[str | None] = mapped_column(String(20))
    """For what its person uses the program, where she was asked: academic or commercial."""
    person: Mapped[Person] = relationship()
    revision: Mapped[JobTypeRevision] = relationship()
    investigation: Mapped[Investigation | None] = relationship()
    jobs: Mapped[list[Job]] = relationship(lambda: Job, back_populates="submission", order_by=lambda: Job.index)
    batch: Mapped[Batch | None] = relationship(lambda: Batch, viewonly=True)

    @property
    def key(self) -> str:
        """What stands in its address: a batch's short number, B-17; else its id."""
        return self.id if self.batch is None else self.batch.number


class Job(Base):
    """One run that a person asked for. At most one of its attempts counts."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("submission_id", "index"),
        Index("ix_job_state_id", "state", "id"),
        Index("ix_job_person_id", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    index: Mapped[int] = mapped_column("index")
    title: Mapped[str] = mapped_column(String(255))
    state: Mapped[State] = mapped_column(
        Enum(State, native_enum=False, length=20, values_callable=lambda states: [s.value for s in states]),
        default=State.QUEUED,
    )
    kind: Mapped[Kind] = mapped_column(
        Enum(Kind, native_enum=False, length=20, values_callable=lambda kinds: [k.value for k in kinds]),
        default=Kind.RUN,
        server_default=Kind.RUN.value,
    )
    """Its job type's, as it was when it was asked for."""
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Typed values of this job: defaults may come from its own dataset, so that a batch's jobs can differ."""
    investigation_id: Mapped[int | None] = mapped_column(ForeignKey("icat_investigation.id", ondelete="SET NULL"))
    """Where its results go: its first input's experiment, else the one chosen on the form; see Submission."""
    resources: Mapped[dict[str, Any]]
    """What the next attempt asks for; a retry may raise it."""
    created: Mapped[datetime]
    changed: Mapped[datetime]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    cancel_requested: Mapped[datetime | None]
    cancel_requested_by: Mapped[str | None] = mapped_column(String(255))
    """A name for people to read; two people may have the same one."""
    cancel_requested_by_id: Mapped[int | None]
    """The person's; no key, for a job has one person whose it is."""
    cause: Mapped[str | None] = mapped_column(String(50))
    """Why it failed or waits, as a code of jobs/cause.py."""
    cause_words: Mapped[str | None] = mapped_column(Text)
    """The same in words for people."""
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The program's latest event, as the daemon read it."""
    waiting: Mapped[Waiting] = mapped_column(TypedDocument(Waiting), default=Waiting)
    warnings: Mapped[int] = mapped_column(default=0)
    """How many reasons to doubt its result its program gave; the result has the words."""
    last_seen: Mapped[datetime | None]
    """When the scheduler last reported it."""
    absent_since: Mapped[datetime | None]
    """Since when a scheduler that answered has not known it."""
    not_before: Mapped[datetime | None]
    """Dispatch waits until then (back-off after a refusal)."""
    submission: Mapped[Submission] = relationship(back_populates="jobs")
    person: Mapped[Person] = relationship()
    investigation: Mapped[Investigation | None] = relationship()
    inputs: Mapped[list[JobInput]] = relationship(
        back_populates="job", order_by="JobInput.position", cascade="all, delete-orphan"
    )
    attempts: Mapped[list[Attempt]] = relationship(back_populates="job", order_by="Attempt.number")
    outputs: Mapped[list[JobOutput]] = relationship(back_populates="job")
    events: Mapped[list[JobEvent]] = relationship(back_populates="job", order_by="JobEvent.id")

    @staticmethod
    def number_of(job_id: int) -> str:
        """The short number of the job with this id."""
        return f"J-{NUMBER_OFFSET + job_id}"

    @property
    def number(self) -> str:
        """The short number people use: J-1042."""
        return self.number_of(self.id)

    @property
    def waiting_since(self) -> datetime:
        """Since when it waits, or waited, for its present run: asked for, asked for again, released, put back."""
        waits = State.QUEUED.value, State.PENDING.value
        asked = (event for event in reversed(self.events) if event.to_state in waits)
        return next((event.at for event in asked if event.from_state in ANOTHER_RUN), self.created)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that counts: the latest one, None before the first."""
        return self.attempts[-1] if self.attempts else None

    def move(
        self,
        new: State,
        *,
        at: datetime,
        by: str = PORTAL,
        cause: str | None = None,
        words: str | None = None,
        happened: datetime | None = None,
    ) -> JobEvent:
        """Move to `new` and write the event down. For many at once there is moves.move_all. Raises ConflictError.

        `happened`: when it was, where the scheduler says so; its times stay in the order of its moves.

        A job's state changes in no other way.
        """
        move = Move(self.state, new, at, by, cause, words, happened)
        if not move.allowed(self.kind):
            raise ConflictError(
                f"{self.number} is {self.state.words.lower()}; it cannot become {new.words.lower()}."
            )
        when = move.when(self.events[-1].at if self.events else None)
        event = JobEvent(at=when, **move.of_event())
        self.events.append(event)
        for column, value in move.of_job(when).items():
            setattr(self, column, value)
        if move.begins:
            self.started = self.started or when
        return event


class JobInput(Base):
    """A dataset that a job reads, in one of its job type's slots."""

    __tablename__ = "job_input"
    __table_args__ = (UniqueConstraint("job_id", "slot", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    slot: Mapped[str] = mapped_column(String(50))
    position: Mapped[int]
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("icat_dataset.id", ondelete="SET NULL"), index=True)
    dataset_name: Mapped[str] = mapped_column(String(255))
    """As it was called then; a job's history outlives its input."""
    job: Mapped[Job] = relationship(lambda: Job, back_populates="inputs")
    dataset: Mapped[Dataset | None] = relationship()


class Attempt(Base):
    """One try at running a job: committed before anything leaves the portal."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("job_id", "number"),
        Index("ix_attempt_cluster_job", "cluster", "cluster_job"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    number: Mapped[int]
    """1, 2, …: the try."""
    name: Mapped[str] = mapped_column(String(100))
    """The scheduler's name for it: gantry-<submission uuid>-<try>, its own or that of the first of its array."""
    cluster: Mapped[str] = mapped_column(String(50))
    cluster_job: Mapped[str | None] = mapped_column(String(50))
    array_index: Mapped[int | None]
    submitted: Mapped[datetime | None]
    job_sha256: Mapped[str | None] = mapped_column(String(64))
    resources: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    ended: Mapped[datetime | None]
    fenced: Mapped[datetime | None]
    """The portal took its claim: it can never run."""
    outcome: Mapped[str | None] = mapped_column(String(50))
    """The verdict's code."""
    seen: Mapped[Seen] = mapped_column(TypedDocument(Seen), default=Seen)
    testimony: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What result.json said, checked for form only."""
    purged: Mapped[datetime | None]
    cpu_s: Mapped[float | None] = mapped_column(Float(53))
    memory_peak_bytes: Mapped[int | None] = mapped_column(BigInteger)
    job: Mapped[Job] = relationship(lambda: Job, back_populates="attempts")


class JobOutput(Base):
    """A declared output that became a dataset; unique, so that collecting twice is harmless."""

    __tablename__ = "job_output"
    __table_args__ = (UniqueConstraint("job_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"))
    name: Mapped[str] = mapped_column(String(100))
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("icat_dataset.id", ondelete="SET NULL"), index=True)
    job: Mapped[Job] = relationship(lambda: Job, back_populates="outputs")
    dataset: Mapped[Dataset | None] = relationship()


class JobEvent(Base):
    """A move that happened: the job's history, and the outbox that notices drain."""

    __tablename__ = "job_event"
    __table_args__ = (
        Index("ix_job_event_job", "job_id", "id"),
        # What failed in a week: few of all events have a cause.
        Index(
            "ix_job_event_cause",
            "at",
            postgresql_where=text("cause IS NOT NULL"),
            sqlite_where=text("cause IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    at: Mapped[datetime]
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(255))
    cause: Mapped[str | None] = mapped_column(String(50))
    words: Mapped[str | None] = mapped_column(Text)
    job: Mapped[Job] = relationship(lambda: Job, back_populates="events")
