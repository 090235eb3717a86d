"""What a program's fractions tell when they stand still, come in large steps, fall, or count no whole."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.daemon.reconcile.folder import Tail, merged_progress
from portal.jobs.cause import Asked, out_of_time
from portal.jobs.timing import need
from portal.jobs.timing.advice import while_it_runs
from portal.jobs.timing.course import Measured, with_course
from portal.jobs.timing.need import needed
from portal.jobs.timing.progress import progress_of

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LIMIT_S, MOST_S = 900, 7200
RUNS = [{"loading": 10.0, "solving": 100.0, "writing": 10.0}] * 3


def at(seconds):
    return START + timedelta(seconds=seconds)


def heard(*events, runs=()):
    """The document after the daemon saw these: (seconds, event)."""
    progress = {"measured": Measured.of_runs(list(runs)).document()}
    for seconds, event in events:
        progress = merged_progress(progress, Tail({"stage": "solving"} | event, 1), at(seconds))
        progress = with_course(progress, START, at(seconds))
    return progress


def fractions(*rows):
    return heard(*((seconds, {"fraction": fraction}) for seconds, fraction in rows))


def shown(progress, seconds):
    return progress_of(progress, START, at(seconds))


def warned(progress, seconds):
    asked = Asked(time_s=LIMIT_S, need=needed(progress, START, None), more_time_s=1800, most_time_s=MOST_S)
    return while_it_runs(progress, START, at(seconds), asked)


HALVES = fractions((0, 0.0), (300, 0.5))
STOOD = fractions((0, 0.0), (60, 0.1), (120, 0.2))


def test_between_two_words_of_a_program_what_is_left_becomes_less_and_not_more():
    assert [shown(HALVES, s).left_words for s in (300, 420, 570)] == [
        "about 5 minutes left",
        "about 3 minutes left",
        "about 30 seconds left",
    ]


def test_a_program_that_says_how_far_it_is_in_large_steps_is_not_called_too_slow_between_them():
    assert [warned(HALVES, seconds) for seconds in (301, 590, 700, 890)] == [""] * 4


def test_a_program_that_has_stopped_to_say_how_far_it_is_has_no_rate_any_more():
    assert shown(STOOD, 121).left_words == "about 8 minutes left"
    assert shown(STOOD, 600).sentence == "Solving: nothing new for 8 minutes."
    assert (shown(STOOD, 600).left, shown(STOOD, 600).left_s) == (None, None)
    assert warned(STOOD, 600) == "", "no rate says anything of it"


@pytest.mark.parametrize("progress", [STOOD, HALVES, fractions((0, 0.0), (895, 0.999))])
def test_one_that_stood_until_its_time_limit_did_not_need_less_than_it_had(progress):
    ended = at(LIMIT_S)
    assert needed(progress, START, ended) is None
    asked = Asked(time_s=LIMIT_S, more_time_s=1800, most_time_s=MOST_S, last=need.last_word(progress, ended))
    said = out_of_time(asked)
    assert "At that rate" not in said
    assert said.endswith(
        "so how long it needs is not known. Your dataset is unchanged. Run again with 30 minutes?"
    )


def test_what_it_said_last_is_told():
    said = out_of_time(Asked(time_s=LIMIT_S, more_time_s=1800, last=need.last_word(STOOD, at(LIMIT_S))))
    assert said == (
        "It reached its time limit (15 minutes). It had said 20 % of its work and nothing for 13 minutes before "
        "its end, so how long it needs is not known. Your dataset is unchanged. Run again with 30 minutes?"
    )


def test_what_was_read_long_after_the_end_is_not_taken_for_slow():
    # The daemon was away for two hours; the last line that the program wrote it reads then.
    late = fractions((0, 0.0), (7200, 0.5))
    assert needed(late, START, at(LIMIT_S)).seconds == pytest.approx(1800)


def test_a_stage_that_was_under_way_when_it_was_first_seen_is_judged_by_what_was_seen_of_it():
    # Seen at 50 % after an hour: 1 % a minute from there on is 49 minutes, not one.
    seen = heard(
        (0, {"stage": "loading", "step": 1, "steps": 2, "fraction": 0.0}),
        (3600, {"step": 2, "steps": 2, "fraction": 0.5}),
        (3660, {"step": 2, "steps": 2, "fraction": 0.51}),
    )
    assert shown(seen, 3660).left_s == pytest.approx(49 * 60)


def test_a_program_that_begins_its_stage_again_has_no_known_end():
    again = fractions((0, 0.0), (60, 0.6), (100, 0.95), (110, 0.0), (120, 0.1))
    assert shown(again, 120).left_words == "about 2 minutes left in this step"
    assert shown(again, 120).fraction is None


def test_a_total_that_grows_is_the_same_work():
    grown = fractions((0, 0.0), (100, 0.5), (110, 0.4))
    assert shown(grown, 110).left_s == pytest.approx(110 * 0.6 / 0.4)


def test_of_stages_without_numbers_nobody_knows_which_is_the_last():
    rows = ((0, 1, 0.0), (10, 1, 1.0), (10, 2, 0.0), (15, 2, 0.5))
    two = heard(*((seconds, {"stage": f"plane {plane}", "fraction": done}) for seconds, plane, done in rows))
    assert (shown(two, 15).fraction, shown(two, 15).left) == (None, None)
    assert shown(two, 15).left_words == "about 5 seconds left in this step"


def test_finished_runs_tell_which_stages_follow_also_where_they_have_no_numbers():
    rows = ((0, 0.0), (5, 0.5))
    first = heard(*((seconds, {"stage": "loading", "fraction": done}) for seconds, done in rows), runs=RUNS)
    assert shown(first, 5).left_s == pytest.approx(5 + 110)


def test_in_a_stage_that_says_nothing_of_itself_the_bar_goes_on_with_time():
    dumb = heard((0, {"stage": "loading", "step": 1, "steps": 3}), (10, {"step": 2, "steps": 3}), runs=RUNS)
    bar = [shown(dumb, seconds).fraction for seconds in (10, 60, 109, 5000)]
    assert bar[:2] == pytest.approx([10 / 120, 60 / 120], abs=0.001)
    assert bar == sorted(bar)
    assert bar[-1] < 110 / 120
