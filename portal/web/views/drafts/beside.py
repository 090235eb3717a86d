"""What stands beside a step: the form as people will see it, on a dataset, and the command that would run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from gantry_formats.patterns.paths import named
from portal.catalogue.access import visible
from portal.catalogue.inputs import datasets_by_slot
from portal.catalogue.models import Datafile, Dataset, DatasetType
from portal.errors import InvalidError, NotFoundError
from portal.form import Form, build_form
from portal.form.conditions import needs_unmet
from portal.form.plan import plan
from portal.identity.actor import Actor
from portal.jobtype.advice.shown import arguments
from portal.jobtype.model import JobType, Slot
from portal.web.views.drafts.live.sizes import Asked, asked_for
from portal.web.views.start import inputs_of

MOST_SHOWN: Final = 5
MOST_FILES: Final = 500
"""Names that are read of one dataset; of more the list says that it goes on."""
MOST_WORDS: Final = 200


@dataclass(frozen=True)
class Example:
    """A dataset on which the form can be looked at."""

    id: int
    name: str
    type: str
    files: int
    """How many of its files the slot takes, of the first MOST_FILES."""
    chosen: bool
    unmet: str = ""
    """What of the analysis's conditions does not hold of it; empty where all do."""


@dataclass(frozen=True)
class Fits:
    """Which datasets go into a slot, by their type: of those that this person sees."""

    slot: str
    label: str
    needed: bool
    """If no job starts without one."""
    count: int
    examples: tuple[Example, ...]
    conditions: bool = False
    """If there are conditions besides the type, which the count does not know."""

    @property
    def first(self) -> int | None:
        """The newest that fits and has files, on which the form is looked at unless another is chosen."""
        best = sorted(self.examples, key=lambda one: (bool(one.unmet), not one.files))
        return best[0].id if best else None

    @property
    def chosen(self) -> int | None:
        """The one that was chosen, if it is among the examples."""
        return next((one.id for one in self.examples if one.chosen), None)

    @property
    def words(self) -> str:
        """The sentence."""
        if not self.count:
            return "None of the datasets that you see is of such a type."
        words = f"Fits {self.count:,} of the datasets that you see, by type."
        return (
            f"{words} What else must hold is looked at of the newest of them only." if self.conditions else words
        )


def other_type(session: Session, actor: Actor, slot: Slot, dataset_id: int) -> bool:
    """If this person sees the dataset, and it is of no type that the slot takes (any more)."""
    query = visible(actor, Dataset).join(Dataset.type).where(Dataset.id == dataset_id)
    found = session.scalars(query.with_only_columns(DatasetType.name)).first()
    return found is not None and "*" not in slot.dataset_types and found not in slot.dataset_types


@dataclass(frozen=True)
class Shown:
    """The form, and the argument list with these values."""

    form: Form | None
    on: int | None
    words: tuple[str, ...] = ()
    why_not: str = ""
    """Why there is no argument list yet, in a sentence."""
    more: int = 0
    """So many words are not shown."""
    sizes: tuple[Asked, ...] = ()
    """What each size asks for on this dataset."""


def fits(session: Session, actor: Actor, slot: Slot, chosen: int | None) -> Fits:
    """How many datasets fit a slot, and the newest of them with how many of their files the program gets."""
    query = visible(actor, Dataset).join(Dataset.type).where(Dataset.complete, Dataset.trial.is_(None))
    if "*" not in slot.dataset_types:
        query = query.where(DatasetType.name.in_(slot.dataset_types[:100]))
    count = session.scalar(select(func.count()).select_from(query.with_only_columns(Dataset.id).subquery())) or 0
    newest = query.options(joinedload(Dataset.type, innerjoin=True)).order_by(Dataset.id.desc()).limit(MOST_SHOWN)
    examples = tuple(
        Example(row.id, row.name, row.type.name, len(_files(session, row.id, slot.files)), row.id == chosen)
        for row in session.scalars(newest)
    )
    return Fits(slot.name, slot.label, slot.min > 0, count, examples)


def with_needs(session: Session, actor: Actor, jobtype: JobType, found: Fits) -> Fits:
    """What fits the first slot, each example with what must hold of it and does not."""
    if not jobtype.needs:
        return found
    examples = []
    for one in found.examples:
        given = inputs_of(chosen(session, actor, jobtype, one.id), arrays=jobtype.looks_at_arrays)
        unmet = needs_unmet(jobtype, [given]).get(found.slot, "")
        examples.append(replace(one, unmet=unmet))
    return replace(found, examples=tuple(examples), conditions=True)


