"""What is said of a job that had too little time or memory: by its own progress and peak, not by doubling."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from desk_and_bench import ANALYSIS

from portal.errors import ConflictError
from portal.jobs import actions
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.jobs.timing.models import JobRun
from portal.jobs.view import job_view
from portal.jobtype.load import JobTypes, parse_text
from portal.scheduler.base import Ending, Phase

MOST_TIME_S, MOST_MEMORY_MB = 36_000, 16_384


@pytest.fixture
def grace_s() -> int:
    """How long before its limit it is told to end: too little to be worth a word."""
    return 1


@pytest.fixture
def jobtypes(grace_s) -> JobTypes:
    """`count`, which may have ten hours and 16 GB."""
    text = ANALYSIS.replace("resources:", f"grace_s: {grace_s}\nresources:").replace(
        "cpus: 2, memory_mb: 4096, time_s: 90", f"cpus: 2, memory_mb: {MOST_MEMORY_MB}, time_s: {MOST_TIME_S}"
    )
    jobtype, problems = parse_text(text, Path("analysis.yaml"))
    assert jobtype is not None, problems
    return JobTypes({"count": jobtype})


@pytest.fixture(autouse=True)
def _started(bench) -> None:
    bench.desk.submit()
    bench.dispatch()
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": bench.now}
    bench.reconcile()


def says(bench, **event):
    """One more line of the program's events, and the daemon reads it."""
    path = bench.deps.settings.scratch / bench.attempt() / "events.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({"stage": "deconvolving"} | event) + "\n")
    bench.reconcile()


def ends(bench, ending, **fields):
    was = bench.cluster.phases[bench.attempt()]
    ended = {"phase": Phase.ENDED, "ending": ending, "ended": bench.now}
    bench.cluster.phases[bench.attempt()] = was | ended | fields
    bench.reconcile()


def view(bench):
    with bench.desk.database.read() as session:
        job = session.merge(bench.job(), load=False)
        return job_view(job, bench.now)


def test_after_seven_percent_of_a_minute_fifteen_are_needed_and_twenty_are_offered(bench):
    says(bench, step=1, steps=1, fraction=0.0)
    bench.later(60)
    says(bench, step=1, steps=1, fraction=0.07)
    ends(bench, Ending.TIMEOUT)
    job = bench.job()
    assert job.state is State.FAILED
    assert job.cause_words == (
        "It reached its time limit (1 minute) after about 7 % of its work. At that rate it needs about 14 minutes."
        " Your dataset is unchanged. Run again with 20 minutes?"
    )
    assert view(bench).more_time_s == 1200
    again = bench.desk.change(actions.retry, "maya", job.id, resources="time")
    assert again.resources["time_s"] == 1200


def test_of_a_stage_that_others_follow_the_need_is_at_least_its_own(bench):
    says(bench, stage="reading", step=1, steps=3, fraction=0.0)
    bench.later(10)
    says(bench, step=2, steps=3, fraction=0.0)
    bench.later(50)
    says(bench, step=2, steps=3, fraction=0.5)
    ends(bench, Ending.TIMEOUT)
    assert "half-way" not in bench.job().cause_words
    assert bench.job().cause_words.startswith(
        "It reached its time limit (1 minute) in step 2 of 3, deconvolving, of which 50 % was done. At that rate "
        "it needs at least 2 minutes; how long the steps after it take is not known."
    )
    assert view(bench).more_time_s == 180


def test_where_no_progress_is_known_that_is_said_and_twice_as_much_is_a_guess(bench):
    bench.later(60)
    ends(bench, Ending.TIMEOUT)
    assert bench.job().cause_words == (
        "It reached its time limit (1 minute). How far it was is not known, so how long it needs is not either. "
        "Your dataset is unchanged. Run again with 2 minutes?"
    )


def test_a_need_beyond_what_the_analysis_may_use_is_told_and_nothing_that_cannot_help_is_offered(bench):
    says(bench, fraction=0.0)
    bench.later(60)
    says(bench, fraction=0.02)
    bench.later(60 * 59)
    says(bench, fraction=0.021)
    ends(bench, Ending.TIMEOUT)
    shown = view(bench)
    assert "about 2 days" in shown.cause_words
    assert "more than the 10 hours that this analysis may have" in shown.cause_words
    assert (shown.more_time_s, shown.can_retry) == (None, False)
    with pytest.raises(ConflictError, match="10 hours"):
        bench.desk.change(actions.retry, "maya", bench.job().id)


