"""What every backend must do, whatever it is: one suite, a parameter a backend."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.scheduler.base import Ending, JobHandle, Phase, SchedulerError

SLEEP = "import time; time.sleep(300)"


def test_a_job_goes_from_pending_to_its_ending(bench):
    before = datetime.now(UTC) - timedelta(seconds=2)
    gate = bench.folder / "gate"
    # One line: Slurm's script takes no others.
    code = f"import os, time; [time.sleep(0.02) for _ in iter(lambda: os.path.exists({str(gate)!r}), True)]"
    handle = bench.scheduler.submit(bench.request(code))
    assert bench.look(handle).phase in (Phase.PENDING, Phase.RUNNING)
    gate.touch()
    report = bench.until(handle, Phase.ENDED)
    assert (report.ending, report.exit_code, report.signal) == (Ending.COMPLETED, 0, None)
    assert before <= handle.submitted <= report.started <= report.ended <= datetime.now(UTC)
    assert report.node


def test_a_handle_tells_cluster_id_name_and_time(bench):
    request = bench.request()
    handle = bench.scheduler.submit(request)
    assert handle.cluster == bench.scheduler.cluster
    assert handle.name == request.name
    assert handle.job_id
    assert handle.array_index is None
    assert handle.submitted.tzinfo is not None


def test_an_exit_code_is_a_failure_with_that_code(bench):
    report = bench.until(bench.scheduler.submit(bench.request("raise SystemExit(7)")), Phase.ENDED)
    assert (report.ending, report.exit_code) == (Ending.FAILED, 7)


def test_the_time_limit_ends_a_job(bench):
    report = bench.until(bench.scheduler.submit(bench.request(SLEEP, time_s=1)), Phase.ENDED)
    assert report.ending is Ending.TIMEOUT
    assert report.reason


def test_a_phase_that_is_not_ended_has_no_ending(bench):
    handle = bench.scheduler.submit(bench.request(SLEEP))
    for report in (bench.look(handle), bench.until(handle, Phase.RUNNING)):
        assert (report.ending, report.ended, report.exit_code) == (None, None, None)


def test_submitting_an_attempt_twice_gives_the_first_handle(bench):
    request = bench.request()
    first = bench.scheduler.submit(request)
    assert bench.adapter.fresh().submit(request) == first
    bench.until(first, Phase.ENDED)
    assert bench.adapter.fresh().submit(request) == first


def test_find_knows_what_was_taken_and_only_that(bench):
    request = bench.request()
    assert bench.scheduler.find(request.attempt, request.name) is None
    handle = bench.scheduler.submit(request)
    assert bench.adapter.fresh().find(request.attempt, request.name) == handle
    bench.until(handle, Phase.ENDED)
    assert bench.scheduler.find(request.attempt, request.name) == handle
    assert bench.scheduler.find(request.attempt, "gantry-another-1") is None


def test_a_waiting_job_tells_why(bench):
    running = [bench.scheduler.submit(bench.request(SLEEP)) for _ in range(2)]
    for handle in running:
        bench.until(handle, Phase.RUNNING)
    report = bench.look(bench.scheduler.submit(bench.request()))
    assert report.phase is Phase.PENDING
    assert report.reason


def test_a_waiting_job_is_cancelled(bench):
    running = [bench.scheduler.submit(bench.request(SLEEP)) for _ in range(2)]
    for handle in running:
        bench.until(handle, Phase.RUNNING)
    handle = bench.scheduler.submit(bench.request())
    assert bench.scheduler.cancel(handle)
    report = bench.until(handle, Phase.ENDED)
    assert (report.ending, report.started) == (Ending.CANCELLED, None)


def test_a_running_job_is_cancelled_even_if_it_does_not_want_to(bench):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
    handle = bench.scheduler.submit(bench.request(stubborn))
    bench.until(handle, Phase.RUNNING)
    assert bench.scheduler.cancel(handle)
    assert bench.until(handle, Phase.ENDED).ending is Ending.CANCELLED


def test_cancelling_what_has_ended_is_no_error_and_says_so(bench):
    handle = bench.scheduler.submit(bench.request())
    bench.until(handle, Phase.ENDED)
    assert bench.scheduler.cancel(handle) is False
    assert bench.look(handle).ending is Ending.COMPLETED


def test_one_question_is_answered_about_many_jobs_and_each_by_its_key(bench):
    handles = {f"key {number}": bench.scheduler.submit(bench.request()) for number in range(5)}
    observation = bench.scheduler.observe(list(handles.items()))
    assert observation.answered
    assert {key: report.handle for key, report in observation.reports.items()} == handles


@pytest.mark.parametrize(
    "change",
    [{"job_id": "999999999"}, {"name": "gantry-another-1"}, {"submitted": datetime(2001, 1, 1, tzinfo=UTC)}],
    ids=["id", "name", "time"],
)
def test_a_job_that_is_not_exactly_this_one_is_absent(bench, change):
    handle = bench.scheduler.submit(bench.request())
    values = {key: getattr(handle, key) for key in ("cluster", "job_id", "array_index", "name", "submitted")}
    observation = bench.scheduler.observe([("job", JobHandle(**(values | change)))])
    assert observation.answered
    assert observation.reports == {}


def test_a_backend_that_cannot_answer_says_so_and_reports_nothing(bench):
    handle = bench.scheduler.submit(bench.request())
    bench.adapter.silence()
    observation = bench.scheduler.observe([("job", handle)])
    assert not observation.answered
    assert observation.reports == {}
    assert observation.message


def test_what_can_never_run_is_refused_with_words_and_without_hope(bench):
    with pytest.raises(SchedulerError) as caught:
        bench.scheduler.submit(bench.request(cpus=100_000))
    assert not caught.value.retry
    assert caught.value.message


def test_an_estimate_has_a_basis(bench):
    estimate = bench.scheduler.estimate(bench.request())
    assert estimate.basis
    assert estimate.start is None or estimate.start.tzinfo is not None


def test_jobs_of_several_people_all_come_to_their_turn(bench):
    people = ("maya", "tom", "ines")
    handles = [bench.scheduler.submit(bench.request(person=person)) for person in people for _ in range(2)]
    for handle in handles:
        assert bench.until(handle, Phase.ENDED).ending is Ending.COMPLETED
