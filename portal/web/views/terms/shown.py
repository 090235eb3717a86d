"""The terms of an analysis as its form shows them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobtype.licences.terms import EITHER, USES, Terms
from portal.jobtype.model import JobType
from portal.terms.service import FIELD, USE_FIELD, when_accepted


@dataclass(frozen=True)
class ShownTerms:
    """What is asked: to accept, where that was not done before; and what for, where that matters."""

    terms: Terms
    accepted: datetime | None
    """When this person accepted this very text; None: she is asked."""
    ticked: bool
    use: str
    wrong: str
    """Why they are not accepted."""
    wrong_use: str

    @property
    def uses(self) -> tuple[str, ...]:
        """What one may answer; empty where it does not matter what for."""
        return () if self.terms.use == EITHER else USES


def shown_terms(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    *,
    accepts: str | None,
    use: str | None,
    error: InvalidError | None = None,
) -> ShownTerms | None:
    """None where there are none. A tick for another text than this one is none."""
    terms = jobtype.terms
    if terms is None:
        return None
    wrong = error.fields if error is not None else {}
    return ShownTerms(
        terms,
        when_accepted(session, actor, terms),
        accepts == terms.digest,
        use or "",
        wrong.get(FIELD, ""),
        wrong.get(USE_FIELD, ""),
    )
