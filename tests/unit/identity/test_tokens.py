"""Personal tokens."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.errors import ForbiddenError, InvalidError, NotFoundError, SignInNeededError
from portal.identity.actor import NOBODY, Role
from portal.identity.models import ApiToken, Person
from portal.identity.people import create_person
from portal.identity.tokens import Holder, create_token, find_token, list_tokens, revoke_token, touch_token


def person(session: Session, now: datetime, name: str = "maya", *roles: Role) -> Person:
    return create_person(session, name, name.title(), roles=roles, now=now)


def test_a_token_speaks_for_its_owner_with_its_scopes(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya = person(session, now)
        made, secret = create_token(session, maya.actor(), "laptop", ["read", "submit"], days=30, now=now)
        assert find_token(session, secret, now=now) == Holder(
            maya.actor(), frozenset({"read", "submit"}), touch=True
        )
        assert secret.startswith("gantry_")
        assert secret.startswith(made.prefix)


def test_the_database_does_not_hold_the_secret(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, secret = create_token(session, person(session, now).actor(), "laptop", ["read"], days=1, now=now)
        stored = session.scalars(select(ApiToken)).one()
        assert secret not in (stored.token_hash, stored.prefix)
        with pytest.raises(SignInNeededError):
            find_token(session, stored.token_hash, now=now)


def test_an_expired_token_says_so(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, secret = create_token(session, person(session, now).actor(), "laptop", ["read"], days=1, now=now)
        find_token(session, secret, now=now + timedelta(hours=23))
        with pytest.raises(SignInNeededError, match="expired on 21 November 2026"):
            find_token(session, secret, now=now + timedelta(days=1))


def test_a_revoked_token_says_so(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya = person(session, now).actor()
        made, secret = create_token(session, maya, "laptop", ["read"], days=1, now=now)
        revoke_token(session, maya, made.id, now=now)
        revoke_token(session, maya, made.id, now=now + timedelta(hours=1))
        assert made.revoked == now
        assert list_tokens(session, maya) == []
        with pytest.raises(SignInNeededError, match="revoked"):
            find_token(session, secret, now=now)


def test_nobody_revokes_or_lists_anothers_token_but_staff_may_revoke(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya, tom = person(session, now).actor(), person(session, now, "tom").actor()
        sam = person(session, now, "sam", Role.STAFF).actor()
        made, secret = create_token(session, maya, "laptop", ["read"], days=1, now=now)
        assert list_tokens(session, tom) == []
        assert list_tokens(session, NOBODY) == []
        for stranger in (tom, NOBODY):
            with pytest.raises(NotFoundError):
                revoke_token(session, stranger, made.id, now=now)
        find_token(session, secret, now=now)
        assert revoke_token(session, sam, made.id, now=now).revoked == now


def test_a_closed_account_closes_its_tokens(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya = person(session, now)
        _, secret = create_token(session, maya.actor(), "laptop", ["read"], days=1, now=now)
        maya.active = False
        session.flush()
        with pytest.raises(SignInNeededError):
            find_token(session, secret, now=now)


def test_only_staff_and_instruments_make_tokens_that_register_data(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya = person(session, now).actor()
        microscope = person(session, now, "microscope", Role.INGEST).actor()
        with pytest.raises(ForbiddenError):
            create_token(session, maya, "laptop", ["ingest"], days=1, now=now)
        create_token(session, microscope, "acquisition", ["ingest"], days=1, now=now)
        with pytest.raises(SignInNeededError):
            create_token(session, NOBODY, "laptop", ["read"], days=1, now=now)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", ["read"], 1, "name"),
        ("a", [], 1, "scopes"),
        ("a", ["admin"], 1, "scopes"),
        ("a", ["read"], 9999, "days"),
    ],
)
def test_what_is_wrong_with_a_token_is_said_by_field(
    sqlite_database: Database, now: datetime, name: str, scopes: list[str], days: int, field: str
) -> None:
    with sqlite_database.write() as session:
        maya = person(session, now).actor()
        with pytest.raises(InvalidError) as refused:
            create_token(session, maya, name, scopes, days=days, now=now)
        assert list(refused.value.fields) == [field]


def test_the_last_use_is_noted_once_a_minute(database: Database, now: datetime) -> None:
    with database.write() as session:
        _, secret = create_token(session, person(session, now).actor(), "laptop", ["read"], days=1, now=now)
        for seconds, noted in ((0, 0), (59, 0), (60, 60)):
            touch_token(session, secret, now=now + timedelta(seconds=seconds))
            assert session.scalar(select(ApiToken.last_used)) == now + timedelta(seconds=noted)
