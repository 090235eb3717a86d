"""Signing in by a short code, over the API and with the command line."""

import json
import os
import stat
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from portal.cli.main import main
from portal.identity import device as service
from portal.identity.device import decide
from portal.identity.models import ApiToken, DeviceRequest


@pytest.fixture
def decide_as(sqlite_database, sqlite_facility):
    """`decide_as("maya", code, allow=True)`: what that person's browser does."""

    def run(name: str, code: str, *, allow: bool = True) -> None:
        now = datetime.now(UTC)
        decide(sqlite_database, sqlite_facility.actors[name], code, allow=allow, address="::1", now=now)

    return run


def test_the_codes_are_there_for_everybody_and_kept_by_nobody(nobody):
    answer = nobody("POST", "/device", json={"name": "laptop"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json["verification_uri"] == "http://localhost/device"
    assert (answer.json["expires_in"], answer.json["interval"]) == (600, 3)


def test_the_token_comes_once_it_is_allowed_and_only_once(nobody, decide_as):
    codes = nobody("POST", "/device", json={"name": "laptop"}).json
    question = {"device_code": codes["device_code"]}
    first = nobody("POST", "/device/token", json=question)
    assert first.json == {"status": "pending", "interval": 3, "token": None}
    assert nobody("POST", "/device/token", json=question).json["status"] == "slow_down"
    decide_as("maya", codes["user_code"])
    told = nobody("POST", "/device/token", json=question)
    assert told.headers["Cache-Control"] == "no-store"
    assert told.json["token"]["secret"].startswith("gantry_")
    assert nobody("POST", "/device/token", json=question).json == {
        "status": "expired",
        "interval": 0,
        "token": None,
    }


@pytest.mark.parametrize("code", ["", "nonsense", "BCDF-GHJK"])
def test_a_code_that_nobody_gave_out_gets_nothing(nobody, code):
    answer = nobody("POST", "/device/token", json={"device_code": code})
    assert answer.json == {"status": "expired", "interval": 0, "token": None}


@pytest.mark.parametrize("code", ["\0", "a\0b", "\ud800"])
def test_a_code_that_no_text_can_be_is_unread(nobody, code):
    answer = nobody("POST", "/device/token", json={"device_code": code})
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["detail"] == (
        "This body cannot be read: a text holds a character that no text can hold (NUL, or half of one). "
        "Nothing was changed."
    )


@pytest.mark.parametrize(
    "wish", [{}, {"name": ""}, {"name": "a", "scopes": ["all"]}, {"name": "a", "person": "maya"}]
)
def test_a_wish_that_cannot_be_is_a_problem_document(nobody, wish):
    answer = nobody("POST", "/device", json=wish)
    assert answer.status_code == 422 and answer.json["fields"]


def test_a_token_of_one_s_own_allows_nothing(maya, nobody):
    """Only a browser with a form of ours decides: a stolen token cannot make more of itself."""
    code = nobody("POST", "/device", json={"name": "laptop"}).json["user_code"]
    client = maya.app.test_client()
    headers = {"Authorization": f"Bearer {maya.token}"}
    answer = client.post("/device/decision", data={"code": code, "decision": "allow"}, headers=headers)
    assert answer.status_code in {303, 400}
    assert maya("POST", "/device/decision", json={"code": code}).status_code == 404


# ---- gantry login ---------------------------------------------------------------------------------------------


class Terminal:
    """Standard input that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def login(served, monkeypatch, capsys, tmp_path):
    """`login(*words)` on a terminal: exit code, standard output, standard error."""
    for name in ("GANTRY_URL", "GANTRY_TOKEN", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(service, "INTERVAL_S", 0)
    monkeypatch.setattr(sys, "stdin", Terminal())

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["login", served, *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def person(monkeypatch):
    """`person(what)`: somebody who does `what(code)` when the browser opens; the opened addresses."""

    def sits_there(what) -> list[str]:
        opened: list[str] = []

        def browser(address: str) -> bool:
            opened.append(address)
            what(parse_qs(urlsplit(address).query)["code"][0])
            return True

        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setattr("webbrowser.open", browser)
        return opened

    return sits_there


def test_login_opens_the_page_and_keeps_the_token_for_oneself(login, person, decide_as, served, tmp_path):
    opened = person(lambda code: decide_as("maya", code))
    code, out, err = login()
    assert (code, "as Maya Lind" in out) == (0, True)
    assert opened[0].startswith(f"{served}/device?code=")
    assert opened[0].rpartition("=")[2] in err
    path = tmp_path / "config" / "gantry" / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = json.loads(path.read_text())
    assert kept["url"] == served and kept["token"].startswith("gantry_")
    assert kept["token"] not in out + err
    assert main(["whoami"]) == 0


def test_without_a_screen_nothing_is_opened_and_the_code_is_shown(login, monkeypatch, served, decide_as):
    monkeypatch.setattr("webbrowser.open", lambda _address: pytest.fail("a browser inside the terminal"))
    shown: list[str] = []

    def echo(text: str = "", **_more: object) -> None:
        shown.append(text)
        if text.startswith("\n"):
            decide_as("tom", text.strip())

    monkeypatch.setattr("portal.cli.login_device.click.echo", echo)
    assert login()[0] == 0
    assert shown[0] == f"Open {served}/device in a browser, on any computer, and type this code:"
    assert "as Tom Okafor" in shown[-1]


def test_a_refusal_ends_it_and_keeps_nothing(login, person, decide_as, tmp_path, sqlite_database):
    person(lambda code: decide_as("maya", code, allow=False))
    code, _, err = login()
    assert (code, "refused in the browser" in err) == (4, True)
    assert not (tmp_path / "config").exists()
    with sqlite_database.read() as session:
        assert session.scalar(select(func.count(ApiToken.id)).where(ApiToken.name.like("gantry on %"))) == 0


def test_a_code_that_ended_says_how_to_begin_anew(login, person, sqlite_database):
    def let_it_end(_code: str) -> None:
        with sqlite_database.write() as session:
            session.execute(update(DeviceRequest).values(expires=datetime.now(UTC) - timedelta(seconds=1)))

    person(let_it_end)
    code, _, err = login()
    assert (code, "Begin anew with: gantry login" in err) == (9, True)


def test_the_client_waits_as_long_as_it_is_told(login, person, decide_as, monkeypatch, sqlite_database):
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        with sqlite_database.write() as session:
            moved = {"last_asked": datetime.now(UTC) - timedelta(seconds=seconds)}
            session.execute(update(DeviceRequest).values(moved))
        if len(slept) == 3:
            decide_as("maya", codes[0])

    codes: list[str] = []
    monkeypatch.setattr(service, "INTERVAL_S", 7)
    person(codes.append)
    monkeypatch.setattr(time, "sleep", sleep)
    assert login()[0] == 0
    assert slept == [7.0, 7.0, 7.0]


def test_two_addresses_or_two_ways_at_once_are_a_mistyped_command(login):
    assert login("--url", "https://elsewhere.example")[0] == 2
    assert login("--token-stdin", "--person", "maya")[0] == 2


def test_nothing_on_standard_input_is_a_mistyped_command(login, monkeypatch):
    with Path(os.devnull).open(encoding="ascii") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        code, _, err = login()
    assert (code, "there is no token on it" in err) == (2, True)
