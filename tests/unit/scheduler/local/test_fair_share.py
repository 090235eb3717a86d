"""Who goes next: arithmetic only."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.scheduler.local.fair_share import (
    Amount,
    Charge,
    Limits,
    Running,
    Table,
    Waiting,
    decayed,
    latest_start,
    order,
    reason,
    startable,
)

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TWO = Limits(cpus=2, memory_mb=4096)


def waits(number, person="maya", cpus=1, memory_mb=100, time_s=600, share=1.0, gpus=0):
    return Waiting(number, person, share, Amount(cpus, memory_mb, gpus), time_s)


def runs(person="maya", cpus=1, minutes=10, memory_mb=100):
    return Running(person, Amount(cpus, memory_mb), NOW + timedelta(minutes=minutes))


def numbers(jobs):
    return [job.number for job in jobs]


def test_usage_halves_with_each_half_life():
    charges = [Charge("maya", 100.0, NOW - timedelta(days=7)), Charge("maya", 10.0, NOW)]
    assert decayed(charges, NOW, 7 * 86400.0) == {"maya": pytest.approx(60.0)}


def test_the_person_who_used_least_goes_first():
    table = Table(TWO, [], [waits(1, "maya"), waits(2, "tom")], {"maya": 50.0, "tom": 1.0})
    assert numbers(order(table)) == [2, 1]


def test_a_larger_share_allows_more_usage():
    jobs = [waits(1, "maya", share=1.0), waits(2, "tom", share=10.0)]
    assert numbers(order(Table(TWO, [], jobs, {"maya": 20.0, "tom": 100.0}))) == [2, 1]


def test_a_long_list_does_not_hide_another_persons_single_job():
    jobs = [waits(number, "maya") for number in range(1, 6)] + [waits(6, "tom")]
    assert numbers(order(Table(TWO, [], jobs)))[:2] == [1, 6]


def test_who_has_a_job_running_lets_equals_go_first():
    assert numbers(order(Table(TWO, [runs("maya")], [waits(1, "maya"), waits(2, "tom")]))) == [2, 1]


def test_only_what_fits_starts():
    assert numbers(startable(Table(TWO, [runs()], [waits(1), waits(2)]), NOW)) == [1]
    assert numbers(startable(Table(TWO, [runs(memory_mb=4000)], [waits(1)]), NOW)) == []


def test_free_slots_are_lent_only_to_jobs_that_end_before_the_large_one_starts():
    large = waits(1, cpus=2)
    short, long = waits(2, time_s=300), waits(3, time_s=3600)
    table = Table(TWO, [runs(minutes=10)], [large, long, short])
    assert numbers(startable(table, NOW)) == [2]


def test_a_job_that_leaves_room_for_the_large_one_starts_however_long():
    limits = Limits(cpus=4, memory_mb=4096)
    table = Table(limits, [runs(cpus=2, minutes=10)], [waits(1, cpus=3), waits(2, time_s=99999)])
    assert numbers(startable(table, NOW)) == [2]


def test_the_latest_start_counts_every_job_before():
    table = Table(TWO, [runs(minutes=10), runs(minutes=30)], [waits(1, time_s=600), waits(2)])
    assert latest_start(table, 1, NOW) == NOW + timedelta(minutes=10)
    assert latest_start(table, 2, NOW) == NOW + timedelta(minutes=20)


def test_what_never_fits_has_no_start():
    assert latest_start(Table(TWO, [runs()], [waits(1, cpus=3)]), 1, NOW) is None


@pytest.mark.parametrize(
    ("running", "waiting", "usage", "position", "words"),
    [
        ([runs(), runs()], [waits(1)], {}, 0, "Waiting for a free slot: 2 of 2 are busy."),
        ([runs(memory_mb=4000)], [waits(1)], {}, 0, "Waiting for memory: 3.9 of 4.0 GB are in use."),
        ([], [waits(1)], {}, 0, "Starting in a moment."),
        (
            [runs()],
            [waits(1, cpus=2), waits(2)],
            {},
            1,
            "Waiting: the free slots are kept for a larger job that goes first.",
        ),
        (
            [runs(), runs()],
            [waits(1, "maya"), waits(2, "tom"), waits(3, "tom")],
            {"maya": 9.0},
            2,
            "Waiting for a free slot: 2 of 2 are busy. Others used less lately, so they go first.",
        ),
    ],
)
def test_the_reason_is_said_in_words(running, waiting, usage, position, words):
    table = Table(TWO, running, waiting, usage)
    assert reason(table, order(table), position) == words
