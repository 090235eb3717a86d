"""What a form says of the terms of its analysis."""

from dataclasses import dataclass

from portal.jobtype.licences.terms import USES, Terms
from portal.jobtype.model import JobType


@dataclass(frozen=True)
class Agreed:
    """The terms that are accepted with it, and for what the program is used; None where nothing is said."""

    terms: Terms | None = None
    use: str | None = None


def agreed_on(jobtype: JobType, accepts: str | None, use: str | None) -> Agreed:
    """What of that the analysis asks: a tick for another text than the present one is none."""
    terms = jobtype.terms
    if terms is None:
        return Agreed()
    return Agreed(terms if accepts == terms.digest else None, use if use in USES else None)
