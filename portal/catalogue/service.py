"""One dataset, one experiment, its files, its team: what pages and the API ask for by id."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.catalogue.access import Action, allowed, may, visible
from portal.catalogue.ensure import (
    ensure_application,
    ensure_dataset_type,
    ensure_facility,
    ensure_parameter_type,
    ensure_sample,
    ensure_user,
)
from portal.catalogue.models import (
    Datafile,
    Dataset,
    DatasetParameter,
    Grouping,
    Instrument,
    InstrumentScientist,
    Investigation,
    InvestigationGroup,
    InvestigationInstrument,
    InvestigationUser,
    ParameterCorrection,
    User,
)
from portal.catalogue.models.searchable import fold
from portal.catalogue.page import Page, before
from portal.config import Settings
from portal.errors import ForbiddenError
from portal.identity.actor import Actor
from portal.identity.missing import check_id, not_found

__all__ = [
    "Member",
    "check_submit",
    "ensure_application",
    "ensure_dataset_type",
    "ensure_facility",
    "ensure_parameter_type",
    "ensure_sample",
    "ensure_user",
    "experiments_to_file_in",
    "get_dataset",
    "get_investigation",
    "list_files",
    "list_investigations",
    "team",
    "who_sees",
    "writable_by_people",
]

FILES = 100
INVESTIGATIONS = 24
OFFERED = 200
"""Experiments to choose from on a form. Staff may file in any, and a site has thousands."""
NAMED = 3
"""How many people `who_sees` names before it counts."""


@dataclass(frozen=True)
class Member:
    """Somebody (or a group) in an experiment's team, with the role in words."""

    name: str
    role: str


def get_dataset(session: Session, actor: Actor, dataset_id: int, *, now: datetime | None = None) -> Dataset:
    """A dataset with all that its page shows but its files. Raises NotFoundError."""
    query = (
        visible(actor, Dataset, now=now)
        .where(Dataset.id == check_id(actor, dataset_id))
        .options(
            joinedload(Dataset.type),
            joinedload(Dataset.sample),
            joinedload(Dataset.instrument),
            joinedload(Dataset.investigation),
            selectinload(Dataset.parameters).joinedload(DatasetParameter.type),
            selectinload(Dataset.corrections).joinedload(ParameterCorrection.type),
            selectinload(Dataset.pictures),
        )
    )
    found = session.scalar(query)
    if found is None:
        raise not_found(actor)
    return found


def get_investigation(
    session: Session, actor: Actor, investigation_id: int, *, now: datetime | None = None
) -> Investigation:
    """An experiment with its facility and instruments. Raises NotFoundError."""
    query = (
        visible(actor, Investigation, now=now)
        .where(Investigation.id == check_id(actor, investigation_id))
        .options(
            joinedload(Investigation.facility),
            joinedload(Investigation.type),
            selectinload(Investigation.investigation_instruments).joinedload(InvestigationInstrument.instrument),
        )
    )
    found = session.scalar(query)
    if found is None:
        raise not_found(actor)
    return found


def list_investigations(
    session: Session,
    actor: Actor,
    *,
    text: str | None = None,
    page: int = 1,
    size: int = INVESTIGATIONS,
    now: datetime | None = None,
) -> Page[Investigation]:
    """The experiments this person sees, newest first; `text`: all its words stand in name, visit or title."""
    query = visible(actor, Investigation, now=now)
    for word in fold(text or "").split()[:8]:
        query = query.where(Investigation.search_text.contains(word, autoescape=True))
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Investigation.id).subquery()))
    begin = func.coalesce(Investigation.start_date, Investigation.create_time)
    rows = query.order_by(begin.desc(), Investigation.id.desc()).limit(size).offset(before(page, size))
    items = list(session.scalars(rows))
    more = page * size < (total or 0)
    return Page(items, total or 0, page, size, page + 1 if more else None)


def experiments_to_file_in(
    session: Session, actor: Actor, *, chosen: int | None = None, now: datetime | None = None
) -> list[Investigation]:
    """The experiments in which the actor may run analyses, newest first, `OFFERED` at most.

    `chosen` is among them however old it is. Raises NotFoundError where it is not one of them.
    """
    open_ = select(Investigation).where(allowed(actor, Action.SUBMIT, Investigation, now=now))
    begin = func.coalesce(Investigation.start_date, Investigation.create_time)
    newest = list(session.scalars(open_.order_by(begin.desc(), Investigation.id.desc()).limit(OFFERED)))
    if chosen is None or any(one.id == chosen for one in newest):
        return newest
    found = session.scalar(open_.where(Investigation.id == check_id(actor, chosen)))
    if found is None:
        raise not_found(actor)
    return [found, *newest[: OFFERED - 1]]


