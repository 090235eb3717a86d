"""Drafts as lines of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from portal.drafts.models import Draft
from portal.drafts.service import drafts_of
from portal.identity.actor import Actor
from portal.jobtype.load import JobTypes
from portal.jobtype.written.check import check
from portal.words import count


@dataclass(frozen=True)
class DraftLine:
    """A draft in the list."""

    id: int
    name: str
    url: str
    state: str
    sound: bool
    changed: datetime
    who: str
    author: str
    mine: bool


def draft_lines(session: Session, actor: Actor, jobtypes: JobTypes, now: datetime) -> Sequence[DraftLine]:
    """The drafts that this person may see. Raises ForbiddenError."""
    del now
    on_offer = {jobtype.revision for jobtype in jobtypes.by_name.values()}
    return [_line(draft, actor, on_offer) for draft in drafts_of(session, actor)]


def _line(draft: Draft, actor: Actor, on_offer: set[str]) -> DraftLine:
    checked = check(draft.text)
    if checked.jobtype is not None and checked.jobtype.revision in on_offer:
        state = "On offer as it stands here"
    elif checked.jobtype is not None:
        state = "Complete, not tried or published from here"
    elif checked.unsound is not None:
        state = f"Cannot be read: line {checked.unsound.line}"
    else:
        state = f"{count(len(checked.wrong), 'thing')} to fill in or mend"
    return DraftLine(
        draft.id,
        draft.name,
        url_for("drafts.edit", draft_id=draft.id, step="purpose"),
        state,
        checked.jobtype is not None,
        draft.changed,
        draft.changed_by.full_name or draft.changed_by.name,
        draft.author.full_name or draft.author.name,
        draft.author_id == actor.person_id,
    )
