"""A file that an option chose is one of the dataset that the agent opened, or nothing starts."""

import json

import pytest

from portal.agent.client import Refusal, Submitted


@pytest.fixture
def item(facility):
    """An order of a job type with a file option; the dataset has notes.txt, which its slot does not give."""
    shipped = json.loads(next(facility.published.glob("*/*.json")).read_bytes())
    options = [{"name": "mask", "type": "file", "slot": None, "files": "*.txt", "default": None}]
    slots = [{"name": "stack", "dataset_types": ["*"], "min": 1, "max": 1, "files": "*.h5"}]
    program = {"command": ["true", {"file": "mask"}, {"input": "stack"}]}
    made = facility.item()
    document = shipped | {"options": options, "inputs": slots, "program": program}
    made["order"]["jobtype"]["revision"] = facility.publish(document)
    return made


def test_it_goes_along_beside_the_slots_own_files(facility, item):
    item["order"]["options"] = {"mask": "notes.txt"}
    (answer,) = facility.client.submit([item])
    assert isinstance(answer, Submitted), answer
    spec = json.loads((facility.folder(item) / "job.json").read_text())
    assert spec["chosen_files"] == {"mask": {"slot": "stack", "name": "notes.txt"}}
    assert [(file["name"], file.get("aside", False)) for file in spec["inputs"]["stack"][0]["files"]] == [
        ("stack.h5", False),
        ("notes.txt", True),
    ]


@pytest.mark.parametrize("name", ["stack.h5", "other.txt", "../../etc/x.txt", "a\nb.txt", 5, ["notes.txt"]])
def test_what_is_no_file_of_it_is_refused(facility, item, name):
    item["order"]["options"] = {"mask": name}
    (answer,) = facility.client.submit([item])
    assert isinstance(answer, Refusal)
    assert answer.code == "option"


def test_a_file_that_is_gone_is_refused(facility, item):
    (facility.root / "heart" / "notes.txt").unlink()
    item["order"]["options"] = {"mask": "notes.txt"}
    (answer,) = facility.client.submit([item])
    assert isinstance(answer, Refusal)
    assert answer.code == "input-missing"
