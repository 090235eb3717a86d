"""Every address is either open on purpose or asks who is there, and nobody sees another team's things."""

from typing import Any

import pytest
from werkzeug.routing import Rule

from portal.web.signed_in import OPEN

THINGS = {
    "dataset_id": lambda site: site.facility.datasets["private"],
    "picture_id": lambda site: site.picture,
    "file_id": lambda site: site.file,
    "investigation_id": lambda site: site.facility.investigations["private"],
    "job_id": lambda site: site.job,
    "submission_id": lambda site: site.submission,
    "notice_id": lambda site: site.notice,
}
EVERYBODYS = {"name"}
"""An analysis's name: what exists is no secret; the datasets in its form are."""


def _rules(site: Any) -> list[Rule]:
    return [rule for rule in site.app.url_map.iter_rules() if not rule.endpoint.startswith("api")]


def _address(site: Any, rule: Rule) -> str:
    values = {}
    for argument in rule.arguments:
        if argument in THINGS:
            values[argument] = THINGS[argument](site)
        elif argument == "name":
            values[argument] = "qc"
        elif argument == "token_id":
            values[argument] = 1
        elif argument == "filename":
            values[argument] = "no-such-file"
        else:
            pytest.fail(f"{rule} has an argument that this test does not know: {argument}")
    with site.app.test_request_context():
        return str(site.app.url_for(rule.endpoint, **values)).removeprefix("http://localhost")


def _ask(client: Any, rule: Rule, address: str) -> Any:
    method = "POST" if "POST" in (rule.methods or ()) and "GET" not in (rule.methods or ()) else "GET"
    return client.open(address, method=method)


def test_without_a_sign_in_every_page_that_is_not_open_leads_to_the_sign_in(site: Any) -> None:
    client, seen = site.client(), 0
    for rule in _rules(site):
        if rule.endpoint in OPEN:
            continue
        answer = _ask(client, rule, _address(site, rule))
        assert answer.status_code == 303, rule
        assert answer.location.startswith("/sign-in"), rule
        seen += 1
    assert seen > 20


def test_every_address_that_names_a_thing_refuses_somebody_of_another_team(site: Any) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    stranger, seen = site.client("tom"), 0
    for rule in _rules(site):
        if not rule.arguments or rule.arguments <= EVERYBODYS or rule.endpoint == "static":
            continue
        answer = _ask(stranger, rule, _address(site, rule))
        assert answer.status_code == 404, f"{rule}: {answer.status_code}"
        seen += 1
    assert seen > 12


def test_a_form_does_not_tell_about_a_dataset_of_another_team(site: Any) -> None:
    dataset = site.facility.datasets["private"]
    for address in (f"/analyses?dataset={dataset}", f"/analyses/qc/start?dataset={dataset}"):
        answer = site.client("tom").get(address)
        assert answer.status_code == 404
        assert "Zebrafish" not in answer.text


def test_public_data_is_shown_to_everybody_and_offers_a_sign_in(site: Any) -> None:
    answer = site.client().get(f"/datasets/{site.facility.datasets['public']}")
    assert answer.status_code == 200
    assert "Reference beads" in answer.text
    assert "Sign in to analyse it" in answer.text


def test_hidden_and_missing_things_look_the_same(site: Any) -> None:
    tom = site.client("tom")
    hidden = tom.get(f"/datasets/{site.facility.datasets['private']}")
    missing = tom.get("/datasets/999999")
    sentence = "Not found, or not shared with you."
    assert hidden.status_code == missing.status_code == 404
    assert sentence in hidden.text and sentence in missing.text
    assert "Signed in: Tom Okafor." in hidden.text


def test_lists_of_a_stranger_hold_nothing_of_the_team(site: Any) -> None:
    tom = site.client("tom")
    for page in ("/", "/data", "/data?q=zebrafish", "/experiments", "/jobs?whose=all", "/analyses"):
        assert "Zebrafish heart" not in tom.get(page).text, page


def test_only_staff_see_the_facility_page(site: Any) -> None:
    assert site.client("maya").get("/facility").status_code == 403
    answer = site.client("sam").get("/facility")
    assert answer.status_code == 200
    assert "What is stuck?" in answer.text


def test_a_team_member_reads_but_only_the_owner_and_staff_cancel(site: Any, csrf: Any) -> None:
    ravi = site.client("ravi")
    token = csrf(ravi, "/me")
    answer = ravi.post(f"/jobs/J-{1000 + site.job}/cancel", data={"csrf_token": token})
    assert answer.status_code in {403, 404}
    maya = site.client("maya")
    answer = maya.post(f"/jobs/J-{1000 + site.job}/cancel", data={"csrf_token": csrf(maya, "/me")})
    assert answer.status_code == 303
    assert "Cancelled" in maya.get(answer.location).text
