"""The example picture of a revision: one that a trial of this very text made, kept beside it.

It is no part of the document, so that choosing it makes no other revision, which would have to be tried again. It
stands for that revision alone, from before it is published: then it stays. What an earlier revision was published
with can be taken for the next one, and is told to be the earlier one's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, delete, exists, select
from sqlalchemy.orm import Mapped, Session, aliased, defer, mapped_column, undefer

from portal.catalogue.access import visible
from portal.catalogue.models import DatasetPicture
from portal.config import Settings
from portal.db import Base, is_id
from portal.drafts.models import REVISION
from portal.drafts.past import concerns, history
from portal.drafts.publishing import Stage, standing
from portal.drafts.revisions import DraftRevision, RevisionWish, Wished
from portal.errors import ConflictError, LimitError, NotFoundError
from portal.files.confined import Root
from portal.identity.actor import Actor
from portal.jobs.access import visible_jobs
from portal.jobs.models import Job, JobOutput, JobTypeRevision, Submission
from portal.jobtype.model import JobType

MOST_BYTES: Final = 2 * 2**20
MOST_OFFERED: Final = 12
PUBLISHED: Final = "This text is published, or asked to be: its picture stays. Another text may have another one."


class ExamplePicture(Base):
    """A picture that a trial of a revision made, as its card shows it."""

    __tablename__ = "example_picture"
    __table_args__ = (Index("ix_example_picture_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(REVISION), unique=True)
    """Of the revision."""
    name: Mapped[str] = mapped_column(String(100))
    """The analysis's name."""
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id", ondelete="SET NULL"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    """Who chose it."""
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    png: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    """When it was chosen among a trial's; one that was taken over keeps the time of the one that it was."""


def offered(session: Session, actor: Actor, jobtype: JobType) -> Sequence[DatasetPicture]:
    """The pictures of what trials of this very revision made, as far as this person sees them, newest first."""
    return session.scalars(_of_trials(actor, jobtype.revision).limit(MOST_OFFERED)).all()


def choose(
    session: Session, actor: Actor, draft_id: int, picture_id: int, *, settings: Settings, now: datetime
) -> ExamplePicture:
    """Keep a copy of a trial's picture for the draft's text as it is now, in place of another one.

    Raises NotFoundError (no such draft, or no picture of a trial of this very text), ForbiddenError, ConflictError
    (it is published already, or asked to be) and LimitError (too large).
    """
    jobtype = _open_to_change(session, actor, draft_id)
    chosen = session.scalars(_of_trials(actor, jobtype.revision).where(DatasetPicture.id == picture_id)).first()
    if not is_id(picture_id) or chosen is None:
        raise NotFoundError("That is no picture of a trial of this very text. It was changed since, or is gone.")
    with Root(settings.pictures) as root, root.open_file(chosen.path) as file:
        png = file.read(MOST_BYTES + 1)
    if len(png) > MOST_BYTES:
        raise LimitError(f"The picture is larger than {MOST_BYTES >> 20} MiB. Choose another one.")
    _forget(session, draft_id, jobtype.revision)
    made = ExamplePicture(
        digest=jobtype.revision,
        name=jobtype.name,
        draft_id=draft_id,
        person_id=actor.person_id,
        sha256=hashlib.sha256(png).hexdigest(),
        width=chosen.width,
        height=chosen.height,
        png=png,
        at=now,
    )
    session.add(made)
    session.flush()
    return made


def earlier(session: Session, actor: Actor, jobtype: JobType, *, whole: bool = False) -> ExamplePicture | None:
    """The picture that another revision of this name was published with, the last of them that had one.

    Staff see what was published, unless it was for somebody else alone; with `whole` its bytes too.
    """
    published = [
        one.revision.digest
        for one in history(session, jobtype.name)
        if one.wished is Wished.PUBLISH and one.revision.digest != jobtype.revision and concerns(actor, one)
    ]
    having = select(ExamplePicture.digest).where(ExamplePicture.name == jobtype.name)
    kept = set(session.scalars(having))
    last = next((digest for digest in published if digest in kept), None)
    return example_of(session, last, whole=whole) if last is not None else None


