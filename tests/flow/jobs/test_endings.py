"""Jobs that do not end well: each says why, and what to do."""

import json
import re

from job_yard import COUNT, analysis

from portal.catalogue.models import Dataset
from portal.jobs import actions
from portal.jobs.read import log_tail
from portal.jobs.state import State

EAT = "blocks = []\nwhile True: blocks.append(bytearray(b'x') * (16 << 20))"
SLEEP = "import time; time.sleep(60)"
SPEAK = "import sys; print('out'); sys.exit('The stack has no voxel size.')"
THREE = """
import pathlib, sys
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/a.txt").write_text("x")
sys.exit(3)
"""
PICKY = """
if pathlib.Path(job["options"]["ledger"] + ".bad").exists() and job["job"]["index"] == 1:
    raise SystemExit(9)
"""


def sizes(time_s):
    small = {"name": "s", "label": "S", "memory_mb": 128, "time_s": time_s}
    return {"default": "s", "variants": [small, {"name": "l", "label": "L", "memory_mb": 512, "time_s": time_s}]}


def only(yard):
    (job,) = yard.until_ended(yard.daemon())
    return job


def test_a_program_that_fails_says_why_with_the_last_lines_of_its_log(yard_with):
    yard = yard_with(analysis("speak", SPEAK))
    yard.submit("speak")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "exit code")
    assert job.cause_words == (
        "The program stopped with an error. Its last words: “The stack has no voxel size.” "
        "Your dataset is unchanged."
    )
    assert job.attempt.seen.files.last_lines == "The stack has no voxel size."
    with yard.database.read() as session:
        tail = log_tail(
            session, yard.facility.actors["maya"], job.id, stream="stdout", offset=0, settings=yard.settings
        )
    assert (tail.text, tail.final) == ("out\n", True)


def test_a_program_over_its_memory_says_so_and_runs_again_with_more(yard_with):
    yard = yard_with(analysis("eat", EAT, resources=sizes(time_s=120)))
    yard.submit("eat")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "memory")
    assert job.cause_words.startswith("It ran out of memory")
    offered = re.search(r"Your dataset is unchanged\. Run again with (\d+) MB\?", job.cause_words)
    assert offered
    asked = int(offered[1])
    assert asked >= 256
    yard.change(actions.retry, job.id, resources="memory")
    job = only(yard)
    assert [attempt.resources["memory_mb"] for attempt in job.attempts] == [128, asked]


def test_memory_that_grows_with_the_input_is_asked_for_and_a_retry_may_have_the_most(yard_with):
    small = {"name": "s", "label": "S", "memory_mb": 512, "time_s": 120, "memory": "files.count * 60 MiB"}
    yard = yard_with(analysis("eat", EAT, resources={"default": "s", "variants": [small]}))
    with yard.database.write() as session:
        session.get_one(Dataset, yard.stack).file_count = 2
    yard.submit("eat")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "memory")
    assert [attempt.resources["memory_mb"] for attempt in job.attempts] == [128]
    assert "It ran out of memory: it had 128 MB" in job.cause_words
    yard.change(actions.retry, job.id, resources="memory")
    job = only(yard)
    had = [attempt.resources["memory_mb"] for attempt in job.attempts]
    assert 128 < had[1] <= 512


def test_a_program_over_its_time_says_so(yard_with):
    yard = yard_with(analysis("sleep", SLEEP, resources=sizes(time_s=2)))
    yard.submit("sleep")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "time")
    assert "2 seconds" in job.cause_words


def test_a_code_that_the_job_type_calls_success_is_one(yard_with):
    yard = yard_with(analysis("three", THREE, success_codes=[0, 3]))
    yard.submit("three")
    assert only(yard).state is State.SUCCEEDED


def test_a_program_that_cannot_be_started_says_so(yard_with):
    yard = yard_with(analysis("nothing", "", program={"command": ["no-such-program"]}))
    yard.submit("nothing")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "start")


def test_a_result_that_is_missing_is_named(yard_with):
    yard = yard_with(analysis("idle", "pass"))
    yard.submit("idle")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "output missing")
    assert yard.results() == []


def test_an_input_that_is_gone_is_named_and_nothing_runs(yard_with):
    yard = yard_with()
    (yard.settings.roots["demo"].path / "heart" / "b.raw").unlink()
    yard.submit()
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "input")
    assert "b.raw" in job.cause_words
    assert yard.starts() == []


def test_an_input_that_changes_while_the_job_waits_is_noticed(yard_with):
    yard = yard_with(local={"slots": 1, "memory_mb": 2048})
    yard.submit(options={"gate": str(yard.gate)})
    yard.submit()
    daemon = yard.daemon()
    yard.until(daemon, lambda: [job.state for job in yard.jobs()] == [State.RUNNING, State.PENDING])
    (yard.settings.roots["demo"].path / "heart" / "b.raw").write_bytes(b"changed")
    yard.gate.touch()
    yard.until_ended(daemon)
    job = yard.job(1)
    assert (job.state, job.cause) == (State.FAILED, "input")
    assert "b.raw" in job.cause_words


