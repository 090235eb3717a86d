"""What a job type says of how its program tells progress, causes, parameters and pictures."""

from pathlib import Path

import pytest

from portal.jobtype.load import parse_text

SMALL = """
name: beads
version: "1"
title: Beads
summary: Finds beads.
category: Test
contact: staff
program: {command: [find-beads]}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: Beads
outputs: [{name: beads, dataset_type: beads}]
"""


def parsed(more: str):
    return parse_text(SMALL + more, Path("beads.yaml"))


def test_all_of_it():
    jobtype, problems = parsed(
        """
exit_codes: [{code: 3, means: No beads were found.}]
cause: 'ERROR: (?<cause>.+)'
progress: {pattern: 'bead (?<done>\\d+) of (?<total>\\d+)', stage: finding beads}
parameters:
  - {name: threshold, file: fit.json, at: fit.0.threshold, units: um}
  - {name: beads, file: sub/beads.csv, column: x, take: count}
  - {name: odd, file: fit.json, at: [a.b, c]}
pictures: [{file: 'overlay*.png', caption: Beads, thumbnail: true}]
"""
    )
    assert problems == []
    assert jobtype is not None
    assert jobtype.parameters[0].at == ["fit", "0", "threshold"]
    assert jobtype.parameters[2].at == ["a.b", "c"]
    again = type(jobtype).model_validate(jobtype.document())
    assert again == jobtype
    assert again.revision == jobtype.revision


def test_what_was_published_before_keeps_its_revision():
    jobtype, _ = parsed("")
    assert jobtype is not None
    assert not {"exit_codes", "cause", "progress", "parameters", "pictures"} & set(jobtype.document())


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("exit_codes:\n- {code: 3, means: a}\n- {code: 3, means: b}\n", 14, "the exit code 3 is there twice"),
        ("success_codes: [0, 3]\nexit_codes: [{code: 3, means: a}]\n", 13, "the exit code 3 means success"),
        ("exit_codes: [{code: 0, means: a}]\n", 12, "code must be at least 1"),
        ("cause: 'ERROR: .*'\n", 12, "must have a group (?<cause>…)"),
        ("cause: '(?<cause>a*)*b'\n", 12, "may be nothing"),
        ("progress: {pattern: 'x'}\n", 12, "has none of the groups"),
        ("progress: {pattern: '(?<done>\\d+)'}\n", 12, "(?<total>…) is missing"),
        ("progress: {pattern: '(?<percent>\\d+)% (?<fraction>\\d)'}\n", 12, "the same in two ways"),
        ("parameters: [{name: a, file: a.json}]\n", 12, "give either at (in a JSON file) or column"),
        ("parameters: [{name: a, file: ../a.json, at: x}]\n", 12, "not one beneath the output folder"),
        ("parameters: [{name: a, file: '*.json', at: x}]\n", 12, "must name one file"),
        ("parameters: [{name: a, file: a.json, at: x, units: pints}]\n", 12, "pints is no unit that is known"),
        ("parameters: [{name: a, file: a.json, at: x, take: sum}]\n", 12, "take is of a column"),
        ("pictures: [{file: '*.tif', caption: c}]\n", 12, "must end in .png, .jpg"),
        ("pictures: [{file: /tmp/a.png, caption: c}]\n", 12, "not one beneath the output folder"),
    ],
)
def test_mistakes_are_told_at_their_line(more, line, words):
    jobtype, problems = parsed(more)
    assert jobtype is None
    assert [(one.line, words in one.message) for one in problems] == [(line, True)], problems