def shown(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    on: int | None,
    raw: Mapping[str, str] | None,
    *,
    others: Mapping[str, int] | None = None,
) -> Shown:
    """The form on this dataset, which counts only if this person sees it, and what would run.

    `others`: the datasets in the further slots, by the slot's name.
    """
    datasets = chosen(session, actor, jobtype, on, others)
    on = on if datasets else None
    inputs = inputs_of(datasets, arrays=jobtype.looks_at_arrays)
    form = build_form(jobtype, inputs, values=raw)
    if jobtype.slot is not None and not datasets:
        return Shown(form, None, why_not="Choose a dataset to see the command.")
    try:
        planned = plan(jobtype, raw or {}, inputs, experiment=1 if not jobtype.inputs else None)[0]
    except InvalidError as error:
        told = next(iter(error.fields.values()), error.message)
        return Shown(form, on, why_not=f"The form cannot be sent like this: {told}")
    except IndexError:
        return Shown(form, on, why_not="The form makes no job like this.")
    sizes = tuple(asked_for(jobtype, [(planned.options, planned.inputs)]))
    files, folders = _of_slots(session, jobtype, datasets)
    for slot in jobtype.inputs:
        if datasets.get(slot.name) and not files[slot.name]:
            name = datasets[slot.name][0].name
            told = f"“{name}” has no file like {slot.files}, so nothing would run on it."
            return Shown(form, on, why_not=told, sizes=sizes)
    words = arguments(jobtype, planned.options, files, folders)
    return Shown(form, on, tuple(words[:MOST_WORDS]), more=max(0, len(words) - MOST_WORDS), sizes=sizes)


def chosen(
    session: Session, actor: Actor, jobtype: JobType, on: int | None, others: Mapping[str, int] | None = None
) -> dict[str, list[Dataset]]:
    """This dataset in the first slot, and others in the further ones; nothing where this person sees one not."""
    if on is None or jobtype.slot is None:
        return {}
    asked = {jobtype.slot.name: [on]}
    asked |= {slot.name: [others[slot.name]] for slot in jobtype.inputs[1:] if others and others.get(slot.name)}
    try:
        return datasets_by_slot(session, actor, asked, arrays=jobtype.looks_at_arrays)
    except NotFoundError:
        return {}


def types_with(session: Session, actor: Actor, pattern: str) -> list[str]:
    """The types of the newest datasets that have a file like this, which most of them have first."""
    newest = visible(actor, Dataset).where(Dataset.trial.is_(None)).order_by(Dataset.id.desc()).limit(200)
    rows = session.execute(
        select(DatasetType.name, Datafile.name)
        .join(Dataset, Dataset.type_id == DatasetType.id)
        .join(Datafile, Datafile.dataset_id == Dataset.id)
        .where(Dataset.id.in_(newest.with_only_columns(Dataset.id)))
        .limit(20_000)
    )
    counts: dict[str, int] = {}
    for kind, name in rows:
        if named(name, pattern):
            counts[kind] = counts.get(kind, 0) + 1
    return sorted(counts, key=lambda kind: (-counts[kind], kind))


def type_names(session: Session) -> Sequence[str]:
    """The names of the types of datasets, which are no secret: every analysis tells those that it takes."""
    return session.scalars(select(DatasetType.name).distinct().order_by(DatasetType.name).limit(300)).all()


def _of_slots(
    session: Session, jobtype: JobType, datasets: Mapping[str, Sequence[Dataset]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    files, folders = {}, {}
    for slot in jobtype.inputs:
        given = datasets.get(slot.name, ())
        files[slot.name] = [f"{one.name}/{name}" for one in given for name in _files(session, one.id, slot.files)]
        folders[slot.name] = [one.name for one in given]
    return files, folders


def _files(session: Session, dataset_id: int, pattern: str) -> list[str]:
    """Names of a dataset's files that a program gets; the dataset was found to be seen."""
    place = func.coalesce(Datafile.location, Datafile.name)
    query = select(place).where(Datafile.dataset_id == dataset_id).order_by(Datafile.id).limit(MOST_FILES)
    return [name for name in session.scalars(query) if named(name, pattern)]
