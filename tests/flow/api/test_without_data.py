"""Analyses that take no dataset, or leave none, over the API and the command line."""

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from portal.cli.main import main
from portal.jobs.models import Job
from portal.jobs.state import State


@pytest.fixture
def gantry(served, token_of, monkeypatch, capsys, tmp_path):
    """Run a command as Maya; its exit code, standard output and standard error."""
    monkeypatch.setenv("GANTRY_URL", served)
    monkeypatch.setenv("GANTRY_TOKEN", token_of("maya"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("portal.cli.jobs.looking.webbrowser.open", lambda _page: False)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def end_well(database):
    with database.write() as session:
        job, now = session.query(Job).one(), datetime.now(UTC)
        for state in (State.SUBMITTING, State.RUNNING, State.COLLECTING, State.SUCCEEDED):
            job.move(state, at=now)
        job.progress = {"stage": "checking", "message": "All is well"}


@pytest.fixture
def mine(sqlite_facility):
    return sqlite_facility.investigations["private"]


def test_the_form_says_that_it_asks_for_an_experiment(maya, mine):
    form = maya("GET", "/analyses/random-counts").json["form"]
    assert (form["slots"], form["experiment"]) == ([], {"value": None, "required": True, "error": ""})
    checked = maya("POST", "/analyses/random-counts/form", json={"options": {}}).json
    assert checked["valid"] is False
    assert checked["errors"] == {"experiment": "Choose the experiment in which the result is filed."}
    assert maya("POST", "/analyses/random-counts/form", json={"experiment": mine}).json["valid"] is True
    assert maya("GET", "/analyses/qc").json["form"]["experiment"] is None


def test_it_starts_in_the_experiment_and_says_so(maya, mine):
    made = maya("POST", "/submissions", json={"analysis": "random-counts", "experiment": mine})
    assert made.status_code == 201, made.json
    assert made.json["experiment"] == mine
    (job,) = made.json["jobs"]
    assert (job["inputs"], job["leaves_dataset"]) == ([], True)
    again = maya("GET", f"/submissions/{made.json['id']}").json
    assert (again["experiment"], again["jobs"][0]["title"]) == (mine, "Random counts, 10000 up to 65535")


@pytest.mark.parametrize("path", ["/submissions", "/analyses/random-counts/form"])
@pytest.mark.parametrize("number", ["other", "public", 0, -1, 2**31, 2**63 - 1, 1 - 2**63])
def test_somebody_elses_experiment_and_one_that_cannot_be_are_not_found(maya, sqlite_facility, path, number):
    number = sqlite_facility.investigations.get(number, number)
    body = {"analysis": "random-counts", "experiment": number}
    if path != "/submissions":
        del body["analysis"]
    refused = maya("POST", path, json=body)
    assert refused.status_code == 404
    assert refused.json["detail"].startswith(
        f"Experiment {number}: not found, or none in which you may file results."
    )


@pytest.mark.parametrize("path", ["/submissions", "/analyses/random-counts/form"])
@pytest.mark.parametrize("number", [2**63, -(2**63), 2**64, 10**40, 10**400])
def test_an_experiment_s_number_of_more_than_64_bits_is_unread(maya, path, number):
    body = {"experiment": number} | ({"analysis": "random-counts"} if path == "/submissions" else {})
    refused = maya("POST", path, json=body)
    assert refused.status_code == 400
    assert refused.json["detail"] == (
        "This body cannot be read: a whole number has more than 64 bits. Nothing was changed."
    )


@pytest.mark.parametrize("experiment", ["1", 1.5, True, [1], {}])
def test_an_experiment_is_a_number(maya, experiment):
    refused = maya("POST", "/submissions", json={"analysis": "random-counts", "experiment": experiment})
    assert refused.status_code == 422


def test_what_takes_a_dataset_refuses_an_experiment(maya, mine, stack):
    body = {"analysis": "qc", "inputs": {"data": [stack]}, "experiment": mine}
    refused = maya("POST", "/submissions", json=body)
    assert refused.status_code == 422
    assert refused.json["fields"]["experiment"].endswith("Leave this out.")


def test_a_list_takes_the_experiment_too(maya, mine, stack):
    forms = [
        {"analysis": "random-counts", "experiment": mine},
        {"analysis": "print-checksums", "inputs": {"data": [stack]}},
    ]
    assert maya("POST", "/submission-lists", json={"forms": forms}).status_code == 201
    refused = maya("POST", "/submission-lists", json={"forms": [*forms, {"analysis": "random-counts"}]})
    assert refused.json["fields"] == {"2.experiment": "Choose the experiment in which the result is filed."}


def test_a_job_that_leaves_no_dataset_says_so(maya, stack, sqlite_database):
    body = {"analysis": "print-checksums", "inputs": {"data": [stack]}}
    (job,) = maya("POST", "/submissions", json=body).json["jobs"]
    assert (job["leaves_dataset"], job["results"]) == (False, [])
    end_well(sqlite_database)
    found = maya("GET", f"/jobs/{job['number']}").json
    assert found["sentence"].endswith("This analysis leaves no dataset, only its log.")
    assert (found["leaves_dataset"], found["reported"]) == (False, "All is well")
    assert maya("GET", "/analyses/print-checksums").json["outputs"] == []


@pytest.mark.parametrize("name", ["Zebrafish heart", "zebrafish HEART", "ID", "NAME"])
def test_gantry_run_takes_an_experiment_by_title_name_or_id(gantry, maya, mine, name):
    found = maya("GET", f"/experiments/{mine}").json
    word = {"ID": mine, "NAME": found["name"]}.get(name, name)
    code, out, err = gantry("run", "random-counts", "--experiment", word, "--json")
    assert code == 0, err
    assert json.loads(out)["experiment"] == mine


def test_gantry_run_without_an_experiment_or_with_an_unknown_one_says_what_is_missing(gantry):
    code, _, err = gantry("run", "random-counts")
    assert code != 0
    assert "Choose the experiment in which the result is filed." in err
    code, _, err = gantry("run", "random-counts", "--experiment", "Blood cells")
    assert code != 0
    assert "No experiment is called Blood cells, or it is not shared with you." in err
    code, _, err = gantry("run", "random-counts", 1, "--experiment", 1)
    assert "Random counts takes no dataset." in err


def test_the_command_line_says_that_there_is_no_dataset(gantry, maya, stack, sqlite_database):
    assert gantry("run", "print-checksums", stack)[0] == 0
    end_well(sqlite_database)
    shown = gantry("jobs", "show", "J-1001")[1]
    assert "this analysis leaves no dataset, only its log" in shown
    assert "All is well" in shown
    assert "This analysis leaves no dataset, only its log." in gantry("jobs", "open", "J-1001")[2]


def test_gantry_run_wait_says_that_there_is_no_dataset(gantry, stack, sqlite_database, monkeypatch):
    monkeypatch.setattr("portal.client.client.time.sleep", lambda _pause: end_well(sqlite_database))
    code, out, _ = gantry("run", "print-checksums", stack, "--wait")
    assert code == 0
    assert "no dataset\t" in out
