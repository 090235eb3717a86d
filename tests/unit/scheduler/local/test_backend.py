"""The local backend with real processes; stand-ins of one line play launch."""

import json
import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alone import alone

from portal.scheduler.base import Ending, Phase, SchedulerError
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.spool import is_supervised, read_record, read_supervision

SLEEP = "import time; time.sleep(120)"
TELL = "import pathlib, sys; pathlib.Path({path!r}).write_text('\\n'.join(sys.argv[1:]))"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def test_a_job_runs_and_its_ending_is_reported(bench):
    handle = bench.submit("import sys; sum(range(10**6)); sys.exit(0)")
    assert bench.look(handle).phase is Phase.PENDING
    assert bench.step()
    report = bench.ended(handle)
    assert (report.ending, report.exit_code, report.signal) == (Ending.COMPLETED, 0, None)
    assert report.started <= report.ended
    assert report.cpu_s > 0
    assert report.node == os.uname().nodename


def test_launch_is_told_cluster_and_job_id(bench, tmp_path):
    told = tmp_path / "told"
    handle = bench.submit(TELL.format(path=str(told)))
    bench.step()
    bench.ended(handle)
    assert told.read_text().split() == ["--cluster", "local", "--job-id", handle.job_id, "--enforce-memory"]


def test_an_exit_code_and_a_signal_are_told_apart(bench):
    code = bench.submit("import sys; sys.exit(3)")
    killed = bench.submit("import os; os.kill(os.getpid(), 11)")
    bench.step()
    assert (bench.ended(code).ending, bench.ended(code).exit_code) == (Ending.FAILED, 3)
    assert (bench.ended(killed).exit_code, bench.ended(killed).signal) == (None, signal.SIGSEGV)


def test_submitting_an_attempt_twice_gives_the_first_handle_and_one_job(bench):
    request = bench.request("pass")
    first = alone(bench.scheduler.submit([request]))
    assert alone(bench.scheduler.submit([request])) == first
    assert alone(LocalScheduler(bench.folder / "spool").find([(request.attempt, request.name)])) == first
    assert len(bench.scheduler.spool.records()) == 1


def test_an_attempt_that_was_never_taken_is_not_found(bench):
    bench.submit("pass")
    assert alone(bench.scheduler.find([("ffffffff-0000-4000-8000-000000000000", "gantry-x-1")])) is None


def test_a_job_that_the_spool_does_not_have_is_absent_and_nothing_else(bench):
    handle = bench.submit("pass")
    other = type(handle)(handle.cluster, handle.job_id, None, "gantry-another-1", handle.submitted)
    observation = bench.scheduler.observe([("mine", handle), ("other", other)])
    assert observation.answered
    assert set(observation.reports) == {"mine"}


def test_what_is_larger_than_the_machine_is_refused_in_words(bench):
    with pytest.raises(SchedulerError, match="asks for 3 CPUs; this computer gives jobs 2"):
        bench.submit("pass", cpus=3)
    assert bench.scheduler.spool.records() == []


def test_what_needs_licences_is_refused_where_nobody_counts_them(bench):
    with pytest.raises(SchedulerError, match="licences of programs, which are not counted"):
        bench.submit("pass", licences=(("matlab", 1),))
    assert bench.scheduler.spool.records() == []


def test_no_more_jobs_run_than_there_are_slots_and_the_rest_knows_why(bench):
    handles = [bench.submit(SLEEP) for _ in range(4)]
    bench.step()
    reports = [bench.look(handle) for handle in handles]
    assert [report.phase for report in reports] == [Phase.RUNNING] * 2 + [Phase.PENDING] * 2
    assert reports[2].reason == "Waiting for a free slot: 2 of 2 are busy."
    assert (reports[2].position, reports[3].position) == (0, 1)
    assert reports[3].reason == "Waiting for a free slot: 2 of 2 are busy."
    assert reports[3].position == 1


def test_a_waiting_job_is_cancelled_at_once(bench):
    handle = bench.submit("raise SystemExit(1)")
    assert alone(bench.scheduler.cancel([handle], by="maya"))
    report = bench.look(handle)
    assert (report.ending, report.ended_by, report.started) == (Ending.CANCELLED, "maya", None)
    assert not bench.step()
    assert not alone(bench.scheduler.cancel([handle]))


