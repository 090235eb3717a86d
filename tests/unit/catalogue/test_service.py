"""Datasets, experiments, files and teams by id."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from small_facility import NOW, SmallFacility

from portal.catalogue.models import (
    Datafile,
    Dataset,
    Grouping,
    Investigation,
    InvestigationGroup,
    InvestigationUser,
    ParameterValueType,
    User,
    UserGroup,
)
from portal.catalogue.service import (
    Member,
    check_submit,
    ensure_dataset_type,
    ensure_parameter_type,
    ensure_user,
    get_dataset,
    get_investigation,
    list_files,
    list_investigations,
    team,
    who_sees,
    writable_by_people,
)
from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import ForbiddenError, NotFoundError
from portal.identity.actor import NOBODY

AddDataset = Callable[..., Dataset]


def test_what_is_hidden_and_what_does_not_exist_sound_the_same(
    database: Database, facility: SmallFacility
) -> None:
    maya = facility.actors["maya"]
    words = set()
    with database.read() as session:
        for number in (facility.datasets["other"], 99_999, 0, -1, 10**40):
            for ask in (get_dataset, list_files):
                with pytest.raises(NotFoundError) as refused:
                    ask(session, maya, number, now=NOW)
                words.add(str(refused.value))
        for number in (facility.investigations["other"], 99_999, 10**40):
            with pytest.raises(NotFoundError) as refused:
                get_investigation(session, maya, number, now=NOW)
            words.add(str(refused.value))
        with pytest.raises(NotFoundError, match="You are not signed in"):
            get_dataset(session, NOBODY, facility.datasets["other"], now=NOW)
    assert words == {"Not found, or not shared with you. Signed in: Maya Lind."}


def test_a_dataset_comes_with_what_its_page_shows(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        dataset = get_dataset(session, facility.actors["maya"], facility.datasets["private"], now=NOW)
    assert (dataset.type.name, dataset.investigation.title, dataset.parameters, dataset.pictures) == (
        "light-sheet stack", "Zebrafish heart", [], [],
    )  # fmt: skip
    assert dataset.thumbnail is None
    assert dataset.instrument is not None


def test_files_come_in_pages(database: Database, facility: SmallFacility) -> None:
    maya = facility.actors["maya"]
    with database.write() as session:
        dataset = session.get_one(Dataset, facility.datasets["private"])
        session.add_all(Datafile(dataset=dataset, name=f"plane-{n:03}.tif", file_size=n) for n in range(5))
        dataset.file_count = 5
    with database.read() as session:
        first = list_files(session, maya, dataset.id, 1, size=3, now=NOW)
        second = list_files(session, maya, dataset.id, 2, size=3, now=NOW)
    assert [file.name for file in first.items + second.items] == [f"plane-{n:03}.tif" for n in range(5)]
    assert (first.total, first.next, second.next) == (5, 2, None)


def test_experiments_are_listed_newest_first_as_far_as_visible(
    database: Database, facility: SmallFacility
) -> None:
    with database.write() as session:
        session.get_one(Investigation, facility.investigations["other"]).start_date = None
        session.get_one(Investigation, facility.investigations["other"]).create_time = NOW
    with database.read() as session:
        found = list_investigations(session, facility.actors["tom"], now=NOW)
        assert [one.title for one in found.items] == ["Blood cells", "New drug", "Reference beads"]
        assert [one.title for one in list_investigations(session, NOBODY, now=NOW).items] == ["Reference beads"]
        assert [
            one.title for one in list_investigations(session, facility.actors["sam"], text="E1 HEART").items
        ] == ["Zebrafish heart"]
        paged = list_investigations(session, facility.actors["sam"], page=2, size=3, now=NOW)
        assert (len(paged.items), paged.total, paged.next) == (1, 4, None)


def test_the_team_is_listed_with_roles_in_words(database: Database, facility: SmallFacility) -> None:
    with database.write() as session:
        heart = session.get_one(Investigation, facility.investigations["private"])
        session.add(
            InvestigationUser(investigation=heart, user=User(name="eva", full_name="Eva Roth"), role="member")
        )
        session.add(
            InvestigationGroup(investigation=heart, grouping=Grouping(name="Heart lab"), role="collaborator")
        )
    with database.read() as session:
        heart = session.get_one(Investigation, facility.investigations["private"])
        assert team(session, facility.actors["maya"], heart) == [
            Member("Maya Lind", "Principal investigator"),
            Member("Eva Roth", "Member"),
            Member("Heart lab", "Group, collaborator"),
            Member("Ravi Menon", "Scientist at Light-sheet microscope"),
        ]
        assert team(session, facility.actors["tom"], heart) == []
        assert team(session, NOBODY, heart) == []


def test_who_sees_it_is_said_in_words(database: Database, facility: SmallFacility) -> None:
    with database.write() as session:
        heart = session.get_one(Investigation, facility.investigations["private"])
        for number in range(4):
            user = User(name=f"u{number}", full_name=f"User {number}")
            session.add(InvestigationUser(investigation=heart, user=user, role="member"))
            session.flush()
    with database.read() as session:
        words = {name: who_sees(session, session.get_one(Investigation, number), now=NOW)
                 for name, number in facility.investigations.items()}  # fmt: skip
    assert words["private"] == (
        "Seen by Maya Lind, User 0, User 1, 2 others of the team, the instrument's scientists "
        "and the facility's staff."
    )
    assert words["other"] == "Seen by Tom Okafor and the facility's staff."
    assert words["public"] == "Everybody can see this: it is public since 19 November 2026."
    assert words["embargoed"].endswith("Everybody from 21 November 2126 on.")


def test_the_day_of_a_release_is_the_facilitys(
    sqlite_database: Database, sqlite_facility: SmallFacility, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight_in_berlin = datetime(2026, 12, 31, 23, tzinfo=UTC)
    with sqlite_database.write() as session:
        heart = session.get_one(Investigation, sqlite_facility.investigations["private"])
        heart.release_date = midnight_in_berlin
        session.flush()
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "Europe/Berlin")
            time.tzset()
            words = who_sees(session, heart, now=NOW)
        time.tzset()
    assert words.endswith("Everybody from 1 January 2027 on.")


def test_results_are_filed_by_the_team_only(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        public = session.get_one(Investigation, facility.investigations["public"])
        private = session.get_one(Investigation, facility.investigations["private"])
        for name in ("tom", "sam"):
            check_submit(session, facility.actors[name], public, now=NOW)
        check_submit(session, facility.actors["ravi"], private, now=NOW)
        with pytest.raises(
            ForbiddenError, match="You can read this dataset, but results can be filed only by its team"
        ):
            check_submit(session, facility.actors["maya"], public, now=NOW)
        with pytest.raises(NotFoundError):
            check_submit(session, facility.actors["tom"], private, now=NOW)


def test_a_group_that_is_left_is_left_at_once(database: Database, facility: SmallFacility) -> None:
    tom, heart = facility.actors["tom"], facility.datasets["private"]
    with database.write() as session:
        group = Grouping(name="Heart lab")
        session.add(UserGroup(user=ensure_user(session, "tom"), grouping=group))
        session.add(
            InvestigationGroup(investigation_id=facility.investigations["private"], grouping=group, role="member")
        )
    with database.read() as session:
        assert get_dataset(session, tom, heart, now=NOW).id == heart
    with database.write() as session:
        left = session.get_one(Grouping, group.id)
        left.user_groups.clear()
    with database.read() as session, pytest.raises(NotFoundError):
        get_dataset(session, tom, heart, now=NOW)


def test_a_release_date_that_is_put_off_hides_it_again(database: Database, facility: SmallFacility) -> None:
    with database.write() as session:
        session.get_one(Investigation, facility.investigations["public"]).release_date = NOW + timedelta(days=1)
    with database.read() as session, pytest.raises(NotFoundError):
        get_dataset(session, NOBODY, facility.datasets["public"], now=NOW)


def test_making_an_entry_that_exists_returns_it(database: Database, facility: SmallFacility) -> None:
    with database.write() as session:
        assert ensure_user(session, "maya", "Somebody else").full_name == "Maya Lind"
        kind = ensure_dataset_type(session, facility.facility, "light-sheet stack", description="new")
        assert (kind.id, kind.description) == (facility.types["stack"], None)
        first = ensure_parameter_type(session, facility.facility, "gain", "dB", ParameterValueType.NUMERIC)
        again = ensure_parameter_type(session, facility.facility, "gain", "dB", ParameterValueType.STRING)
        assert (first.id, again.value_type) == (again.id, "NUMERIC")
        assert (
            ensure_parameter_type(session, facility.facility, "gain", "", ParameterValueType.NUMERIC).id
            != first.id
        )


def test_what_people_can_overwrite_is_known(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    sealed = tmp_path_factory.mktemp("sealed")
    roots = {
        "demo": {"path": settings.roots["demo"].path},
        "sealed": {"path": sealed, "writable_by_people": False},
    }
    settings = load_settings({}, var=settings.var, roots=roots)
    answers = {location: writable_by_people(Dataset(location=location), settings)
               for location in ("demo:a", "sealed:a", "results:a", "forgotten:a", None)}  # fmt: skip
    assert answers == {"demo:a": True, "sealed:a": False, "results:a": False, "forgotten:a": True, None: False}
