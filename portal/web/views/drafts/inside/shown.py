"""The panel beside the step Data: a dataset, a file of it, what can be named, and what is being picked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session, selectinload

from gantry_formats.patterns.paths import named as fits_pattern
from portal.catalogue.access import visible
from portal.catalogue.inputs import LOADED
from portal.catalogue.models import Datafile, Dataset
from portal.config import Settings
from portal.data.contents import contents
from portal.db import is_id
from portal.errors import PortalError
from portal.files.formats import is_named_as_array
from portal.identity.actor import Actor
from portal.jobtype.model import JobType
from portal.web.views.drafts.beside import Fits
from portal.web.views.drafts.inside.named import Named, named_of
from portal.web.views.drafts.inside.pick import Choice, operators, options_for
from portal.web.views.drafts.inside.tree import Tree, tree_of
from portal.words import size

MOST_LOOKED_AT: Final = 500
MOST_FILES: Final = 100


@dataclass(frozen=True)
class Asked:
    """What the address asks: a slot's number with a dataset, a file of it, and what is picked."""

    slot: int = 0
    dataset: int = 0
    file: int = 0
    pick: str = ""

    @property
    def inside(self) -> str:
        """`0.12`: the slot's number and the dataset's."""
        return f"{self.slot}.{self.dataset}" if self.dataset else ""


def asked_in(values: Mapping[str, str]) -> Asked:
    """Of an address or a form; what cannot be read asks for nothing."""
    slot, _, dataset = values.get("inside", "").partition(".")
    return Asked(_whole(slot), _whole(dataset), _whole(values.get("file", "")), values.get("pick", "")[:300])


@dataclass(frozen=True)
class Picking:
    """Something that was pressed: what can be made of it."""

    named: Named
    operators: tuple[tuple[str, str], ...]
    options: tuple[Choice, ...]
    slot_label: str
    operator: str = ""
    value: str = ""
    because: str = ""
    option: str = ""


@dataclass(frozen=True)
class Inside:
    """The panel."""

    asked: Asked
    choices: tuple[tuple[str, str], ...] = ()
    """Datasets that can be looked into: `0.12`, and the name."""
    dataset: str = ""
    files: tuple[tuple[int, str], ...] = ()
    more_files: bool = False
    named: tuple[Named, ...] = ()
    tree: Tree | None = None
    trouble: str = ""
    """Why there is no tree, in sentences."""
    picking: Picking | None = None


def choices_of(fits: Sequence[Fits]) -> tuple[tuple[str, str], ...]:
    """The datasets that stand beside the step already, by slot."""
    several = len(fits) > 1
    return tuple(
        (f"{number}.{one.id}", f"{fit.label}: {one.name}" if several else one.name)
        for number, fit in enumerate(fits)
        for one in fit.examples
    )


def inside_of(
    reads: tuple[Session, Actor, Settings],
    jobtype: JobType | None,
    fits: Sequence[Fits],
    asked: Asked,
    typed: Mapping[str, str] | None = None,
) -> Inside:
    """The panel as the address asks for it; a dataset that this person does not see is none."""
    session, actor, settings = reads
    choices = choices_of(fits)
    dataset = _dataset(session, actor, asked.dataset)
    if jobtype is None or dataset is None or asked.slot >= len(jobtype.inputs):
        return Inside(Asked(), choices)
    slot = jobtype.inputs[asked.slot]
    if asked.inside not in [value for value, _name in choices]:
        choices = ((asked.inside, dataset.name), *choices)
    named = tuple(named_of(jobtype, slot.name, dataset))
    rows, more = _files(session, actor, dataset.id, slot.files)
    file = next((row for row in rows if row.id == asked.file), None) or _first(rows)
    asked = Asked(asked.slot, dataset.id, file.id if file else 0, asked.pick)
    tree, trouble = None, "None of its files is like the pattern of this input." if file is None else ""
    if file is not None:
        try:
            outline = contents(session, actor, dataset.id, file.id, settings=settings).outline
            tree = tree_of(outline, file.location or file.name, named, dataset.arrays)
        except PortalError as error:
            trouble = error.message
    return Inside(
        asked,
        choices,
        dataset.name,
        tuple((row.id, f"{row.location or row.name}, {size(row.file_size or 0)}") for row in rows),
        more,
        named,
        tree,
        trouble,
        picking_of(jobtype, named, asked, typed),
    )


def picking_of(
    jobtype: JobType, named: Sequence[Named], asked: Asked, typed: Mapping[str, str] | None
) -> Picking | None:
    """What was pressed, if it can be named; with what was typed of it before."""
    found = next((one for one in named if one.key == asked.pick and one.name), None)
    if found is None:
        return None
    given = typed or {}
    offered = operators(found)
    return Picking(
        found,
        offered,
        tuple(options_for(jobtype, found)) if found.parameter else (),
        jobtype.inputs[asked.slot].label if len(jobtype.inputs) > 1 else "",
        given.get("operator", offered[0][0]),
        given.get("value", found.literal),
        given.get("because", ""),
        given.get("option", ""),
    )


def picked(
    session: Session, actor: Actor, jobtype: JobType, asked: Asked
) -> tuple[Dataset, tuple[Named, ...]] | None:
    """The dataset that is asked about, and what can be named of it; None where this person sees none."""
    dataset = _dataset(session, actor, asked.dataset)
    if dataset is None or asked.slot >= len(jobtype.inputs):
        return None
    return dataset, tuple(named_of(jobtype, jobtype.inputs[asked.slot].name, dataset))


def _dataset(session: Session, actor: Actor, number: int) -> Dataset | None:
    if not is_id(number):
        return None
    query = visible(actor, Dataset).where(Dataset.id == number).options(*LOADED, selectinload(Dataset.arrays))
    return session.scalars(query).first()


def _files(session: Session, actor: Actor, dataset: int, pattern: str) -> tuple[list[Datafile], bool]:
    """The first files that go into the slot, and if there may be more."""
    query = visible(actor, Datafile).where(Datafile.dataset_id == dataset).order_by(Datafile.id)
    rows = session.scalars(query.limit(MOST_LOOKED_AT)).all()
    fitting = [row for row in rows if fits_pattern(row.location or row.name, pattern)]
    return fitting[:MOST_FILES], len(rows) == MOST_LOOKED_AT or len(fitting) > MOST_FILES


def _first(rows: Sequence[Datafile]) -> Datafile | None:
    arrays = (row for row in rows if row.folder_stamp is not None or is_named_as_array(row.name))
    return next(arrays, rows[0] if rows else None)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
