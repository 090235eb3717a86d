"""Trying several values through the API and the command line."""

import json

import pytest

from portal.catalogue.models import DatasetArray

ANALYSIS = "lightsheet-deconvolution"


@pytest.fixture(autouse=True)
def _volume(sqlite_database, stack):
    with sqlite_database.write() as session:
        session.add(
            DatasetArray(
                dataset_id=stack,
                position=0,
                name="/volume",
                shape=[40, 300, 200],
                axes="ZYX",
                pictures=[],
                sizes={"x": 0.2, "y": 0.2, "z": 1.0},
            )
        )


def body(stack, **trial):
    return {"analysis": ANALYSIS, "inputs": {"stack": [stack]}, "options": {"background": 7}, "trial": trial}


def test_a_trial_is_a_submission_with_a_sheet(maya, stack):
    asked = body(stack, option="iterations", values=[5, "10"], datasets=[stack])
    made = maya("POST", "/submissions", json=asked, headers={"Idempotency-Key": "once"})
    assert made.status_code == 201 and len(made.json["jobs"]) == 2
    again = maya("POST", "/submissions", json=asked, headers={"Idempotency-Key": "once"})
    assert again.status_code == 200 and again.json["id"] == made.json["id"]
    sheet = maya("GET", f"/trials/{made.json['id']}").json
    assert [one["value"] for one in sheet["tried"]] == [5, 10]
    assert sheet["part"] == {"box": "4:36, 86:214, 36:164"} and sheet["datasets"] == [stack]
    assert sheet["scale"] is None and not sheet["final"] and not sheet["alike"]
    listed = maya("GET", "/jobs", query_string={"submission": made.json["id"]}).json["items"]
    assert [one["trial"] for one in (*made.json["jobs"], *listed)] == ["iterations"] * 4
    plain = maya("POST", "/submissions", json={"analysis": ANALYSIS, "inputs": {"stack": [stack]}}).json
    assert (
        plain["jobs"][0]["trial"] is None and maya("GET", f"/jobs/{plain['jobs'][0]['id']}").json["trial"] is None
    )


def test_what_cannot_be_tried_is_said_by_field(maya, stack):
    wrong = maya("POST", "/submissions", json=body(stack, option="box", values=["0:1", "0:2"]))
    assert wrong.status_code == 422 and "cannot be tried" in wrong.json["fields"]["try.option"]
    wrong = maya("POST", "/submissions", json=body(stack, option="iterations", values=[5, 5000]))
    assert "5000: Must be a number from 1 to 1000" in wrong.json["fields"]["try.values"]
    wrong = maya(
        "POST", "/submissions", json=body(stack, option="iterations", values=[5, 6], crop={"box": "everything"})
    )
    assert "crop.box" in wrong.json["fields"]


def test_what_belongs_to_no_trial_is_refused_and_not_passed_over(maya, stack):
    trial = {"option": "iterations", "values": [5, 10]}
    asked = {**body(stack, **trial), "title": "Mine"}
    wrong = maya("POST", "/submissions", json=asked)
    assert wrong.status_code == 422 and "named by their values" in wrong.json["fields"]["title"]
    wrong = maya("POST", "/submissions", json={**body(stack, **trial), "experiment": 1})
    assert wrong.status_code in (404, 422)
    wrong = maya("POST", "/submissions", json=body(stack, option="iteratons", values=[5, 10]))
    assert wrong.json["fields"]["try.option"] == "There is no option named iteratons; did you mean iterations?"


def test_an_option_that_does_not_matter_is_not_tried(maya, stack):
    wrong = maya("POST", "/submissions", json=body(stack, option="na", values=[0.1, 0.2]))
    assert wrong.status_code == 422
    assert "does not matter with what is chosen for Point spread function" in wrong.json["fields"]["try.option"]


@pytest.mark.parametrize("other", [-1, 0, 999_999, 2**40, 2**63 - 1, 1 - 2**63])
def test_a_trial_remembers_no_dataset_that_is_not_seen(maya, stack, other):
    wrong = maya("POST", "/submissions", json=body(stack, option="iterations", values=[5, 6], datasets=[other]))
    assert wrong.status_code == 404 and str(other) in wrong.json["detail"]


@pytest.mark.parametrize("other", [2**63, -(2**63), 2**64, 10**40, 10**400])
def test_a_dataset_s_number_of_more_than_64_bits_is_unread(maya, stack, other):
    wrong = maya("POST", "/submissions", json=body(stack, option="iterations", values=[5, 6], datasets=[other]))
    assert wrong.status_code == 400
    assert wrong.json["detail"] == (
        "This body cannot be read: a whole number has more than 64 bits. Nothing was changed."
    )
    assert maya("GET", "/jobs").json["total"] == 0


def test_a_sheet_is_its_team_s(maya, tom, stack):
    made = maya("POST", "/submissions", json=body(stack, option="iterations", values=[5, 10], whole=True)).json
    assert maya("GET", f"/trials/{made['id']}").json["part"] == {}
    assert tom("GET", f"/trials/{made['id']}").status_code == 404
    plain = maya("POST", "/submissions", json={"analysis": ANALYSIS, "inputs": {"stack": [stack]}}).json
    assert maya("GET", f"/trials/{plain['id']}").status_code == 404


def test_the_command_line_tries_and_tells_the_sheet(gantry, stack):
    code, out, _ = gantry("run", ANALYSIS, stack, "--try", "iterations=5,10,20", "--json")
    sheet = json.loads(out)
    assert code == 0 and [one["value"] for one in sheet["tried"]] == [5, 10, 20]
    code, out, err = gantry("run", ANALYSIS, stack, "--try", "sigma_xy=0.2;0.3", "--part", "box=0:8, 0:8, 0:8")
    assert code == 0 and [line.split("\t")[0] for line in out.splitlines()] == ["0.2 um", "0.3 um"]
    assert "on a part: Box 0:8, 0:8, 0:8" in err and "/trials/" in err
    code, _, err = gantry("run", ANALYSIS, stack, "--try", "iterations=5,many")
    assert code != 0 and "many: Give a whole number" in err
    code, _, err = gantry("run", ANALYSIS, stack, "--whole")
    assert code != 0 and "belong to --try" in err
