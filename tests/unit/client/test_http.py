"""Requests, repetitions and errors, against a real server on this machine."""

import json
import socket

import pytest
from answering_portal import Answer

from portal.client import Client
from portal.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    PortalError,
    SignInNeededError,
    UnavailableError,
)


def problem(status, detail="Words.", **more):
    return Answer(status, json.dumps({"status": status, "detail": detail, **more}).encode())


def document(**values):
    return Answer(200, json.dumps(values).encode())


@pytest.mark.parametrize(
    ("said", "expected"), [({"form": 1}, 1), ({}, None), ({"form": "1"}, None), ({"form": True}, None)]
)
@pytest.mark.parametrize("status", [404, 409, 422, 503])
def test_an_error_about_one_of_several_forms_says_which(status, said, expected, portal):
    answer = json.dumps({"status": status, "detail": "Words.", **said}).encode()
    portal.say(Answer(status, answer))
    with pytest.raises(PortalError) as raised:
        Client(portal.url, "t").submit_list([{}, {}])
    assert raised.value.form == expected


def test_the_token_goes_in_a_header_and_nowhere_else(portal):
    Client(portal.url, "gantry_secret").me()
    (asked,) = portal.asked
    assert asked.headers["Authorization"] == "Bearer gantry_secret"
    assert "secret" not in asked.path


def test_a_netrc_file_does_not_replace_the_token(portal, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("default login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    Client(portal.url, "gantry_secret").me()
    assert portal.asked[0].headers["Authorization"] == "Bearer gantry_secret"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SignInNeededError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, InvalidError),
        (429, LimitError),
        (500, PortalError),
        (503, UnavailableError),
    ],
)
def test_a_problem_becomes_the_error_that_the_portal_raised(status, kind, portal):
    portal.say(problem(status))
    with pytest.raises(kind, match=r"Words\.") as raised:
        Client(portal.url, "t").me()
    assert type(raised.value) is kind


def test_what_is_wrong_with_which_value_is_kept(portal):
    portal.say(problem(422, fields={"sigma": "Too large."}))
    with pytest.raises(InvalidError) as raised:
        Client(portal.url, "t").me()
    assert raised.value.fields == {"sigma": "Too large."}


def test_what_is_no_portal_is_named_as_such(portal):
    portal.say(Answer(200, b"<html>"))
    with pytest.raises(UnavailableError, match="Is the address right"):
        Client(portal.url, "t").me()
    portal.say(Answer(404, b"<html>"))
    with pytest.raises(UnavailableError, match="Is this the address of a portal"):
        Client(portal.url, "t").me()


def test_a_redirect_is_told_and_not_followed(portal):
    portal.say(Answer(301, b"", {"Location": "https://elsewhere.example/"}))
    with pytest.raises(ConfigError, match=r"elsewhere\.example"):
        Client(portal.url, "t").me()
    assert len(portal.asked) == 1


def test_reading_is_repeated_until_the_portal_answers(portal):
    portal.say(problem(503), problem(503), document(name="maya"))
    assert Client(portal.url, "t").me()["name"] == "maya"
    assert len(portal.asked) == 3


def test_it_gives_up_after_four_tries(portal):
    portal.say(problem(503))
    with pytest.raises(UnavailableError):
        Client(portal.url, "t").me()
    assert len(portal.asked) == 4


def test_a_submission_whose_answer_is_lost_is_sent_again_with_the_same_key(portal):
    portal.say(Answer(0), document(id="s"))
    Client(portal.url, "t").submit("qc", {"data": [1]})
    first, second = portal.asked
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body


def test_two_submissions_have_different_keys(portal):
    client = Client(portal.url, "t")
    client.submit("qc", {"data": [1]})
    client.submit("qc", {"data": [1]})
    assert portal.asked[0].headers["Idempotency-Key"] != portal.asked[1].headers["Idempotency-Key"]


def test_who_needs_little_of_a_submission_says_so(portal):
    portal.say(document(id="s", title="Heart", count=1))
    client = Client(portal.url, "t")
    assert client.submit("qc", {"data": [1]}, brief=True)["count"] == 1
    client.submit("qc", {"data": [1]})
    assert [asked.headers.get("Prefer") for asked in portal.asked] == ["return=minimal", None]


def test_what_is_not_safe_to_repeat_is_sent_once(portal):
    portal.say(problem(503))
    with pytest.raises(UnavailableError):
        Client(portal.url, "t").retry("J-1001")
    assert len(portal.asked) == 1


def test_a_portal_that_is_not_there_is_unavailable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(UnavailableError, match="does not answer"):
        Client(f"http://127.0.0.1:{port}", "t").retry("J-1001")


def test_a_list_is_read_page_by_page(portal):
    portal.say(document(items=[{"id": 3}, {"id": 2}], next="abc"), document(items=[{"id": 1}], next=None))
    assert [job["id"] for job in Client(portal.url, "t").jobs(state="failed")] == [3, 2, 1]
    assert [asked.path for asked in portal.asked] == [
        "/api/v1/jobs?state=failed",
        "/api/v1/jobs?state=failed&cursor=abc",
    ]


@pytest.mark.parametrize("job", ["../me", "a/b", "", "..", "J-1 2", "x?y=1"])
def test_a_name_cannot_leave_its_place_in_the_address(job, portal):
    with pytest.raises(InvalidError):
        Client(portal.url, "t").job(job)
    assert portal.asked == []


def test_waiting_outlives_a_portal_that_is_away_for_a_while(portal, monkeypatch):
    monkeypatch.setattr("portal.client.client.POLL_S", 0.001)
    away = [problem(503)] * 4
    portal.say(document(final=False, jobs=[]), *away, document(final=True, jobs=[{"id": 1}]))
    seen = []
    assert Client(portal.url, "t").wait("s", tell=seen.append) == [{"id": 1}]
    assert [submission["final"] for submission in seen] == [False, True]


def test_waiting_ends_when_its_time_is_up(portal):
    portal.say(document(final=False, jobs=[]))
    with pytest.raises(TimeoutError, match="The jobs go on"):
        Client(portal.url, "t").wait("s", timeout_s=0)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_say_is_no_fault_of_the_network(number):
    with pytest.raises(InvalidError, match="not finite"):
        Client("http://127.0.0.1:9", "token", tries=1).submit("qc", {"data": [1]}, {"sigma": number})
