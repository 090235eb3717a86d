"""Local accounts and their passwords."""

from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from portal.db import Database
from portal.errors import ConflictError, InvalidError, LimitError, SignInNeededError
from portal.identity import people
from portal.identity.actor import Role
from portal.identity.models import Person, SignInAttempt
from portal.identity.people import authenticate, change_password, create_person, list_personas
from portal.identity.sessions import actor_of_session, open_session

PASSWORD = "zebrafish heart"


def make(database: Database, now: datetime, name: str = "maya", password: str | None = PASSWORD) -> Person:
    with database.write() as session:
        return create_person(session, name, name.title(), password=password, now=now)


def test_a_person_signs_in_with_her_password(database: Database, now: datetime) -> None:
    made = make(database, now)
    assert authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now).id == made.id
    assert PASSWORD not in str(made.password_hash)


@pytest.mark.parametrize(
    ("name", "password"),
    [("maya", "wrong password"), ("nobody", PASSWORD), ("elsewhere", PASSWORD), ("gone", PASSWORD)],
)
def test_all_refusals_sound_the_same(database: Database, now: datetime, name: str, password: str) -> None:
    make(database, now)
    make(database, now, "elsewhere", None)
    make(database, now, "gone")
    with database.write() as session:
        session.scalars(select(Person).where(Person.name == "gone")).one().active = False
    with pytest.raises(SignInNeededError) as refused:
        authenticate(database, name, password, address="10.0.0.1", now=now)
    assert str(refused.value) == "The name or the password is not right."


def test_an_unknown_name_costs_a_verification_too(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []

    class Counting(PasswordHasher):
        def verify(self, *arguments: str | bytes) -> bool:
            verified.append(arguments[1])
            return super().verify(*arguments)

    monkeypatch.setattr(people, "HASHER", Counting(time_cost=1, memory_cost=64, parallelism=1))
    with pytest.raises(SignInNeededError):
        authenticate(database, "nobody", "guess", address="10.0.0.1", now=now)
    assert verified == [b"guess"]


def test_five_wrong_tries_close_the_door_for_a_quarter_of_an_hour(database: Database, now: datetime) -> None:
    make(database, now)
    for _ in range(people.TRIES_OF_NAME_AT_ADDRESS):
        with pytest.raises(SignInNeededError):
            authenticate(database, "maya", "wrong password", address="10.0.0.1", now=now)
    with pytest.raises(LimitError, match="15 minutes"):
        authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)
    assert authenticate(database, "maya", PASSWORD, address="10.0.0.2", now=now).name == "maya"
    later = now + people.WINDOW
    assert authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=later).name == "maya"


def test_many_names_from_one_address_are_counted_together(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "TRIES_OF_ADDRESS", 3)
    for name in ("a", "b", "c"):
        with pytest.raises(SignInNeededError):
            authenticate(database, name, "guess", address="10.0.0.1", now=now)
    with pytest.raises(LimitError):
        authenticate(database, "d", "guess", address="10.0.0.1", now=now)


def test_one_name_from_many_addresses_is_counted_together(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "TRIES_OF_NAME", 3)
    for number in range(3):
        with pytest.raises(SignInNeededError):
            authenticate(database, "maya", "guess", address=f"10.0.0.{number}", now=now)
    with pytest.raises(LimitError):
        authenticate(database, "maya", "guess", address="10.0.0.9", now=now)


def test_success_forgets_the_wrong_tries(database: Database, now: datetime) -> None:
    make(database, now)
    for _ in range(3):
        for _ in range(people.TRIES_OF_NAME_AT_ADDRESS - 1):
            with pytest.raises(SignInNeededError):
                authenticate(database, "maya", "wrong password", address="10.0.0.1", now=now)
        authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_an_old_hash_is_made_anew_at_sign_in(database: Database, now: datetime) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    make(database, now)
    with database.write() as session:
        session.scalars(select(Person)).one().password_hash = weak
    authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)
    with database.read() as session:
        stored = session.scalars(select(Person)).one().password_hash
    assert stored is not None
    assert stored != weak
    assert not people.HASHER.check_needs_rehash(stored)
    authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)


@pytest.mark.parametrize("name", ["maya\0", "m" * 5000, "' OR 1=1 --", "\ud800"])
def test_strange_names_are_only_wrong(database: Database, now: datetime, name: str) -> None:
    make(database, now)
    with pytest.raises(SignInNeededError):
        authenticate(database, name, name, address="x" * 500, now=now)


def test_a_broken_hash_lets_nobody_in(database: Database, now: datetime) -> None:
    make(database, now)
    with database.write() as session:
        session.scalars(select(Person)).one().password_hash = PASSWORD
    with pytest.raises(SignInNeededError):
        authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_passwords_have_bounds(sqlite_database: Database, now: datetime, password: str) -> None:
    with pytest.raises(InvalidError) as refused:
        make(sqlite_database, now, password=password)
    assert list(refused.value.fields) == ["password"]


def test_names_are_unique_and_plain(sqlite_database: Database, now: datetime) -> None:
    make(sqlite_database, now)
    with pytest.raises(ConflictError):
        make(sqlite_database, now)
    with pytest.raises(InvalidError):
        make(sqlite_database, now, "../maya")


def test_changing_the_password_ends_the_other_sessions(database: Database, now: datetime) -> None:
    person = make(database, now)
    with database.write() as session:
        here, there = (open_session(session, person, now=now, lifetime=timedelta(hours=1)) for _ in range(2))
    change_password(
        database, person.actor(), current=PASSWORD, new="a new password", address="10.0.0.1", now=now, keep=here
    )
    with database.read() as session:
        assert actor_of_session(session, here, now=now) == person.actor()
        assert actor_of_session(session, there, now=now) is None
    with pytest.raises(SignInNeededError):
        authenticate(database, "maya", PASSWORD, address="10.0.0.1", now=now)
    authenticate(database, "maya", "a new password", address="10.0.0.1", now=now)


def test_a_stolen_session_cannot_guess_the_password(database: Database, now: datetime) -> None:
    person = make(database, now)
    for _ in range(people.TRIES_OF_NAME_AT_ADDRESS):
        with pytest.raises(InvalidError) as refused:
            change_password(
                database, person.actor(), current="guess", new="a new password", address="10.0.0.1", now=now
            )
        assert list(refused.value.fields) == ["current"]
    with pytest.raises(LimitError):
        change_password(
            database, person.actor(), current=PASSWORD, new="a new password", address="10.0.0.1", now=now
        )


def test_personas_are_those_with_a_line_about_them(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.write() as session:
        create_person(session, "maya", "Maya Lind", blurb="Looks at hearts", now=now)
        create_person(session, "sam", "Sam Weber", roles=[Role.STAFF], now=now)
    with sqlite_database.read() as session:
        assert [person.name for person in list_personas(session)] == ["maya"]


def test_an_unknown_role_in_the_database_gives_no_right(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.write() as session:
        create_person(session, "maya", "Maya Lind", now=now).roles = ["root", "staff "]
    with sqlite_database.read() as session:
        actor = session.scalars(select(Person)).one().actor()
    assert actor.roles == frozenset()
