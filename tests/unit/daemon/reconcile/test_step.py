import json
from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.daemon.cancel import cancel_step
from portal.jobs import actions
from portal.jobs.said import Waiting
from portal.jobs.state import State
from portal.jobs.view import job_view
from portal.jobtype.load import JobTypes
from portal.scheduler.base import Ending, Phase

pytestmark = pytest.mark.usefixtures("started")


@pytest.fixture
def started(bench):
    bench.desk.submit()
    bench.dispatch()


def running(bench, **fields):
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": bench.now} | fields
    bench.reconcile()


def test_a_silent_scheduler_changes_no_job(bench):
    running(bench)
    before = bench.job().events
    bench.cluster.answers = False
    for _hour in range(5):
        bench.later(3600)
        assert not bench.reconcile()
    job = bench.job()
    assert (job.state, job.absent_since, len(job.events)) == (State.RUNNING, None, len(before))
    assert bench.deps.health.answered is False


def test_a_pending_job_says_why_it_waits(bench):
    bench.cluster.phases[bench.attempt()] = {"reason": "All 4 GPUs are busy.", "position": 2}
    assert bench.reconcile()
    assert bench.job().waiting == Waiting("All 4 GPUs are busy.", 2)
    assert not bench.reconcile()  # nothing new


def test_a_job_runs_and_goes_back_if_it_was_requeued(bench):
    running(bench, node="node1")
    assert bench.job().state is State.RUNNING
    assert bench.job().attempt.seen.scheduler.node == "node1"
    bench.cluster.phases.clear()
    bench.reconcile()
    assert bench.job().state is State.PENDING


def test_an_absent_job_changes_nothing_before_its_time(bench):
    running(bench)
    bench.cluster.absent.add(bench.attempt())
    bench.reconcile()
    bench.later(bench.deps.settings.daemon.lost_s - 1)
    assert not bench.reconcile()
    assert bench.job().state is State.RUNNING
    bench.cluster.absent.clear()
    bench.reconcile()
    assert bench.job().absent_since is None


def lost(bench):
    bench.cluster.absent.add(bench.attempt())
    bench.reconcile()
    bench.later(bench.deps.settings.daemon.lost_s + 1)
    bench.reconcile()


def test_silence_in_between_starts_the_absence_anew(bench):
    running(bench)
    bench.cluster.absent.add(bench.attempt())
    bench.reconcile()
    bench.later(800)
    bench.cluster.answers = False
    bench.reconcile()
    bench.later(800)
    bench.cluster.answers = True
    bench.reconcile()
    assert bench.job().state is State.RUNNING
    bench.later(901)
    bench.cluster.claims[bench.attempt()] = {"by": "launch", "job_id": "1"}
    bench.reconcile()
    assert bench.job().state is State.QUEUED


def test_what_an_answer_that_is_not_whole_leaves_out_is_not_absent(bench):
    running(bench)
    bench.cluster.absent.add(bench.attempt())
    bench.cluster.sees_all = False
    bench.reconcile()
    assert bench.job().absent_since is None
    assert bench.deps.health.problems["sight"] == "half blind"
    bench.cluster.sees_all = True
    bench.reconcile()
    bench.later(800)
    bench.cluster.sees_all = False
    bench.reconcile()
    bench.later(800)
    bench.cluster.sees_all = True
    bench.reconcile()
    assert bench.job().state is State.RUNNING, "the time without sight does not count"
    assert "sight" not in bench.deps.health.problems


def test_absent_for_long_and_never_claimed_is_fenced_and_tried_again(bench):
    first = bench.attempt()
    lost(bench)
    job = bench.job()
    assert (job.state, job.attempts[0].outcome) == (State.QUEUED, "fenced")
    assert bench.cluster.fenced == [first]


def test_absent_for_long_and_claimed_is_lost_and_retried_once_by_the_job_types_rule(bench):
    bench.cluster.claims[bench.attempt()] = {"by": "launch", "job_id": "1"}
    lost(bench)
    assert (bench.job().state, bench.job().attempts[0].outcome) == (State.QUEUED, "lost")
    bench.dispatch()
    bench.cluster.claims[bench.attempt()] = {"by": "launch", "job_id": "2"}
    lost(bench)
    job = bench.job()
    assert (job.state, job.cause, len(job.attempts)) == (State.FAILED, "lost", 2)


