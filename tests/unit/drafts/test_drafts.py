"""Drafts: whose they are, what others find, saving over each other, and how much there may be."""

from datetime import datetime, timedelta

import pytest
from small_facility import SmallFacility
from sqlalchemy import func, select

from portal.audit.models import AuditRecord
from portal.db import LARGEST_ID, Database
from portal.drafts import before, service
from portal.drafts.models import Draft, DraftBefore, DraftReader
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from portal.identity.actor import Actor, Role
from portal.identity.models import Person
from portal.jobtype.lines import MAX_BYTES

TEXT = "# mine\nname: shrink\ntitle: Shrink a picture  # for Ada\n"


@pytest.fixture
def sam(facility: SmallFacility) -> Actor:
    """The staff who writes."""
    return facility.actors["sam"]


@pytest.fixture
def ines(facility: SmallFacility, database: Database, now: datetime) -> Actor:
    """Another of the staff."""
    with database.write() as session:
        person = Person(name="ines", full_name="Ines Prado", roles=[Role.STAFF.value], created=now)
        session.add(person)
        session.flush()
        return person.actor()


@pytest.fixture
def draft(database: Database, sam: Actor, now: datetime) -> int:
    """A draft of Sam's."""
    with database.write() as session:
        return service.create(session, sam, TEXT, now=now).id


def test_a_draft_keeps_its_text_as_it_was_written(
    database: Database, sam: Actor, draft: int, now: datetime
) -> None:
    with database.read() as session:
        found = service.draft_for(session, sam, draft)
        assert (found.text, found.version, found.name) == (TEXT, 1, "Shrink a picture")
    unsound = "name: [never closed\n\tand: {*worse\n"
    with database.write() as session:
        assert service.save(session, sam, draft, unsound, 1, now=now).version == 2
    with database.read() as session:
        found = service.draft_for(session, sam, draft)
        assert (found.text, found.name) == (unsound, service.UNNAMED)


@pytest.mark.parametrize("name", ["maya", "ravi", "ingest"])
def test_who_is_no_staff_makes_none_and_finds_none(
    name: str, database: Database, facility: SmallFacility, draft: int, now: datetime
) -> None:
    other = facility.actors[name]
    with database.write() as session:
        with pytest.raises(ForbiddenError):
            service.create(session, other, TEXT, now=now)
        with pytest.raises(ForbiddenError):
            service.drafts_of(session, other)
        # Even if she stood among the readers, by whatever accident.
        session.add(DraftReader(draft_id=draft, person_id=other.person_id or 0, since=now))
        session.flush()
        with pytest.raises(NotFoundError):
            service.draft_for(session, other, draft)


