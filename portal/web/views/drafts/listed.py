"""Drafts as lines of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import url_for
from sqlalchemy.orm import Session

from portal.drafts.models import Draft
from portal.drafts.publishing import Stage
from portal.drafts.service import drafts_of
from portal.identity.actor import Actor
from portal.jobtype.written.check import Checked, check
from portal.web.views.drafts.standing import stages
from portal.words import count

STATES: Final = {
    Stage.DRAFT: "Complete, not tried as it stands",
    Stage.TRIED: "Tried",
    Stage.PUBLISHED: "Published",
    Stage.RETIRED: "Retired",
}


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


def draft_lines(session: Session, actor: Actor) -> Sequence[DraftLine]:
    """The drafts that this person may see. Raises ForbiddenError."""
    found = [(draft, check(draft.text)) for draft in drafts_of(session, actor)]
    known = [(one.jobtype.name, one.jobtype.revision) for _, one in found if one.jobtype is not None]
    stage = stages(session, known) if known else {}
    return [_line(draft, checked, actor, stage) for draft, checked in found]


def _line(draft: Draft, checked: Checked, actor: Actor, stage: Mapping[str, Stage]) -> DraftLine:
    if checked.jobtype is not None:
        state = STATES[stage[checked.jobtype.revision]]
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