def test_absent_for_long_with_a_good_result_is_collected_and_said_so(bench):
    bench.result()
    lost(bench)
    job = bench.job()
    assert (job.state, job.cause) == (State.COLLECTING, "not known to the scheduler")
    assert bench.cluster.fenced == []


def test_an_end_with_a_good_result_is_collected(bench):
    bench.result()
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0, started=bench.now, cpu_s=2.0)
    bench.reconcile()
    job = bench.job()
    assert (job.state, job.attempt.cpu_s) == (State.COLLECTING, 2.0)
    assert job.attempt.testimony["runner"] == "environment"
    assert job.attempt.seen.scheduler.ending == "completed"
    assert job.started is not None


def test_a_result_that_shows_late_is_waited_for(bench):
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0)
    bench.reconcile()
    bench.later(100)
    bench.reconcile()
    assert bench.job().state is State.PENDING
    assert "waited for" in bench.job().waiting.reason
    bench.result()
    bench.reconcile()
    assert bench.job().state is State.COLLECTING


def test_a_result_that_never_shows_fails_the_job(bench):
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0)
    bench.reconcile()
    bench.later(bench.deps.settings.daemon.late_result_s)
    bench.reconcile()
    assert (bench.job().state, bench.job().cause) == (State.FAILED, "no result")


@pytest.mark.parametrize(
    "forge",
    [
        lambda bench: bench.result(attempt="another"),
        lambda bench: bench.result(job_sha256="f" * 64),
        lambda bench: bench.result(claim={"job_id": "999"}),
        lambda bench: bench.write("result.json", b"x" * 10_000_000),
        lambda bench: bench.write("result.json", b"\x00\xff"),
        lambda bench: bench.write("result.json", "[]"),
    ],
    ids=["attempt", "digest", "claim", "giant", "binary", "list"],
)
def test_a_forged_result_counts_as_none(bench, forge):
    forge(bench)
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0)
    bench.reconcile()
    bench.later(bench.deps.settings.daemon.late_result_s)
    bench.reconcile()
    job = bench.job()
    assert (job.state, job.cause) == (State.FAILED, "no result")
    assert job.attempt.seen.files.invalid_result


def test_a_result_that_is_a_link_counts_as_none(bench, tmp_path):
    bench.result()
    folder = bench.deps.settings.scratch / bench.attempt()
    (folder / "result.json").rename(tmp_path / "real.json")
    (folder / "result.json").symlink_to(tmp_path / "real.json")
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0)
    bench.reconcile()
    bench.later(bench.deps.settings.daemon.late_result_s)
    bench.reconcile()
    assert bench.job().state is State.FAILED


def test_a_failure_keeps_the_last_lines_of_the_log(bench):
    bench.write("stderr.log", "".join(f"line {number}\n" for number in range(100)))
    bench.cluster.end(bench.attempt(), Ending.FAILED, exit_code=3)
    bench.reconcile()
    job = bench.job()
    assert job.state is State.FAILED
    assert job.attempt.seen.files.last_lines.splitlines()[-1] == "line 99"
    assert len(job.attempt.seen.files.last_lines.splitlines()) == 20


def test_an_unknown_word_changes_nothing_and_health_is_red(bench):
    bench.cluster.end(bench.attempt(), None, raw="EXPLODED")
    bench.reconcile()
    assert bench.job().state is State.PENDING
    assert "EXPLODED" in bench.deps.health.problems["word"]


def test_a_node_failure_is_retried_once_and_then_fails(bench):
    for expected in (State.QUEUED, State.FAILED):
        bench.cluster.end(bench.attempt(), Ending.NODE_FAIL, node="node1")
        bench.reconcile()
        assert bench.job().state is expected
        bench.dispatch()


