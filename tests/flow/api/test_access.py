"""Who may ask what: tokens, scopes, cookies, and what is not shared."""

import pytest
from asking import Asking

from portal.identity.people import create_person
from portal.identity.sessions import open_session
from portal.web.signed_in import COOKIE


@pytest.mark.parametrize("header", ["Bearer gantry_wrong", "Bearer", "Basic bWF5YTp4", "gantry_x", "Bearer \x00"])
def test_a_wrong_token_is_no_token(header, app, sqlite_facility):
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401


def test_me_tells_who_and_what_the_token_may(maya):
    me = maya("GET", "/me").json
    assert (me["name"], me["full_name"], me["scopes"]) == ("maya", "Maya Lind", ["read", "submit"])


def test_a_reading_token_cannot_start_anything(app, token_of, stack):
    reader = Asking(app, token_of("maya", "read"))
    answer = reader("POST", "/submissions", json={"analysis": "qc", "inputs": {"data": [stack]}})
    assert answer.status_code == 403
    assert "lacks the scope “submit”" in answer.json["detail"]
    assert reader("GET", "/datasets").status_code == 200
    check = reader("POST", "/analyses/qc/form", json={"inputs": {"data": [stack]}})
    assert check.status_code == 200


def test_a_submitting_token_that_may_not_read_reads_nothing(app, token_of):
    assert Asking(app, token_of("maya", "submit"))("GET", "/datasets").status_code == 403


def test_a_cookie_counts_for_reading_only(app, sqlite_database, sqlite_facility, now):
    from datetime import UTC, datetime, timedelta

    from portal.identity.models import Person

    with sqlite_database.write() as session:
        person = session.get_one(Person, sqlite_facility.actors["maya"].person_id)
        cookie = open_session(session, person, now=datetime.now(UTC), lifetime=timedelta(hours=1))
    browser = app.test_client()
    browser.set_cookie(COOKIE, cookie)
    assert browser.get("/api/v1/me").json["name"] == "maya"
    forged = browser.post("/api/v1/submissions", json={"analysis": "qc", "inputs": {"data": [1]}})
    assert forged.status_code == 401
    assert browser.delete("/api/v1/tokens/1").status_code == 401


def test_hidden_and_missing_datasets_answer_alike(tom, sqlite_facility):
    hidden = tom("GET", f"/datasets/{sqlite_facility.datasets['private']}")
    missing = tom("GET", "/datasets/999999")
    assert hidden.status_code == missing.status_code == 404
    assert {**hidden.json, "request_id": ""} == {**missing.json, "request_id": ""}


def test_counts_hold_only_what_one_may_see(maya, tom, sqlite_facility):
    mine = maya("GET", "/datasets").json
    assert mine["total"] == len(mine["items"]) == 2
    assert {one["name"] for one in mine["items"]} == {"Zebrafish heart, first run", "Reference beads, first run"}
    assert tom("GET", "/datasets").json["total"] == 3


def test_a_token_is_made_by_password_listed_and_revoked(app, nobody, sqlite_database, now):
    with sqlite_database.write() as session:
        create_person(session, "ada", "Ada King", password="a long password", now=now)
    body = {"person": "ada", "password": "a long password", "name": "laptop", "days": 3}
    made = nobody("POST", "/tokens", json=body)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    ada = Asking(app, made.json["secret"])
    (listed,) = ada("GET", "/tokens").json["items"]
    assert (listed["name"], listed["scopes"]) == ("laptop", ["read", "submit"])
    assert "secret" not in listed
    assert ada("DELETE", f"/tokens/{listed['id']}").status_code == 204
    assert ada("GET", "/me").status_code == 401


def test_a_token_cannot_make_a_token(maya):
    answer = maya("POST", "/tokens", json={"name": "another", "person": "maya", "password": "guess"})
    assert answer.status_code == 401


def test_nobody_revokes_anothers_token(maya, tom, sqlite_database):
    number = maya("GET", "/tokens").json["items"][0]["id"]
    assert tom("DELETE", f"/tokens/{number}").status_code == 404
    assert maya("GET", "/me").status_code == 200


def test_staff_revoke_anothers_token_by_one_that_may_do_something(app, maya, token_of):
    number = maya("GET", "/tokens").json["items"][0]["id"]
    for scopes, status in ((["read"], 404), (["ingest"], 404), (["read", "submit"], 204)):
        assert Asking(app, token_of("sam", *scopes))("DELETE", f"/tokens/{number}").status_code == status
    assert maya("GET", "/me").status_code == 401


def test_an_address_that_is_not_there_is_a_problem_in_json(maya):
    answer = maya("GET", "/nothing/here")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert maya("PUT", "/me", json={}).status_code == 404