def test_a_running_job_is_asked_to_end_first(bench, tmp_path):
    said = tmp_path / "said"
    handle = bench.submit(
        "import pathlib, signal, sys, time\n"
        f"said = pathlib.Path({str(said)!r})\n"
        "def end(*_): said.write_text('asked'); sys.exit(7)\n"
        "signal.signal(15, end)\n"
        "said.write_text('ready')\n"
        "time.sleep(120)",
        grace_s=60,
    )
    bench.step()
    bench.wait(handle, lambda _: said.exists() and said.read_text() == "ready")
    assert alone(bench.scheduler.cancel([handle]))
    report = bench.ended(handle)
    assert said.read_text() == "asked"
    assert (report.ending, report.exit_code) == (Ending.CANCELLED, 7)


def test_a_job_that_ignores_the_request_is_killed_with_all_it_started(bench, tmp_path):
    pids = tmp_path / "pids"
    handle = bench.submit(
        "import os, pathlib, signal, subprocess, sys, time\n"
        "signal.signal(15, signal.SIG_IGN)\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(120)']\n"
        "child = subprocess.Popen(sleep, start_new_session=True)\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(120)",
        grace_s=1,
    )
    bench.step()
    bench.wait(handle, lambda _: pids.exists() and len(pids.read_text().split()) == 2)
    alone(bench.scheduler.cancel([handle]))
    report = bench.ended(handle)
    assert (report.ending, report.signal) == (Ending.CANCELLED, signal.SIGKILL)
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def test_a_program_that_forks_away_is_ended_with_its_job(bench, tmp_path):
    pid = tmp_path / "pid"
    handle = bench.submit(
        "import os, pathlib, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        pathlib.Path({str(pid) + '.new'!r}).write_text(str(os.getpid()))\n"
        f"        os.rename({str(pid) + '.new'!r}, {str(pid)!r})\n"
        "        time.sleep(120)\n"
        "    os._exit(0)\n"
        f"while not pathlib.Path({str(pid)!r}).exists(): time.sleep(0.01)\n"
    )
    bench.step()
    assert bench.ended(handle).ending is Ending.COMPLETED
    assert not alive(int(pid.read_text()))


def test_the_time_limit_is_enforced(bench):
    handle = bench.submit(SLEEP, time_s=1)
    bench.step()
    report = bench.ended(handle)
    assert (report.ending, report.reason) == (Ending.TIMEOUT, "It reached its time limit of 1 s.")
    assert report.signal == signal.SIGTERM


def test_memory_far_over_the_limit_is_ended_even_if_launch_does_not(bench):
    handle = bench.submit(
        "import time\nx = bytearray(400 << 20)\nx[::4096] = b'1' * len(x[::4096])\ntime.sleep(120)", memory_mb=64
    )
    bench.step()
    report = bench.ended(handle)
    assert (report.ending, report.reason) == (Ending.OUT_OF_MEMORY, "It used more than its 64 MiB of memory.")
    assert report.memory_peak_bytes > 190 << 20


def test_a_first_program_that_does_not_exist_is_reported(bench):
    handle = alone(bench.scheduler.submit([bench.request("", argv=("/nowhere/launch",))]))
    bench.step()
    report = bench.ended(handle)
    assert (report.ending, report.reason) == (
        Ending.BOOT_FAIL,
        "Its first program could not be started: No such file or directory.",
    )


def test_a_killed_supervisor_takes_its_job_along_and_the_report_says_so(bench, tmp_path):
    pid = tmp_path / "pid"
    handle = bench.submit(
        "import pathlib, subprocess, sys, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(120)']\n"
        "child = subprocess.Popen(sleep, start_new_session=True)\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "time.sleep(120)"
    )
    bench.step()
    bench.wait(handle, lambda _: pid.exists() and pid.read_text())
    supervision = read_supervision(bench.scheduler.spool.records()[0].folder)
    os.kill(supervision.identity.pid, signal.SIGKILL)
    report = bench.ended(handle)
    assert report.ending is Ending.NODE_FAIL
    assert report.reason == "The supervisor of the job was killed, and the job with it."
    assert not alive(int(pid.read_text()))
    assert not alive(supervision.launch_pid)


def test_a_restart_of_the_computer_is_seen_from_the_boot_id(bench):
    handle = bench.submit("pass")
    bench.step()
    bench.ended(handle)
    folder = bench.scheduler.spool.records()[0].folder
    bench.wait(handle, lambda _: not is_supervised(folder))
    (folder / "ending.json").unlink()
    text = (folder / "supervisor.json").read_text()
    boot = read_supervision(folder).identity.boot_id
    (folder / "supervisor.json").write_text(text.replace(boot, "another-boot"))
    fresh = LocalScheduler(bench.folder / "spool")
    report = fresh.observe([("job", handle)]).reports["job"]
    assert (report.ending, report.reason) == (
        Ending.NODE_FAIL,
        "The computer was restarted while the job ran.",
    )
    fresh.start(datetime.now(UTC))
    assert read_record(folder).end.ending is Ending.NODE_FAIL


