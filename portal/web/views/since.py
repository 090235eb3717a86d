"""What a form has otherwise than the job that it was opened to run again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.db import is_id
from portal.errors import NotFoundError
from portal.form import Form, Inputs
from portal.form.fields import Field
from portal.form.values import as_text, is_blank, parse
from portal.identity.actor import Actor
from portal.jobs.access import get_job
from portal.jobs.models import Job
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.option import OptionBase, Value
from portal.web.views.presets.keeping import value_in_words
from portal.web.views.start import Typed
from portal.words import listed

MOST_NAMED = 3
NOTHING = "nothing"


@dataclass(frozen=True)
class Difference:
    """One thing that is otherwise. In words."""

    label: str
    now: str
    before: str
    anchor: str
    """Of its field; empty where it has none."""


@dataclass(frozen=True)
class Since:
    """A job, and what the form has otherwise."""

    name: str
    url: str
    differences: tuple[Difference, ...]
    revised: str
    """That its analysis has changed, in a sentence; empty where it has not."""


def since(session: Session, actor: Actor, form: Form, typed: Typed, inputs: Inputs) -> Since | None:
    """The comparison; None where the form is compared with nothing, or with what this person cannot see."""
    if not typed.again or not is_id(typed.again):
        return None
    try:
        job = get_job(session, actor, typed.again)
    except NotFoundError:
        return None
    jobtype = form.jobtype
    if job.submission.revision.name != jobtype.name:
        return None
    found = [*_data(job, inputs), *_options(form, job), *_variant(form, typed, job)]
    revised = ""
    if job.submission.revision.digest != jobtype.revision:
        revised = f"{jobtype.title} has changed since: it ran as version {job.submission.revision.version}"
        revised += (
            ", and the version's number is still the same."
            if job.submission.revision.version == jobtype.version
            else f", and is {jobtype.version} now."
        )
    return Since(job.number, url_for("jobs.job", job_id=job.id), tuple(found), revised)


def _data(job: Job, inputs: Inputs) -> Sequence[Difference]:
    before = {(row.slot, row.dataset_id): row.dataset_name for row in job.inputs}
    now = {(slot, one.id): one.name for slot, given in inputs.items() for one in given}
    if set(before) == set(now):
        return ()
    return [Difference("Data", _names(now.values()), _names(before.values()), "")]


def _names(names: Iterable[str]) -> str:
    known = list(names)
    return listed(known, MOST_NAMED) if known else NOTHING


def _options(form: Form, job: Job) -> Sequence[Difference]:
    jobtype, found = form.jobtype, []
    fields = {field.name: field for field in form.fields}
    for option in jobtype.options:
        field = fields[option.name]
        if field.error:
            continue  # it says itself what is wrong
        now = None if field.why_not else _typed(option, field)
        before = job.options.get(option.name, [] if isinstance(option, SeveralOption) and now == [] else None)
        if field.own or _same(now, before):
            continue
        found.append(Difference(option.label, _words(option, now), _words(option, before), f"f-{option.name}"))
    known = {option.name for option in jobtype.options}
    return [
        *found,
        *(
            Difference(name, "there is no such setting any more", as_text(value), "")
            for name, value in job.options.items()
            if name not in known
        ),
    ]


def _typed(option: OptionBase, field: Field) -> Value | None:
    if isinstance(option, SeveralOption) and is_blank(field.value):
        return []
    if is_blank(field.value):
        return None
    try:
        return parse(option, field.value)
    except ValueError:
        return field.value


def _same(now: Value | None, before: Value | None) -> bool:
    """As the form shows them: a number of the dataset's stands there with the digits that count."""
    if now is None or before is None:
        return now is before
    return as_text(now) == as_text(before)


def _words(option: OptionBase, value: object) -> str:
    return NOTHING if value is None else value_in_words(option, value)


def _variant(form: Form, typed: Typed, job: Job) -> Sequence[Difference]:
    usual = next((one for one in form.variants if one.default), None)
    now = typed.variant or (usual.name if usual else "")
    before = job.submission.variant
    if now == before:
        return ()
    labels = {one.name: one.label for one in form.variants}
    return [Difference("Computer", labels.get(now, now), labels.get(before, before), "f-variant")]
