"""gantry admin jobtypes waiting, show, approve, refuse, history."""

import json
from typing import Any

import pytest

from portal.cli.main import main


@pytest.fixture
def command(signed_off: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the site where an operator signs off."""
    settings = signed_off.settings
    monkeypatch.setenv("GANTRY_VAR", str(settings.var))
    monkeypatch.setenv("GANTRY_PUBLISH", "false")
    monkeypatch.setenv("GANTRY_DATABASE_URL", signed_off.database.engine.url.render_as_string(hide_password=False))
    signed_off.tried(image="tools")
    return lambda *words: main(["admin", "jobtypes", *words])


def test_an_operator_signs_off_what_was_read(command, signed_off, capsys):
    number = str(signed_off.ask_to_publish())
    digits = signed_off.jobtype(image="tools").revision.removeprefix("sha256:")
    assert command("waiting", "--json") == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (str(row["number"]), row["person"], row["to"]) == (number, "sam", "everyone")
    assert command("show", number) == 0
    assert "title: Shrink a picture" in capsys.readouterr().out
    for other in ("0" * 12, digits[:11], ""):
        assert command("approve", number, other) != 0
        assert "Nothing was published" in capsys.readouterr().err
    assert list(signed_off.settings.registered.rglob("*.json")) == []
    assert command("approve", number, digits[:12]) == 0
    assert "Published shrink" in capsys.readouterr().out
    assert len(list(signed_off.settings.registered.rglob("*.json"))) == 1
    assert command("waiting", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert command("history", "shrink", "--json") == 0
    [past] = json.loads(capsys.readouterr().out)
    assert past["wish"] == "publish"
    assert past["by"]
    assert past["changed"] == "The first one."
    assert command("list", "--json") == 0
    offered = {one["name"]: one["audience"] for one in json.loads(capsys.readouterr().out)["offered"]}
    assert offered["shrink"] == {"to": "everyone", "author": "sam", "ids": []}


def test_what_is_refused_keeps_its_reason(command, signed_off, capsys):
    number = str(signed_off.ask_to_publish())
    assert command("refuse", number, "--because", "It names no contact.") == 0
    assert "Refused shrink" in capsys.readouterr().out
    digits = signed_off.jobtype(image="tools").revision.removeprefix("sha256:")
    assert command("approve", number, digits) != 0
    assert list(signed_off.settings.registered.rglob("*.json")) == []


def test_a_number_that_nothing_has_is_told(command, capsys):
    for words in (("show", "99"), ("approve", "99", "0" * 12), ("refuse", "99", "--because", "x")):
        assert command(*words) != 0
        assert "number 99" in capsys.readouterr().err
