"""How far a run is by time, what is left, and that neither is made up."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.jobs.timing.course import Measured, stage_seconds, with_course
from portal.jobs.timing.progress import progress_of
from portal.jobs.timing.spread import Span, span_words, spread

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# Reading takes a hundredth of the time, deconvolving nearly all of it.
RUNS = [{"reading": 1.0 * k, "deconvolving": 98.0 * k, "writing": 1.0 * k} for k in (1, 2, 3)]
STAGES = ("reading", "deconvolving", "writing")


def at(seconds):
    return START + timedelta(seconds=seconds)


def run_through(moments, measured=()):
    """The progress documents of a run: (seconds, stage, fraction) one after another."""
    progress, since = {"measured": Measured.of_runs(list(measured)).document()}, {}
    for seconds, stage, fraction in moments:
        since.setdefault(stage, at(seconds))
        event = {
            "stage": stage,
            "step": STAGES.index(stage) + 1,
            "steps": 3,
            "stage_since": since[stage].isoformat(),
        }
        if fraction is not None:
            event["fraction"] = fraction
        kept = {name: progress[name] for name in ("began", "whole", "measured") if name in progress}
        progress = with_course({**kept, **event}, START, at(seconds))
        yield at(seconds), progress


def fractions(moments, measured=()):
    return [progress_of(doc, START, when).fraction for when, doc in run_through(moments, measured)]


COURSE = [(0, "reading", 0.0), (1, "reading", 1.0), (2, "deconvolving", 0.0), (50, "deconvolving", 0.5)]


def test_a_stage_of_three_is_no_third_of_the_time():
    shown = fractions(COURSE, RUNS)
    assert shown == pytest.approx([0.0, 0.01, 0.01, 0.5], abs=0.001)


def test_how_stages_share_the_time_is_not_known_before_enough_runs_told_it():
    assert fractions(COURSE) == [None] * 4
    assert fractions(COURSE, RUNS[:2]) == [None] * 4
    assert None not in fractions(COURSE, RUNS)


def test_the_last_stage_tells_by_its_own_rate_where_no_run_has():
    (_, _, shown) = fractions([(0, "reading", 0.0), (90, "writing", 0.0), (95, "writing", 0.5)])
    assert shown == pytest.approx(95 / 100)


@pytest.mark.parametrize("measured", [(), RUNS])
def test_a_bar_never_goes_back(measured):
    course = [(0, "reading", 0.9), (1, "reading", 0.4), (2, "deconvolving", 0.6), (3, "deconvolving", 0.1)]
    course += [(4, "writing", 0.5), (40, "writing", 0.6), (41, "reading", 0.1)]
    shown = [fraction for fraction in fractions(course, measured) if fraction is not None]
    assert shown == sorted(shown)
    assert all(0 <= fraction < 1 for fraction in shown)


def test_what_later_stages_take_is_measured_and_scaled_by_how_this_run_goes():
    *_, (when, doc) = run_through(
        [(0, "reading", 0.0), (10, "deconvolving", 0.0), (500, "deconvolving", 0.5)], RUNS
    )
    left = progress_of(doc, START, when).left
    # 490 s more of this stage; writing took 1 of 99 parts of what came before it: of 990 s, 10.
    assert (left.low, left.high) == pytest.approx((500, 500), abs=1)
    assert progress_of(doc, START, when).left_words == "about 8 minutes left"


def test_runs_that_differ_make_an_interval_and_no_figure():
    runs = [{"reading": 10.0, "deconvolving": 100.0, "writing": 10.0 * k} for k in (1, 10, 20)]
    *_, (when, doc) = run_through(
        [(0, "reading", 0.0), (10, "deconvolving", 0.0), (60, "deconvolving", 0.5)], runs
    )
    progress = progress_of(doc, START, when)
    assert progress.left_s is None
    assert progress.left_words == "1 to 5 minutes left"


def test_a_stage_without_a_fraction_is_never_over_by_time_alone():
    *_, (when, doc) = run_through(
        [(0, "reading", None), (1, "deconvolving", None), (10_000, "deconvolving", None)], RUNS
    )
    assert progress_of(doc, START, when).fraction < 0.95
    assert progress_of(doc, START, when).left is None


@pytest.mark.parametrize(
    "wrong", [None, 3, [], {"stages": "x", "runs": []}, {"stages": ["a"], "runs": [["b"], [1e999]]}]
)
def test_a_document_that_says_nothing_sound_of_stages_says_nothing(wrong):
    assert Measured.of(wrong).runs == ()


def test_stages_are_measured_from_start_to_end():
    *_, (_, doc) = run_through([(5, "reading", 0.0), (20, "deconvolving", 0.0), (80, "writing", 0.0)])
    assert stage_seconds(doc, START, at(100)) == {"reading": 20.0, "deconvolving": 60.0, "writing": 20.0}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1, 3, "a few seconds"),
        (236, 418, "3 to 7 minutes"),
        (41, 118, "40 seconds to 2 minutes"),
        (52, 58, "50 seconds to 1 minute"),
        (301, 359, "5 to 6 minutes"),
        (300, 300, "about 5 minutes"),
        (3600, 7100, "1 to 2 hours"),
        (0, 12, "1 to 15 seconds"),
        (200_000, 400_000, "2 to 5 days"),
    ],
)
def test_intervals_in_words_never_promise_more_than_was_measured(low, high, said):
    assert span_words(Span(low, high)) == said


def test_one_odd_run_of_many_does_not_tell_for_all():
    assert spread([100.0] * 11 + [90_000.0]) == Span(100, 100)
    assert spread([100.0, 200.0, 90_000.0]) == Span(100, 90_000)