def test_a_running_job_that_cannot_end_in_time_says_so_and_what_can_be_done(bench):
    says(bench, fraction=0.0)
    bench.later(20)
    says(bench, fraction=0.02)
    shown = view(bench)
    assert shown.advice == (
        "At this rate it needs about 17 minutes, and its time limit is 1 minute: it will be ended before it is "
        "done. The limit of a job that runs cannot be raised. Cancel it, then run it again with 30 minutes."
    )
    bench.desk.change(actions.cancel, "maya", bench.job().id)
    ends(bench, Ending.CANCELLED)
    shown = view(bench)
    assert (shown.state, shown.more_time_s) == ("cancelled", 1800)


def test_a_job_that_may_still_end_in_time_is_not_called_too_slow(bench):
    says(bench, fraction=0.0)
    bench.later(20)
    says(bench, fraction=0.3)  # 67 seconds at this rate: it may speed up
    assert view(bench).advice == ""


def test_memory_is_asked_for_by_the_peak_that_was_measured(bench):
    bench.result(signal=9, exit_code=None, reason="memory", memory_peak_bytes=5 * 2**30)
    ends(bench, Ending.OUT_OF_MEMORY, memory_peak_bytes=5 * 2**30)
    assert bench.job().cause_words.startswith(
        "It ran out of memory: it had 1 GB, and used 5 GB when it was ended. How much it needs in all is not "
        "known. Your dataset is unchanged. Run again with 6.5 GB?"
    )
    assert view(bench).more_memory_mb == 6656


def test_a_peak_beyond_all_that_may_be_had_is_no_reason_to_run_again(bench):
    bench.result(signal=9, exit_code=None, reason="memory", memory_peak_bytes=20 * 2**30)
    ends(bench, Ending.OUT_OF_MEMORY, memory_peak_bytes=20 * 2**30)
    shown = view(bench)
    assert "more than the 16 GB that this analysis may have" in shown.cause_words
    assert (shown.more_memory_mb, shown.can_retry) == (None, False)


def runs_with_the_large_one(bench):
    """Its resources are those with the most memory."""
    with bench.desk.database.write() as session:
        job = session.merge(bench.job())
        job.submission.variant = "large"
        job.resources = {**job.resources, "memory_mb": MOST_MEMORY_MB}
        job.attempts[-1].resources = job.resources


def test_a_run_that_needed_a_little_of_its_memory_says_that_less_is_enough(bench):
    runs_with_the_large_one(bench)
    bench.result(memory_peak_bytes=300 * 2**20)
    bench.later(30)
    ends(bench, Ending.COMPLETED)
    with bench.desk.database.write() as session:
        session.merge(bench.job()).move(State.SUCCEEDED, at=bench.now)
    assert view(bench).advice == (
        "It used 2 % of the memory that it had asked for (300 MB of 16 GB). Next time “Small” (1 GB) is enough."
    )


def test_what_was_put_back_by_the_scheduler_begins_anew(bench):
    says(bench, fraction=0.9)
    bench.cluster.phases.clear()
    bench.later(timedelta(minutes=5).total_seconds())
    bench.reconcile()
    assert bench.job().progress.get("whole") is None


def finished(bench, *peaks_mb, sigma=1.0):
    """Runs like the one that is at work, in the other variant, with these peaks of memory."""
    with bench.desk.database.write() as session:
        mine = session.get_one(Job, bench.job().id)
        for place, peak in enumerate(peaks_mb):
            job = Job(
                submission_id=mine.submission_id, person_id=mine.person_id, index=100 + place, title="x",
                options={"sigma": sigma}, resources=mine.resources, created=bench.now, changed=bench.now,
            )  # fmt: skip
            attempt = Attempt(job=job, number=1, name="x", cluster="c", resources={}, created=bench.now)
            session.add_all([job, attempt])
            session.flush()
            session.add(
                JobRun(
                    attempt_id=attempt.id, jobtype="count", revision_id=mine.submission.revision_id,
                    variant="large", input_bytes=0, waited_s=1.0, ran_s=10.0, memory_peak_bytes=peak * 2**20,
                    outcome="done", started=bench.now, ended=bench.now,
                )
            )  # fmt: skip
            job.move(State.CANCELLED, at=bench.now)


