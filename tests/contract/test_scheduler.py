"""What every backend must do, whatever it is: one suite, a parameter a backend."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alone import alone

from portal.scheduler.base import Ending, JobHandle, Phase, SchedulerError

SLEEP = "import time; time.sleep(300)"


def test_a_job_goes_from_pending_to_its_ending(bench):
    before = datetime.now(UTC) - timedelta(seconds=2)
    gate = bench.folder / "gate"
    # One line: Slurm's script takes no others.
    code = f"import os, time; [time.sleep(0.02) for _ in iter(lambda: os.path.exists({str(gate)!r}), True)]"
    handle = alone(bench.scheduler.submit([bench.request(code)]))
    assert bench.look(handle).phase in (Phase.PENDING, Phase.RUNNING)
    gate.touch()
    report = bench.until(handle, Phase.ENDED)
    assert (report.ending, report.exit_code, report.signal) == (Ending.COMPLETED, 0, None)
    assert before <= handle.submitted <= report.started <= report.ended <= datetime.now(UTC)
    assert report.node


def test_a_handle_tells_cluster_id_name_and_time(bench):
    request = bench.request()
    handle = alone(bench.scheduler.submit([request]))
    assert handle.cluster == bench.scheduler.cluster
    assert handle.name == request.name
    assert handle.job_id
    assert handle.array_index is None
    assert handle.submitted.tzinfo is not None


def test_an_exit_code_is_a_failure_with_that_code(bench):
    report = bench.until(alone(bench.scheduler.submit([bench.request("raise SystemExit(7)")])), Phase.ENDED)
    assert (report.ending, report.exit_code) == (Ending.FAILED, 7)


def test_the_time_limit_ends_a_job(bench):
    report = bench.until(alone(bench.scheduler.submit([bench.request(SLEEP, time_s=1)])), Phase.ENDED)
    assert report.ending is Ending.TIMEOUT
    assert report.reason


def test_a_phase_that_is_not_ended_has_no_ending(bench):
    handle = alone(bench.scheduler.submit([bench.request(SLEEP)]))
    for report in (bench.look(handle), bench.until(handle, Phase.RUNNING)):
        assert (report.ending, report.ended, report.exit_code) == (None, None, None)


def test_submitting_an_attempt_twice_gives_the_first_handle(bench):
    request = bench.request()
    first = alone(bench.scheduler.submit([request]))
    assert alone(bench.adapter.fresh().submit([request])) == first
    bench.until(first, Phase.ENDED)
    assert alone(bench.adapter.fresh().submit([request])) == first


def test_find_knows_what_was_taken_and_only_that(bench):
    request = bench.request()
    assert alone(bench.scheduler.find([(request.attempt, request.name)])) is None
    handle = alone(bench.scheduler.submit([request]))
    assert alone(bench.adapter.fresh().find([(request.attempt, request.name)])) == handle
    bench.until(handle, Phase.ENDED)
    assert alone(bench.scheduler.find([(request.attempt, request.name)])) == handle
    assert alone(bench.scheduler.find([(request.attempt, "gantry-another-1")])) is None


def test_a_waiting_job_tells_why(bench):
    running = [alone(bench.scheduler.submit([bench.request(SLEEP)])) for _ in range(2)]
    for handle in running:
        bench.until(handle, Phase.RUNNING)
    report = bench.look(alone(bench.scheduler.submit([bench.request()])))
    assert report.phase is Phase.PENDING
    assert report.reason


def test_a_waiting_job_is_cancelled(bench):
    running = [alone(bench.scheduler.submit([bench.request(SLEEP)])) for _ in range(2)]
    for handle in running:
        bench.until(handle, Phase.RUNNING)
    handle = alone(bench.scheduler.submit([bench.request()]))
    assert alone(bench.scheduler.cancel([handle]))
    report = bench.until(handle, Phase.ENDED)
    assert (report.ending, report.started) == (Ending.CANCELLED, None)


def test_a_running_job_is_cancelled_even_if_it_does_not_want_to(bench):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
    handle = alone(bench.scheduler.submit([bench.request(stubborn)]))
    bench.until(handle, Phase.RUNNING)
    assert alone(bench.scheduler.cancel([handle]))
    assert bench.until(handle, Phase.ENDED).ending is Ending.CANCELLED


def test_cancelling_what_has_ended_is_no_error_and_says_so(bench):
    handle = alone(bench.scheduler.submit([bench.request()]))
    bench.until(handle, Phase.ENDED)
    assert alone(bench.scheduler.cancel([handle])) is False
    assert bench.look(handle).ending is Ending.COMPLETED


def test_one_question_is_answered_about_many_jobs_and_each_by_its_key(bench):
    handles = {f"key {number}": alone(bench.scheduler.submit([bench.request()])) for number in range(5)}
    observation = bench.scheduler.observe(list(handles.items()))
    assert observation.answered
    assert {key: report.handle for key, report in observation.reports.items()} == handles


def test_many_are_taken_found_and_ended_in_one_call_each_and_each_is_answered_for_itself(bench):
    good = [bench.request(SLEEP) for _ in range(3)]
    impossible = bench.request(cpus=100_000)
    first, refused, *others = bench.scheduler.submit([good[0], impossible, *good[1:]])
    handles = [first, *others]
    assert [handle.name for handle in handles] == [request.name for request in good]
    assert isinstance(refused, SchedulerError)
    asked = [(one.attempt, one.name) for one in (*good, impossible)]
    assert bench.adapter.fresh().find(asked) == [*handles, None]
    stranger = replace(first, name="gantry-another-1")
    assert bench.scheduler.cancel([others[0], stranger, first]) == [True, False, True]
    for handle in (first, others[0]):
        assert bench.until(handle, Phase.ENDED).ending is Ending.CANCELLED
    assert bench.look(others[1]).ending is None
    assert [bench.scheduler.submit([]), bench.scheduler.find([]), bench.scheduler.cancel([])] == [[], [], []]


def test_a_backend_says_how_it_likes_to_be_used(bench):
    scheduler = bench.scheduler
    assert min(scheduler.batch_size, scheduler.running_per_person) >= 1
    assert {type(scheduler.joins), type(scheduler.near)} == {bool}


def test_what_it_forgets_has_ended_and_what_runs_stays(bench):
    ended = alone(bench.scheduler.submit([bench.request()]))
    running = alone(bench.scheduler.submit([bench.request(SLEEP)]))
    bench.until(ended, Phase.ENDED)
    bench.until(running, Phase.RUNNING)
    assert bench.scheduler.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    assert bench.look(ended).ending is Ending.COMPLETED
    assert bench.scheduler.prune(datetime.now(UTC) + timedelta(days=1)) in (0, 1)
    assert bench.look(running).phase is Phase.RUNNING


def test_forgetting_an_attempt_leaves_other_attempts_alone_and_may_be_asked_twice(bench):
    requests = [bench.request(), bench.request(SLEEP)]
    over, running = bench.scheduler.submit(requests)
    bench.until(over, Phase.ENDED)
    for _ in range(2):
        bench.scheduler.forget(requests[0].attempt)
    bench.scheduler.forget("ffffffff-0000-4000-8000-000000000000")
    assert alone(bench.scheduler.find([(requests[1].attempt, requests[1].name)])) == running
    assert requests[0].folder.is_dir()
    assert bench.until(running, Phase.RUNNING).ending is None


def test_once_all_that_can_has_been_started_nothing_is(bench):
    running = bench.scheduler.submit([bench.request(SLEEP) for _ in range(2)])
    for handle in running:
        bench.until(handle, Phase.RUNNING)
    waiting = alone(bench.scheduler.submit([bench.request()]))
    assert bench.scheduler.start(datetime.now(UTC)) is False
    assert bench.look(waiting).phase is Phase.PENDING


@pytest.mark.parametrize(
    "change",
    [{"job_id": "999999999"}, {"name": "gantry-another-1"}, {"submitted": datetime(2001, 1, 1, tzinfo=UTC)}],
    ids=["id", "name", "time"],
)
def test_a_job_that_is_not_exactly_this_one_is_absent(bench, change):
    handle = alone(bench.scheduler.submit([bench.request()]))
    values = {key: getattr(handle, key) for key in ("cluster", "job_id", "array_index", "name", "submitted")}
    observation = bench.scheduler.observe([("job", JobHandle(**(values | change)))])
    assert observation.answered
    assert observation.reports == {}


def test_a_backend_that_cannot_answer_says_so_and_reports_nothing(bench):
    handle = alone(bench.scheduler.submit([bench.request()]))
    bench.adapter.silence()
    observation = bench.scheduler.observe([("job", handle)])
    assert not observation.answered
    assert observation.reports == {}
    assert observation.message


def test_what_can_never_run_is_refused_with_words_and_without_hope(bench):
    with pytest.raises(SchedulerError) as caught:
        alone(bench.scheduler.submit([bench.request(cpus=100_000)]))
    assert not caught.value.retry
    assert caught.value.message


def test_an_estimate_has_a_basis(bench):
    estimate = bench.scheduler.estimate(bench.request())
    assert estimate.basis
    assert estimate.start is None or estimate.start.tzinfo is not None


def test_jobs_of_several_people_all_come_to_their_turn(bench):
    people = ("maya", "tom", "ines")
    handles = bench.scheduler.submit([bench.request(person=person) for person in people for _ in range(2)])
    for handle in handles:
        assert bench.until(handle, Phase.ENDED).ending is Ending.COMPLETED
