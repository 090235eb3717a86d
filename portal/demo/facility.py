"""Put the planned facility into the catalogue: people, instruments, experiments, dataset types.

The datasets themselves are registered through the same door as everybody's (`catalogue.files.register`).
"""

from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.models import (
    DatasetType,
    Facility,
    Instrument,
    InstrumentScientist,
    Investigation,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    User,
)
from portal.demo.generate.plan import DatasetTypePlan, ExperimentPlan, FacilityPlan
from portal.identity.actor import Role
from portal.identity.people import create_person

ROLES = {"researcher": [], "instrument scientist": [], "staff": [Role.STAFF]}


def is_filled(session: Session, plan: FacilityPlan) -> bool:
    """Whether the facility of this plan is in the catalogue."""
    return session.scalar(select(Facility.id).where(Facility.name == plan.name)) is not None


def fill(session: Session, plan: FacilityPlan, *, now: datetime) -> None:
    """Everything but the datasets, in the caller's transaction."""
    facility = Facility(
        name=plan.name, full_name=plan.full_name, description=plan.description, days_until_release=3 * 365
    )
    session.add(facility)
    users = _people(session, plan, now)
    instruments = _instruments(session, plan, facility, users)
    for kind in plan.dataset_types:
        session.add(
            DatasetType(facility=facility, name=kind.name, description=kind.description, mapping=_mapping(kind))
        )
    proposal = InvestigationType(facility=facility, name="proposal", description="Granted time on an instrument")
    for experiment in plan.experiments:
        session.add(_investigation(experiment, facility, proposal, instruments, users))


def _people(session: Session, plan: FacilityPlan, now: datetime) -> dict[str, User]:
    users = {}
    for person in plan.people:
        create_person(
            session,
            person.login,
            person.name,
            password=None,
            roles=ROLES[person.role],
            email=person.email,
            blurb=f"{person.role.capitalize()}. {person.about}",
            now=now,
        )
        users[person.login] = User(name=person.login, full_name=person.name, email=person.email)
    session.add_all(users.values())
    return users


def _instruments(
    session: Session, plan: FacilityPlan, facility: Facility, users: dict[str, User]
) -> dict[str, Instrument]:
    instruments = {}
    for planned in plan.instruments:
        instrument = Instrument(
            facility=facility,
            name=planned.name,
            full_name=planned.name,
            type=planned.kind,
            description=planned.description,
            scientists=[InstrumentScientist(user=users[login]) for login in planned.scientists],
        )
        instruments[planned.name] = instrument
    session.add_all(instruments.values())
    return instruments


def _mapping(kind: DatasetTypePlan) -> dict[str, object]:
    return {
        source.name: {
            "units": source.units,
            "sources": [place for place in source.sources if place],
            "kind": source.kind,
        }
        for source in kind.parameters
    }


def _investigation(
    planned: ExperimentPlan,
    facility: Facility,
    kind: InvestigationType,
    instruments: dict[str, Instrument],
    users: dict[str, User],
) -> Investigation:
    return Investigation(
        facility=facility,
        type=kind,
        name=planned.name,
        visit_id=planned.visit_id,
        title=planned.title,
        summary=planned.summary,
        start_date=_midnight(planned.start),
        end_date=_midnight(planned.end),
        release_date=_midnight(planned.release),
        investigation_instruments=[InvestigationInstrument(instrument=instruments[planned.instrument])],
        investigation_users=[InvestigationUser(user=users[login], role=role) for login, role in planned.team],
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
