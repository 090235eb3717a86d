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
from portal.jobtype.written.verdict import Verdict, verdicts
from portal.web.views.drafts.standing import stages
from portal.words import count

STATES: Final = {
    Stage.DRAFT: "Complete, not tried as it stands",
    Stage.TRIED: "Tried",
    Stage.PUBLISHED: "Published",
    Stage.RETIRED: "Retired",
}

NOT_LOOKED_AT: Final = "Not looked at yet: the drafts above are long. Load the list again, or open it."


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
    drafts = drafts_of(session, actor)
    found = list(zip(drafts, verdicts(draft.text for draft in drafts), strict=True))
    known = [(one.name, one.revision) for _, one in found if one is not None and one.name is not None]
    stage = stages(session, known) if known else {}
    return [_line(draft, verdict, actor, stage) for draft, verdict in found]


def _line(draft: Draft, verdict: Verdict | None, actor: Actor, stage: Mapping[str, Stage]) -> DraftLine:
    if verdict is None:
        state = NOT_LOOKED_AT
    elif verdict.name is not None:
        state = STATES[stage[verdict.revision]]
    elif verdict.unsound_at is not None:
        state = f"Cannot be read: line {verdict.unsound_at}"
    else:
        state = f"{count(verdict.wrong, 'thing')} to fill in or mend"
    return DraftLine(
        draft.id,
        draft.name,
        url_for("drafts.edit", draft_id=draft.id, step="purpose"),
        state,
        verdict is not None and verdict.name is not None,
        draft.changed,
        draft.changed_by.full_name or draft.changed_by.name,
        draft.author.full_name or draft.author.name,
        draft.author_id == actor.person_id,
    )
