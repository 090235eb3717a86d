"""Browser sessions."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.identity.models import Person, WebSession
from portal.identity.people import create_person
from portal.identity.sessions import (
    actor_of_session,
    close_session,
    find_session,
    forget_expired,
    open_session,
    touch_session,
)

HOUR = timedelta(hours=1)


def sign_in(session: Session, now: datetime, name: str = "maya") -> tuple[Person, str]:
    person = create_person(session, name, name.title(), now=now)
    return person, open_session(session, person, now=now, lifetime=HOUR)


def test_a_token_opens_its_owners_session_only(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya, hers = sign_in(session, now)
        tom, his = sign_in(session, now, "tom")
    with database.read() as session:
        assert actor_of_session(session, hers, now=now) == maya.actor()
        assert actor_of_session(session, his, now=now) == tom.actor()


def test_the_database_does_not_hold_the_token(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, token = sign_in(session, now)
    with database.read() as session:
        stored = session.scalars(select(WebSession)).one().token_hash
        assert token not in stored
        assert actor_of_session(session, stored, now=now) is None


@pytest.mark.parametrize("token", ["", "guess", "\0", "\udcff", "x" * 100_000])
def test_a_guess_opens_nothing(database: Database, now: datetime, token: str) -> None:
    with database.write() as session:
        sign_in(session, now)
        assert actor_of_session(session, token, now=now) is None


def test_a_session_ends_at_its_time(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, token = sign_in(session, now)
        assert actor_of_session(session, token, now=now + HOUR - timedelta(seconds=1)) is not None
        assert actor_of_session(session, token, now=now + HOUR) is None


def test_signing_in_again_ends_the_session_the_browser_came_with(database: Database, now: datetime) -> None:
    with database.write() as session:
        person, planted = sign_in(session, now)
        token = open_session(session, person, now=now, lifetime=HOUR, replaces=planted)
        assert token != planted
        assert actor_of_session(session, planted, now=now) is None
        assert actor_of_session(session, token, now=now) == person.actor()


def test_signing_out_ends_it_and_twice_is_harmless(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, token = sign_in(session, now)
        close_session(session, token)
        close_session(session, token)
        assert actor_of_session(session, token, now=now) is None


def test_a_closed_account_is_signed_out_at_once(database: Database, now: datetime) -> None:
    with database.write() as session:
        person, token = sign_in(session, now)
        person.active = False
        session.flush()
        assert actor_of_session(session, token, now=now) is None


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(database: Database, now: datetime) -> None:
    with database.write() as session:
        person, token = sign_in(session, now)
        person.roles = ["staff"]
        session.flush()
    with database.read() as session:
        actor = actor_of_session(session, token, now=now)
        assert actor is not None
        assert actor.staff
    with database.write() as session:
        session.get_one(Person, person.id).roles = []
    with database.read() as session:
        actor = actor_of_session(session, token, now=now)
        assert actor is not None
        assert not actor.staff


def test_last_seen_is_written_once_a_minute(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, token = sign_in(session, now)
        soon, late = now + timedelta(seconds=59), now + timedelta(seconds=60)
        found = find_session(session, token, now=soon)
        assert found is not None
        assert not found.touch
        assert not touch_session(session, token, now=soon)
        found = find_session(session, token, now=late)
        assert found is not None
        assert found.touch
        assert touch_session(session, token, now=late)
        assert not touch_session(session, token, now=late)
        assert session.scalar(select(WebSession.last_seen)) == late


def test_expired_sessions_are_forgotten(database: Database, now: datetime) -> None:
    with database.write() as session:
        sign_in(session, now - HOUR, "tom")
        sign_in(session, now)
        forget_expired(session, now=now)
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1
