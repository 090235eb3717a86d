"""The one blueprint of drafts, for its modules."""

from typing import Annotated

from pydantic import BaseModel, Field

from portal.jobtype.lines import MAX_BYTES
from portal.web.api.blueprint import make_blueprint
from portal.web.bounded import PathId

api = make_blueprint("drafts", "Analyses that staff make: drafts, trials, what is published.")

Text = Annotated[str, Field(max_length=MAX_BYTES, description="YAML, as docs/staff/job-types.md describes it.")]
Version = Annotated[int, Field(ge=1, le=10**9, description="The version that you read.")]
Changed = Annotated[str, Field(max_length=1000, description="What changed, in a sentence.")]
Narrow = Annotated[bool, Field(description="It is meant that somebody who has it now loses it.")]


class DraftPath(BaseModel):
    """Which draft."""

    draft: PathId


class AnalysisPath(BaseModel):
    """Which analysis."""

    name: str = Field(max_length=100)
