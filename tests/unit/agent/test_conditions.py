"""The agent looks at conditions again, of parameters and options; what only the portal knows it leaves to it."""

import copy
import json

import pytest

from portal.agent.client import Refusal
from portal.jobtype.conditions.kinds import BOOLEAN, TEXT
from portal.jobtype.conditions.parse import Names, read_condition


def submit(facility, item):
    (answer,) = facility.client.submit([item])
    return answer


def condition(text):
    return {"text": text, "tree": read_condition(text, Names({"psf": TEXT, "verbose": BOOLEAN}, ["stack"]))}


@pytest.fixture
def publish(facility):
    """Publishes the job type with some changes."""

    def changed(change):
        document = copy.deepcopy(facility.jobtype)
        change(document)
        facility.revision = facility.publish(document)

    return changed


def option(document, name):
    return next(one for one in document["options"] if one["name"] == name)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("stack.'voxel size x' < 300 nm", True),
        ("stack.'voxel size x' > 300 nm", False),
        ("stack.'voxel size y' == null", True),
        ("stack.'voxel size y' != null", False),
        ("stack.'voxel size y' > 300 nm", True),  # it cannot be told, and the portal has looked
        ("files.count > 1000", True),
    ],
)
def test_needs_of_the_whole_job_type(facility, publish, text, fine):
    publish(lambda document: document.update(needs=[{"when": condition(text), "because": "needs smaller voxels"}]))
    answer = submit(facility, facility.item())
    if fine:
        assert not isinstance(answer, Refusal)
    else:
        assert (answer.code, "needs smaller voxels" in answer.message) == ("inputs", True)
        assert not list(facility.scratch.iterdir())


def test_an_option_that_is_not_asked_for_is_refused_and_its_default_not_used(facility, publish):
    extra = {"name": "extra", "type": "integer", "label": "Extra", "default": 7}
    publish(lambda document: document["options"].append({**extra, "show_when": condition("psf == 'measured'")}))
    answer = submit(facility, facility.item(options={"extra": 3}))
    assert (answer.code, answer.message) == (
        "option",
        "The option extra is not used with these datasets and options.",
    )
    assert not isinstance(submit(facility, facility.item()), Refusal)
    [written] = facility.scratch.rglob("job.json")
    assert "extra" not in json.loads(written.read_text())["options"]


@pytest.mark.parametrize(
    ("text", "fine"), [("stack.'voxel size x' < 300 nm", True), ("stack.'voxel size x' > 1 um", False)]
)
def test_a_choice_that_is_not_offered_is_refused(facility, publish, text, fine):
    def change(document):
        psf = option(document, "psf")
        psf["choices"] = [
            {"value": item if isinstance(item, str) else item["value"], "when": condition(text)}
            for item in psf["choices"]
        ]

    publish(change)
    first = option(facility.jobtype, "psf")["choices"][0]
    first = first if isinstance(first, dict) else {"value": first}
    answer = submit(facility, facility.item(options={"psf": first["value"]}))
    if fine:
        assert not isinstance(answer, Refusal)
    else:
        assert (answer.code, answer.message) == (
            "option",
            "The option psf has a value that cannot be chosen with these datasets and options.",
        )


def test_a_tree_that_is_none_stops_the_job(facility, publish):
    publish(lambda document: document.update(needs=[{"when": {"text": "x", "tree": {"op": "system", "of": []}}}]))
    assert submit(facility, facility.item()).code == "jobtype-unsafe"