def take_earlier(session: Session, actor: Actor, draft_id: int) -> ExamplePicture:
    """Keep the picture of an earlier revision for the draft's text as it is now, in place of another one.

    Raises as `choose` does; NotFoundError where no earlier revision has one.
    """
    jobtype = _open_to_change(session, actor, draft_id)
    found = earlier(session, actor, jobtype, whole=True)
    if found is None:
        raise NotFoundError("No earlier revision was published with an example picture.")
    _forget(session, draft_id, jobtype.revision)
    made = ExamplePicture(
        digest=jobtype.revision,
        name=jobtype.name,
        draft_id=draft_id,
        person_id=actor.person_id,
        sha256=found.sha256,
        width=found.width,
        height=found.height,
        png=found.png,
        at=found.at,
    )
    session.add(made)
    session.flush()
    return made


def is_earlier(session: Session, picture: ExamplePicture) -> bool:
    """Whether an earlier revision made it: it was taken over from there."""
    first = aliased(ExamplePicture)
    same = (first.name == picture.name) & (first.sha256 == picture.sha256) & (first.at == picture.at)
    return session.scalar(select(first.id).where(same, first.id < picture.id).limit(1)) is not None


def leave_out(session: Session, actor: Actor, draft_id: int) -> None:
    """The draft's text as it is now has no example picture any more. Raises as `choose` does."""
    _forget(session, draft_id, _open_to_change(session, actor, draft_id).revision)


def example_of(session: Session, digest: str, *, whole: bool = False) -> ExamplePicture | None:
    """The picture of a revision; with `whole` its bytes too."""
    query = select(ExamplePicture).where(ExamplePicture.digest == digest)
    return session.scalars(query.options((undefer if whole else defer)(ExamplePicture.png))).first()


def examples_of(session: Session, names: Collection[str]) -> dict[tuple[str, str], ExamplePicture]:
    """The pictures of all revisions of these analyses, by name and digest, without their bytes."""
    query = select(ExamplePicture).where(ExamplePicture.name.in_(names)).options(defer(ExamplePicture.png))
    return {(one.name, one.digest): one for one in session.scalars(query)}


def _open_to_change(session: Session, actor: Actor, draft_id: int) -> JobType:
    found = standing(session, actor, draft_id)
    asked = any(one.wished is Wished.PUBLISH and (one.deed is None or one.deed.done) for one in found.wishes)
    if found.jobtype is None or found.stage is Stage.DRAFT:
        raise ConflictError("No run of this very text has succeeded yet, so there is no picture of it.")
    if asked or found.stage is not Stage.TRIED:
        raise ConflictError(PUBLISHED)
    return found.jobtype


def _of_trials(actor: Actor, digest: str) -> Select[DatasetPicture]:
    mine = visible_jobs(actor).with_only_columns(Job.id)
    results = (
        select(JobOutput.dataset_id)
        .join(Job, Job.id == JobOutput.job_id)
        .join(Submission, Submission.id == Job.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(JobTypeRevision.digest == digest, Submission.draft, Job.id.in_(mine))
    )
    order = (DatasetPicture.dataset_id.desc(), DatasetPicture.role != "thumbnail", DatasetPicture.position)
    return visible(actor, DatasetPicture).where(DatasetPicture.dataset_id.in_(results)).order_by(*order)


def _forget(session: Session, draft_id: int, digest: str) -> None:
    """This revision's picture, and those of older texts of the draft that nobody asked to publish."""
    wished = (
        exists()
        .where(RevisionWish.revision_id == DraftRevision.id, RevisionWish.wished == Wished.PUBLISH)
        .where(DraftRevision.digest == ExamplePicture.digest)
    )
    old = (ExamplePicture.draft_id == draft_id) & ~wished
    session.execute(
        delete(ExamplePicture)
        .where((ExamplePicture.digest == digest) | old)
        .execution_options(synchronize_session=False)
    )
