"""The life of a draft over the API: made, saved by two, shared, checked, compared, asked for, retired."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
import yaml
from asking import Asking
from flask import Flask
from published_here import put_down
from shrink import SHRINK
from small_facility import SmallFacility

from portal.catalogue.models import Instrument
from portal.config.publisher import Signs
from portal.db import Database
from portal.drafts.revisions import DraftRevision, RevisionWish
from portal.identity.models import Person
from portal.jobtype.lines import MAX_BYTES
from portal.jobtype.offer.audience import Audience, To


@pytest.fixture
def sam(app: Flask, token_of: Callable[..., str]) -> Asking:
    """Of the staff."""
    return Asking(app, token_of("sam"))


@pytest.fixture
def ines(
    app: Flask, token_of: Callable[..., str], sqlite_database: Database, sqlite_facility: SmallFacility
) -> Asking:
    """Of the staff too; she has no drafts."""
    with sqlite_database.write() as session:
        person = Person(name="ines", full_name="Ines Prado", roles=["staff"], created=datetime.now(UTC))
        session.add(person)
        session.flush()
        sqlite_facility.actors["ines"] = person.actor()
    return Asking(app, token_of("ines"))


def _made(who: Asking, **body: Any) -> Any:
    answer = who("POST", "/drafts", json=body or {"text": SHRINK})
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_draft_is_made_of_a_text_and_read_with_all_that_is_known_of_it(sam: Asking) -> None:
    made = _made(sam)
    assert (made["text"], made["version"], made["analysis"]) == (SHRINK, 1, "shrink")
    assert (made["sound"], made["stage"], made["mine"], made["may_try"]) == (True, "draft", True, False)
    listed = sam("GET", "/drafts").json["items"]
    assert [(one["id"], one["name"]) for one in listed] == [(made["id"], "Shrink")]
    read = sam("GET", f"/drafts/{made['id']}").json
    assert read == made


def test_a_draft_begins_as_a_copy_or_with_a_pasted_command(sam: Asking) -> None:
    copy = _made(sam, copy="qc")
    assert copy["analysis"] == "qc-2" and copy["based_on"].startswith("sha256:") and "# " in copy["text"]
    pasted = _made(sam, title="Softer", pasted="convert in.tif -blur 0x3 out.tif | cat")
    assert "convert" in pasted["text"] and not pasted["sound"]
    assert any("only a shell understands" in words for words in pasted["told"])
    assert "purpose" in {one["step"] for one in pasted["problems"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": SHRINK, "copy": "qc"},
        {"pasted": "ls"},
        {"title": ""},
        {"title": "x", "pasted": "'never closed"},
        {"text": SHRINK, "more": 1},
        {"text": 1},
        {"title": "x" * 999},
    ],
)
def test_what_is_no_beginning_is_refused_and_makes_nothing(sam: Asking, body: dict[str, Any]) -> None:
    answer = sam("POST", "/drafts", json=body)
    assert answer.status_code == 422, answer.json
    assert answer.json["fields"]
    assert sam("GET", "/drafts").json["items"] == []


def test_a_text_is_as_long_as_a_job_type_may_be_and_no_longer(sam: Asking) -> None:
    line = "# " + "x" * 97 + "\n"
    long = SHRINK + line * ((MAX_BYTES - len(SHRINK)) // len(line))
    answer = sam("POST", "/drafts", json={"text": long})
    made = json.loads(answer.data)
    assert answer.status_code == 201 and made["text"] == long
    answer = sam("PUT", f"/drafts/{made['id']}", json={"text": long + line * 2, "version": 1})
    assert (
        answer.status_code in (400, 422) and json.loads(sam("GET", f"/drafts/{made['id']}").data)["version"] == 1
    )
    # Other texts of the API are no longer by that.
    answer = sam("POST", f"/drafts/{made['id']}/readers", json={"person": "x" * 30_000})
    assert answer.status_code == 400
    assert sam("POST", "/drafts", json={"title": "x" * 30_000}).status_code == 400


def test_nobody_saves_over_another(sam: Asking, ines: Asking) -> None:
    draft = _made(sam)
    place = f"/drafts/{draft['id']}"
    assert sam("POST", f"{place}/readers", json={"person": "ines"}).json["readers"][0]["name"] == "ines"
    hers = SHRINK.replace("smaller", "tiny")
    assert ines("PUT", place, json={"text": hers, "version": 1}).json["version"] == 2
    answer = sam("PUT", place, json={"text": SHRINK + "# mine\n", "version": 1})
    assert answer.status_code == 409
    assert "Ines Prado saved this draft" in answer.json["detail"]
    assert answer.json["fields"]["version"].startswith("2 is the newest version")
    assert sam("GET", place).json["text"] == hers
    assert sam("POST", f"{place}/undo", json={"version": 2}).json["text"] == SHRINK
    reader = ines("GET", place).json["readers"][0]["id"]
    assert ines("DELETE", f"{place}/readers/{reader}").status_code == 403
    assert sam("DELETE", f"{place}/readers/{reader}").json["readers"] == []
    assert ines("GET", place).status_code == 404


def test_another_ones_draft_is_not_there(sam: Asking, ines: Asking, maya: Asking) -> None:
    draft = _made(sam)["id"]
    for who in (ines, maya):
        for method, path, body in (
            ("GET", "", None),
            ("PUT", "", {"text": SHRINK, "version": 1}),
            ("DELETE", "", None),
            ("POST", "/take-back", None),
            ("POST", "/undo", {"version": 1}),
            ("POST", "/readers", {"person": "ines"}),
            ("POST", "/ask-to-try", None),
            ("POST", "/trials", {}),
            ("POST", "/publish", {"to": "everyone", "changed": "x"}),
        ):
            answer = (
                who(method, f"/drafts/{draft}{path}", json=body)
                if body is not None
                else who(method, f"/drafts/{draft}{path}")
            )
            assert answer.status_code == 404, (method, path, answer.json)
    assert ines("GET", "/drafts/text", query_string={"of": draft}).status_code == 404
    assert maya("GET", "/drafts").status_code == 403
    assert maya("POST", "/drafts", json={"copy": "qc"}).status_code == 403
    assert maya("GET", "/drafts/text", query_string={"of": "qc"}).status_code == 403
    assert sam("GET", f"/drafts/{draft}").json["version"] == 1


def test_a_draft_is_thrown_away_and_taken_back(sam: Asking) -> None:
    draft = _made(sam)["id"]
    assert sam("DELETE", f"/drafts/{draft}").status_code == 204
    assert sam("GET", f"/drafts/{draft}").status_code == 404
    assert sam("POST", f"/drafts/{draft}/take-back").json["id"] == draft


def test_a_text_is_checked_at_line_and_column_and_not_kept(sam: Asking) -> None:
    text = SHRINK.replace("max: 100", "max: many")
    found = sam("POST", "/drafts/check", json={"text": text}).json
    assert found["sound"] is False and found["revision"] is None
    [wrong] = [one for one in found["problems"] if one["certain"]]
    line = text.split("\n").index(next(one for one in text.split("\n") if "max: many" in one))
    assert (wrong["line"], wrong["path"]) == (line + 1, "options.0.max")
    assert text.split("\n")[line][wrong["column"] - 1 :].startswith("max")
    sound = sam("POST", "/drafts/check", json={"text": SHRINK}).json
    assert sound["sound"] and sound["analysis"] == "shrink" and sound["revision"].startswith("sha256:")
    broken = sam("POST", "/drafts/check", json={"text": "a: [b\n"}).json
    assert broken["sound"] is False and broken["problems"]
    assert sam("GET", "/drafts").json["items"] == []


def test_what_is_shown_of_a_draft_its_versions_what_is_on_offer_and_what_was(
    sam: Asking, ines: Asking, sqlite_database: Database, sqlite_facility: SmallFacility
) -> None:
    draft = _made(sam)["id"]
    changed = SHRINK.replace("default: 50", "default: 60").replace("# what", "# all that")
    sam("PUT", f"/drafts/{draft}", json={"text": changed, "version": 1})
    diff = sam("GET", "/drafts/diff", query_string={"before": f"{draft}@1", "after": draft}).json
    assert [(one["place"], one["before"], one["after"]) for one in diff["fields"]] == [
        ("options, size: default", "50", "60")
    ]
    assert {"sign": "+", "text": "title: Shrink   # all that people read"} in diff["lines"]
    with sqlite_database.write() as session:
        person = sqlite_facility.actors["sam"].person_id
        digest = put_down(session, person, "shrink", SHRINK)
        alone = put_down(session, person, "shrink", "title: hers\n", audience=Audience(To.MYSELF, "sam"))
    found = ines("GET", "/drafts/text", query_string={"of": f"shrink@{digest[7:15]}"})
    assert found.json["text"] == SHRINK
    assert ines("GET", "/drafts/text", query_string={"of": f"shrink@{alone[7:15]}"}).status_code == 404
    assert ines("GET", "/drafts/text", query_string={"of": "shrink@4f1"}).status_code == 422
    shipped = sam("GET", "/drafts/text", query_string={"of": "qc"}).json
    assert shipped["analysis"] == "qc" and "# " in shipped["text"]
    for wrong in ("../etc/passwd", "QC", "qc@", "12@x", "", "qc@zz", "²"):
        answer = sam("GET", "/drafts/text", query_string={"of": wrong})
        assert answer.status_code in (404, 422), (wrong, answer.json)


def test_it_is_asked_for_told_and_refused_until_it_was_tried(sam: Asking, sqlite_database: Database) -> None:
    draft = _made(sam)["id"]
    wish = sam("POST", f"/drafts/{draft}/ask-to-try").json
    assert (wish["wish"], wish["state"], wish["analysis"]) == ("try", "waiting", "shrink")
    assert sam("POST", f"/drafts/{draft}/ask-to-try").json["number"] == wish["number"]
    assert [one["number"] for one in sam("GET", f"/drafts/{draft}").json["wishes"]] == [wish["number"]]
    answer = sam("POST", f"/drafts/{draft}/trials", json={})
    assert answer.status_code == 409 and "cannot be tried yet" in answer.json["detail"]
    answer = sam("POST", f"/drafts/{draft}/publish", json={"to": "everyone", "changed": "New."})
    assert answer.status_code == 409 and "nothing was published" in answer.json["detail"]
    with sqlite_database.read() as session:
        assert session.query(RevisionWish).count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "nobody", "changed": "x"}, "to"),
        ({"to": "everyone", "changed": ""}, "changed"),
        ({"to": "everyone", "ids": [1], "changed": "x"}, "to"),
        ({"to": "instruments", "changed": "x"}, "instruments"),
        ({"to": "instruments", "ids": [999], "changed": "x"}, "instruments"),
        ({"to": "experiments", "ids": [-1], "changed": "x"}, "experiments"),
        ({"to": "experiments", "ids": [2**63 - 1], "changed": "x"}, "experiments"),
    ],
)
def test_who_is_meant_is_said_exactly(sam: Asking, body: dict[str, Any], field: str) -> None:
    answer = sam("POST", f"/drafts/{_made(sam)['id']}/publish", json=body)
    assert answer.status_code == 422 and field in answer.json["fields"], answer.json


def test_real_instruments_and_experiments_are_taken(
    sam: Asking, sqlite_database: Database, sqlite_facility: SmallFacility
) -> None:
    draft = _made(sam)["id"]
    with sqlite_database.write() as session:
        instrument = Instrument(facility_id=sqlite_facility.facility, name="M9", full_name="Microscope 9")
        session.add(instrument)
        session.flush()
        number = instrument.id
    listed = sam("GET", "/drafts/audiences").json["instruments"]
    assert {"id": number, "name": "M9", "full_name": "Microscope 9"} in listed
    for to, ids in (("instruments", [number]), ("experiments", [sqlite_facility.investigations["private"]])):
        answer = sam("POST", f"/drafts/{draft}/publish", json={"to": to, "ids": ids, "changed": "x"})
        assert answer.status_code == 409, answer.json  # nobody tried it


def test_what_was_published_is_told_published_again_and_retired(
    sam: Asking, ines: Asking, maya: Asking, sqlite_database: Database, sqlite_facility: SmallFacility
) -> None:
    with sqlite_database.write() as session:
        person = sqlite_facility.actors["sam"].person_id
        first = put_down(session, person, "shrink", SHRINK)
        put_down(session, person, "shrink", SHRINK.replace("50", "60"), changed="Larger.")
    past = ines("GET", "/analyses/shrink/history").json
    assert [(one["wish"], one["changed"], one["on_offer"]) for one in past["items"]] == [
        ("publish", "Larger.", True),
        ("publish", "It is new.", False),
    ]
    assert past["retired"] is False and past["items"][0]["by"] == "root"
    assert maya("GET", "/analyses/shrink/history").status_code == 403
    assert sam("GET", "/analyses/nothing/history").status_code == 404
    again = sam("POST", "/analyses/shrink/publish-again", json={"revision": first, "changed": "Back."}).json
    assert (again["wish"], again["revision"], again["to"]) == ("publish", first, "everyone")
    other = "sha256:" + "0" * 64
    answer = sam("POST", "/analyses/shrink/publish-again", json={"revision": other, "changed": ""})
    assert answer.status_code == 404
    retire = sam("POST", "/analyses/shrink/retire").json
    assert (retire["wish"], retire["state"]) == ("retire", "waiting")


def test_nobody_loses_what_she_has_unless_it_is_said_to_be_meant(
    sam: Asking, sqlite_database: Database, sqlite_facility: SmallFacility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)
    draft = _made(sam)["id"]
    answer = sam("POST", f"/drafts/{draft}/publish", json={"changed": "x"})
    assert answer.status_code == 422 and "nobody has it yet" in answer.json["fields"]["to"]
    with sqlite_database.write() as session:
        person = sqlite_facility.actors["sam"].person_id
        mine = Audience(To.MYSELF, "sam")
        first = put_down(session, person, "shrink", SHRINK.replace("50", "70"), audience=mine)
        put_down(session, person, "shrink", SHRINK.replace("50", "60"))
    for address, body in (
        (f"/drafts/{draft}/publish", {"to": "myself", "changed": "x"}),
        ("/analyses/shrink/publish-again", {"revision": first, "changed": "x"}),
    ):
        answer = sam("POST", address, json=body)
        assert answer.status_code == 409, answer.json
        assert "Until now everyone has it; then only you alone have it." in answer.json["detail"]
        assert '"narrow": true' in answer.json["detail"]
        answer = sam("POST", address, json={**body, "narrow": True})
        assert (answer.status_code, answer.json["to"]) == (200, "Sam Weber alone")
    answer = sam("POST", f"/drafts/{draft}/publish", json={"changed": "x"})
    assert (answer.status_code, answer.json["to"]) == (200, "everyone")  # who has it now


@pytest.mark.parametrize(
    ("signs", "embedded", "words"),
    [
        (None, True, "by itself, within seconds."),
        (None, False, "An operator signs it off: gantry admin jobtypes approve {number} {revision}"),
        ("operator", True, "An operator signs it off: gantry admin jobtypes approve {number} {revision}"),
        ("staff", True, "A second member of staff signs it off with a security key, in the browser at http"),
        ("oneself", False, "sam signs it off with a security key, in the browser at http"),
    ],
)
def test_who_signs_off_and_how_is_told(
    sam: Asking, app: Flask, sqlite_database: Database, signs: str | None, embedded: bool, words: str
) -> None:
    draft = _made(sam)["id"]
    tried = sam("POST", f"/drafts/{draft}/ask-to-try").json
    assert "by itself" in tried["next"]
    with sqlite_database.write() as session:
        revision = session.query(DraftRevision).one()
        wish = RevisionWish(
            revision_id=revision.id,
            person_id=revision.author_id,
            wished="publish",
            audience=Audience(To.EVERYONE, "sam").document(),
            changed="x",
            at=datetime.now(UTC),
        )
        session.add(wish)
        session.flush()
        number = wish.id
    known = app.extensions["gantry"]
    publisher = known.settings.publisher.model_copy(update={"signs": Signs(signs) if signs else None})
    changed = known.settings.model_copy(update={"publisher": publisher, "publish": embedded})
    app.extensions["gantry"] = replace(known, settings=changed)
    told = sam("GET", f"/drafts/{draft}").json["wishes"]
    assert [one["number"] for one in told] == [number, tried["number"]]
    assert words.format(number=number, revision=told[0]["revision"][7:19]) in told[0]["next"]


def test_editors_are_told_the_schema_without_a_token(nobody: Asking) -> None:
    answer = nobody("GET", "/job-type.schema.json")
    assert answer.status_code == 200
    schema = json.loads(answer.data)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(yaml.safe_load(SHRINK))) == []
    assert list(validator.iter_errors(yaml.safe_load(SHRINK.replace("options:", "optoins:"))))
