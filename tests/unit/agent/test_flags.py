"""The agent looks itself whether a value could be taken for a flag of the program that runs."""

import json

import pytest

from portal.agent.client import Refusal, Submitted


@pytest.mark.parametrize(
    ("mark", "value", "taken"),
    [
        ({"option": "code"}, "--help", False),
        ({"together": ["-c", {"option": "code"}]}, "--help", False),
        ({"one_of": [{"option": "code"}, "x"]}, "-x", False),
        ({"text": [{"option": "code"}, "x"]}, "-x", False),
        ({"option": "code", "prefix": "--code="}, "--help", True),
        ({"option": "code"}, "1 - 1", True),
        ({"option": "psf"}, "-90", True),
    ],
)
def test_a_value_that_could_be_a_flag_is_refused(facility, mark, value, taken):
    shipped = json.loads(next(facility.published.glob("*/*.json")).read_bytes())
    options = [*shipped["options"][3:], {"name": "psf", "type": "choice", "choices": ["-90"]}]
    document = shipped | {"program": {"command": ["true", mark]}, "options": options}
    item = facility.item()
    name = mark.get("option", "code")
    item["order"]["jobtype"]["revision"] = facility.publish(document)
    item["order"]["options"] = {name: value}
    (answer,) = facility.client.submit([item])
    assert isinstance(answer, Submitted if taken else Refusal), answer
    if isinstance(answer, Refusal):
        assert (answer.code, answer.message) == (
            "option",
            "The option code must not begin with a hyphen: the program would take it for one of its own options.",
        )
