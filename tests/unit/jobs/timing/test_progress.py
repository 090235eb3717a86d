import time
from datetime import UTC, datetime, timedelta

import pytest

from portal.jobs.timing.progress import progress_of
from portal.web.formats import date_time
from portal.words import clock, count, duration, limit, listed, memory, one_line, signal_name, size

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def seen(seconds, since=0.0, **event):
    event["stage_since"] = (START + timedelta(seconds=since)).isoformat()
    return progress_of(event, START, START + timedelta(seconds=seconds))


def test_the_sentence_is_the_one_of_the_house():
    progress = seen(280, 100, stage="deconvolving", step=2, steps=3, fraction=0.6, message="40 of 100 planes")
    assert progress.sentence == "Step 2 of 3, deconvolving: 40 of 100 planes, about 2 minutes left in this step."


def test_without_a_fraction_no_time_is_guessed():
    progress = seen(300, stage="reading")
    assert (progress.fraction, progress.stage_left_s, progress.sentence) == (None, None, "Reading.")


def test_the_first_moments_give_no_estimate():
    assert seen(1, stage="reading", step=1, steps=2, fraction=0.5).stage_left_s is None


def test_a_stage_that_has_just_begun_is_not_judged_by_the_quick_ones_before_it():
    # 15 of 900 iterations: the whole fraction says 34 percent after two seconds, which would be "5 seconds left".
    assert seen(4, 1, stage="deconvolving", step=2, steps=3, fraction=15 / 900).stage_left_s is None


def test_how_long_later_stages_take_is_not_guessed_from_earlier_ones():
    # Reading took a second, deconvolving takes twelve minutes, writing takes a moment again.
    progress = seen(241, 1, stage="deconvolving", step=2, steps=3, fraction=320 / 900)
    assert progress.left_s is None
    assert progress.stage_left_s == pytest.approx(240 * 580 / 320)
    assert progress.left_words == "about 7 minutes left in this step"


def test_the_last_stage_is_extrapolated_at_its_own_rate():
    progress = seen(200, 100, stage="writing", step=2, steps=2, fraction=0.5)
    assert progress.left_s == pytest.approx(100)


def test_nothing_reported_yet_is_no_progress():
    assert progress_of({"offset": 10}, START, START) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (9000, "2 hours 30 minutes"),
        (3 * 86400, "3 days"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (90, "90 seconds"),
        (150, "2 minutes 30 seconds"),
        (3630, "1 hour 30 seconds"),
        (5430, "90 minutes 30 seconds"),
        (86_400, "24 hours"),
        (129_630, "36 hours 30 seconds"),
        (60 * 86_400 + 3661, "60 days 1 hour 1 minute 1 second"),
    ],
)
def test_limits_are_said_to_the_second(seconds, words):
    assert limit(seconds) == words


@pytest.mark.parametrize("seconds", [0, 1, 45, 60, 90, 120, 600, 3600, 5400, 7200, 9000, 86_400, 172_800, 259_200])
def test_a_limit_is_worded_as_any_duration(seconds):
    assert limit(seconds) == duration(seconds)


def test_quantities_in_words():
    assert [memory(m) for m in (300, 1024, 1536, 32768)] == ["300 MB", "1 GB", "1.5 GB", "32 GB"]
    assert [size(s) for s in (0, 1536, 3 * 2**30)] == ["0 bytes", "1.5 kB", "3 GB"]
    assert (count(1, "job"), count(1200, "job")) == ("1 job", "1,200 jobs")
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"
    assert signal_name(11) == "signal 11, segmentation fault"


def test_foreign_text_becomes_one_printable_line():
    assert one_line("a\n\x1b[31m b\0" + "c" * 600, 20) == "a �[31m b�ccccccccc…"


def test_the_time_of_day_is_the_server_s_as_on_the_pages(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert clock(START) == "13:00"
        assert date_time(START) == "20 Nov 2026, 13:00"
    finally:
        monkeypatch.undo()
        time.tzset()