def test_memory_is_not_retried_by_itself_unless_the_job_type_says_so(bench):
    bench.cluster.end(bench.attempt(), Ending.OUT_OF_MEMORY)
    bench.reconcile()
    job = bench.job()
    assert (job.state, job.cause_words) == (
        State.FAILED,
        OUT_OF_MEMORY,
    )


def test_a_job_type_can_have_memory_raised_by_itself_within_its_largest_variant(bench):
    document = bench.desk.jobtypes.by_name["count"].document() | {"version": "1.1"}
    document["retry"]["memory"] = {"times": 5, "memory_factor": 3}
    kind = type(bench.desk.jobtypes.by_name["count"])
    bench.desk.jobtypes = JobTypes({"count": kind.model_validate(document)})
    bench.desk.submit()
    bench.dispatch()
    for memory_mb in (3072, 4096):
        bench.cluster.end(bench.attempt(1), Ending.OUT_OF_MEMORY)
        bench.reconcile()
        assert bench.job(1).state is State.QUEUED
        assert bench.job(1).resources["memory_mb"] == memory_mb
        bench.dispatch()
    bench.cluster.end(bench.attempt(1), Ending.OUT_OF_MEMORY)
    bench.reconcile()
    assert bench.job(1).state is State.FAILED


def test_progress_is_read_from_where_it_was_left(bench):
    running(bench)
    first = '{"stage": "reading", "step": 1, "steps": 2, "fraction": 0.5}\nnot json\n'
    bench.write("events.jsonl", first + '{"sta')
    assert bench.reconcile()
    progress = bench.job().progress
    assert (progress["stage"], progress["fraction"]) == ("reading", 0.5)
    assert not bench.reconcile()
    event = json.dumps({"stage": "writing", "step": 2, "steps": 2, "fraction": None})
    bench.write("events.jsonl", first + event + "\n")
    assert bench.reconcile()
    assert bench.job().progress["stage"] == "writing"


def test_a_giant_event_file_is_read_at_its_end_only(bench):
    running(bench)
    bench.write("events.jsonl", b"x" * 3_000_000 + b'\n{"stage": "reading"}\n')
    bench.reconcile()
    assert bench.job().progress["stage"] == "reading"
    bench.write("events.jsonl", b"x" * 6_000_000)
    bench.reconcile()
    assert bench.job().progress["offset"] == 6_000_000


def test_a_cancellation_is_asked_of_the_scheduler_until_it_has_effect(bench):
    running(bench)
    bench.desk.change(actions.cancel, "maya", bench.job().id)
    assert cancel_step(bench.deps, bench.now)
    assert not cancel_step(bench.deps, bench.now + timedelta(seconds=5))
    assert cancel_step(bench.deps, bench.now + timedelta(seconds=25))
    assert bench.cluster.cancelled == [bench.attempt()] * 2
    bench.cluster.end(bench.attempt(), Ending.CANCELLED)
    bench.reconcile()
    assert (bench.job().state, bench.job().cause_words) == (State.CANCELLED, "Cancelled by Maya Lind.")


def test_a_scratch_folder_that_is_away_changes_nothing(bench):
    bench.cluster.end(bench.attempt(), Ending.FAILED, exit_code=1)
    scratch = bench.deps.settings.scratch
    scratch.rename(scratch.with_name("away"))
    bench.reconcile()
    assert bench.job().state is State.PENDING
    assert bench.deps.troubles.problems["scratch"]
    scratch.with_name("away").rename(scratch)
    bench.reconcile()
    assert bench.job().state is State.FAILED
    assert bench.deps.troubles.problems == {}


def test_a_place_or_a_plan_that_shifts_is_noted_and_is_no_movement(bench):
    waits = {"reason": "It waits for its turn.", "position": 2}
    bench.cluster.phases[bench.attempt()] = waits
    assert bench.reconcile()
    planned = bench.now.replace(microsecond=0) + timedelta(minutes=20)
    bench.cluster.phases[bench.attempt()] = {**waits, "position": 1, "expected_start": planned}
    assert not bench.reconcile()
    assert bench.job().waiting.position == 2  # written with the next "last seen"
    bench.later(31)
    assert not bench.reconcile()
    assert bench.job().waiting.position == 1
    view = job_view(bench.job(), bench.now)
    assert (view.position, view.expected_start) == (1, planned)


