"""A form that is sent once more: a double click makes one submission; starting again after Back is asked about.

The key of a page stands for what is on it as well: with other values it is another submission, by itself. The same
values under the same key are one submission; where that was not just now, the person is asked if another is meant.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.jobs.models import Submission
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.write import WrittenSubmission
from portal.web.context import now
from portal.words import count, duration

ONE_PRESS: Final = timedelta(seconds=10)
"""Within so long the same form that comes twice was one press of a button."""
RETURNED: Final = "returned"
"""A field that the script adds to a form to which somebody came back."""


@dataclass(frozen=True)
class StartedBefore:
    """What the same form led to before."""

    name: str
    url: str
    ago: str


def keyed(asked: SubmitRequest) -> SubmitRequest:
    """The same, under a key of the page and of what is on it; without one where the page had none."""
    if not asked.idempotency_key:
        return asked
    text = f"{asked.idempotency_key}\n{asked.fingerprint()}"
    return replace(asked, idempotency_key=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def started_before(session: Session, made: WrittenSubmission) -> StartedBefore | None:
    """What was started with this form before; None where it was started just now, by the same press of a button.

    A page to which somebody came back says so with what it sends (`returned`): that press is another one.
    """
    if made.fresh:
        return None
    passed = now() - session.scalars(select(Submission.created).where(Submission.id == made.id)).one()
    if passed < ONE_PRESS and not request.form.get(RETURNED):
        return None
    name = made.jobs[0].number if len(made.jobs) == 1 else count(len(made.jobs), "job")
    ago = duration(int(passed.total_seconds())) if passed >= timedelta(seconds=2) else "a moment"
    return StartedBefore(name, address_of(made), ago)


def address_of(made: WrittenSubmission) -> str:
    """The page of what was started."""
    if len(made.jobs) == 1:
        return url_for("jobs.job", job_id=made.jobs[0].id)
    return url_for("batches.show", submission_id=made.key)
