"""Many different forms at once: each is a submission of its own, and either all are written down or none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from portal.config import Settings
from portal.errors import InvalidError, PortalError
from portal.identity.actor import Actor
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import Checked, check_all, submit_all
from portal.jobs.submit.write import WrittenSubmission
from portal.jobtype.load import JobTypes

MOST_FORMS = 500
MAX_KEY = 190
"""Characters of the list's idempotency key; each form's is made of it and the form's place."""


def submit_list(
    session: Session,
    actor: Actor,
    requests: Sequence[SubmitRequest],
    *,
    key: str | None = None,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
) -> list[WrittenSubmission]:
    """Write the submissions down in the order of their forms.

    Raises what `submit` raises, with the form's place (from 1) before the words and (from 0) before the fields;
    the caller's transaction must then be given up, so that nothing was started. With `key`, the same list again
    gives the first submissions again, and a list with another form at some place is a ConflictError.
    """
    return submit_all(
        session,
        actor,
        _keyed(requests, key),
        jobtypes=jobtypes,
        settings=settings,
        now=now,
        placed=lambda place: _placed(place, len(requests)),
    )


def check_list(
    session: Session,
    actor: Actor,
    requests: Sequence[SubmitRequest],
    *,
    key: str | None = None,
    jobtypes: JobTypes,
    settings: Settings,
    now: datetime,
) -> list[Checked]:
    """All that `submit_list` checks, with the same errors, and nothing written."""
    return check_all(
        session,
        actor,
        _keyed(requests, key),
        jobtypes=jobtypes,
        settings=settings,
        now=now,
        placed=lambda place: _placed(place, len(requests)),
    )


def _keyed(requests: Sequence[SubmitRequest], key: str | None) -> list[SubmitRequest]:
    """The forms, each with a key of its own. Raises InvalidError for too many of them, or too long a key."""
    if not requests or len(requests) > MOST_FORMS:
        raise InvalidError(f"A list has 1 to {MOST_FORMS} forms; this has {len(requests)}.")
    if key and len(key) > MAX_KEY:
        raise InvalidError(f"The idempotency key of a list may have {MAX_KEY} characters at most.")
    return [
        replace(request, idempotency_key=f"{key}/{place}" if key else None)
        for place, request in enumerate(requests)
    ]


@contextmanager
def _placed(place: int, count: int) -> Iterator[None]:
    """Errors of one form say which it is."""
    try:
        yield
    except PortalError as error:
        error.form = place
        error.message = f"Form {place + 1} of {count}: {error.message}"
        error.args = (error.message,)
        if isinstance(error, InvalidError):
            error.fields = {f"{place}.{name}": words for name, words in error.fields.items()}
        raise
