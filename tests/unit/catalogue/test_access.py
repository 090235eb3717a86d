"""The filter on reading, against a plain reimplementation on random small facilities."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from small_facility import NOW, SmallFacility
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.catalogue.access import may, visible
from portal.catalogue.models import (
    Application,
    DataCollection,
    DataCollectionDatafile,
    DataCollectionDataset,
    Datafile,
    Dataset,
    DatasetParameter,
    DatasetPicture,
    DatasetType,
    Facility,
    FolderManifest,
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
    User,
    UserGroup,
)
from portal.catalogue.rules import READS
from portal.db import Base, Database
from portal.identity.actor import NOBODY, Actor, Role
from portal.identity.models import Person

PEOPLE = ("ann", "bob", "cem", "dee")
ROLES = {"cem": frozenset({Role.INGEST}), "dee": frozenset({Role.STAFF})}
MOMENTS = (None, NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1), NOW + timedelta(days=1))
few = st.frozensets


@dataclass(frozen=True)
class Experiment:
    team: frozenset[str]
    groups: frozenset[int]
    instruments: frozenset[int]
    release: datetime | None


@dataclass(frozen=True)
class Plan:
    """A facility as plain data. Datasets are numbered 2 * experiment and 2 * experiment + 1."""

    groups: list[frozenset[str]]
    scientists: list[frozenset[str]]
    experiments: list[Experiment]
    runs: list[tuple[frozenset[int], frozenset[int]]]


people = few(st.sampled_from(PEOPLE), max_size=3)
experiments = st.builds(
    Experiment,
    team=people,
    groups=few(st.integers(0, 1), max_size=2),
    instruments=few(st.integers(0, 1), max_size=2),
    release=st.sampled_from(MOMENTS),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    drawn = draw(st.lists(experiments, min_size=1, max_size=3))
    members = few(st.integers(0, 2 * len(drawn) - 1), max_size=3)
    return Plan(
        groups=[draw(people) for _ in range(2)],
        scientists=[draw(people) for _ in range(2)],
        experiments=drawn,
        runs=draw(st.lists(st.tuples(members, members), max_size=2)),
    )


class Truth:
    """The rules once more, on plain data."""

    def __init__(self, plan: Plan, name: str | None) -> None:
        self.plan, self.name, self.staff = plan, name, Role.STAFF in ROLES.get(name or "", frozenset())

    def team(self, number: int) -> bool:
        it = self.plan.experiments[number]
        by_group = any(self.name in self.plan.groups[group] for group in it.groups)
        by_instrument = any(self.name in self.plan.scientists[instrument] for instrument in it.instruments)
        return self.staff or self.name in it.team or by_group or by_instrument

    def experiment(self, number: int) -> bool:
        release = self.plan.experiments[number].release
        return self.team(number) or (release is not None and release <= NOW)

    def dataset(self, number: int) -> bool:
        return self.experiment(number // 2)

    def run(self, number: int) -> bool:
        return self.staff or any(self.dataset(output) for output in self.plan.runs[number][1])

    def group(self, number: int) -> bool:
        on_visible = any(
            number in it.groups and self.experiment(at) for at, it in enumerate(self.plan.experiments)
        )
        return self.staff or self.name in self.plan.groups[number] or on_visible

    def member_list(self, number: int) -> bool:
        return self.staff or self.name in self.plan.groups[number]

    def user(self, name: str) -> bool:
        scientist = any(name in those for those in self.plan.scientists)
        peer = any(name in group and self.name in group for group in self.plan.groups)
        named = any(name in it.team and self.experiment(at) for at, it in enumerate(self.plan.experiments))
        return self.staff or name == self.name or scientist or peer or named


@dataclass
class Built:
    """The plan in a database: each entity with the truth's question about it."""

    rows: list[tuple[Any, str, tuple[Any, ...]]] = field(default_factory=list)
    experiments: list[Investigation] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)

    def note(self, entity: Any, question: str, *about: Any) -> Any:
        self.rows.append((entity, question, about))
        return entity