@pytest.mark.parametrize(
    ("sigma", "said", "more_mb"),
    [
        (
            1.0,
            "Runs like it used 8 to 9 GB, from 5 runs with inputs below 1 MB and settings like these.",
            11776,
        ),
        (3.0, "How much it needs in all is not known.", 2048),
    ],
)
def test_what_finished_runs_used_tells_how_much_to_run_again_with(bench, sigma, said, more_mb):
    finished(bench, 8192, 8192, 8500, 9000, 9216, sigma=sigma)
    bench.result(signal=9, exit_code=None, reason="memory")
    ends(bench, Ending.OUT_OF_MEMORY)
    shown = view(bench)
    assert shown.cause_words.startswith(f"It ran out of memory (1 GB). {said} Your dataset is unchanged.")
    assert shown.more_memory_mb == more_mb
    job = bench.desk.change(actions.retry, "maya", bench.job().id, resources="memory")
    assert job.resources["memory_mb"] == more_mb


def test_a_run_that_stood_until_its_limit_is_offered_twice_the_time_and_not_called_the_most(bench):
    says(bench, fraction=0.0)
    bench.later(10)
    says(bench, fraction=0.4)
    bench.later(50)
    ends(bench, Ending.TIMEOUT)
    assert bench.job().cause_words == (
        "It reached its time limit (1 minute). It had said 40 % of its work and nothing for 50 seconds before its "
        "end, so how long it needs is not known. Your dataset is unchanged. Run again with 2 minutes?"
    )
    assert view(bench).more_time_s == 120


def test_a_daemon_that_was_away_does_not_take_its_absence_for_the_runs_time(bench):
    says(bench, fraction=0.0)
    began = bench.now
    bench.later(3 * 3600)
    path = bench.deps.settings.scratch / bench.attempt() / "events.jsonl"
    with path.open("a") as file:
        file.write(json.dumps({"stage": "deconvolving", "fraction": 0.5}) + "\n")
    ends(bench, Ending.TIMEOUT, ended=began + timedelta(seconds=60))
    assert "At that rate it needs about 2 minutes" in bench.job().cause_words
    assert view(bench).more_time_s == 180


@pytest.mark.parametrize("grace_s", [20])
def test_a_program_that_is_told_to_end_before_its_limit_has_less_than_that_to_work(bench):
    says(bench, fraction=0.0)
    bench.later(20)
    says(bench, fraction=0.35)
    shown = view(bench)
    assert shown.advice.startswith(
        "At this rate it needs about 55 seconds, and its time limit is 1 minute, 20 seconds of it "
        "for its end: it will be ended before it is done."
    )
    bench.later(20)
    says(bench, fraction=0.7)
    ends(bench, Ending.TIMEOUT)
    assert bench.job().cause_words == (
        "It reached its time limit (1 minute, 20 seconds of it for its end) after about 70 % of "
        "its work. At that rate it needs about 55 seconds. Your dataset is unchanged. Run again with 2 minutes?"
    )
    assert view(bench).more_time_s == 120


@pytest.mark.parametrize("grace_s", [30])
def test_what_is_offered_leaves_the_time_for_work_that_is_needed(bench):
    says(bench, fraction=0.0)
    bench.later(30)
    says(bench, fraction=0.32)  # 94 seconds: of two minutes, 90 seconds are for work
    ends(bench, Ending.TIMEOUT)
    assert view(bench).more_time_s == 180


@pytest.mark.parametrize("grace_s", [30])
def test_less_memory_is_not_advised_where_its_time_would_be_too_little(bench):
    runs_with_the_large_one(bench)
    bench.result(memory_peak_bytes=300 * 2**20)
    bench.later(25)  # of the minute of the smaller one, 30 seconds are for work
    ends(bench, Ending.COMPLETED)
    with bench.desk.database.write() as session:
        session.merge(bench.job()).move(State.SUCCEEDED, at=bench.now)
    assert view(bench).advice == ""
