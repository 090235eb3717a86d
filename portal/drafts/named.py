"""Texts of job types by a short name: `12` a draft, `12@3` its third version, `qc` what is on offer, `qc@4f1c…` a
revision that was published here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from portal.drafts import before
from portal.drafts.past import seen_history
from portal.drafts.service import check_staff, draft_for
from portal.errors import InvalidError, NotFoundError
from portal.identity.actor import Actor
from portal.jobtype.load import JobTypes, parse_text
from portal.jobtype.model import JobType
from portal.jobtype.written.start import text_of

SHORTEST: Final = 6
"""Digits of a revision that may stand for it."""
SHOWN: Final = slice(7, 19)
LONGEST: Final = 200
_DRAFT: Final = re.compile(r"([0-9]{1,18})(?:@([0-9]{1,9}))?")
_ANALYSIS: Final = re.compile(r"([a-z][a-z0-9-]{0,99})(?:@(?:sha256:)?([0-9a-f]{1,64}))?")


@dataclass(frozen=True)
class Named:
    """A text, and what it is in words."""

    words: str
    text: str
    jobtype: JobType | None
    """None where the text cannot be used by the rules of today."""


def named(session: Session, actor: Actor, name: str, jobtypes: JobTypes, folders: Iterable[Path]) -> Named:
    """What is meant. `jobtypes`: those on offer to this person; `folders`: where their files lie.

    Raises ForbiddenError for others than staff, InvalidError where the name is none, and NotFoundError.
    """
    check_staff(actor)
    if found := _DRAFT.fullmatch(name):
        return _draft(session, actor, int(found[1]), int(found[2]) if found[2] else None)
    if found := _ANALYSIS.fullmatch(name):
        if found[2]:
            return _revision(session, actor, found[1], found[2])
        jobtype = jobtypes.named(found[1])
        words = f"{jobtype.name}, on offer ({jobtype.revision[SHOWN]})"
        return Named(words, _published(session, actor, jobtype) or text_of(jobtype, folders), jobtype)
    raise InvalidError(
        f"“{name[:60]}” is neither a draft's number (12, or 12@3 for its version 3) nor an analysis (qc, or "
        "qc@4f1c0a for a revision of it)."
    )


def _draft(session: Session, actor: Actor, number: int, version: int | None) -> Named:
    draft = draft_for(session, actor, number)
    text, known = draft.text, draft.version
    if version is not None and version != draft.version:
        older = before.text_of(session, draft.id, version)
        if older is None:
            raise NotFoundError(f"Version {version} of draft {number} is not kept.")
        text, known = older, version
    return Named(f"draft {number}, version {known}", text, parse_text(text, Path("draft"))[0])


def _revision(session: Session, actor: Actor, name: str, digits: str) -> Named:
    if len(digits) < SHORTEST:
        raise InvalidError(f"Give {SHORTEST} digits of a revision or more; {digits} are too few.")
    past = seen_history(session, actor, name)
    found = {one.revision.digest: one.revision for one in past if one.revision.digest[7:].startswith(digits)}
    if len(found) > 1:
        raise InvalidError(f"{digits} begins more than one revision of {name}. Give more digits.")
    if not found:
        raise NotFoundError(f"No revision of {name} that begins with {digits} was published here.")
    (revision,) = found.values()
    return Named(
        f"{name}, revision {revision.digest[SHOWN]}", revision.text, parse_text(revision.text, Path(name))[0]
    )


def _published(session: Session, actor: Actor, jobtype: JobType) -> str | None:
    """What was written, with its comments, of a revision that was made here."""
    try:
        past = seen_history(session, actor, jobtype.name)
    except NotFoundError:
        return None
    return next((one.revision.text for one in past if one.revision.digest == jobtype.revision), None)
