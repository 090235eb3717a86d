"""The schemas of the files between portal and node, and what launch and the programs write."""

import datetime
import json
from pathlib import Path

import jsonschema
import pytest

from wrappers.events import Events

FORMATS = Path(__file__).resolve().parents[4] / "docs" / "developers" / "formats.md"
NAMES = ["job", "claim", "result", "event", "metadata"]


@pytest.fixture
def validate(schema):
    """Hold a document against the schema of a name."""
    return lambda name, document: jsonschema.Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_a_schema(name, schema):
    jsonschema.Draft202012Validator.check_schema(schema(name))


def blocks():
    """The JSON examples of the page, its placeholders filled in."""
    text = FORMATS.read_text(encoding="utf-8").replace("<uuid>", "5f2d8a3c-6a43-4f0c-9d8e-0d8d51f0a002")
    text = text.replace("sha256:<hex>", "sha256:" + "0" * 64).replace("<hex>", "0" * 64)
    text = text.replace('"…Z"', '"2026-11-21T08:00:00.000Z"').replace('"launch"|"fence"', '"fence"')
    return [json.loads(block.split("```")[0]) for block in text.split("```json\n")[1:]]


@pytest.mark.parametrize(("name", "key"), [("job", "jobtype"), ("metadata", "previews"), ("result", "job_sha256")])
def test_the_example_of_the_page_is_valid(validate, name, key):
    found = [block for block in blocks() if key in block]
    assert len(found) == 1
    validate(name, found[0])


def test_the_orders_of_these_tests_are_valid(validate, order):
    validate("job", order())
    validate("job", order(inputs={}, outputs=[]))
    validate("job", order(program={"command": ["a", {"option": "b", "prefix": "-b"}, {"input": "c"}]}))


@pytest.mark.parametrize(
    "argument", [{"option": 1}, {"shell": "x"}, {"output": "../x"}, {"output": "/x"}, {"output": "a/.."}]
)
def test_an_unknown_mark_is_invalid(validate, order, argument):
    with pytest.raises(jsonschema.ValidationError):
        validate("job", order(program={"command": ["a", argument]}))


def test_a_claim_by_launch_is_valid(attempt):
    made = attempt(["true"])
    made.run("--array-index", "4")
    assert made.valid("claim", "claim")["array_index"] == 4


def test_a_result_has_an_exit_code_or_a_signal(attempt, validate):
    made = attempt(["true"])
    made.run()
    result = made.result()
    for exit_code, signum in ((None, None), (1, 9)):
        with pytest.raises(jsonschema.ValidationError):
            validate("result", result | {"exit_code": exit_code, "signal": signum})


def test_the_times_of_a_result_are_in_order(attempt):
    made = attempt(["date", "+%s.%N"])
    made.run()
    started, ended = (datetime.datetime.fromisoformat(made.result()[key]) for key in ("started", "ended"))
    # The program's own clock is between them, however late launch hears of it. Times are cut to milliseconds.
    itself = float(made.folder.joinpath("stdout.log").read_text())
    assert started.timestamp() <= itself <= ended.timestamp() + 0.001


def test_the_events_of_a_program_are_valid(tmp_path, validate):
    events = Events(tmp_path / "events.jsonl", ["reading", "deconvolving"])
    events.stage("reading")
    events.stage("deconvolving", "40 of 100 planes")
    events.progress(0.4, "40 of 100 planes", {"planes/s": 12.5})
    events.done()
    events.refused("heart.h5 holds no volume.")
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) == 5
    for line in lines:
        validate("event", json.loads(line))


def test_a_second_thumbnail_is_invalid(validate):
    thumbnail = {"file": "previews/a.png", "caption": "", "role": "thumbnail"}
    validate("metadata", {"schema": 1, "parameters": [], "previews": [thumbnail]})
    with pytest.raises(jsonschema.ValidationError):
        validate("metadata", {"schema": 1, "parameters": [], "previews": [thumbnail, thumbnail]})
