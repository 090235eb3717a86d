"""Memory and time that grow with the input."""

from pathlib import Path

import pytest

from portal.form import InputDataset, Quantity, build_form, plan
from portal.form.sized import sized
from portal.jobtype.load import parse_text

TEXT = """\
name: fuse
version: "1.0"
title: Fusion
summary: Fuses.
category: Any data
contact: staff
program: {command: [fuse]}
inputs: [{name: stack, label: Stack, dataset_types: [stack], max: 9}]
options:
  - {name: fine, type: boolean, label: Fine}
  - {name: copies, type: integer, label: Copies, default: 1}
resources:
  default: small
  variants:
    - {name: small, label: Small, memory_mb: 204800, time_s: 36000,
       memory: "3 * files.size * copies + 2 GB", time: "5 min + files.count * 2 s"}
    - {name: fixed, label: Fixed, memory_mb: 512, time_s: 600}
    - {name: odd, label: Odd, memory_mb: 2048, memory: "pixels * 1 GB"}
result_title: "{input}, fused"
outputs: [{name: fused, dataset_type: fused}]
"""
GB = 10**9


def stack(number, size=GB, files=3, **parameters):
    return InputDataset(number, f"S{number}", "stack", True, parameters, file_count=files, file_size=size)


@pytest.fixture
def jobtype():
    found, problems = parse_text(TEXT, Path("fuse.yaml"))
    assert found is not None, problems
    return found


def asked(jobtype, variant, *jobs):
    found = sized(jobtype, jobtype.variant(variant), jobs)
    return found.memory_mb, found.time_s


def test_it_grows_with_what_the_job_reads_and_with_its_options(jobtype):
    # 3 x 1 GB + 2 GB = 4768.4 MiB, in steps of 64 upwards.
    assert asked(jobtype, "small", ({"copies": 1}, {"stack": [stack(1)]})) == (4800, 360)
    assert asked(jobtype, "small", ({"copies": 2}, {"stack": [stack(1)]})) == (7680, 360)
    both = {"stack": [stack(1), stack(2, files=10)]}
    assert asked(jobtype, "small", ({"copies": 1}, both)) == (7680, 360)


def test_all_jobs_of_a_submission_ask_for_what_the_largest_needs(jobtype):
    jobs = [({"copies": 1}, {"stack": [stack(n, size=n * GB)]}) for n in (1, 4, 2)]
    assert asked(jobtype, "small", *jobs)[0] == asked(jobtype, "small", jobs[1])[0] == 13376


def test_never_above_the_variant_and_never_next_to_nothing(jobtype):
    assert asked(jobtype, "small", ({"copies": 1}, {"stack": [stack(1, size=10**15)]}))[0] == 204800
    assert asked(jobtype, "small", ({"copies": 1}, {"stack": [stack(1, files=10**9)]}))[1] == 36000
    assert asked(jobtype, "small", ({"copies": -10}, {"stack": [stack(1)]}))[0] == 16


@pytest.mark.parametrize(
    "inputs", [{"stack": [stack(1, size=None)]}, {"stack": [stack(1, size=0)]}, {"stack": []}]
)
def test_what_cannot_be_told_asks_for_the_most(jobtype, inputs):
    assert asked(jobtype, "small", ({"copies": 1}, inputs))[0] == 204800
    unknown = [({"copies": 1}, {"stack": [stack(1)]}), ({"copies": 1}, inputs)]
    assert asked(jobtype, "small", *unknown)[0] == 204800


def test_a_number_without_a_unit_or_a_parameter_that_is_missing_asks_for_the_most(jobtype):
    told = {"stack": [stack(1, pixels=Quantity(0.5))]}
    assert asked(jobtype, "odd", ({}, told))[0] == 512
    assert asked(jobtype, "odd", ({}, {"stack": [stack(1)]}))[0] == 2048
    assert asked(jobtype, "odd", ({}, {"stack": [*told["stack"], stack(2, pixels=Quantity(1))]}))[0] == 2048


def test_others_are_as_they_are_and_nothing_is_sized_before_a_dataset_is_chosen(jobtype):
    assert asked(jobtype, "fixed", ({}, {"stack": [stack(1)]})) == (512, 600)
    assert sized(jobtype, jobtype.variant("small"), []) is jobtype.variant("small")


def test_the_form_shows_the_numbers_for_these_datasets(jobtype):
    said = {
        one.name: one.words for one in build_form(jobtype, {"stack": [stack(1)]}, values={"copies": "2"}).variants
    }
    assert said["small"] == "1 CPU, 7.5 GB, at most 6 minutes; it grows with the data, up to 200 GB and 10 hours"
    assert said["fixed"] == "1 CPU, 512 MB, at most 10 minutes"
    before = {one.name: one.words for one in build_form(jobtype, {"stack": []}).variants}
    assert before["small"].startswith("1 CPU, 200 GB, at most 10 hours; it grows")


def test_what_is_wrong_is_told_at_its_line():
    for expression, words in {
        "3 * files.size": None,
        "files.count": "this is a number, and a number of bytes is needed",
        "copies > 1": "this is true or false, and a number of bytes is needed",
        "3 * files.size + 2": "do not go together",
        "sizes": None,
        "3 *": "something is missing at the end",
    }.items():
        text = TEXT.replace("3 * files.size * copies + 2 GB", expression)
        found, problems = parse_text(text, Path("fuse.yaml"))
        if words is None:
            assert found is not None, problems
        else:
            assert [(one.line, words in one.message) for one in problems] == [(16, True)], problems


def test_what_is_published_carries_the_tree_and_others_keep_their_revision(jobtype):
    first, second, _ = jobtype.document()["resources"]["variants"]
    assert first["memory"]["tree"]["op"] == "+"
    assert not {"memory", "time"} & set(second)
    again = type(jobtype).model_validate(jobtype.document())
    assert again.revision == jobtype.revision


def test_every_job_is_planned_with_what_is_asked_for(jobtype):
    planned = plan(jobtype, {}, {"stack": [stack(1), stack(2, size=4 * GB)]})
    found = sized(jobtype, jobtype.variant(), [(one.options, one.inputs) for one in planned])
    assert found.memory_mb == 13376
