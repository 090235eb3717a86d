"""Runs with other settings do not tell of one that is to come as those with like ones do."""

from pathlib import Path

import pytest

from portal.jobs.timing.expect import expected_peak, expected_run
from portal.jobs.timing.runs import Run
from portal.jobs.timing.settings import OWN, Settings
from portal.jobtype.load import parse_text

ANALYSIS = """
name: smooth
version: "1.0"
title: Smooth
summary: Smooths things.
category: Tests
contact: staff
program: {command: [python3, -c, "print(1)"]}
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}
options:
  - {name: passes, label: Passes, type: integer, default: 20}
  - name: method
    label: Method
    type: choice
    default: fast
    choices: [{value: fast, label: Fast}, {value: exact, label: Exact}]
  - {name: tolerance, label: Tolerance, type: float, units: um, default: 0.1, only_with: {method: [exact]}}
  - {name: pixel, label: Pixel size, type: float, units: um, default_from: {parameter: pixel size}}
  - {name: volume, label: Volume, type: text, pick: {array: ZYX}}
  - {name: channel, label: Channel, type: integer, pick: {along: C}}
  - {name: edges, label: Edges, type: boolean}
resources:
  default: small
  variants: [{name: small, label: Small, memory_mb: 1024, time_s: 60}]
result_title: "{input}, smoothed"
outputs:
  - {name: smooth, pattern: "*", dataset_type: stack}
"""
USUAL = {"passes": 20, "method": "fast", "pixel": 0.2, "volume": "a", "channel": 1, "edges": False}


@pytest.fixture(scope="module")
def jobtype():
    found, problems = parse_text(ANALYSIS, Path("smooth.yaml"))
    assert found is not None, problems
    return found


def runs(*seconds, revision=1, peak=None, **changes):
    return [Run(1, 2**30, float(s), True, USUAL | changes, "small", peak) for s in seconds]


def told(jobtype, pool, **changes):
    return expected_run(pool, {1}, 2**30, Settings.of(jobtype, USUAL | changes))


def test_of_runs_with_twenty_passes_those_with_a_thousand_tell_nothing(jobtype):
    pool = runs(*[10] * 6) + runs(*[500] * 6, passes=1000)
    few, many = told(jobtype, pool), told(jobtype, pool, passes="1 000")
    assert (few.words, few.basis) == (
        "about 10 seconds",
        "from 6 runs with inputs of 1 GB and settings like these",
    )
    assert (many.span.low, many.runs) == (500, 6)


def test_what_lies_beyond_all_settings_that_were_run_is_not_known_and_says_why(jobtype):
    found = told(jobtype, runs(*[10] * 12), passes="1000")
    assert (found.span, found.words) == (None, "")
    assert found.basis == "12 runs measured, none of them with Passes 1,000 or the like"
    other = told(jobtype, runs(*[10] * 12), method="exact")
    assert other.basis == "12 runs measured, none of them with Method “Exact” or the like"
    assert told(jobtype, runs(*[10] * 12, edges=True)).span is None


def test_between_runs_with_less_and_with_more_the_interval_is_wide_and_says_so(jobtype):
    found = told(jobtype, runs(10, 11, 12) + runs(500, 510, passes=1000), passes="300")
    assert (found.span.low, found.span.high) == (5, 1020)
    assert found.basis == "from 5 runs with inputs of 1 GB, with other settings (Passes 20 to 1,000)"


def test_runs_with_other_settings_are_never_a_tight_interval_even_if_they_agree(jobtype):
    found = told(jobtype, runs(*[60] * 3) + runs(*[60] * 3, passes=1000), passes="300")
    assert found.span.high >= 4 * found.span.low


@pytest.mark.parametrize(
    ("asked", "like"),
    [
        ({"passes": "24"}, True),
        ({"passes": "26"}, False),
        ({"passes": "-20"}, False),
        ({"pixel": "170 nm"}, True),
        ({"pixel": "0,5"}, False),
        ({"volume": "b"}, False),
        ({"channel": "3"}, True),  # one channel is as large as the next
        ({"tolerance": "1e-9"}, True),  # nobody is asked for it with this method
        ({"edges": "true"}, False),
        ({"passes": "many"}, True),  # no number: the form says so, and what stands beside it is of the usual one
    ],
)
def test_what_counts_as_like(jobtype, asked, like):
    found = told(jobtype, runs(*[10] * 6), **asked)
    assert found.like is like
    assert (found.span is not None) is like


def test_datasets_that_each_have_their_own_value_are_not_taken_for_those_of_the_runs(jobtype):
    settings = Settings.of(jobtype, USUAL | {"pixel": OWN})
    assert settings.values["pixel"] is OWN
    found = expected_run(runs(*[10] * 6), {1}, 2**30, settings)
    assert (found.span.low, found.span.high) == (5, 20)
    assert "with other settings (Pixel size 0.2)" in found.basis


def test_an_option_that_earlier_versions_had_not_has_its_default_there(jobtype):
    pool = [
        Run(7, 2**30, 10.0, True, {"passes": 20, "method": "fast", "pixel": 0.2, "volume": "a"}, "small")
        for _ in range(5)
    ]
    assert told(jobtype, pool).basis.endswith("settings like these, of this and earlier versions")
    assert told(jobtype, pool, edges="true").span is None


def test_texts_of_other_people_are_not_shown(jobtype):
    found = told(
        jobtype, runs(*[10] * 4) + runs(*[10] * 4, method="exact", tolerance=0.1), passes="20", method="fast"
    )
    assert "exact" not in found.basis.lower()


def test_memory_is_told_by_like_runs_alone(jobtype):
    pool = runs(*[10] * 6, peak=5 * 2**30) + runs(*[10] * 6, peak=50 * 2**30, passes=1000)
    found = expected_peak(pool, {1}, 2**30, Settings.of(jobtype, USUAL))
    assert (found.words, found.basis) == ("5 GB", "from 6 runs with inputs of 1 GB and settings like these")
    between = Settings.of(jobtype, USUAL | {"passes": "300"})
    assert expected_peak(pool, {1}, 2**30, between) is None


def test_the_highest_peak_of_many_counts(jobtype):
    """Of times the tenth at either end is left out; a run that gets less memory than one needed may end for it."""
    pool = runs(*[10] * 29, peak=5 * 2**30) + runs(10, peak=9 * 2**30)
    assert expected_peak(pool, {1}, 2**30, Settings.of(jobtype, USUAL)).words == "5 to 9 GB"
