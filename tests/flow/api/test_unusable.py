"""What cannot be used in a request is told in words, at the name that the sender gave it."""

import json

import pytest

BODY = "Send a JSON map of names and values."


@pytest.mark.parametrize("inner", [
    {"analysis": "qc", "title": "a\0b"}, {"analysis": "qc", "options": {"x": 10**400}},
    {"analysis": "qc", "inputs": {}}, [], "x",
])  # fmt: skip
@pytest.mark.parametrize("path", ["/submissions", "/submission-lists", "/analyses/qc/form", "/job-lists/cancel"])
def test_json_within_a_text_is_a_text(maya, inner, path):
    """Such a body was read by another reader, without our bounds."""
    answer = maya("POST", path, json=json.dumps(inner))
    assert (answer.status_code, answer.json["fields"]) == (422, {"body": BODY}), answer.json
    assert maya("GET", "/jobs").json["total"] == 0


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"true"])
def test_a_body_that_is_no_map(maya, body):
    answer = maya("POST", "/submissions", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json["detail"] == f"This body cannot be used. {BODY}"
    assert maya("GET", "/jobs").json["total"] == 0


def test_without_a_body_it_is_said_what_to_send(maya):
    for headers in ({}, {"Content-Type": "application/json"}):
        answer = maya("POST", "/submissions", headers=headers)
        assert (answer.status_code, answer.json["fields"]) == (422, {"body": "Give a map of names and values."})


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_json_that_is_not_said_to_be_json(maya, kind):
    headers = {"Content-Type": kind} if kind else {}
    answer = maya("POST", "/submissions", data=b'{"analysis": "qc"}', headers=headers)
    assert answer.status_code == 422
    assert answer.json["detail"] == f"This body cannot be used. {BODY} Say so: Content-Type: application/json."


ONE_VALUE = 'Give a text, a number, true or false, a list, or a range: {"low": 1, "high": 2}.'


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"options": {"a": [[1]]}}, {"options.a": "A list has texts or numbers."}),
        ({"options": {"a": {"b": 1}}}, {"options.a": ONE_VALUE}),
        ({"options": 7}, {"options": "Give a map of names and values."}),
        ({"inputs": {"data": "x"}}, {"inputs.data": "Give a list."}),
        ({"inputs": [1]}, {"inputs": "Give a map of names and values."}),
        ({"inputs": {"data": [1.5, True]}}, {f"inputs.data.{n}": "Give a whole number." for n in (0, 1)}),
        ({"title": 7}, {"title": "Give a text."}),
        ({"trial": 7}, {"trial": "Give a map of names and values."}),
        ({"bla": 1}, {"bla": "There is no such parameter."}),
    ],
)
def test_a_value_of_another_kind(maya, sent, fields):
    answer = maya("POST", "/submissions", json={"analysis": "qc"} | sent)
    assert (answer.status_code, answer.json["fields"]) == (422, fields)
    for name in fields:
        assert name in answer.json["detail"]


@pytest.mark.parametrize(
    "path", ["/jobs?text=a&text=b", "/jobs?limit=1&limit=2", "/datasets?text=a&text=", "/me?x=1&x=2"]
)
def test_a_name_that_takes_one_value_is_given_once(maya, path):
    answer = maya("GET", path)
    name = path.partition("?")[2][0:].partition("=")[0]
    assert (answer.status_code, answer.json["fields"]) == (422, {name: "Give this once."})


def test_a_name_that_takes_several_is_given_as_often_as_one_likes(maya, stack):
    assert maya("GET", f"/analyses?dataset={stack}&dataset={stack}").status_code == 200
