"""How far a draft is: what was asked of the publisher, what it answered, and which trials there were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.config.publisher import Signs
from portal.drafts.publishing import Stage, Standing, stage_of, standing, wishes_of
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.jobs.access import read_jobs, visible_jobs
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.jobtype.model import JobType
from portal.web.views.drafts.tried.report import Report, report

MOST_TRIALS: Final = 5
WAITS: Final = {
    Signs.OPERATOR: "waits for an operator to sign it off",
    Signs.STAFF: "waits for a second member of staff to sign it off",
    Signs.ONESELF: "not answered yet",
}
WORDS: Final = {
    Stage.DRAFT: "Not tried yet: no run of this very text has succeeded.",
    Stage.TRIED: "Tried: a run of this very text succeeded.",
    Stage.PUBLISHED: "Published, as it stands here.",
    Stage.RETIRED: "Retired: nobody can start it.",
}


class Asked(StrEnum):
    """What the list of steps says of Publish."""

    WAITS = "asked, and not answered yet"
    REFUSED = "refused"
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True)
class WishLine:
    """What was asked of the publisher, and what it did."""

    asked: str
    who: str
    answer: str
    refused: bool
    waits: bool = False


@dataclass(frozen=True)
class Progress:
    """Everything that the steps Try and Publish say."""

    standing: Standing
    words: str
    wishes: tuple[WishLine, ...]
    trials: tuple[Report, ...]
    waits: bool
    """The publisher was asked whether this person may try it, and has not answered."""

    @property
    def unanswered(self) -> int:
        """How many of the wishes are not answered."""
        return sum(one.waits for one in self.wishes)

    @property
    def moves(self) -> bool:
        """If something may be otherwise in a moment."""
        return self.waits or any(not one.final for one in self.trials)


def progress_of(session: Session, actor: Actor, draft_id: int, signs: Signs) -> Progress:
    """For the draft's text as it is now. `signs`: who signs off here. Raises NotFoundError."""
    found = standing(session, actor, draft_id)
    mine = [one for one in found.wishes if one.wished is Wished.TRY and one.person_id == actor.person_id]
    return Progress(
        found,
        WORDS[found.stage],
        tuple(_wish(one, signs) for one in found.wishes[:10]),
        tuple(_trials(session, actor, found.jobtype)),
        waits=bool(mine) and mine[0].deed is None,
    )


def asked_of(session: Session, jobtype: JobType | None) -> Asked | None:
    """How publishing this very text stands; None where nobody asked for it, or it is another revision by now."""
    if jobtype is None:
        return None
    wishes = [one for one in wishes_of(session, jobtype.revision) if one.wished is not Wished.TRY]
    if not wishes:
        return None
    newest = wishes[0].deed
    if newest is None:
        return Asked.WAITS
    stage = stage_of(session, jobtype.name, jobtype.revision)
    stands = {Stage.PUBLISHED: Asked.PUBLISHED, Stage.RETIRED: Asked.RETIRED}.get(stage)
    return stands or (None if newest.done else Asked.REFUSED)


def answered_words(progress: Progress) -> str:
    """What the publisher has answered last, as a sentence that is read out."""
    newest = next((one for one in progress.wishes if not one.waits), None)
    if newest is None:
        return progress.words
    return f"{newest.asked}: {newest.answer}. {progress.words}"


def stages(session: Session, revisions: Collection[tuple[str, str]]) -> dict[str, Stage]:
    """How far each of these revisions (name and digest) is, by digest, in a fixed number of statements."""
    names, digests = {name for name, _ in revisions}, {digest for _, digest in revisions}
    tried = set(
        session.scalars(
            select(JobTypeRevision.digest)
            .join(Submission, Submission.revision_id == JobTypeRevision.id)
            .join(Job, Job.submission_id == Submission.id)
            .where(JobTypeRevision.digest.in_(digests), Submission.draft, Job.state == State.SUCCEEDED)
            .distinct()
        )
    )
    newest = (
        select(func.max(RevisionDeed.id))
        .join(RevisionDeed.wish)
        .join(RevisionWish.revision)
        .where(DraftRevision.name.in_(names), RevisionWish.wished != Wished.TRY, RevisionDeed.done)
        .group_by(DraftRevision.name)
    )
    query = (
        select(DraftRevision.digest, RevisionWish.wished)
        .join(RevisionWish, RevisionWish.revision_id == DraftRevision.id)
        .join(RevisionDeed, RevisionDeed.wish_id == RevisionWish.id)
        .where(RevisionDeed.id.in_(newest))
    )
    found = {digest: Stage.TRIED if digest in tried else Stage.DRAFT for digest in digests}
    for digest, wished in session.execute(query):
        if digest in found:
            found[digest] = Stage.PUBLISHED if wished is Wished.PUBLISH else Stage.RETIRED
    return found


def _wish(wish: RevisionWish, signs: Signs) -> WishLine:
    asked = {Wished.TRY: "To try it", Wished.PUBLISH: "To publish it", Wished.RETIRE: "To retire it"}[wish.wished]
    deed = wish.deed
    waits = WAITS[signs] if wish.wished is Wished.PUBLISH else "not answered yet"
    answer = waits if deed is None else "done" if deed.done else f"refused: {deed.words}"
    return WishLine(
        f"{asked}{f', “{wish.changed}”' if wish.changed else ''}",
        wish.person.full_name or wish.person.name,
        answer,
        deed is not None and not deed.done,
        deed is None,
    )


def _trials(session: Session, actor: Actor, jobtype: JobType | None) -> Sequence[Report]:
    if jobtype is None:
        return ()
    query = (
        visible_jobs(actor)
        .join(Submission, Submission.id == Job.submission_id)
        .join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
        .where(JobTypeRevision.digest == jobtype.revision, Submission.draft)
        .order_by(Job.id.desc())
        .limit(MOST_TRIALS)
    )
    return [report(session, actor, job, jobtype) for job in read_jobs(session, actor, query)]


def trial_of(session: Session, actor: Actor, draft_id: int, job_id: int) -> Report:
    """A trial of the draft's text as it is now. Raises NotFoundError where there is no such."""
    trials = _trials(session, actor, standing(session, actor, draft_id).jobtype)
    one = next((one for one in trials if one.job_id == job_id), None)
    if one is None:
        raise NotFoundError("No such trial of this very text. It was changed since, or the trial is an older one.")
    return one
