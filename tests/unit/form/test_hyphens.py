"""What people type is never taken for a flag of the program: refused beside its field where it could be one."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form.plan import plan
from portal.jobtype.load import parse_text

TEXT = """\
name: tag
version: "1.0"
title: Tag
summary: Tags.
category: Any data
contact: staff
program: {command: [tag, %s]}
options:
  - {name: note, type: text, label: Note}
  - {name: shift, type: integer, label: Shift}
  - {name: angle, type: choice, label: Angle, choices: ["-90", "90"]}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{analysis}"
outputs: []
"""
ALONE = [
    "{option: note}",
    "{together: [-n, {option: note}]}",
    "{one_of: [{option: note}, x]}",
    "{text: [{option: note}, x]}",
]
BEHIND = [
    "{option: note, prefix: --note=}",
    '"--", {option: note}',
    '{together: ["--", {option: note}]}',
    '{text: ["n:", {option: note}]}',
]


def options_of(command: str, **raw: object) -> dict[str, object]:
    jobtype, problems = parse_text(TEXT % command, Path("tag.yaml"))
    assert jobtype is not None, problems
    return plan(jobtype, raw, {}, experiment=1)[0].options


@pytest.mark.parametrize("value", ["--help", "-", "-rf", "  --help"])
@pytest.mark.parametrize("command", ALONE)
def test_what_could_be_a_flag_is_refused(command, value):
    with pytest.raises(InvalidError) as caught:
        options_of(command, note=value)
    assert caught.value.fields == {
        "note": "It must not begin with a hyphen: the program would take it for one of its own options."
    }


@pytest.mark.parametrize("command", BEHIND)
def test_what_cannot_be_a_flag_is_taken_as_it_is(command):
    assert options_of(command, note="--help") == {"note": "--help"}


def test_numbers_and_the_job_types_own_choices_may_be_negative():
    command = "{option: shift}, {option: angle}, {option: note}"
    assert options_of(command, shift="-5", angle="-90", note="a-b") == {"shift": -5, "angle": "-90", "note": "a-b"}
