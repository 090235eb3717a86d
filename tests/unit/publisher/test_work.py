"""What becomes of wishes: every one is looked at anew, whatever the web tier wrote."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.config import load_settings
from portal.drafts import service
from portal.drafts.publishing import (
    ask_to_publish,
    ask_to_publish_again,
    ask_to_retire,
    history,
    standing,
    waiting,
)
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from portal.identity.models import Person
from portal.jobtype.offer.audience import Audience, To
from portal.jobtype.offer.offered import offered
from portal.publisher.work import AT_ONCE, approve, look, refuse, verified


def _look(desk: Any) -> list[str]:
    return [one.words for one in look(desk.database, desk.settings, now=desk.now)]


def _offered(desk: Any) -> dict[str, str]:
    settings = desk.settings
    found = offered(
        settings.jobtypes,
        settings.published,
        by_itself=settings.publish,
        registered=settings.registered_published,
    )
    return {name: one.revision for name, one in found.by_name.items()}


def _standing(desk: Any, person: Any = None) -> Any:
    with desk.database.read() as session:
        return standing(session, person or desk.sam, desk.draft)


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.json"))


def test_from_draft_to_retired(desk):
    assert _standing(desk).stage == "draft"
    desk.ask_to_try()
    assert not _standing(desk).may_try
    assert _look(desk) == [""]
    assert _standing(desk).may_try
    desk.tried()
    assert _standing(desk).stage == "tried"
    desk.ask_to_publish()
    assert _look(desk) == [""]
    assert _standing(desk).stage == "published"
    assert _offered(desk) == {"shrink": desk.jobtype().revision}
    with desk.database.write() as session:
        ask_to_retire(session, desk.ines, "shrink", now=desk.now)
    assert _look(desk) == [""]
    assert _offered(desk) == {}
    assert _standing(desk).stage == "retired"
    assert _look(desk) == []


def test_a_text_that_was_changed_since_is_not_tried_and_not_published(desk):
    desk.ask_to_try()
    desk.tried()
    _look(desk)
    desk.write(summary="Half as wide, and half as high.")
    assert (_standing(desk).stage, _standing(desk).may_try) == ("draft", False)
    with pytest.raises(ConflictError, match="No run of this very text"):
        desk.ask_to_publish()


def test_asking_to_try_twice_is_one_wish(desk):
    assert desk.ask_to_try() == desk.ask_to_try()
    _look(desk)
    again = desk.ask_to_try()
    assert _look(desk) == []
    assert _standing(desk).wishes[0].id == again


def test_going_back_is_publishing_an_old_revision_again(desk):
    first = desk.jobtype().revision
    for changes in ({}, {"version": "2.0"}):
        desk.write(**changes)
        desk.tried(**changes)
        desk.ask_to_publish()
        _look(desk)
    assert _offered(desk) != {"shrink": first}
    audience = Audience(To.EVERYONE, "ines")
    with desk.database.write() as session:
        ask_to_publish_again(session, desk.ines, "shrink", first, audience=audience, changed="", now=desk.now)
        with pytest.raises(NotFoundError):
            unknown = "sha256:" + "0" * 64
            ask_to_publish_again(
                session, desk.ines, "shrink", unknown, audience=audience, changed="", now=desk.now
            )
    assert _look(desk) == [""]
    assert _offered(desk) == {"shrink": first}
    with desk.database.read() as session:
        past = history(session, "shrink")
        assert [(one.wished.value, one.revision.digest == first) for one in past] == [
            ("publish", True),
            ("publish", False),
            ("publish", True),
        ]
        assert past[0].changed == "An earlier revision, published again."


def test_where_an_operator_signs_off_nothing_is_published_before(signed_off):
    desk = signed_off
    desk.tried(image="tools")
    wish = desk.ask_to_publish()
    assert _look(desk) == []
    assert (_offered(desk), _files(desk.settings.registered)) == ({}, [])
    done = approve(desk.database, desk.settings, wish, by="root", now=desk.now)
    assert done.done
    assert list(_offered(desk)) == ["shrink"]
    with pytest.raises(NotFoundError):
        approve(desk.database, desk.settings, wish, by="root", now=desk.now)


def test_what_an_operator_refuses_is_not_published_and_says_why(signed_off):
    desk = signed_off
    desk.tried(image="tools")
    wish = desk.ask_to_publish()
    refuse(desk.database, wish, "The name says too little.", by="root", now=desk.now)
    with pytest.raises(NotFoundError):
        approve(desk.database, desk.settings, wish, by="root", now=desk.now)
    assert _offered(desk) == {}
    [told] = _standing(desk).wishes
    assert (told.deed.done, told.deed.words) == (False, "The name says too little.")


def test_a_forged_deed_publishes_nothing(signed_off):
    """The rows only tell of it: whoever could write one would have written a lie, and no file."""
    desk = signed_off
    desk.tried(image="tools")
    wish = desk.ask_to_publish()
    with desk.database.write() as session:
        session.add(RevisionDeed(wish_id=wish, done=True, words="", by="root", at=desk.now))
    assert _look(desk) == []
    assert (_offered(desk), _files(desk.settings.registered)) == ({}, [])


def test_only_those_whom_the_operator_names_try_drafts_there(signed_off):
    desk = signed_off
    desk.ask_to_try()
    with desk.database.write() as session:
        service.name_reader(session, desk.sam, desk.draft, "ines", now=desk.now)
    desk.ask_to_try(desk.ines)
    assert [one == "" or "not among those" in one for one in _look(desk)] == [True, True]
    [draft] = (desk.settings.registered / "drafts" / "shrink").glob("*.json")
    assert json.loads(draft.read_bytes())["uids"] == [2001]
    assert _standing(desk, desk.ines).may_try is False


def test_only_the_author_and_those_whom_she_named_may_try(desk_of, monkeypatch):
    monkeypatch.setattr("portal.publisher.work.uid_of", lambda _settings, name: {"sam": 2001, "ines": 2002}[name])
    desk = desk_of()
    desk.ask_to_try()
    with desk.database.write() as session:
        revision = session.scalars(select(DraftRevision)).one()
        # As a web tier that was taken over would write it.
        session.add(
            RevisionWish(
                revision_id=revision.id, person_id=desk.ines.person_id, wished=Wished.TRY, audience={}, at=desk.now
            )
        )
    assert [bool(one) for one in _look(desk)] == [False, True]
    with desk.database.write() as session:
        service.name_reader(session, desk.sam, desk.draft, "ines", now=desk.now)
    desk.ask_to_try(desk.ines)
    assert _look(desk) == [""]
    [draft] = (desk.settings.registered / "drafts" / "shrink").glob("*.json")
    assert json.loads(draft.read_bytes())["uids"] == [2001, 2002]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("text", "name: [", "cannot be used"),
        ("text", None, "not the revision that was asked for"),
        ("digest", "sha256:" + "0" * 64, "not the revision that was asked for"),
        ("name", "qc", "not the revision that was asked for"),
    ],
)
def test_a_revision_that_is_not_what_it_says_is_refused(desk, column, value, why):
    desk.tried()
    desk.ask_to_publish()
    changed = value if value is not None else desk.text(summary="Something else.")
    with desk.database.write() as session:
        session.execute(update(DraftRevision).values({column: changed}))
    [words] = _look(desk)
    assert why in words
    assert _files(desk.settings.registered) == []


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"audience": {}}, "to whom"),
        ({"audience": {"to": "everyone", "author": "ines", "ids": []}}, "another author"),
        ({"changed": "  "}, "what changed"),
    ],
)
def test_a_wish_that_does_not_say_all_is_refused(desk, values, why):
    desk.tried()
    desk.ask_to_publish()
    with desk.database.write() as session:
        session.execute(update(RevisionWish).values(values))
    [words] = _look(desk)
    assert why in words
    assert _files(desk.settings.registered) == []


@pytest.mark.parametrize("values", [{"roles": []}, {"active": False}])
@pytest.mark.parametrize("wished", list(Wished))
def test_who_is_of_the_staff_no_longer_wishes_in_vain(desk, values, wished):
    desk.tried()
    desk.ask_to_publish()
    with desk.database.write() as session:
        session.execute(update(RevisionWish).values(wished=wished))
        session.execute(update(Person).where(Person.name == "sam").values(values))
    [words] = _look(desk)
    assert "not of the staff" in words


@pytest.mark.parametrize("kind", ["try", "publish"])
def test_the_bounds_hold_for_trials_too(desk_of, kind):
    desk = desk_of(publisher={"memory_mb": 512})
    desk.tried()
    desk.ask_to_try() if kind == "try" else desk.ask_to_publish()
    [words] = _look(desk)
    assert "memory_mb 1,024" in words
    assert _files(desk.settings.registered) == []


@pytest.mark.parametrize("where", ["file", "published"])
def test_the_name_of_a_file_of_the_site_is_not_to_be_had(desk, where):
    if where == "file":
        (desk.settings.jobtypes[0] / "x.yaml").write_text(desk.text(title="The site's own"))
    else:
        place = desk.settings.published / "shrink"
        place.mkdir()
        (place / ("0" * 64 + ".json")).write_text("{}")
    desk.tried()
    desk.ask_to_publish()
    [words] = _look(desk)
    assert "has the name shrink already" in words


def test_a_replaced_file_is_told_and_stays(desk):
    desk.tried()
    desk.ask_to_publish()
    _look(desk)
    [path] = (desk.settings.registered_published / "shrink").glob("*.json")
    path.chmod(0o644)
    path.write_bytes(b"{}")
    assert _offered(desk) == {}
    desk.ask_to_publish()
    [words] = _look(desk)
    assert "not as the publisher wrote it" in words
    assert path.read_bytes() == b"{}"


def test_who_asks_says_what_changed_and_is_of_the_staff(desk):
    desk.tried()
    with pytest.raises(InvalidError, match="what changed"):
        desk.ask_to_publish(changed=" ")
    with pytest.raises(InvalidError, match="what changed"):
        desk.ask_to_publish(changed="x" * 501)
    audience = Audience(To.EVERYONE, "maya")
    with desk.database.write() as session:
        with pytest.raises(NotFoundError):
            ask_to_publish(session, desk.ines, desk.draft, audience, "Mine.", now=desk.now)
        with pytest.raises((NotFoundError, ForbiddenError)):
            ask_to_publish(session, desk.facility.actors["maya"], desk.draft, audience, "Mine.", now=desk.now)
        with pytest.raises(ForbiddenError):
            ask_to_retire(session, desk.facility.actors["maya"], "shrink", now=desk.now)
        with pytest.raises(NotFoundError):
            ask_to_retire(session, desk.sam, "shrink", now=desk.now)


def test_a_draft_that_cannot_be_used_is_told_with_its_line(desk):
    with desk.database.write() as session:
        service.save(session, desk.sam, desk.draft, desk.text().replace("version:", "versoin:"), 1, now=desk.now)
    found = _standing(desk)
    assert found.jobtype is None
    assert any(one.startswith("Line 2: ") for one in found.problems)
    with pytest.raises(InvalidError, match="line 2: unknown key"):
        desk.ask_to_try()


def test_so_much_may_wait(signed_off, monkeypatch):
    desk = signed_off
    monkeypatch.setattr("portal.drafts.publishing.MOST_WAITING", 2)
    desk.tried(image="tools")
    for _ in range(2):
        desk.ask_to_publish()
    with pytest.raises(LimitError, match="2 of your requests"):
        desk.ask_to_publish()
    with desk.database.read() as session:
        assert len(waiting(session)) == 2


@pytest.mark.parametrize(
    ("values", "itself"),
    [
        ({}, True),
        ({"publish": False}, False),
        ({"publisher": {"command": ["/x"]}}, False),
        ({"scheduler": "slurm", "agent": {"command": ["sudo", "{account}"]}}, False),
    ],
)
def test_staff_sign_off_what_is_theirs_only_where_one_account_does_everything(
    tmp_path: Path, values: dict[str, Any], itself: bool
):
    assert load_settings({}, var=tmp_path, **values).signs_itself is itself


def test_an_account_that_is_no_persons_is_not_named_by_a_draft(desk_of: Callable[..., Any]):
    desk = desk_of(
        publish=False,
        scheduler="slurm",
        agent={"command": ["sudo", "{account}"], "accounts": {"sam": "root"}},
        publisher={"authors": ["sam"]},
    )
    desk.write(image=None)
    desk.ask_to_try()
    [words] = _look(desk)
    assert words
    assert _files(desk.settings.registered) == []


def test_what_waits_for_an_operator_holds_up_nothing_behind_it(signed_off):
    desk = signed_off
    desk.tried(image="tools")
    wish = desk.ask_to_publish()
    with desk.database.write() as session:
        first = session.get_one(RevisionWish, wish)
        session.add_all(
            RevisionWish(
                revision_id=first.revision_id,
                person_id=desk.ines.person_id,
                wished=first.wished,
                audience=Audience(To.EVERYONE, "ines").document(),
                changed=first.changed,
                at=first.at,
            )
            for _ in range(AT_ONCE)
        )
    desk.ask_to_try()
    passed: set[int] = set()
    looked = [look(desk.database, desk.settings, now=desk.now, passed=passed) for _ in range(2)]
    assert [[one.wished for one in done] for done in looked] == [[], [Wished.TRY]]
    assert len(passed) == AT_ONCE + 1


def test_what_waits_is_looked_at_once_and_is_forgotten_once_it_is_done(signed_off, monkeypatch):
    desk = signed_off
    desk.tried(image="tools")
    wish = desk.ask_to_publish()
    passed: set[int] = set()
    read: list[int] = []
    monkeypatch.setattr("portal.publisher.work.verified", lambda one: read.append(one.id) or verified(one))
    for _ in range(3):
        assert look(desk.database, desk.settings, now=desk.now, passed=passed) == []
    assert (len(read), passed) == (1, {wish})
    assert approve(desk.database, desk.settings, wish, by="root", now=desk.now).done
    look(desk.database, desk.settings, now=desk.now, passed=passed)
    assert passed == set()


def test_a_wish_that_breaks_what_reads_it_is_refused_and_the_next_is_done(desk, monkeypatch):
    def broken(revision: DraftRevision) -> Any:
        if revision.digest == first:
            raise RecursionError
        return verified(revision)

    first = desk.jobtype().revision
    monkeypatch.setattr("portal.publisher.work.verified", broken)
    desk.ask_to_try()
    desk.write(version="2.0")
    desk.ask_to_try()
    assert _look(desk) == ["It could not be read (RecursionError). Please tell an operator.", ""]
    assert _look(desk) == []
