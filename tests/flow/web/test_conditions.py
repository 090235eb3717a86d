"""Options under conditions, by page and API: the tree, why it does not hold, and what a refused form keeps."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asking import Asking

from portal.catalogue.models import Dataset
from portal.identity.tokens import create_token
from portal.jobtype.load import JobTypes, parse_text
from portal.jobtype.publish import publish

NAME = "fuse-views"
TEXT = f"""\
name: {NAME}
version: "1.0"
title: Fusion
summary: Fuses.
category: Any data
contact: staff
image: base
program: {{command: [fuse, {{option: level, prefix: --level=}}, {{option: weight, prefix: --weight=}}]}}
inputs:
  - {{name: data, label: Dataset, dataset_types: ["*"], max: 9}}
needs:
  - {{when: "files.count < 1000", because: needs less than 1000 files}}
presets:
  - {{name: Usual, values: {{method: otsu}}}}
  - {{name: Large, values: {{method: manual}}, when: "files.count > 100", because: needs 100 files}}
options:
  - {{name: method, type: choice, label: Method, choices: [otsu, manual], default: otsu, required: true}}
  - {{name: level, type: float, label: "Level </script><b>&", units: nm, show_when: "method == 'manual'"}}
  - {{name: weight, type: integer, label: Weight, show_when: "files.count > 100", because: needs more files}}
resources: {{default: small, variants: [{{name: small, label: Small}}]}}
result_title: "{{input}}, fused"
outputs: []
"""


@pytest.fixture
def address(site: Any) -> str:
    jobtype, problems = parse_text(TEXT, Path(f"{NAME}.yaml"))
    assert jobtype is not None, problems
    publish(JobTypes({NAME: jobtype}), site.settings.published)
    return f"/analyses/{NAME}/start"


@pytest.fixture
def api(site: Any) -> Asking:
    with site.database.write() as session:
        _token, secret = create_token(
            session, site.facility.actors["maya"], "t", ("read", "submit"), days=1, now=datetime.now(UTC)
        )
    return Asking(site.app, secret)


def conditions_of(text: str) -> dict[str, Any]:
    found = re.search(r'data-conditions="([^"]*)"', text)
    assert found
    said: dict[str, Any] = json.loads(html.unescape(found[1]))
    return said


def test_the_page_has_what_it_needs_escaped(site: Any, address: str) -> None:
    number = site.facility.datasets["private"]
    text = site.client("maya").get(f"{address}?dataset={number}").text
    said = conditions_of(text)
    assert [one["label"] for one in said["options"]] == ["Method", "Level </script><b>&", "Weight"]
    assert said["jobs"][0]["known"] == [{"parameters": {"data": {}}, "facts": {"data": {"files.count": 2}}}]
    assert "</script><b>" not in text
    assert "Only if Method is manual." in text


def test_the_api_tells_the_tree_and_refuses_what_would_not_be_used(site: Any, address: str, api: Asking) -> None:
    number = site.facility.datasets["private"]
    form = api("GET", f"/analyses/{NAME}?dataset={number}").json["form"]
    level, weight = form["fields"][1]["show_when"], form["fields"][2]["show_when"]
    assert form["fields"][0]["show_when"] is None
    assert level == {
        "text": "Method is manual",
        "tree": {"op": "==", "of": [{"op": "option", "name": "method"}, {"op": "value", "value": "manual"}]},
        "holds": False,
        "why_not": "Method must be manual; it is otsu.",
    }
    assert (weight["holds"], weight["why_not"]) == (False, "needs more files.")
    body = {"analysis": NAME, "inputs": {"data": [number]}, "options": {"weight": 4}}
    refused = api("POST", "/submissions", json=body)
    assert refused.status_code == 422
    assert "needs more files. Leave it empty: it is not used." in refused.text
    body["options"] = {"method": "manual", "level": "0.3 um"}
    assert api("POST", "/submissions", json=body).status_code == 201


def test_what_does_not_fit_says_why_on_page_and_api(site: Any, address: str, api: Asking) -> None:
    number = site.facility.datasets["private"]
    assert NAME in {one["name"] for one in api("GET", f"/analyses?dataset={number}").json["items"]}
    presets = api("GET", f"/analyses/{NAME}?dataset={number}").json["form"]["presets"]
    assert [one["why_not"] for one in presets] == ["", "needs 100 files."]
    page = site.client("maya").get(f"{address}?dataset={number}").text
    assert re.search(r'value="Large"[^>]*disabled', page) and "needs 100 files." in page
    body = {"analysis": NAME, "inputs": {"data": [number]}, "options": {}, "preset": "Large"}
    assert "needs 100 files. Choose another one." in api("POST", "/submissions", json=body).text
    with site.database.write() as session:
        session.get_one(Dataset, number).file_count = 5000
    found = api("GET", f"/analyses?dataset={number}").json
    reasons = {one["name"]: one["reason"] for one in found["others"]}
    assert reasons[NAME] == "It needs less than 1000 files."
    assert "It needs less than 1000 files." in site.client("maya").get(f"/analyses?dataset={number}").text
    refused = api("POST", "/submissions", json={**body, "preset": None})
    assert (refused.status_code, "Needs less than 1000 files." in refused.text) == (422, True)
    assert "Needs less than 1000 files." in site.client("maya").get(f"{address}?dataset={number}").text


def test_what_the_page_had_hidden_is_kept_and_not_judged(
    site: Any, address: str, csrf: Callable[..., str]
) -> None:
    client = site.client("maya")
    sent = {
        "csrf_token": csrf(client),
        "dataset": site.facility.datasets["private"],
        "option.method": "otsu",
        "option.weight": "x",
        "aside.level": "12 parrots",
    }
    refused = client.post(address, data=sent)
    assert refused.status_code == 422
    assert "12 parrots" in refused.text and "needs more files. Leave it empty" in html.unescape(refused.text)
    assert re.search(r"data-error-summary.*?</ul>", refused.text, re.DOTALL)
    assert "Level" not in re.search(r"data-error-summary.*?</ul>", refused.text, re.DOTALL)[0]  # type: ignore[index]
    fine = client.post(address, data={**sent, "option.weight": ""})
    assert fine.status_code == 303


def test_what_was_hidden_and_is_asked_for_comes_back_to_be_looked_at(
    site: Any, address: str, csrf: Callable[..., str]
) -> None:
    client = site.client("maya")
    sent = {
        "csrf_token": csrf(client),
        "dataset": site.facility.datasets["private"],
        "option.method": "manual",
        "aside.level": "250",
    }
    refused = client.post(address, data=sent)
    assert refused.status_code == 422
    assert "Look whether the value is right" in refused.text and 'value="250"' in refused.text
