import pytest

from portal.config import load_settings
from portal.daemon.pace import BUSY_SHARE, GATHER_S, Pace, paces


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    return Pace(2.0, 30.0, clock)


def ask(pace, clock, *, took=0.0, moved=False, answered=True):
    began = clock.now
    clock.now += took
    pace.asked(began=began, moved=moved, answered=answered)


def pause(pace, clock):
    """How long it is until the next question, in quarters of a second."""
    waited = 0.0
    while not pace.due:
        clock.now += 0.25
        waited += 0.25
    return waited


def test_the_first_question_comes_at_once(pace):
    assert pace.due


def test_while_something_moves_the_shortest_pause_holds(pace, clock):
    for _ in range(3):
        ask(pace, clock, moved=True)
        assert pause(pace, clock) == 2.0


def test_while_nothing_moves_the_pauses_grow_up_to_the_longest(pace, clock):
    pauses = []
    for _ in range(9):
        ask(pace, clock)
        pauses.append(pause(pace, clock))
    assert pauses == sorted(pauses)
    assert pauses[0] == 3.0
    assert pauses[-1] == 30.0


def test_a_silence_is_no_movement(pace, clock):
    ask(pace, clock, moved=True, answered=False)
    assert pause(pace, clock) > 2.0


def test_a_slow_scheduler_is_asked_for_a_small_share_of_the_time_even_in_a_hurry(pace, clock):
    ask(pace, clock, took=1.0, moved=True)
    pace.hurry()
    assert pause(pace, clock) == pytest.approx(1.0 / BUSY_SHARE, abs=0.25)


def test_no_pause_is_longer_than_the_longest(pace, clock):
    ask(pace, clock, took=600.0)
    assert pause(pace, clock) == pytest.approx(30.0, abs=0.25)


def test_a_hurry_ends_a_long_pause(pace, clock):
    for _ in range(9):
        ask(pace, clock)
        pause(pace, clock)
    ask(pace, clock)
    pace.hurry()
    assert not pace.due  # the question was a moment ago, and even the shortest pause is one
    assert pause(pace, clock) == 2.0


def test_nodes_are_asked_about_more_rarely_than_jobs():
    settings = load_settings()
    made = paces(settings, near=False)
    jobs, nodes = made["jobs"], made["nodes"]
    assert (jobs.shortest_s, jobs.longest_s) == (settings.daemon.poll_s, settings.daemon.poll_max_s)
    assert nodes.shortest_s > jobs.shortest_s
    assert nodes.longest_s == jobs.longest_s


def test_the_embedded_backend_is_asked_all_the_time():
    settings = load_settings()
    made = paces(settings, near=True)
    jobs, nodes = made["jobs"], made["nodes"]
    assert jobs.longest_s <= settings.daemon.idle_s
    assert nodes.shortest_s == settings.daemon.poll_s


def test_jobs_that_keep_coming_are_gathered_for_a_moment_after_each_hand_over(clock):
    pace = paces(load_settings({}), near=False)["gathering"]
    pace.clock = clock
    assert pace.due  # a job that comes alone waits for nothing
    ask(pace, clock, took=0.1, moved=True)
    assert not pace.due
    clock.now += GATHER_S
    assert pace.due


def test_the_embedded_backend_gathers_nothing(clock):
    pace = paces(load_settings({}), near=True)["gathering"]
    pace.clock = clock
    ask(pace, clock, took=0.1, moved=True)
    assert pace.due
