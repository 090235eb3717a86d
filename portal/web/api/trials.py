"""Trying several values of an option: what came of them, side by side."""

from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from portal.jobs.read import sentence
from portal.jobs.state import FINAL
from portal.jobs.trials.sheet import Sheet, Tried, get_sheet
from portal.trials.trial import Asked
from portal.trials.values import MOST
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.bounded import Body, Given, Ids, Name, Options
from portal.web.context import actor, now, session

api = make_blueprint("trials", "Several values of an option, tried on a part of a dataset.")


MOST_VALUES = 100
"""Read of a list; how many a trial takes, its service says."""


class TrialRequest(Body):
    """Which option is to be tried over which values: a job each, on one dataset."""

    option: Name
    values: list[Given] = Field(max_length=MOST_VALUES, description="2 to 12, each once.")
    crop: Options = Field(
        default_factory=dict,
        description="Values of the options that limit the work; one that is missing is as the usual part has it.",
    )
    whole: bool = Field(False, description="On the whole dataset each time. So it is where no part is possible.")
    datasets: Ids = Field(
        default_factory=list, description="All datasets for which the value is looked for, to be remembered."
    )

    def asked(self) -> Asked:
        """What the service is asked."""
        return Asked(self.option, tuple(self.values), self.crop, self.whole, tuple(self.datasets))


class NumberOut(BaseModel):
    """A quantity that the program found."""

    name: str
    value: float | str
    units: str
    differs: bool = Field(description="Not all results have the same.")


class TriedOut(BaseModel):
    """One value with its job and its result."""

    value: bool | int | float | str | None
    words: str
    job: str = Field(description="Its number: J-1042.")
    state: str
    state_words: str = Field(description="The state in a word that people see.")
    final: bool
    sentence: str
    result: int | None = Field(description="Id of the dataset that came out; null while there is none.")
    summary: str
    warnings: list[str] = Field(description="What makes the result doubtful, in words.")
    numbers: list[NumberOut] = Field(description="Five at most, those that differ first.")


class ScaleOut(BaseModel):
    """The values that black and white stand for."""

    black: float
    white: float


class SheetOut(BaseModel):
    """All values of a trial, in their order."""

    id: str = Field(description="That of its submission.")
    title: str
    analysis: str
    version: str
    option: str
    label: str
    units: str
    part: dict[str, Any] = Field(description="What limited the work; empty: each ran on the whole dataset.")
    part_words: str
    datasets: list[int] = Field(description="All for which the value is looked for; the jobs ran on one of them.")
    final: bool
    alike: bool = Field(
        description="All ended well, and neither number nor picture differs: the option may not matter here."
    )
    scale: ScaleOut | None = Field(description="The one grey scale of all pictures on the sheet's page.")
    tried: list[TriedOut] = Field(max_length=MOST)


class SheetPath(BaseModel):
    """Which trial."""

    submission: str = Field(max_length=36)


@api.get("/trials/<submission>", summary="The values that a submission tries", responses={200: SheetOut})
def read_trial(path: SheetPath) -> Response:
    """With what came of each. 404 for a submission that tries none."""
    return answer(_sheet_out(get_sheet(session(), actor(), path.submission)))


def _sheet_out(sheet: Sheet) -> SheetOut:
    return SheetOut(
        id=sheet.submission.id,
        title=sheet.submission.title,
        analysis=sheet.jobtype.name,
        version=sheet.jobtype.version,
        option=sheet.option.name,
        label=sheet.option.label,
        units=sheet.option.unit,
        part=dict(sheet.trial.crop),
        part_words=sheet.part,
        datasets=list(sheet.trial.datasets),
        final=not sheet.unfinished,
        alike=sheet.alike,
        scale=ScaleOut(black=sheet.scale.black, white=sheet.scale.white) if sheet.scale else None,
        tried=[_tried_out(one) for one in sheet.tried],
    )


def _tried_out(one: Tried) -> TriedOut:
    return TriedOut(
        value=one.value,
        words=one.words,
        job=one.job.number,
        state=one.job.state.value,
        state_words=one.job.state.words,
        final=one.job.state in FINAL,
        sentence=sentence(one.job, now()),
        result=one.result,
        summary=one.summary,
        warnings=list(one.warnings),
        numbers=[
            NumberOut(name=number.name, value=number.value, units=number.units, differs=number.differs)
            for number in one.numbers
        ],
    )
