"""The catalogue's rules: for each action and entity one SQL condition. What has no rule is denied.

A team (named members, groups, and the scientists of the instruments that were used) sees its investigation and
all below it and may work with it; everybody sees an investigation from its release date on. ICAT's rule language
can take the place of the tables at the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.catalogue.models import (
    Application,
    DataCollection,
    DataCollectionDatafile,
    DataCollectionDataset,
    Datafile,
    DatafileFormat,
    Dataset,
    DatasetArray,
    DatasetParameter,
    DatasetPicture,
    DatasetType,
    Facility,
    Grouping,
    Instrument,
    InstrumentScientist,
    Investigation,
    InvestigationGroup,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    Job,
    ParameterCorrection,
    ParameterType,
    Sample,
    SampleType,
    TrialPicture,
    User,
    UserGroup,
)
from portal.catalogue.models.entity import Entity
from portal.identity.actor import Actor

Column = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
Condition = ColumnElement[bool]


class Action(StrEnum):
    """What somebody wants to do with an entity."""

    READ = "read"
    UPDATE = "update"
    """Change its name and description."""
    SUBMIT = "submit"
    """Run analyses on it and file results in its investigation."""
    CREATE = "create"


@dataclass(frozen=True)
class Asker:
    """Who asks (None: a visitor), and when: values, or parameters of a statement that is built once."""

    name: str | BindParameter[str] | None
    now: datetime | BindParameter[datetime]


def team_investigations(actor: Actor) -> Select[int]:
    """The ids of the investigations whose team the actor belongs to; for staff all, for a visitor none."""
    if actor.staff:
        return select(Investigation.id)
    if not actor.signed_in:
        return select(Investigation.id).where(false())
    return _investigations_of(actor.name)


def own_investigations(actor: Actor) -> Select[int]:
    """The ids of those in whose team the actor is named, by whatever way; staff's rights do not count."""
    if not actor.signed_in:
        return select(Investigation.id).where(false())
    return _investigations_of(actor.name)


def _investigations_of(name: str | BindParameter[str]) -> Select[int]:
    named = (
        select(InvestigationUser.investigation_id)
        .join(User, User.id == InvestigationUser.user_id)
        .where(User.name == name)
    )
    grouped = (
        select(InvestigationGroup.investigation_id)
        .join(UserGroup, UserGroup.grouping_id == InvestigationGroup.grouping_id)
        .join(User, User.id == UserGroup.user_id)
        .where(User.name == name)
    )
    measured = (
        select(InvestigationInstrument.investigation_id)
        .join(InstrumentScientist, InstrumentScientist.instrument_id == InvestigationInstrument.instrument_id)
        .join(User, User.id == InstrumentScientist.user_id)
        .where(User.name == name)
    )
    ids = named.union(grouped, measured).subquery()
    return select(ids.c.investigation_id)


# ---- conditions, by what a column points to ------------------------------------------------------------------


def _in_team(asker: Asker, investigation_id: Column) -> Condition:
    return investigation_id.in_(_investigations_of(asker.name)) if asker.name is not None else false()


def _investigation(asker: Asker, investigation_id: Column) -> Condition:
    """The investigation that the column points to is readable."""
    released = aliased(Investigation)
    public = exists().where(released.id == investigation_id, released.release_date <= asker.now)
    return or_(_in_team(asker, investigation_id), public)


def _dataset(asker: Asker, dataset_id: Column) -> Condition:
    dataset = aliased(Dataset)
    return exists().where(dataset.id == dataset_id, _investigation(asker, dataset.investigation_id))


def _datafile(asker: Asker, datafile_id: Column) -> Condition:
    datafile = aliased(Datafile)
    return exists().where(datafile.id == datafile_id, _dataset(asker, datafile.dataset_id))


def _member_of_collection(asker: Asker, collection_id: Column) -> Condition:
    datasets, datafiles = aliased(DataCollectionDataset), aliased(DataCollectionDatafile)
    return or_(
        exists().where(datasets.data_collection_id == collection_id, _dataset(asker, datasets.dataset_id)),
        exists().where(datafiles.data_collection_id == collection_id, _datafile(asker, datafiles.datafile_id)),
    )


def _collection(asker: Asker, collection_id: Column) -> Condition:
    """What came out of a run is visible with its members; what went in, only with what came out.

    Otherwise a private analysis of public data would be seen by everybody.
    """
    made, used = aliased(Job), aliased(Job)
    is_output = exists().where(made.output_data_collection_id == collection_id)
    is_input = exists().where(used.input_data_collection_id == collection_id)
    visible_run = exists().where(
        used.input_data_collection_id == collection_id,
        _member_of_collection(asker, used.output_data_collection_id),
    )
    return or_(and_(or_(is_output, ~is_input), _member_of_collection(asker, collection_id)), visible_run)


