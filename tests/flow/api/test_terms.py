"""Terms of a program through the API and the command line; lists and trials ask the same."""

import json

import pytest
from sqlalchemy import select

from portal.app import create_app
from portal.config import load_settings
from portal.jobs.models import Submission
from portal.jobtype.load import shipped_folder
from portal.terms.models import AcceptedTerms

SOLVE = """\
name: solve
version: "1.0"
title: Solve
summary: Solves.
category: Any data
contact: staff
program: {command: [solve, {option: depth}, {input: data}]}
inputs: [{name: data, label: Data, dataset_types: ["*"]}]
options: [{name: depth, type: integer, label: Depth, default: 3, min: 1, max: 9}]
resources: {default: one, variants: [{name: one, label: One}]}
result_title: "{input}, solved"
outputs: [{name: solved, dataset_type: result}]
terms: {name: solver, title: Terms of the solver, text: Cite us., link: "https://example.org/terms", use: academic}
"""


@pytest.fixture
def app(settings, sqlite_database, tmp_path):
    folder = tmp_path / "jobtypes"
    folder.mkdir()
    (folder / "solve.yaml").write_text(SOLVE, encoding="utf-8")
    merged = load_settings({}, **{**settings.model_dump(), "jobtypes": (shipped_folder(), folder)})
    made = create_app(merged, database=sqlite_database)
    made.config["RATELIMIT_ENABLED"] = False
    return made


@pytest.fixture
def records(sqlite_database):
    def found():
        with sqlite_database.read() as session:
            uses = session.scalars(select(Submission.use).order_by(Submission.created)).all()
            return [one.digest for one in session.scalars(select(AcceptedTerms))], list(uses)

    return found


def test_an_analysis_tells_its_terms_and_whether_one_has_accepted_them(maya, tom, stack, records):
    terms = maya("GET", "/analyses/solve").json["form"]["terms"]
    assert (terms["name"], terms["use"], terms["accepted"]) == ("solver", "academic", None)
    assert (terms["text"], terms["link"]) == ("Cite us.", "https://example.org/terms")
    assert maya("GET", "/analyses/qc").json["form"]["terms"] is None
    body = {"analysis": "solve", "inputs": {"data": [stack]}}
    refused = maya("POST", "/submissions", json=body)
    assert refused.status_code == 422
    assert set(refused.json["fields"]) == {"terms.accept", "terms.use"}
    said = body | {"accept_terms": terms["digest"], "use": "academic"}
    # Whoever only checks accepts nothing.
    assert maya("POST", "/submissions/check", json=said).status_code == 200
    assert records() == ([], [])
    started = maya("POST", "/submissions", json=said)
    assert (started.status_code, started.json["use"]) == (201, "academic")
    assert maya("GET", f"/submissions/{started.json['id']}").json["use"] == "academic"
    assert records() == ([terms["digest"]], ["academic"])
    assert maya("GET", "/analyses/solve").json["form"]["terms"]["accepted"] is not None
    assert maya("POST", "/submissions", json=body | {"use": "academic"}).status_code == 201
    assert tom("GET", "/analyses/solve").json["form"]["terms"]["accepted"] is None


@pytest.mark.parametrize(
    "said",
    [
        {"use": "commercial"},
        {"use": "ACADEMIC"},
        {"use": ""},
        {"use": "x" * 61},
        {"use": 1},
        {"use": "academic", "accept_terms": "solver"},
        {"use": "academic", "accept_terms": True},
        {"use": "academic", "accept_terms": "sha256:" + "0" * 64},
        {"use": "academic", "accept_terms": "x" * 81},
    ],
)
def test_what_accepts_nothing_starts_nothing(maya, stack, records, said):
    digest = maya("GET", "/analyses/solve").json["form"]["terms"]["digest"]
    body = {"analysis": "solve", "inputs": {"data": [stack]}, "accept_terms": digest} | said
    assert maya("POST", "/submissions", json=body).status_code == 422
    assert records() == ([], [])


def test_a_list_and_a_trial_ask_the_same(maya, stack, records):
    digest = maya("GET", "/analyses/solve").json["form"]["terms"]["digest"]
    body = {"analysis": "solve", "inputs": {"data": [stack]}, "use": "academic"}
    listed = maya("POST", "/submission-lists", json={"forms": [body]})
    assert listed.status_code == 422 and "0.terms.accept" in listed.json["fields"]
    trial = body | {"trial": {"option": "depth", "values": [1, 2]}}
    assert maya("POST", "/submissions", json=trial).status_code == 422
    assert maya("POST", "/submissions", json=trial | {"accept_terms": digest}).status_code == 201
    assert maya("POST", "/submission-lists", json={"forms": [body, body]}).status_code == 201
    assert records() == ([digest], ["academic"] * 3)


def test_the_same_terms_in_two_forms_of_a_list_are_one_record(maya, stack, records):
    digest = maya("GET", "/analyses/solve").json["form"]["terms"]["digest"]
    body = {"analysis": "solve", "inputs": {"data": [stack]}, "use": "academic", "accept_terms": digest}
    forms = [body, body | {"options": {"depth": 4}}]
    assert maya("POST", "/submission-lists", json={"forms": forms}).status_code == 201
    assert records()[0] == [digest]


def test_the_command_line_accepts_by_name(gantry, stack, records):
    code, out, _errors = gantry("analyses", "show", "solve")
    assert code == 0
    assert "Terms: Terms of the solver. For academic use only: --use academic." in out
    assert "Accept them: --accept-terms solver." in out
    assert "Cite us." in out and "https://example.org/terms" in out
    code, _out, errors = gantry("run", "solve", stack)
    assert code != 0 and "Accept the terms" in errors
    code, _out, errors = gantry("run", "solve", stack, "--use", "academic", "--accept-terms", "others")
    assert code != 0 and "are called solver, not others" in errors
    code, _out, errors = gantry("run", "solve", stack, "--use", "military", "--accept-terms", "solver")
    assert code == 2
    code, _out, errors = gantry("run", "solve", stack, "--use", "commercial", "--accept-terms", "solver")
    assert code != 0 and "for academic use only" in errors
    assert records() == ([], [])
    code, out, errors = gantry("run", "solve", stack, "--use", "academic", "--accept-terms", "solver", "--json")
    assert code == 0, errors
    assert "Accepted: Terms of the solver" in errors
    assert json.loads(out)["use"] == "academic"
    assert records()[1] == ["academic"]
    code, _out, errors = gantry("run", "qc", stack, "--accept-terms", "solver")
    assert code != 0 and "has no terms to accept" in errors
