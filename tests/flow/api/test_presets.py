"""Presets through the API and the command line."""

import json

import pytest

from portal.jobs.models import Job


def body(**more):
    return {"name": "Fine", "options": {"histogram_bins": 64}, **more}


def test_kept_offered_used_and_taken_off(maya, stack, sqlite_database):
    made = maya("POST", "/analyses/qc/presets", json=body(note="For reports"))
    assert made.status_code == 201 and made.json["key"] == "mine/Fine" and made.json["may_change"]
    assert maya("GET", "/analyses/qc/presets").json["items"] == [made.json]
    form = maya("GET", "/analyses/qc", query_string={"dataset": stack}).json["form"]
    assert [one["name"] for one in form["presets"]] == ["Recommended", "mine/Fine"]
    checked = maya(
        "POST", "/analyses/qc/form", json={"inputs": {"data": [stack]}, "options": {}, "preset": "MINE/fine"}
    ).json
    assert {one["name"]: one["value"] for one in checked["fields"]}["histogram_bins"] == "64"
    started = maya(
        "POST", "/submissions", json={"analysis": "qc", "inputs": {"data": [stack]}, "preset": "mine/Fine"}
    )
    assert started.status_code == 201
    with sqlite_database.read() as session:
        assert session.get_one(Job, started.json["jobs"][0]["id"]).options["histogram_bins"] == 64
    assert maya("DELETE", f"/presets/{made.json['id']}").status_code == 204
    assert maya("GET", "/analyses/qc/presets").json["items"] == []
    refused = maya(
        "POST", "/submissions", json={"analysis": "qc", "inputs": {"data": [stack]}, "preset": "mine/Fine"}
    )
    assert refused.status_code == 422 and "preset" in refused.json["fields"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (body(options={}), 422),
        (body(options={"histogram_bins": "many"}), 422),
        (body(options={"histogram_bin": 3}), 422),
        (body(name="a/b"), 422),
        (body(name=" "), 422),
        (body(experiment=999_999), 422),
        (body(experiment=2**63 - 1), 422),
        (body(facility=True), 403),
        (body(note="x" * 201), 422),
        (body(more=1), 422),
    ],
)
def test_what_cannot_be_kept_is_refused(maya, sent, status):
    refused = maya("POST", "/analyses/qc/presets", json=sent)
    assert refused.status_code == status, refused.json
    assert maya("GET", "/analyses/qc/presets").json["items"] == []


def test_what_belongs_to_one_dataset_is_not_kept(maya):
    for name, value in (("array", "/volume"), ("box", "0:1, 0:1, 0:1")):
        sent = {"name": "Part", "options": {name: value, "iterations": 5}}
        refused = maya("POST", "/analyses/lightsheet-deconvolution/presets", json=sent)
        assert refused.status_code == 422 and "kept in no preset" in refused.json["fields"][name]


def test_the_command_line_keeps_lists_uses_and_removes(gantry, stack):
    code, out, err = gantry("presets", "list", "qc")
    assert code == 0, err
    code, out, err = gantry("presets", "keep", "qc", "Fine bars", "--set", "histogram_bins=64")
    assert code == 0, err
    assert '--preset "mine/Fine bars"' in out + err
    code, _out, err = gantry("presets", "keep", "qc", "fine bars", "--set", "histogram_bins=32")
    assert code != 0 and "give --replace" in err
    code, out, _ = gantry("presets", "list", "qc")
    assert "mine/Fine bars" in out and "histogram_bins=64" in out
    code, out, err = gantry("run", "qc", stack, "--preset", "mine/Fine bars", "--dry-run", "--json")
    assert code == 0, err
    fields = {one["name"]: one["value"] for one in json.loads(out)["fields"]}
    assert fields["histogram_bins"] == "64"
    code, _out, err = gantry("presets", "remove", "qc", "Fine")
    assert code != 0 and "Fine bars" in err
    code, out, err = gantry("presets", "remove", "qc", "fine bars")
    assert code == 0 and "taken off" in out + err
    code, _out, err = gantry("run", "qc", stack, "--preset", "mine/Fine bars")
    assert code != 0 and "No preset is named" in err
    code, _out, err = gantry("presets", "keep", "qcc", "Fine", "--set", "histogram_bins=64")
    assert code != 0 and "qc" in err