def _oneself(asker: Asker, name: InstrumentedAttribute[str]) -> Condition:
    return name == asker.name if asker.name is not None else false()


def _my_groups(asker: Asker) -> Select[int]:
    membership, user = aliased(UserGroup), aliased(User)
    joined = select(membership.grouping_id).join(user, user.id == membership.user_id)
    return joined.where(_oneself(asker, user.name))


def _grouping(asker: Asker) -> Condition:
    """My groups, and those that belong to an investigation I see."""
    assigned = aliased(InvestigationGroup)
    named = exists().where(assigned.grouping_id == Grouping.id, _investigation(asker, assigned.investigation_id))
    return or_(Grouping.id.in_(_my_groups(asker)), named)


def _user(asker: Asker) -> Condition:
    """Oneself, those in one's groups and visible teams, and whom to ask about an instrument."""
    member, peer, scientist = aliased(InvestigationUser), aliased(UserGroup), aliased(InstrumentScientist)
    return or_(
        _oneself(asker, User.name),
        exists().where(scientist.user_id == User.id),
        exists().where(peer.user_id == User.id, peer.grouping_id.in_(_my_groups(asker))),
        exists().where(member.user_id == User.id, _investigation(asker, member.investigation_id)),
    )


def _everybody(_asker: Asker) -> Condition:
    return true()


Rule = Callable[[Asker], Condition]

READS: Mapping[type[Entity], Rule] = {
    Facility: _everybody,
    Instrument: _everybody,
    InstrumentScientist: _everybody,
    InvestigationType: _everybody,
    DatasetType: _everybody,
    DatafileFormat: _everybody,
    ParameterType: _everybody,
    SampleType: _everybody,
    Application: _everybody,
    Investigation: lambda asker: or_(Investigation.release_date <= asker.now, _in_team(asker, Investigation.id)),
    InvestigationUser: lambda asker: _investigation(asker, InvestigationUser.investigation_id),
    InvestigationGroup: lambda asker: _investigation(asker, InvestigationGroup.investigation_id),
    InvestigationInstrument: lambda asker: _investigation(asker, InvestigationInstrument.investigation_id),
    Sample: lambda asker: _investigation(asker, Sample.investigation_id),
    Dataset: lambda asker: _investigation(asker, Dataset.investigation_id),
    Datafile: lambda asker: _dataset(asker, Datafile.dataset_id),
    DatasetParameter: lambda asker: _dataset(asker, DatasetParameter.dataset_id),
    ParameterCorrection: lambda asker: _dataset(asker, ParameterCorrection.dataset_id),
    DatasetPicture: lambda asker: _dataset(asker, DatasetPicture.dataset_id),
    DatasetArray: lambda asker: _dataset(asker, DatasetArray.dataset_id),
    TrialPicture: lambda asker: _dataset(asker, TrialPicture.dataset_id),
    DataCollection: lambda asker: _collection(asker, DataCollection.id),
    DataCollectionDataset: lambda asker: and_(
        _dataset(asker, DataCollectionDataset.dataset_id),
        _collection(asker, DataCollectionDataset.data_collection_id),
    ),
    DataCollectionDatafile: lambda asker: and_(
        _datafile(asker, DataCollectionDatafile.datafile_id),
        _collection(asker, DataCollectionDatafile.data_collection_id),
    ),
    Job: lambda asker: _member_of_collection(asker, Job.output_data_collection_id),
    Grouping: _grouping,
    UserGroup: lambda asker: UserGroup.grouping_id.in_(_my_groups(asker)),
    User: _user,
}

RULES: Mapping[Action, Mapping[type[Entity], Rule]] = {
    Action.READ: READS,
    Action.UPDATE: {Dataset: lambda asker: _in_team(asker, Dataset.investigation_id)},
    Action.SUBMIT: {
        Dataset: lambda asker: _in_team(asker, Dataset.investigation_id),
        Investigation: lambda asker: _in_team(asker, Investigation.id),
    },
}

CREATES: Mapping[type[Entity], Callable[[Actor], bool]] = {
    Dataset: lambda actor: actor.may_ingest,
    Investigation: lambda actor: actor.staff,
    DatasetType: lambda actor: actor.staff,
}