def test_a_waiting_job_says_why_and_is_cancelled_at_the_scheduler(yard_with):
    yard = yard_with(local={"slots": 1, "memory_mb": 2048})
    yard.submit(options={"wait": 60})
    yard.submit()
    daemon = yard.daemon()
    yard.until(daemon, lambda: yard.job(0).state is State.RUNNING and bool(yard.job(1).waiting.reason))
    assert "1 of 1" in yard.job(1).waiting.reason
    yard.change(actions.cancel, yard.job(1).id)
    yard.until(daemon, lambda: yard.job(1).state.final)
    assert (yard.job(1).state, yard.job(1).cause_words) == (State.CANCELLED, "Cancelled by Maya Lind.")
    assert len(yard.starts()) == 1


def test_a_running_job_is_cancelled(yard_with):
    yard = yard_with()
    yard.submit(options={"wait": 60})
    daemon = yard.daemon()
    yard.until(daemon, lambda: bool(yard.starts()))
    yard.change(actions.cancel, yard.job().id)
    yard.until_ended(daemon)
    job = yard.job()
    assert (job.state, job.cause_words) == (State.CANCELLED, "Cancelled by Maya Lind.")
    assert yard.results() == []


def test_a_batch_runs_whole_and_its_failed_job_again_alone(yard_with):
    yard = yard_with(analysis("picky", COUNT + PICKY))
    yard.ledger.with_name("ledger.txt.bad").touch()
    stacks = [yard.stack, yard.stack_again("one"), yard.stack_again("two")]
    submission = yard.submit("picky", *stacks)
    daemon = yard.daemon()
    jobs = yard.until_ended(daemon)
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.FAILED, State.SUCCEEDED], yard.tell()
    yard.ledger.with_name("ledger.txt.bad").unlink()
    yard.change(actions.retry_failed, submission)
    jobs = yard.until_ended(daemon)
    assert {job.state for job in jobs} == {State.SUCCEEDED}
    assert [len(job.attempts) for job in jobs] == [1, 2, 1]
    assert len(yard.results()) == 3


def test_a_retry_registers_what_the_last_attempt_made(yard_with):
    refused = (
        COUNT
        + """
if not pathlib.Path(job['options']['ledger'] + '.good').exists():
    (out / 'metadata.json').write_text('not json')
(out / "count.txt").write_text(job["job"]["attempt"])
"""
    )
    yard = yard_with(analysis("moody", refused))
    yard.submit("moody")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.cause) == (State.FAILED, "result refused")
    yard.ledger.with_name("ledger.txt.good").touch()
    yard.change(actions.retry, job.id)
    (job,) = yard.until_ended(daemon)
    assert job.state is State.SUCCEEDED
    (result,) = yard.results()
    kept = yard.settings.results / result.location.removeprefix("results:") / "count.txt"
    assert kept.read_text() == job.attempt.id


def test_provenance_and_order_hold_no_more_than_what_was_asked(yard_with):
    yard = yard_with()
    yard.submit(options={"wait": 30})
    daemon = yard.daemon()
    yard.until(daemon, lambda: yard.job().state is State.RUNNING)
    order = json.loads((yard.folder_of(yard.job()) / "job.json").read_text())
    assert order["job"]["number"] == yard.job().number
    assert order["job"]["person"] == "maya"
    assert order["options"]["wait"] == 30
    assert [file["name"] for file in order["inputs"]["stack"][0]["files"]] == ["a.raw", "b.raw"]


def test_a_job_whose_result_cannot_be_saved_can_still_be_cancelled(yard_with):
    yard = yard_with()
    yard.submit()
    daemon = yard.daemon()
    results = yard.settings.results
    results.rmdir()
    results.write_text("in the way")  # for root as for anybody: no store can work here
    yard.until(daemon, lambda: "could not be saved yet" in str(yard.job().waiting.reason))
    yard.change(actions.cancel, yard.job().id)
    results.unlink()
    results.mkdir()
    yard.until_ended(daemon, 90)
    assert yard.job().state is State.CANCELLED
    assert yard.results() == []


HIDES = """
import os, pathlib
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/a.txt").write_text("x")
os.rename("output", "hidden")
"""


def test_an_output_that_shows_late_is_waited_for(yard_with):
    yard = yard_with(analysis("hides", HIDES), daemon={"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 600})
    yard.submit("hides")
    daemon = yard.daemon()
    yard.until(daemon, lambda: "has not shown yet" in str(yard.job().waiting.reason))
    assert yard.job().state is State.COLLECTING
    folder = yard.folder_of(yard.job())
    (folder / "hidden").rename(folder / "output")
    yard.until_ended(daemon)
    assert yard.job().state is State.SUCCEEDED


def test_an_output_that_never_shows_is_missing_in_the_end(yard_with):
    yard = yard_with(analysis("hides", HIDES), daemon={"late_result_s": 0, "idle_s": 0.02})
    yard.submit("hides")
    job = only(yard)
    assert (job.state, job.cause) == (State.FAILED, "output missing")
    assert "left no output folder" in job.cause_words
