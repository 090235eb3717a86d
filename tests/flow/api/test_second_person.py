"""What waits for a second member of staff, by the API and the command line: listed, and refused with a reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from asking import Asking
from flask import Flask
from made_images import keep_image
from published_here import put_down
from shrink import SHRINK
from small_facility import SmallFacility
from sqlalchemy import select

from portal.config import Settings
from portal.config.publisher import Signs
from portal.db import Database
from portal.drafts.revisions import RevisionDeed, RevisionWish
from portal.drafts.signoff.models import Signoff
from portal.identity.models import Person
from portal.jobtype.offer.audience import Audience, To
from portal.staging.models import ImageDeed, ImageSignoff, ImageWish

Gantry = Callable[..., tuple[int, str, str]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Where a second member of staff signs off."""
    publisher = settings.publisher.model_copy(update={"signs": Signs.STAFF})
    return settings.model_copy(update={"publisher": publisher})


@pytest.fixture
def asked(sqlite_database: Database, sqlite_facility: SmallFacility) -> int:
    """What Sam asks to publish."""
    with sqlite_database.write() as session:
        person = sqlite_facility.actors["sam"].person_id
        put_down(session, person, "shrink", SHRINK, audience=Audience(To.EVERYONE, "sam"), answered=False)
        return session.scalars(select(RevisionWish.id)).one()


@pytest.fixture
def ines_token(token_of: Callable[..., str], sqlite_database: Database, sqlite_facility: SmallFacility) -> str:
    """Of somebody else of the staff."""
    with sqlite_database.write() as session:
        person = Person(name="ines", full_name="Ines Prado", roles=["staff"], created=datetime.now(UTC))
        session.add(person)
        session.flush()
        sqlite_facility.actors["ines"] = person.actor()
    return token_of("ines")


def test_another_of_the_staff_sees_what_waits_and_refuses_it_with_a_reason(
    app: Flask, asked: int, ines_token: str, token_of: Callable[..., str], sqlite_database: Database
) -> None:
    ines, sam = Asking(app, ines_token), Asking(app, token_of("sam"))
    [waits] = ines("GET", "/drafts/waiting").json["items"]
    assert (waits["number"], waits["person"]["name"], waits["to"]) == (asked, "sam", "everyone")
    assert waits["page"] == f"/analyses/drafts/waiting/{asked}"
    assert sam("GET", "/drafts/waiting").json["items"] == []  # never oneself
    address = f"/drafts/waiting/{asked}/refuse"
    for why in ("", " \n ", "x" * 1000):
        answer = ines("POST", address, json={"why": why})
        assert answer.status_code == 422, why
        assert "who asked reads it" in answer.json["fields"]["why"]
    assert sam("POST", address, json={"why": "No."}).status_code == 404
    assert ines("POST", "/drafts/waiting/999999/refuse", json={"why": "No."}).status_code == 404
    told = ines("POST", address, json={"why": "It names nobody to ask."}).json
    assert (told["state"], told["number"]) == ("waiting", asked)  # until the publisher has looked at it
    with sqlite_database.read() as session:
        said = session.scalars(select(Signoff)).one()
        assert (said.approves, said.words, said.person.name) == (False, "It names nobody to ask.", "ines")
    with sqlite_database.write() as session:
        words = "It names nobody to ask."
        session.add(RevisionDeed(wish_id=asked, done=False, words=words, by="ines", at=datetime.now(UTC)))
    assert ines("POST", address, json={"why": "Again."}).status_code == 409


def test_where_an_operator_signs_nothing_waits_for_staff(
    app: Flask, asked: int, ines_token: str, settings: Settings
) -> None:
    known = app.extensions["gantry"]
    publisher = settings.publisher.model_copy(update={"signs": Signs.OPERATOR})
    other = type(known)(settings.model_copy(update={"publisher": publisher}), known.database, known.load_jobtypes)
    app.extensions["gantry"] = other
    ines = Asking(app, ines_token)
    assert ines("GET", "/drafts/waiting").json["items"] == []
    assert ines("POST", f"/drafts/waiting/{asked}/refuse", json={"why": "No."}).status_code == 404


