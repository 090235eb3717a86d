"""What stands beside a step: the form as people will see it, on a dataset, and the command that would run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from gantry_formats.patterns.paths import named
from portal.catalogue.access import visible
from portal.catalogue.inputs import check_all_found, datasets_by_slot
from portal.catalogue.models import Datafile, Dataset, DatasetType
from portal.catalogue.page import Page
from portal.catalogue.search import DatasetQuery, count_datasets, find_datasets
from portal.db import is_id
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
"""Of the newest, where nothing is looked for."""
MOST_FOUND: Final = 20
"""Of those that have the words."""
MOST_TYPES: Final = 100
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
    """Which datasets go into a slot, by their type: of those that this person sees.

    Shown are the newest, or the newest of those that have the words; the chosen one is among them in any case.
    """

    slot: str
    label: str
    needed: bool
    """If no job starts without one."""
    count: int
    examples: tuple[Example, ...]
    conditions: bool = False
    """If there are conditions besides the type, which the count does not know."""
    uncounted: bool = False
    """If more fit than `count` says."""
    looked_for: str = ""
    """The words that were typed, if any."""
    matching: str = ""
    """How many have these words; without words how many fit."""
    listed: int = 0
    """So many of them are among the examples."""
    left_out: str = ""
    """How many of them are not; empty where all are listed."""

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
        words = f"Fits {_number(self.count, self.uncounted)} of the datasets that you see, by type."
        return f"{words} What else must hold is looked at of those listed only." if self.conditions else words

    @property
    def found_words(self) -> str:
        """How many of those that fit, or have the words, are listed; empty where all that fit are."""
        if not self.looked_for:
            if not self.left_out:
                return ""
            return f"These are the newest {self.listed} of {self.matching}. Find others by words."
        if not self.listed:
            stays = next((f" “{one.name}” stays chosen." for one in self.examples if one.chosen), "")
            return f"No dataset that fits has the words “{self.looked_for}”.{stays}"
        if not self.left_out:
            beside = ", beside the chosen one" if len(self.examples) > self.listed else ""
            return f"{self.matching} found{beside}."
        listed = f"The newest {self.listed} are listed, {self.left_out} are not: give more words."
        return f"{self.matching} have these words. {listed}"


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


def fits(session: Session, actor: Actor, slot: Slot, chosen: int | None, looked_for: str = "") -> Fits:
    """How many datasets fit a slot, and some of them with how many of their files the program gets.

    `looked_for`: words, as the list of datasets takes them. The chosen one is among the examples whatever its
    words, if this person sees it and it is of a type that the slot takes.
    """
    looked_for = looked_for.strip()
    types = None if "*" in slot.dataset_types else tuple(slot.dataset_types[:MOST_TYPES])
    query = DatasetQuery(types=types, complete=None if slot.accept_incomplete else True, size=MOST_SHOWN)
    if looked_for:
        count, uncounted = count_datasets(session, actor, query)
        found = find_datasets(session, actor, replace(query, text=looked_for, size=MOST_FOUND))
    else:
        found = find_datasets(session, actor, query)
        count, uncounted = found.total, found.at_least
    rows = list(found.items)
    if chosen is not None and chosen not in [row.id for row in rows]:
        rows = [*_of_types(session, actor, types, chosen), *rows]
    return Fits(
        slot.name,
        slot.label,
        slot.min > 0,
        count,
        tuple(_example(session, row, slot, chosen) for row in rows),
        uncounted=uncounted,
        looked_for=looked_for,
        matching=_number(found.total, found.at_least),
        listed=len(found.items),
        left_out=_left_out(found),
    )


def check_seen(session: Session, actor: Actor, ids: Collection[int]) -> None:
    """Raises NotFoundError unless this person sees all of these datasets."""
    query = visible(actor, Dataset).where(Dataset.id.in_([number for number in ids if is_id(number)]))
    check_all_found(actor, ids, session.scalars(query.with_only_columns(Dataset.id)).all() if ids else ())


def _example(session: Session, row: Dataset, slot: Slot, chosen: int | None) -> Example:
    return Example(row.id, row.name, row.type.name, len(_files(session, row.id, slot.files)), row.id == chosen)


def _of_types(session: Session, actor: Actor, types: tuple[str, ...] | None, number: int) -> list[Dataset]:
    """The dataset, if this person sees it and it is of such a type."""
    query = visible(actor, Dataset).join(Dataset.type).where(Dataset.id == number)
    if types is not None:
        query = query.where(DatasetType.name.in_(types))
    return list(session.scalars(query.options(joinedload(Dataset.type, innerjoin=True))))


def _number(count: int, more: bool) -> str:
    return f"more than {count:,}" if more else f"{count:,}"


def _left_out(found: Page[Dataset]) -> str:
    left = found.total - len(found.items)
    return _number(left, found.at_least) if left > 0 or found.at_least else ""


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
