"""The example picture of a draft, and the card as lists will show it."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.drafts import pictures
from portal.drafts.publishing import Stage
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.jobtype.model import JobType
from portal.web.views.analyses import AnalysisCard, analysis_card
from portal.web.views.pictures import Picture, picture_of


@dataclass(frozen=True)
class Example:
    """What the step Publish shows of it."""

    card: AnalysisCard
    """As lists show it; it leads nowhere yet."""
    offered: tuple[tuple[int, Picture], ...]
    """Pictures of its trials, by the number that chooses one."""
    may_change: bool
    earlier: Picture | None = None
    """What an earlier revision was published with, where it can be taken."""
    is_earlier: bool = False
    """The one on the card is of an earlier revision."""


def example_of(session: Session, actor: Actor, draft_id: int, jobtype: JobType, stage: Stage) -> Example:
    """Of the draft's text as it is now, which is this job type, so far on its way."""
    row = pictures.example_of(session, jobtype.revision)
    may_change = stage is Stage.TRIED
    found = pictures.offered(session, actor, jobtype) if may_change else ()
    before = pictures.earlier(session, actor, jobtype) if may_change else None
    return Example(
        analysis_card(jobtype, picture=_kept("drafts.example", draft_id, row)),
        tuple((one.id, picture_of(one)) for one in found),
        may_change,
        earlier=_kept("drafts.earlier_example", draft_id, before),
        is_earlier=row is not None and pictures.is_earlier(session, row),
    )


def _kept(endpoint: str, draft_id: int, row: pictures.ExamplePicture | None) -> Picture | None:
    if row is None:
        return None
    return Picture(url_for(endpoint, draft_id=draft_id, v=row.sha256[:12]), row.width, row.height)


def examples(session: Session, jobtypes: Collection[JobType]) -> dict[str, Picture]:
    """The example pictures of what is on offer, each of the revision that is, by name, in one statement."""
    rows = pictures.examples_of(session, [one.name for one in jobtypes])
    named = {name for name, _digest in rows}
    found = {}
    for one in jobtypes:
        row = rows.get((one.name, one.revision)) if one.name in named else None
        if row is not None:
            url = url_for("analyses.example", name=one.name, v=row.sha256[:12])
            found[one.name] = Picture(url, row.width, row.height)
    return found


def not_there(actor: Actor) -> NotFoundError:
    """What to raise where there is no such picture."""
    return not_found(actor, "An example picture")