def test_by_the_command_line(
    gantry: Gantry, monkeypatch: pytest.MonkeyPatch, asked: int, ines_token: str, sqlite_database: Database
) -> None:
    assert gantry("analyses", "waiting")[0] == 4  # Maya is not of the staff
    monkeypatch.setenv("GANTRY_TOKEN", ines_token)
    code, out, _err = gantry("analyses", "waiting")
    assert code == 0 and "shrink" in out and "Sam Weber" in out and f"/analyses/drafts/waiting/{asked}" in out
    assert json.loads(gantry("analyses", "waiting", "--json")[1])["items"][0]["number"] == asked
    code, _out, err = gantry("analyses", "refuse", str(asked), "--why", " ")
    assert code == 6 and "who asked reads it" in err
    assert gantry("analyses", "refuse", str(asked))[0] == 2
    assert gantry("analyses", "refuse", "999999", "--why", "No.")[0] == 3
    code, out, err = gantry("analyses", "refuse", str(asked), "--why", "It names nobody to ask.")
    assert code == 0 and "Sam Weber reads why" in err
    with sqlite_database.read() as session:
        assert session.scalars(select(Signoff)).one().words == "It names nobody to ask."


@pytest.fixture
def image(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> int:
    """What Sam wants staged."""
    facility, now = sqlite_facility, datetime.now(UTC)
    place, kind = facility.investigations["private"], facility.types["stack"]
    kept = keep_image(sqlite_database, settings.results, facility.actors["sam"], place, kind, now)
    sam = facility.actors["sam"].person_id
    with sqlite_database.write() as session:
        wish = ImageWish(person_id=sam, job_id=kept.job, name="cows", digest=kept.digest, at=now)
        session.add(wish)
        session.flush()
        return wish.id


def test_images_that_wait_by_the_api(
    app: Flask, image: int, ines_token: str, token_of: Callable[..., str], sqlite_database: Database
) -> None:
    ines, sam = Asking(app, ines_token), Asking(app, token_of("sam"))
    [waits] = ines("GET", "/images/waiting").json["items"]
    assert (waits["request"], waits["name"], waits["state"]) == (image, "cows", "waiting")
    assert (waits["person"], waits["page"]) == ("Sam Weber", f"/images/waiting/{image}")
    assert sam("GET", "/images/waiting").json["items"] == []  # never oneself
    address = f"/images/waiting/{image}/refuse"
    for why in ("", " \n ", "x" * 1000):
        answer = ines("POST", address, json={"why": why})
        assert answer.status_code == 422, why
        assert "who asked reads it" in answer.json["fields"]["why"]
    assert sam("POST", address, json={"why": "No."}).status_code == 404
    assert ines("POST", "/images/waiting/999999/refuse", json={"why": "No."}).status_code == 404
    assert ines("POST", address, json={"why": "Say what it is for."}).json["state"] == "waiting"
    with sqlite_database.write() as session:
        said = session.scalars(select(ImageSignoff)).one()
        assert (said.approves, said.words, said.person.name) == (False, "Say what it is for.", "ines")
        session.add(ImageDeed(wish_id=image, done=False, words="x", by="ines", at=datetime.now(UTC)))
    assert ines("POST", address, json={"why": "Again."}).status_code == 409


def test_images_that_wait_by_the_command_line(
    gantry: Gantry, monkeypatch: pytest.MonkeyPatch, image: int, ines_token: str, sqlite_database: Database
) -> None:
    monkeypatch.setenv("GANTRY_TOKEN", ines_token)
    code, out, _err = gantry("analyses", "waiting")
    assert code == 0 and "cows" in out and "Sam Weber" in out and f"/images/waiting/{image}" in out
    assert json.loads(gantry("analyses", "waiting", "--json")[1])["images"][0]["request"] == image
    assert gantry("analyses", "refuse", str(image), "--why", "No.")[0] == 3  # no analysis of that number waits
    assert gantry("analyses", "refuse", "--image", "999999", "--why", "No.")[0] == 3
    code, _out, err = gantry("analyses", "refuse", "--image", str(image), "--why", "Say what it is for.")
    assert code == 0 and "Refused the image cows" in err
    with sqlite_database.read() as session:
        assert session.scalars(select(ImageSignoff)).one().words == "Say what it is for."