def list_files(
    session: Session,
    actor: Actor,
    dataset_id: int,
    page: int = 1,
    *,
    size: int = FILES,
    now: datetime | None = None,
) -> Page[Datafile]:
    """A dataset's files by name. Raises NotFoundError."""
    count = (
        visible(actor, Dataset, now=now)
        .where(Dataset.id == check_id(actor, dataset_id))
        .with_only_columns(Dataset.file_count)
    )
    total = session.scalar(count)
    if total is None:
        raise not_found(actor)
    rows = select(Datafile).where(Datafile.dataset_id == dataset_id).order_by(Datafile.name)
    items = list(session.scalars(rows.limit(size).offset(before(page, size))))
    return Page(items, total, page, size, page + 1 if page * size < total else None)


def team(
    session: Session, actor: Actor, investigation: Investigation, *, now: datetime | None = None
) -> list[Member]:
    """Members, groups and the instruments' scientists, as far as this person sees them; leaders first."""
    if not may(session, actor, Action.READ, investigation, now=now):
        return []
    leader = InvestigationUser.role != "principal_investigator"
    people = (
        select(func.coalesce(User.full_name, User.name), InvestigationUser.role)
        .join(User, User.id == InvestigationUser.user_id)
        .where(InvestigationUser.investigation_id == investigation.id)
        .order_by(leader, InvestigationUser.id)
    )
    groups = (
        select(Grouping.name, InvestigationGroup.role)
        .join(Grouping, Grouping.id == InvestigationGroup.grouping_id)
        .where(InvestigationGroup.investigation_id == investigation.id)
        .order_by(InvestigationGroup.id)
    )
    found = [Member(name, _in_words(role)) for name, role in session.execute(people)]
    found += [Member(name, f"Group, {_in_words(role).lower()}") for name, role in session.execute(groups)]
    found += [
        Member(name, f"Scientist at {instrument}") for name, instrument in _scientists(session, investigation)
    ]
    return found


def _in_words(role: str) -> str:
    return role.replace("_", " ").strip().capitalize()


def _scientists(session: Session, investigation: Investigation) -> list[tuple[str, str]]:
    query = (
        select(func.coalesce(User.full_name, User.name), func.coalesce(Instrument.full_name, Instrument.name))
        .join(InstrumentScientist, InstrumentScientist.user_id == User.id)
        .join(Instrument, Instrument.id == InstrumentScientist.instrument_id)
        .join(InvestigationInstrument, InvestigationInstrument.instrument_id == Instrument.id)
        .where(InvestigationInstrument.investigation_id == investigation.id)
        .order_by(InstrumentScientist.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def who_sees(session: Session, investigation: Investigation, *, now: datetime | None = None) -> str:
    """Who can see what is in this experiment, in a sentence or two."""
    now = now or datetime.now(UTC)
    release = investigation.release_date
    if release is not None and release <= now:
        return f"Everybody can see this: it is public since {_day(release)}."
    people = (
        select(func.coalesce(User.full_name, User.name))
        .join(InvestigationUser, InvestigationUser.user_id == User.id)
        .where(InvestigationUser.investigation_id == investigation.id)
        .order_by(InvestigationUser.role != "principal_investigator", InvestigationUser.id)
    )
    groups = (
        select(Grouping.name)
        .join(InvestigationGroup, InvestigationGroup.grouping_id == Grouping.id)
        .where(InvestigationGroup.investigation_id == investigation.id)
        .order_by(InvestigationGroup.id)
    )
    names = list(dict.fromkeys(session.scalars(people)))
    parts = names[:NAMED]
    if len(names) > NAMED:
        others = len(names) - NAMED
        parts.append(f"{others} other{'s' if others > 1 else ''} of the team")
    parts += [f"the group {name}" for name in dict.fromkeys(session.scalars(groups))]
    if _scientists(session, investigation):
        parts.append("the instrument's scientists")
    parts.append("the facility's staff")
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    until = f" Everybody from {_day(release)} on." if release is not None else ""
    return f"Seen by {listed}.{until}"


def _day(moment: datetime) -> str:
    local = moment.astimezone()  # the server's time zone is the facility's, as on every page
    return f"{local.day} {local:%B %Y}"


def check_submit(
    session: Session, actor: Actor, investigation: Investigation, *, now: datetime | None = None
) -> None:
    """Return if the actor may run analyses into this experiment.

    Raises NotFoundError (not visible) or ForbiddenError (public data of another team).
    """
    if may(session, actor, Action.SUBMIT, investigation, now=now):
        return
    if not may(session, actor, Action.READ, investigation, now=now):
        raise not_found(actor)
    raise ForbiddenError("You can read this dataset, but results can be filed only by its team.")


def writable_by_people(dataset: Dataset, settings: Settings) -> bool:
    """True if people can change the files behind the catalogue's back: pages say so, reading checks again."""
    if dataset.root is None or dataset.is_result:
        return False
    root = settings.roots.get(dataset.root)
    return root is None or root.writable_by_people