def test_another_s_draft_is_not_found_and_not_changed(
    database: Database, sam: Actor, ines: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        assert service.drafts_of(session, ines) == []
        for asked in (
            lambda: service.draft_for(session, ines, draft),
            lambda: service.save(session, ines, draft, "mine", 1, now=now),
            lambda: service.throw_away(session, ines, draft, now=now),
            lambda: service.take_back(session, ines, draft, now=now),
            lambda: service.name_reader(session, ines, draft, "ines", now=now),
            lambda: service.forget_reader(session, ines, draft, sam.person_id or 0, now=now),
        ):
            with pytest.raises(NotFoundError):
                asked()
    with database.read() as session:
        assert service.draft_for(session, sam, draft).text == TEXT


@pytest.mark.parametrize("number", [0, -1, LARGEST_ID, LARGEST_ID + 1, 10**30])
def test_a_number_that_none_has_is_not_found(number: int, database: Database, sam: Actor) -> None:
    with database.read() as session, pytest.raises(NotFoundError):
        service.draft_for(session, sam, number)


def test_whom_the_author_names_sees_and_changes_it_and_does_no_more(
    database: Database, sam: Actor, ines: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        service.name_reader(session, sam, draft, " ines ", now=now)
        service.name_reader(session, sam, draft, "ines", now=now)  # twice is once
    with database.write() as session:
        assert [one.id for one in service.drafts_of(session, ines)] == [draft]
        saved = service.save(session, ines, draft, TEXT + "version: '1'\n", 1, now=now)
        assert saved.changed_by.name == "ines"
        for asked in (
            lambda: service.throw_away(session, ines, draft, now=now),
            lambda: service.name_reader(session, ines, draft, "sam", now=now),
            lambda: service.forget_reader(session, ines, draft, ines.person_id or 0, now=now),
        ):
            with pytest.raises(ForbiddenError):
                asked()
    with database.write() as session:
        service.forget_reader(session, sam, draft, ines.person_id or 0, now=now)
    with database.read() as session, pytest.raises(NotFoundError):
        service.draft_for(session, ines, draft)


@pytest.mark.parametrize("name", ["maya", "nobody", "", "sam\n", "x" * 400])
def test_only_staff_can_be_named(name: str, database: Database, sam: Actor, draft: int, now: datetime) -> None:
    with database.write() as session:
        if name.strip() == "sam":
            service.name_reader(session, sam, draft, name, now=now)  # the author herself: nothing to do
        else:
            with pytest.raises(InvalidError, match="Nobody of the staff"):
                service.name_reader(session, sam, draft, name, now=now)
        assert session.scalar(select(func.count()).select_from(DraftReader)) == 0


def test_a_save_over_somebody_else_s_is_refused_and_both_texts_are_there(
    database: Database, sam: Actor, ines: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        service.name_reader(session, sam, draft, "ines", now=now)
        service.save(session, ines, draft, "of Ines\n", 1, now=now)
    with database.write() as session, pytest.raises(service.SavedMeanwhileError) as refused:
        service.save(session, sam, draft, "of Sam\n", 1, now=now)
    assert (refused.value.now.text, refused.value.now.version, refused.value.now.by) == (
        "of Ines\n",
        2,
        "Ines Prado",
    )
    with database.read() as session:
        assert service.draft_for(session, sam, draft).text == "of Ines\n"


def test_the_same_save_twice_is_one(database: Database, sam: Actor, draft: int, now: datetime) -> None:
    for _ in range(2):  # the answer to the first was lost on the way
        with database.write() as session:
            assert service.save(session, sam, draft, "new\n", 1, now=now).version == 2


def test_a_draft_is_thrown_away_and_taken_back(database: Database, sam: Actor, draft: int, now: datetime) -> None:
    with database.write() as session:
        service.throw_away(session, sam, draft, now=now)
    with database.write() as session:
        assert service.drafts_of(session, sam) == []
        with pytest.raises(NotFoundError):
            service.save(session, sam, draft, "x", 1, now=now)
        service.take_back(session, sam, draft, now=now)
    with database.read() as session:
        assert [one.text for one in service.drafts_of(session, sam)] == [TEXT]


def test_what_a_person_has_of_drafts_is_bounded(
    database: Database, sam: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_OF_A_PERSON", 3)
    monkeypatch.setattr(service, "MOST_THROWN_AWAY", 2)
    with database.write() as session:
        for number in range(7):
            moment = now + timedelta(minutes=number)
            service.throw_away(session, sam, service.create(session, sam, TEXT, now=moment).id, now=moment)
        assert session.scalar(select(func.count()).select_from(Draft)) == 2
        for _ in range(3):
            service.create(session, sam, TEXT, now=now)
        with pytest.raises(LimitError):
            service.create(session, sam, TEXT, now=now)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * (MAX_BYTES + 1), "larger than 512 KiB"),
        ("ä" * (MAX_BYTES // 2 + 1), "larger than 512 KiB"),
        ("a\0b", "cannot be kept"),
        ("a\ud800b", "cannot be kept"),
    ],
)
def test_a_text_that_is_not_kept_is_told_and_changes_nothing(
    text: str, words: str, database: Database, sam: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        with pytest.raises(InvalidError, match=words):
            service.save(session, sam, draft, text, 1, now=now)
        with pytest.raises(InvalidError, match=words):
            service.create(session, sam, text, now=now)
    with database.read() as session:
        assert service.draft_for(session, sam, draft).text == TEXT


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("title: <b>Bold</b>", "<b>Bold</b>"),
        ("title:   'Quoted' # said", "Quoted"),
        ("  title: nested", service.UNNAMED),
        ("title: " + "x" * 5000, "x" * 199 + "…"),
        ("title:\n  on the next line", service.UNNAMED),
        ("", service.UNNAMED),
    ],
)
def test_what_a_list_calls_it(text: str, name: str) -> None:
    assert service.name_in(text) == name


def test_who_made_and_shared_what_is_written_down(
    database: Database, sam: Actor, ines: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        service.name_reader(session, sam, draft, "ines", now=now)
        service.forget_reader(session, sam, draft, ines.person_id or 0, now=now)
        service.throw_away(session, sam, draft, now=now)
        service.take_back(session, sam, draft, now=now)
    with database.read() as session:
        rows = session.execute(select(AuditRecord.action, AuditRecord.object_id).order_by(AuditRecord.id)).all()
    assert [row.action for row in rows] == [
        "draft-made",
        "draft-shared",
        "draft-not-shared",
        "draft-thrown-away",
        "draft-taken-back",
    ]
    assert {row.object_id for row in rows} == {str(draft)}


def test_undo_goes_back_step_by_step_and_a_change_after_it_can_be_undone_too(
    database: Database, sam: Actor, draft: int, now: datetime
) -> None:
    def put(text: str, version: int) -> None:
        with database.write() as session:
            service.save(session, sam, draft, text, version, now=now)

    def undone(version: int) -> tuple[str, int]:
        with database.write() as session:
            found = service.undo(session, sam, draft, version, now=now)
            return found.text, found.version

    put("two\n", 1)
    put("three\n", 2)
    assert undone(3) == ("two\n", 4)
    assert undone(4) == (TEXT, 5)
    with database.write() as session, pytest.raises(ConflictError, match="Nothing older"):
        service.undo(session, sam, draft, 5, now=now)
    put("four\n", 5)
    assert undone(6) == (TEXT, 7)


def test_undo_does_not_go_over_what_somebody_saved_meanwhile(
    database: Database, sam: Actor, ines: Actor, draft: int, now: datetime
) -> None:
    with database.write() as session:
        service.name_reader(session, sam, draft, "ines", now=now)
        service.save(session, sam, draft, "two\n", 1, now=now)
        service.save(session, ines, draft, "of Ines\n", 2, now=now)
    with database.write() as session, pytest.raises(service.SavedMeanwhileError):
        service.undo(session, sam, draft, 2, now=now)
    with database.read() as session:
        assert service.draft_for(session, sam, draft).text == "of Ines\n"
        assert before.text_of(session, draft, 2) == "two\n"


def test_what_is_kept_of_older_versions_is_bounded(
    database: Database, sam: Actor, draft: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "MOST", 5)
    monkeypatch.setattr(before, "MOST_CHARACTERS", 1000)
    with database.write() as session:
        for version in range(1, 10):
            service.save(session, sam, draft, f"{version}\n", version, now=now)
        assert session.scalar(select(func.count()).select_from(DraftBefore)) == 5
        service.save(session, sam, draft, "x" * 2000, 10, now=now)
        service.save(session, sam, draft, "y" * 2000, 11, now=now)
        kept = session.scalars(select(DraftBefore.version)).all()
        assert kept == [11]  # the last one always
