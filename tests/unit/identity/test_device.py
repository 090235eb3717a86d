"""Signing in a program by a short code: who may allow what, and how often."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.errors import ForbiddenError, InvalidError, LimitError, NotFoundError, SignInNeededError
from portal.identity import device, people
from portal.identity.actor import NOBODY, Actor, Role
from portal.identity.device import Answer, Asked, ask, decide, exchange, find
from portal.identity.models import ApiToken, DeviceRequest, Person
from portal.identity.people import authenticate, create_person
from portal.identity.tokens import Holder, find_token

HERE = "192.0.2.1"


def someone(database: Database, now: datetime, name: str = "maya", *roles: Role) -> Actor:
    with database.write() as session:
        return create_person(session, name, name.title(), roles=roles, now=now).actor()


def asked_by(database: Database, now: datetime, *scopes: str, name: str = "laptop") -> Asked:
    with database.write() as session:
        return ask(session, name, scopes or ("read",), days=30, address="198.51.100.7", now=now)


def told(database: Database, code: str, now: datetime) -> tuple[Answer, str | None]:
    with database.write() as session:
        answer = exchange(session, code, now=now)
        return answer.answer, answer.secret


def allow(database: Database, actor: Actor, code: str, now: datetime) -> None:
    decide(database, actor, code, allow=True, address=HERE, now=now)


def tokens(session: Session) -> list[ApiToken]:
    return list(session.scalars(select(ApiToken)))


def test_who_allows_it_is_whom_the_token_speaks_for(database: Database, now: datetime) -> None:
    maya, tom = someone(database, now), someone(database, now, "tom")
    codes, of_tom = asked_by(database, now, "read", "submit"), asked_by(database, now)
    assert told(database, codes.device_code, now) == (Answer.PENDING, None)
    allow(database, maya, codes.user_code, now)
    allow(database, tom, of_tom.user_code, now)
    answer, secret = told(database, codes.device_code, now)
    assert answer is Answer.ALLOWED and secret
    with database.read() as session:
        assert find_token(session, secret, now=now) == Holder(maya, frozenset({"read", "submit"}), touch=True)
        assert [(token.name, token.expires) for token in tokens(session)] == [("laptop", now + timedelta(days=30))]


def test_the_token_is_handed_out_once(database: Database, now: datetime) -> None:
    codes = asked_by(database, now)
    allow(database, someone(database, now), codes.user_code, now)
    assert told(database, codes.device_code, now)[0] is Answer.ALLOWED
    assert told(database, codes.device_code, now) == (Answer.EXPIRED, None)
    with database.read() as session:
        assert len(tokens(session)) == 1


def test_of_two_who_fetch_at_once_one_gets_it(database: Database, now: datetime) -> None:
    codes = asked_by(database, now)
    allow(database, someone(database, now), codes.user_code, now)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: told(database, codes.device_code, now)[0], range(4)))
    assert sorted(answers) == [Answer.ALLOWED, Answer.EXPIRED, Answer.EXPIRED, Answer.EXPIRED]


def test_the_short_code_fetches_nothing_and_the_secret_one_allows_nothing(
    database: Database, now: datetime
) -> None:
    maya, codes = someone(database, now), asked_by(database, now)
    with pytest.raises(NotFoundError):
        allow(database, maya, codes.device_code, now)
    allow(database, maya, codes.user_code, now)
    for wrong in (codes.user_code, codes.user_code.replace("-", ""), "", "gantry_x", "\ud800"):
        assert told(database, wrong, now) == (Answer.EXPIRED, None)


def test_the_database_holds_neither_code(database: Database, now: datetime) -> None:
    codes = asked_by(database, now)
    with database.read() as session:
        row = session.scalars(select(DeviceRequest)).one()
        values = [str(getattr(row, column.key)) for column in DeviceRequest.__table__.columns]
    for code in (codes.device_code, codes.user_code, codes.user_code.replace("-", "")):
        assert not any(code in value for value in values)


def test_codes_end_after_ten_minutes_allowed_or_not(database: Database, now: datetime) -> None:
    maya, waiting, allowed = someone(database, now), asked_by(database, now), asked_by(database, now)
    allow(database, maya, allowed.user_code, now)
    late = now + timedelta(minutes=10)
    with pytest.raises(NotFoundError, match="ten minutes"):
        allow(database, maya, waiting.user_code, late)
    for codes in (waiting, allowed):
        assert told(database, codes.device_code, late) == (Answer.EXPIRED, None)
    assert told(database, allowed.device_code, late - timedelta(seconds=1))[0] is Answer.ALLOWED


def test_what_has_ended_is_forgotten_when_the_next_one_asks(database: Database, now: datetime) -> None:
    asked_by(database, now, name="old")
    asked_by(database, now + timedelta(minutes=10), name="new")
    with database.read() as session:
        assert session.scalars(select(DeviceRequest.name)).all() == ["new"]


def test_a_refusal_is_told_and_stays(database: Database, now: datetime) -> None:
    maya, codes = someone(database, now), asked_by(database, now)
    decide(database, maya, codes.user_code, allow=False, address=HERE, now=now)
    for _ in range(2):
        assert told(database, codes.device_code, now) == (Answer.DENIED, None)
    with pytest.raises(NotFoundError):
        allow(database, maya, codes.user_code, now)


def test_nobody_changes_what_somebody_decided(database: Database, now: datetime) -> None:
    maya, tom, codes = someone(database, now), someone(database, now, "tom"), asked_by(database, now)
    allow(database, maya, codes.user_code, now)
    for wish in (True, False):
        with pytest.raises(NotFoundError):
            decide(database, tom, codes.user_code, allow=wish, address=HERE, now=now)
    _, secret = told(database, codes.device_code, now)
    assert secret
    with database.read() as session:
        assert find_token(session, secret, now=now).actor == maya


def test_of_two_who_decide_at_once_one_counts(database: Database, now: datetime) -> None:
    actors = [someone(database, now, name) for name in ("maya", "tom", "ravi")]
    codes = asked_by(database, now)

    def attempt(actor: Actor) -> str:
        try:
            allow(database, actor, codes.user_code, now)
        except NotFoundError:
            return "-"
        return actor.name

    with ThreadPoolExecutor(3) as pool:
        winners = sorted(pool.map(attempt, actors))
    assert winners[:2] == ["-", "-"]
    _, secret = told(database, codes.device_code, now)
    assert secret
    with database.read() as session:
        assert find_token(session, secret, now=now).actor.name == winners[2]


def test_looking_needs_a_sign_in_and_decides_nothing(database: Database, now: datetime) -> None:
    maya, codes = someone(database, now), asked_by(database, now)
    with pytest.raises(SignInNeededError):
        find(database, NOBODY, codes.user_code, address=HERE, now=now)
    with pytest.raises(SignInNeededError):
        decide(database, NOBODY, codes.user_code, allow=True, address=HERE, now=now)
    found = find(database, maya, codes.user_code, address=HERE, now=now)
    assert (found.name, found.address, found.days) == ("laptop", "198.51.100.7", 30)
    assert told(database, codes.device_code, now) == (Answer.PENDING, None)


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:2]} {code[2:]}"]
)
def test_a_code_may_be_typed_as_people_type(sqlite_database: Database, now: datetime, typed) -> None:
    codes = asked_by(sqlite_database, now)
    assert re.fullmatch(rf"[{device.ALPHABET}]{{4}}-[{device.ALPHABET}]{{4}}", codes.user_code)
    found = find(sqlite_database, someone(sqlite_database, now), typed(codes.user_code), address=HERE, now=now)
    assert found.name == "laptop"


def test_who_asks_too_soon_has_to_wait_longer_from_then_on(database: Database, now: datetime) -> None:
    codes = asked_by(database, now)
    expected = [
        (0, Answer.PENDING, 3),
        (2, Answer.SLOW_DOWN, 8),
        (9, Answer.SLOW_DOWN, 13),
        (22, Answer.PENDING, 13),
    ]
    for seconds, answer, interval in expected:
        with database.write() as session:
            found = exchange(session, codes.device_code, now=now + timedelta(seconds=seconds))
        assert (found.answer, found.interval_s) == (answer, interval)


def test_guessing_is_stopped_and_one_s_own_right_codes_do_not_make_it_free(
    database: Database, now: datetime
) -> None:
    tom, victim = someone(database, now, "tom"), asked_by(database, now)
    for _ in range(people.TRIES_OF_NAME_AT_ADDRESS):
        find(database, tom, asked_by(database, now).user_code, address=HERE, now=now)
        with pytest.raises(NotFoundError):
            find(database, tom, "BBBB-BBBB", address=HERE, now=now)
    with pytest.raises(LimitError):
        decide(database, tom, victim.user_code, allow=True, address=HERE, now=now)
    # Others go on, and so does he when he has waited.
    maya = someone(database, now)
    find(database, maya, victim.user_code, address=HERE, now=now)
    later = now + people.WINDOW
    find(database, tom, asked_by(database, later).user_code, address=HERE, now=later)


def test_wrong_codes_are_nobody_s_wrong_passwords(database: Database, now: datetime) -> None:
    with database.write() as session:
        maya = create_person(session, "maya", "Maya", password="a long password", now=now).actor()
    for _ in range(people.TRIES_OF_NAME_AT_ADDRESS):
        with pytest.raises(NotFoundError):
            find(database, maya, "BBBB-BBBB", address=HERE, now=now)
    assert authenticate(database, "maya", "a long password", address=HERE, now=now).name == "maya"


def test_nobody_is_given_more_than_she_may(database: Database, now: datetime) -> None:
    maya, sam = someone(database, now), someone(database, now, "sam", Role.STAFF)
    codes = asked_by(database, now, "read", "ingest")
    with pytest.raises(ForbiddenError):
        allow(database, maya, codes.user_code, now)
    assert told(database, codes.device_code, now) == (Answer.PENDING, None)
    allow(database, sam, codes.user_code, now)
    assert told(database, codes.device_code, now)[0] is Answer.ALLOWED


@pytest.mark.parametrize("change", [{"active": False}, {"roles": []}], ids=["closed account", "role taken away"])
def test_what_a_person_lost_meanwhile_counts(database: Database, now: datetime, change: dict[str, object]) -> None:
    sam = someone(database, now, "sam", Role.STAFF)
    codes = asked_by(database, now, "ingest")
    allow(database, sam, codes.user_code, now)
    with database.write() as session:
        person = session.get_one(Person, sam.person_id)
        for name, value in change.items():
            setattr(person, name, value)
    assert told(database, codes.device_code, now) == (Answer.DENIED, None)
    with database.read() as session:
        assert tokens(session) == []


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", ["read"], 1, "name"),
        ("x" * 101, ["read"], 1, "name"),
        ("a", ["admin"], 1, "scopes"),
        ("a", ["read"], 0, "days"),
    ],
)
def test_a_wish_that_nobody_could_allow_is_refused_at_once(
    sqlite_database: Database, now: datetime, name: str, scopes: list[str], days: int, field: str
) -> None:
    with sqlite_database.write() as session, pytest.raises(InvalidError) as refused:
        ask(session, name, scopes, days=days, address=HERE, now=now)
    assert list(refused.value.fields) == [field]


def test_a_name_cannot_disguise_itself(database: Database, now: datetime) -> None:
    maya = someone(database, now)
    codes = asked_by(database, now, name="lap\u202etop\nallowed by staff \ud800")
    found = find(database, maya, codes.user_code, address=HERE, now=now)
    assert found.name == "lap top allowed by staff  "


def test_one_address_cannot_fill_the_table(sqlite_database: Database, now: datetime) -> None:
    for _ in range(device.MOST_AT_ADDRESS):
        asked_by(sqlite_database, now)
    with pytest.raises(LimitError):
        asked_by(sqlite_database, now)
    asked_by(sqlite_database, now + device.LIFETIME)
