"""gantry admin jobtypes waiting, show, approve, refuse, history; gantry admin images waiting, approve, refuse."""

import itertools
import json
from typing import Any

import pytest
from made_images import keep_image

from portal.cli.main import main
from portal.staging.asking import ask_to_stage
from portal.staging.models import ImageApproval


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


KINDS = {"jobtypes": "Nothing was published.", "images": "Nothing was signed off."}


@pytest.fixture(params=KINDS)
def asked(request, command, signed_off) -> tuple[str, str, str]:
    """The group of commands, and number and digits of a request that waits in it."""
    if request.param == "jobtypes":
        return request.param, str(signed_off.ask_to_publish()), signed_off.jobtype(image="tools").revision[7:]
    place, kind = signed_off.facility.investigations["private"], signed_off.facility.types["stack"]
    kept = keep_image(
        signed_off.database, signed_off.settings.results, signed_off.sam, place, kind, signed_off.now
    )
    with signed_off.database.write() as session:
        wish = ask_to_stage(session, signed_off.sam, kept.job, "mine", (), now=signed_off.now)
        return request.param, str(wish.id), kept.digest[7:]


def run(group: str, *words: str) -> int:
    """One of the operator's commands."""
    return main(["admin", group, *words])


def test_what_is_signed_off_is_what_was_read_in_one_way_for_both(asked, signed_off, capsys):
    group, number, digits = asked
    other = ("0" if digits[0] != "0" else "1") + digits[1:]
    for typed in (digits[:11], "", "sha256:", digits[:11] + "?", "g" * 12, digits + "00", f"{digits[:12]}%"):
        assert run(group, "approve", number, typed) == 6, typed
        said = capsys.readouterr().err
        assert "is not the beginning of a digest: type 12 of its digits or more" in said
        assert KINDS[group] in said
    for typed in (other, other[:12], f"sha256:{other}"):
        assert run(group, "approve", number, typed) == 7, typed
        said = capsys.readouterr().err
        assert f"Request {number} is of sha256:{digits[:12]}, not of what begins with {other[:12]}" in said
        assert KINDS[group] in said
    assert list(signed_off.settings.registered.rglob("*.json")) == []
    with signed_off.database.read() as session:
        assert session.query(ImageApproval).count() == 0


def test_digits_count_as_a_person_copies_them(asked, capsys):
    group, number, digits = asked
    assert run(group, "approve", number, f" sha256:{digits[:20].upper()} ") == 0
    assert digits[:12] in capsys.readouterr().out


def test_a_number_that_no_request_has_is_told_with_where_they_are_listed(asked, capsys):
    group = asked[0]
    for number, more in itertools.product(
        ("99", "0", "9" * 24), (("approve", "0" * 12), ("refuse", "--because", "x"))
    ):
        words = (more[0], number, *more[1:])
        assert run(group, *words) == 3
        said = capsys.readouterr().err
        assert f"There is no request with the number {number}." in said
        assert f"gantry admin {group} waiting" in said