def build(session: Session, plan: Plan) -> Built:
    built, note = Built(), None
    note = built.note
    facility = note(Facility(name="F"), "anything")
    kind = note(InvestigationType(facility_id=0, name="T"), "anything")
    session.add(facility)
    session.flush()
    kind.facility_id = facility.id
    dataset_type = note(DatasetType(facility=facility, name="D"), "anything")
    parameter_type = note(ParameterType(facility=facility, name="P", value_type="NUMERIC"), "anything")
    application = note(Application(facility=facility, name="A", version="1"), "anything")
    users = {name: note(User(name=name), "user", name) for name in PEOPLE}
    session.add_all([kind, dataset_type, parameter_type, application, *users.values()])
    groups = [note(Grouping(name=f"G{number}"), "group", number) for number in range(2)]
    instruments = [note(Instrument(facility=facility, name=f"I{number}"), "anything") for number in range(2)]
    session.add_all([*groups, *instruments])
    for number in range(2):
        for name in sorted(plan.groups[number]):
            session.add(note(UserGroup(user=users[name], grouping=groups[number]), "member_list", number))
        for name in sorted(plan.scientists[number]):
            session.add(note(InstrumentScientist(user=users[name], instrument=instruments[number]), "anything"))
    for number, planned in enumerate(plan.experiments):
        it = Investigation(
            facility=facility, type=kind, name=f"E{number}", visit_id="1", title="", release_date=planned.release
        )
        built.experiments.append(note(it, "experiment", number))
        below: list[Any] = [
            InvestigationUser(investigation=it, user=users[name], role="r") for name in planned.team
        ]
        below += [InvestigationGroup(investigation=it, grouping=groups[g], role="r") for g in planned.groups]
        below += [
            InvestigationInstrument(investigation=it, instrument=instruments[i]) for i in planned.instruments
        ]
        below += [Sample(investigation=it, name="S")]
        for which in range(2):
            dataset = Dataset(investigation=it, type=dataset_type, name=f"D{which}")
            built.datasets.append(dataset)
            picture = DatasetPicture(dataset=dataset, name="p", role="preview", path="p", width=1, height=1)
            parameter = DatasetParameter(dataset=dataset, type=parameter_type, numeric_value=1)
            correction = ParameterCorrection(dataset=dataset, name="n", type=parameter_type, numeric_value=2)
            below += [dataset, Datafile(dataset=dataset, name="f"), picture, parameter, correction]
        session.add_all([note(entity, "experiment", number) for entity in below])
    session.flush()
    for number, (inputs, outputs) in enumerate(plan.runs):
        build_run(session, built, application, number, inputs, outputs)
    session.flush()
    return built


def build_run(
    session: Session,
    built: Built,
    application: Application,
    number: int,
    inputs: frozenset[int],
    outputs: frozenset[int],
) -> None:
    taken, made = built.note(DataCollection(), "run", number), built.note(DataCollection(), "run", number)
    session.add_all([taken, made])
    for collection, members in ((taken, inputs), (made, outputs)):
        for member in sorted(members):
            row = DataCollectionDataset(data_collection=collection, dataset=built.datasets[member])
            session.add(built.note(row, "run_and_dataset", number, member))
            file_row = DataCollectionDatafile(
                data_collection=collection, datafile=built.datasets[member].datafiles[0]
            )
            session.add(built.note(file_row, "run_and_dataset", number, member))
    run = Job(application=application, input_data_collection=taken, output_data_collection=made)
    session.add(built.note(run, "run", number))


def answer(truth: Truth, question: str, about: tuple[Any, ...]) -> bool:
    if question == "anything":
        return True
    if question == "run_and_dataset":
        run, member = about
        return truth.run(run) and (truth.staff or truth.dataset(member))
    return bool(getattr(truth, question)(*about))


def actor(name: str | None) -> Actor:
    return NOBODY if name is None else Actor(1 + PEOPLE.index(name), name, name, ROLES.get(name, frozenset()))


PRIVATE_ANALYSIS_OF_PUBLIC_DATA = Plan(
    groups=[frozenset(), frozenset()],
    scientists=[frozenset(), frozenset()],
    experiments=[
        Experiment(frozenset({"ann"}), frozenset(), frozenset(), NOW),
        Experiment(frozenset({"bob"}), frozenset(), frozenset(), None),
    ],
    runs=[(frozenset({0}), frozenset({2}))],
)


