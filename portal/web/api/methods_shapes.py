"""How a result was made, as JSON."""

from datetime import datetime

from pydantic import BaseModel, Field

from portal.methods.account import Account
from portal.methods.publications import in_words
from portal.methods.steps import Step
from portal.web.api.dataset_shapes import DatasetRef, OptionOut


class ReferenceOut(BaseModel):
    """A publication that the text cites."""

    number: int = Field(description="As the text has it in brackets.")
    key: str = Field(description="Its key in `bibtex`.")
    words: str = Field(description="The whole reference on a line.")
    kind: str
    authors: list[str] = Field(description="“Family name, Given names” each.")
    title: str
    journal: str | None
    publisher: str | None
    volume: str | None
    number_in_volume: str | None
    pages: str | None
    year: int | None
    doi: str | None
    url: str | None


class ImageOut(BaseModel):
    """A container image."""

    name: str
    digest: str = Field(description="sha256:…; empty where it was not kept.")


class DeletedInputOut(BaseModel):
    """An input that is there no more."""

    slot: str
    name: str = Field(description="Empty where you may not see the job.")


class StepOut(BaseModel):
    """One analysis of those that led to the result."""

    analysis: str
    version: str
    title: str
    revision: str | None = Field(description="sha256:… of the job type that ran.")
    image: ImageOut | None = Field(description="null: it ran in none, or none was kept.")
    gantry: str | None = Field(description="The version of Gantry that ran it; null where it was not kept.")
    job: int | None
    person: str = Field(description="Who asked for it.")
    at: datetime
    started: datetime | None
    ended: datetime | None
    options: dict[str, OptionOut] = Field(description="As they were used, defaults included.")
    inputs: list[DatasetRef]
    hidden_inputs: int = Field(description="Inputs that you may not see.")
    deleted_inputs: list[DeletedInputOut]
    outputs: list[DatasetRef] = Field(description="Those that are the result, or led to it.")
    doubts: list[str] = Field(description="What the program says makes the result doubtful.")
    untold: bool = Field(description="How one of its inputs was made is not recorded, or not shared with you.")


class MethodsOut(BaseModel):
    """What a paper says of how a result was made."""

    dataset: int
    text: str = Field(description="A paragraph a step, the first first, with the references' numbers in brackets.")
    whole: str = Field(description="The text and the references in words, to copy.")
    references: list[ReferenceOut]
    bibtex: str = Field(description="The references as a BibTeX file; empty where there are none.")
    steps: list[StepOut]
    cut: bool = Field(description="There were more steps before these.")


def methods_out(account: Account) -> MethodsOut:
    """The account of a result."""
    return MethodsOut(
        dataset=account.made.dataset.id,
        text=account.text,
        whole=account.whole,
        references=_references(account),
        bibtex=account.bibtex,
        steps=[_step(step) for step in account.made.steps],
        cut=account.made.cut,
    )


def _references(account: Account) -> list[ReferenceOut]:
    found = []
    for number, (key, reference) in enumerate(account.bibliography.entries(), 1):
        kept = reference.model_dump(exclude={"key", "number", "when"})
        found.append(
            ReferenceOut(
                **kept, number=number, key=key, words=in_words(reference), number_in_volume=reference.number
            )
        )
    return found


def _step(step: Step) -> StepOut:
    run, image = step.run, step.image
    return StepOut(
        analysis=run.application,
        version=run.version,
        title=step.told.title,
        revision=step.fact("revision") or None,
        image=ImageOut(name=image.name, digest=image.digest) if image else None,
        gantry=step.fact("gantry") or None,
        job=run.portal_job,
        person=run.person,
        at=run.at,
        started=step.started,
        ended=step.ended,
        options={
            name: value
            if value is None or isinstance(value, bool | int | float | str | list | dict)
            else str(value)
            for name, value in run.options.items()
        },
        inputs=[
            DatasetRef(id=one.dataset.id, name=one.dataset.name, type=one.dataset.type.name) for one in step.inputs
        ],
        hidden_inputs=run.hidden_inputs,
        deleted_inputs=[DeletedInputOut(slot=slot, name=name) for slot, name in step.deleted],
        outputs=[DatasetRef(id=one.id, name=one.name, type=one.type.name) for one in step.outputs],
        doubts=list(step.doubts),
        untold=step.untold,
    )
