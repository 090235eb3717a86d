"""The terms of an analysis as JSON."""

from datetime import datetime

from pydantic import BaseModel, Field

from portal.jobtype.licences.terms import Terms
from portal.terms.service import when_accepted
from portal.web.context import actor, session


class TermsOut(BaseModel):
    """What a person accepts once before she starts it."""

    name: str
    title: str
    text: str | None
    link: str | None
    use: str = Field(description="For what it may be used: academic, commercial, either. Where not either: `use`.")
    digest: str = Field(description="What `accept_terms` of a submission is told: of this very text.")
    accepted: datetime | None = Field(description="When you accepted it; null: you have not.")


def terms_out(terms: Terms | None) -> TermsOut | None:
    """With what the person who asks has accepted."""
    if terms is None:
        return None
    return TermsOut(
        name=terms.name,
        title=terms.title,
        text=terms.text,
        link=terms.link,
        use=terms.use,
        digest=terms.digest,
        accepted=when_accepted(session(), actor(), terms),
    )
