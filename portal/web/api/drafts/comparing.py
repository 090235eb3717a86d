"""Texts of analyses: checked without being kept, exported, compared."""

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from portal.drafts.caps import staged_names
from portal.drafts.named import LONGEST, Named, named
from portal.drafts.service import check_staff
from portal.jobtype.load import shipped_folder
from portal.jobtype.written.check import check
from portal.jobtype.written.compare import differences, lines
from portal.web.api.answer import answer
from portal.web.api.drafts.blueprint import Text, api
from portal.web.api.drafts.shapes import CheckedTextOut, checked_out
from portal.web.api.parameters import Parameters
from portal.web.bounded import Body
from portal.web.context import actor, portal, session
from portal.web.views.drafts.refused import hindrances_of

NAMES = (
    "`12`: a draft; `12@3`: its version 3; `qc`: what is on offer; `qc@4f1c0a`: a revision that was published "
    "here, 6 digits of it or more."
)


class TextToCheck(Body):
    """A text that is judged and not kept."""

    text: Text


class TextQuery(Parameters):
    """Which text."""

    model_config = ConfigDict(extra="forbid")

    of: str = Field(max_length=LONGEST, description=NAMES)


class DiffQuery(Parameters):
    """Which two."""

    model_config = ConfigDict(extra="forbid")

    before: str = Field(max_length=LONGEST, description=NAMES)
    after: str = Field(max_length=LONGEST, description="Likewise.")


class TextOut(BaseModel):
    """A job type as its author wrote it."""

    words: str = Field(description="What it is.")
    analysis: str | None
    revision: str | None = Field(description="Null where the text cannot be used by the rules of today.")
    text: str


class DifferenceOut(BaseModel):
    """A field that is not the same in both; empty where it is not there."""

    place: str
    before: str
    after: str


class LineOut(BaseModel):
    """A line of the YAML."""

    sign: str = Field(description="`-` taken out, `+` put in, a space: in both, `@`: some are left out here.")
    text: str


class DiffOut(BaseModel):
    """Two texts beside each other."""

    before: str = Field(description="What it is, in words.")
    after: str
    fields: list[DifferenceOut] | None = Field(
        description="In words, 300 at most; null: one of them cannot be read by the rules of today."
    )
    lines: list[LineOut] | None = Field(description="As YAML; null: too long to be compared.")


@api.post("/drafts/check", summary="Check a text and keep nothing", responses={200: CheckedTextOut})
def check_text(body: TextToCheck) -> Response:
    """What is wrong, at line and column; the same validator as the editor's."""
    check_staff(actor())
    checked = check(body.text, images=staged_names(portal().settings))
    return answer(checked_out(checked, hindrances_of(checked.jobtype)))


@api.get("/drafts/text", summary="The YAML of a draft or an analysis", responses={200: TextOut})
def read_text(query: TextQuery) -> Response:
    """As it was written, with its comments where they are known."""
    found = _named(query.of)
    jobtype = found.jobtype
    shown = TextOut(
        words=found.words,
        analysis=jobtype.name if jobtype else None,
        revision=jobtype.revision if jobtype else None,
        text=found.text,
    )
    return answer(shown)


@api.get("/drafts/diff", summary="Compare two of them", responses={200: DiffOut})
def read_diff(query: DiffQuery) -> Response:
    """Field by field in words, and as YAML."""
    one, other = _named(query.before), _named(query.after)
    fields = None
    if one.jobtype is not None and other.jobtype is not None:
        fields = [
            DifferenceOut(place=found.place, before=found.before, after=found.after)
            for found in differences(one.jobtype, other.jobtype)
        ]
    told = lines(one.text, other.text)
    shown = None if told is None else [LineOut(sign=line.sign, text=line.text) for line in told]
    return answer(DiffOut(before=one.words, after=other.words, fields=fields, lines=shown))


def _named(name: str) -> Named:
    folders = portal().settings.jobtypes or (shipped_folder(),)
    return named(session(), actor(), name, portal().jobtypes, folders)