@example(plan=PRIVATE_ANALYSIS_OF_PUBLIC_DATA)
@given(plan=plans())
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_lists_and_single_answers_agree_with_the_plain_rules(database: Database, plan: Plan) -> None:
    with Session(database.engine, autoflush=False) as session:
        built = build(session, plan)
        for name in (None, *PEOPLE):
            truth = Truth(plan, name)
            listed = {
                kind: set(session.scalars(visible(actor(name), kind, now=NOW)))
                for kind in {type(e) for e, *_ in built.rows}
            }
            for entity, question, about in built.rows:
                expected = answer(truth, question, about)
                assert (entity in listed[type(entity)]) == expected, (name, entity, question, about)
            for entity, question, about in built.rows[::5]:
                expected = answer(truth, question, about)
                assert may(session, actor(name), "read", entity, now=NOW) == expected, (name, entity, question)
            for number, investigation in enumerate(built.experiments):
                assert may(session, actor(name), "submit", investigation, now=NOW) == truth.team(number)
                dataset = built.datasets[2 * number]
                assert may(session, actor(name), "submit", dataset, now=NOW) == truth.team(number)
                assert may(session, actor(name), "update", dataset, now=NOW) == truth.team(number)
        session.rollback()


def test_every_entity_has_a_rule_for_reading() -> None:
    catalogue = {
        mapper.class_
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("portal.catalogue")
    }
    # A folder's manifest is for who registers and verifies: no person reads it, and pages have no use for it.
    assert set(READS) == catalogue - {FolderManifest}


def test_what_has_no_rule_is_denied_even_to_staff(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        person = session.scalars(select(Person)).first()
        for name in ("maya", "sam"):
            assert session.scalars(visible(facility.actors[name], Person)).all() == []  # type: ignore[type-var]
            assert not may(session, facility.actors[name], "read", person)  # type: ignore[arg-type]
            assert not may(session, facility.actors[name], "create", User)
        assert not may(session, facility.actors["sam"], "update", session.scalars(select(User)).first() or User())


def test_what_was_never_stored_may_not_be_read(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        assert not may(session, facility.actors["sam"], "read", Dataset(id=99_999))
        assert not may(session, facility.actors["sam"], "read", Dataset())


@pytest.mark.parametrize(("name", "right"), [("maya", False), ("ingest", True), ("sam", True)])
def test_only_staff_and_instruments_create_datasets(
    sqlite_database: Database, sqlite_facility: SmallFacility, name: str, right: bool
) -> None:
    with sqlite_database.read() as session:
        assert may(session, sqlite_facility.actors[name], "create", Dataset) is right
        assert not may(session, NOBODY, "create", Dataset)


def test_an_instruments_account_sees_nothing_private(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        seen = session.scalars(visible(facility.actors["ingest"], Dataset, now=NOW))
        assert [dataset.id for dataset in seen] == [facility.datasets["public"]]


def test_the_release_date_is_compared_in_utc(database: Database, facility: SmallFacility) -> None:
    zone = datetime.fromisoformat("2026-11-20T14:30:00+02:30").tzinfo
    moment = NOW.astimezone(zone)
    with database.write() as session:
        session.get_one(Investigation, facility.investigations["other"]).release_date = moment
    with database.read() as session:
        count = select(func.count()).select_from(visible(NOBODY, Dataset, now=NOW).subquery())
        before = visible(NOBODY, Dataset, now=NOW - timedelta(microseconds=1)).subquery()
        assert session.scalar(count) == 2
        assert session.scalar(select(func.count()).select_from(before)) == 1


def test_somebody_with_another_ones_name_in_another_case_is_somebody_else(
    database: Database, facility: SmallFacility
) -> None:
    with database.read() as session:
        for name in ("MAYA", "maya ", "may_", "%"):
            stranger = Actor(99, name, name)
            seen = session.scalars(visible(stranger, Dataset, now=NOW))
            assert [dataset.id for dataset in seen] == [facility.datasets["public"]]


def test_asking_about_all_is_a_mistake(sqlite_database: Database, sqlite_facility: SmallFacility) -> None:
    with sqlite_database.read() as session, pytest.raises(TypeError):
        may(session, sqlite_facility.actors["sam"], "read", Dataset)