def test_a_plan_that_has_passed_is_not_shown(bench):
    bench.cluster.phases[bench.attempt()] = {"reason": "Next.", "expected_start": bench.now + timedelta(minutes=1)}
    bench.reconcile()
    bench.later(61)
    assert job_view(bench.job(), bench.now).expected_start is None


def test_that_many_jobs_still_wait_and_where_they_stand_is_noted_for_all_of_them(bench):
    bench.desk.submit(*bench.desk.more_stacks(3))
    bench.dispatch()
    bench.reconcile()
    jobs = [job for job in bench.jobs() if job.state is State.PENDING]
    assert len(jobs) == 4
    for place, job in enumerate(jobs):
        bench.cluster.phases[job.attempt.id] = {"position": place}
    bench.later(60)
    bench.reconcile()
    found = bench.jobs()
    assert [job.waiting.position for job in found] == [0, 1, 2, 3]
    assert {job.last_seen for job in found} == {bench.now}


def test_a_new_reason_of_many_waiting_jobs_is_written_in_as_few_statements_as_that_of_one(bench):
    bench.cluster.running_per_person = 100
    counted: list[str] = []
    event.listen(
        bench.deps.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: counted.append(statement),
    )
    stacks, counts = bench.desk.more_stacks(20), []
    for jobs in (1, 20):
        bench.desk.submit(*stacks[:jobs])
        bench.dispatch()
        counted.clear()
        assert bench.reconcile()
        counts.append(len(counted))
    assert {job.waiting.reason for job in bench.jobs()} == {"All slots are busy."}
    assert counts[0] == counts[1]
    assert not bench.reconcile()


OUT_OF_MEMORY = (
    "It ran out of memory (1 GB). How much it needs in all is not known. Your dataset is unchanged. "
    "Run again with 2 GB?"
)
REFUSED = '{"refused": "a.h5 holds no volume."}\n'
GENERIC = "The program stopped with an error. It wrote nothing that says why. Your dataset is unchanged."


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (REFUSED, "The program says: “a.h5 holds no volume.” Your dataset is unchanged."),
        (REFUSED.rstrip(), "The program says: “a.h5 holds no volume.” Your dataset is unchanged."),
        ("x" * 3_000_000 + "\n" + REFUSED, "The program says: “a.h5 holds no volume.” Your dataset is unchanged."),
        ("", GENERIC),
        ("\n", GENERIC),
        (REFUSED + '{"stage": "saving"}\n', GENERIC),
        ('{"refused": "' + "x" * 3_000_000 + '"}\n', GENERIC),
        ('{"refused": "a.h5 ho', GENERIC),
    ],
)
def test_a_program_that_refuses_says_why_in_its_last_line(bench, events, words):
    running(bench)
    bench.write("events.jsonl", '{"stage": "reading"}\n')
    bench.reconcile()
    bench.write("events.jsonl", '{"stage": "reading"}\n' + events)
    bench.reconcile()  # what is read while it still runs is not lost for its end
    bench.result(exit_code=2)
    bench.cluster.end(bench.attempt(), Ending.FAILED, exit_code=2)
    bench.reconcile()
    cause = "exit code" if words == GENERIC else "refused by program"
    assert (bench.job().state, bench.job().cause, bench.job().cause_words) == (State.FAILED, cause, words)


def test_a_link_in_the_place_of_events_tells_nothing(bench, tmp_path):
    running(bench)
    (tmp_path / "elsewhere").write_text(REFUSED)
    bench.result(exit_code=2)
    (bench.deps.settings.scratch / bench.attempt() / "events.jsonl").symlink_to(tmp_path / "elsewhere")
    bench.cluster.end(bench.attempt(), Ending.FAILED, exit_code=2)
    bench.reconcile()
    assert bench.job().cause_words == GENERIC
