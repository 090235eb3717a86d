"""The catalogue's datasets as forms see them."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import words
from portal.catalogue.access import Action, allowed_to_asker, asker_parameters, visible
from portal.catalogue.arrays.rows import arrays_of_all, input_arrays
from portal.catalogue.files.named import file_names
from portal.catalogue.models import Dataset, DatasetParameter, DatasetType, Investigation, ParameterCorrection
from portal.catalogue.parameters.rows import known_of, known_of_all
from portal.db import is_id
from portal.form.inputs.dataset import InputDataset, Quantity
from portal.identity.actor import Actor
from portal.identity.missing import not_found
from portal.level import level
from portal.portions import portions

LOADED = (
    joinedload(Dataset.type, innerjoin=True),
    joinedload(Dataset.investigation, innerjoin=True),
    selectinload(Dataset.parameters).joinedload(DatasetParameter.type),
    selectinload(Dataset.corrections).joinedload(ParameterCorrection.type),
)


@dataclass(frozen=True)
class Chosen:
    """A dataset that somebody chose and may see, and the experiment in which a result of it would be filed."""

    dataset: InputDataset
    experiment: int
    experiment_title: str
    may_submit: bool
    """Analyses may be run, and results filed, in this experiment."""


def open_experiments(
    connection: Connection, actor: Actor, ids: Collection[int], *, now: datetime
) -> dict[int, str]:
    """Titles of those of the experiments in which the actor may run analyses and file results, by id."""
    found: dict[int, str] = {}
    for some in portions(sorted(filter(is_id, ids))):
        rows = connection.execute(_open(actor.staff), {"ids": some, **asker_parameters(actor, now)})
        found |= {row.id: row.title for row in rows}
    return found


def check_open(actor: Actor, experiment: int, open_: Container[int]) -> None:
    """Raises NotFoundError if the actor may not file in the experiment; that they may read it changes nothing."""
    if experiment not in open_:
        raise not_found(actor, f"{level().One} {experiment}", hidden="none in which you may file results")


@cache
def _open(staff: bool) -> Select[int, str]:
    return select(Investigation.id, Investigation.title).where(
        Investigation.id.in_(bindparam("ids", expanding=True)),
        allowed_to_asker(Action.SUBMIT, Investigation, staff=staff),
    )


def chosen_datasets(
    connection: Connection,
    actor: Actor,
    ids: Collection[int],
    *,
    parameters: Collection[str],
    arrays: bool = False,
    files: Collection[str] = (),
    now: datetime,
) -> dict[int, Chosen]:
    """Those of the datasets that the actor may see, by id, with the named ones of their parameters.

    With `arrays` also with what their files hold; with `files` with the names of those like these patterns.
    """
    found: dict[int, Chosen] = {}
    for some in portions(sorted(filter(is_id, ids))):
        rows = connection.execute(_visible(actor.staff), {"ids": some, **asker_parameters(actor, now)}).all()
        given = _given(connection, [row.id for row in rows], parameters) if parameters else {}
        held = arrays_of_all(connection, [row.id for row in rows]) if arrays else {}
        names = file_names(connection, [row.id for row in rows], files) if files else {}
        for row in rows:
            dataset = InputDataset(
                row.id,
                row.name,
                row.type,
                row.complete,
                given.get(row.id, {}),
                held.get(row.id, ()),
                row.problem or "",
                file_count=row.file_count,
                file_size=row.file_size,
                chosen_from=names.get(row.id),
            )
            found[row.id] = Chosen(dataset, row.investigation_id, row.title, row.may_submit)
    return found


@cache
def _visible(staff: bool) -> Select[int, str, bool, str | None, int, int, int, str, str, bool]:
    return (
        select(
            Dataset.id,
            Dataset.name,
            Dataset.complete,
            Dataset.problem,
            Dataset.file_count,
            Dataset.file_size,
            Dataset.investigation_id,
            DatasetType.name.label("type"),
            Investigation.title,
            allowed_to_asker(Action.SUBMIT, Investigation, staff=staff).label("may_submit"),
        )
        .join(Dataset.type)
        .join(Dataset.investigation)
        .where(
            Dataset.id.in_(bindparam("ids", expanding=True)),
            allowed_to_asker(Action.READ, Dataset, staff=staff),
        )
    )


def _given(connection: Connection, ids: Sequence[int], names: Collection[str]) -> dict[int, dict[str, Quantity]]:
    """Parameters of datasets that the actor was found to see: a parameter is as visible as its dataset."""
    found = known_of_all(connection, ids, names)
    return {dataset: {name: one.quantity for name, one in known.items()} for dataset, known in found.items()}


def datasets_by_slot(
    session: Session, actor: Actor, ids: Mapping[str, Sequence[int]], *, arrays: bool = False
) -> dict[str, list[Dataset]]:
    """The datasets that somebody chose, by slot, with what a form shows of them; `arrays`: also what they hold.

    Raises NotFoundError if this person sees not all of them, with the ids.
    """
    wanted = sorted({number for chosen in ids.values() for number in chosen})
    found: dict[int, Dataset] = {}
    for some in portions(filter(is_id, wanted)):
        held = (selectinload(Dataset.arrays),) if arrays else ()
        query = visible(actor, Dataset).where(Dataset.id.in_(some)).options(*LOADED, *held)
        found.update({dataset.id: dataset for dataset in session.scalars(query)})
    check_all_found(actor, wanted, found)
    return {slot: [found[number] for number in chosen] for slot, chosen in ids.items()}


def check_all_found(actor: Actor, wanted: Collection[int], found: Container[int]) -> None:
    """Raises NotFoundError if one of the datasets that were chosen is not among those that this person sees."""
    missing = [str(number) for number in sorted(wanted) if number not in found]
    if missing:
        raise not_found(actor, f"Dataset {words.listed(missing)}")


def input_dataset(dataset: Dataset, *, arrays: bool = False) -> InputDataset:
    """What a form must know of a dataset; its type, parameters and corrections should be loaded.

    With `arrays`, which should be loaded then, also what its files hold.
    """
    parameters = {name: known.quantity for name, known in known_of(dataset).items()}
    held = input_arrays(dataset.arrays) if arrays else ()
    return InputDataset(
        dataset.id,
        dataset.name,
        dataset.type.name,
        dataset.complete,
        parameters,
        held,
        dataset.problem or "",
        dataset.file_count,
        dataset.file_size,
    )