@pytest.mark.parametrize(
    ("name", "endings"),
    [
        ("supervisor-locked", {Ending.COMPLETED}),
        ("supervisor-started", {Ending.NODE_FAIL}),
        ("supervisor-ended", {Ending.COMPLETED}),
    ],
)
def test_a_supervisor_killed_at_a_failpoint_leaves_one_true_ending(bench, monkeypatch, tmp_path, name, endings):
    monkeypatch.setenv("GANTRY_FAILPOINT", name)
    monkeypatch.setenv("GANTRY_FAILPOINT_ONCE", str(tmp_path / "once"))
    runs = tmp_path / "runs"
    runs.mkdir()
    handle = bench.submit(
        f"import os, pathlib, time; (pathlib.Path({str(runs)!r}) / str(os.getpid())).touch(); time.sleep(.2)"
    )

    def turn(report):
        bench.step()
        return report.phase is Phase.ENDED

    report = bench.wait(handle, turn)
    assert (tmp_path / "once").exists()
    assert report.ending in endings
    assert len(list(runs.iterdir())) <= 1


def _race(spool: Path, barrier: object, found: object) -> None:
    barrier.wait()
    found.put(LocalScheduler(spool).start(datetime.now(UTC)))


def test_two_processes_that_step_at_once_start_a_job_once(bench, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    code = f"import os, pathlib; (pathlib.Path({str(runs)!r}) / str(os.getpid())).touch()"
    handles = [bench.submit(code) for _ in range(2)]
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(3), context.Queue()
    steppers = [context.Process(target=_race, args=(bench.folder / "spool", barrier, found)) for _ in range(3)]
    for stepper in steppers:
        stepper.start()
    for stepper in steppers:
        stepper.join()
    assert sorted(found.get() for _ in steppers) == [False, False, True]
    for handle in handles:
        assert bench.ended(handle).ending is Ending.COMPLETED
    assert len(list(runs.iterdir())) == 2


def test_the_job_sees_no_secret_of_whoever_started_it(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("GANTRY_DATABASE_URL", "secret")
    seen = tmp_path / "seen"
    handle = bench.submit(f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(' '.join(os.environ))")
    bench.step()
    bench.ended(handle)
    assert "GANTRY_DATABASE_URL" not in seen.read_text()
    assert "PATH" in seen.read_text()


def test_old_endings_are_pruned_and_ids_are_not_given_twice(bench):
    first = bench.submit("pass")
    bench.step()
    bench.ended(first)
    assert bench.scheduler.prune(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert bench.scheduler.prune(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert bench.scheduler.observe([("job", first)]).reports == {}
    assert int(bench.submit("pass").job_id) > int(first.job_id)


def test_an_estimate_says_now_or_when_the_running_jobs_end_at_the_latest(bench):
    assert bench.scheduler.estimate(bench.request("pass")).basis == "A slot is free."
    for _ in range(2):
        bench.submit(SLEEP, time_s=600)
    bench.step()
    estimate = bench.scheduler.estimate(bench.request("pass"))
    assert timedelta(seconds=500) < estimate.start - datetime.now(UTC) <= timedelta(seconds=600)


def test_a_supervisor_that_is_told_to_stop_ends_its_job_in_order(bench):
    handle = bench.submit(SLEEP)
    bench.step()
    bench.started(handle)
    os.kill(bench.scheduler.spool.records()[0].supervision.identity.pid, signal.SIGTERM)
    report = bench.ended(handle)
    assert (report.ending, report.reason) == (
        Ending.NODE_FAIL,
        "The computer told the job's supervisor to stop.",
    )


def test_a_killed_guard_changes_nothing(bench, tmp_path):
    gate = tmp_path / "gate"
    handle = bench.submit(f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)")
    bench.step()
    bench.started(handle)
    supervisor = bench.scheduler.spool.records()[0].supervision.identity.pid
    guard = int(Path(f"/proc/{supervisor}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(guard, signal.SIGKILL)
    gate.touch()
    assert bench.ended(handle).ending is Ending.COMPLETED


def test_a_record_of_a_newer_version_is_read_as_far_as_it_is_known(bench):
    handle = bench.submit("pass")
    (folder,) = [record.folder for record in bench.scheduler.spool.records()]
    request = json.loads((folder / "request.json").read_text())
    (folder / "request.json").chmod(0o600)
    (folder / "request.json").write_text(json.dumps(request | {"a_field_of_tomorrow": 1}))
    assert bench.look(handle).phase is Phase.PENDING
