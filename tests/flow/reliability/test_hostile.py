"""Programs that do harm, by mistake or on purpose: each ends in a clear state, and the portal goes on."""

import os
import subprocess
from contextlib import contextmanager

import pytest
from job_yard import COUNT, analysis
from sqlalchemy import create_engine

from portal.jobs.state import State

LEAD_OUT = COUNT + "\n(out / 'more.txt').symlink_to('/etc/passwd')\n"
HARD_LINK = COUNT + "\nos.link(job['options']['ledger'], out / 'more.txt')\n"
PIPE = COUNT + "\nos.mkfifo(out / 'more.txt')\n"
OUTPUT_IS_A_LINK = """
import os, pathlib, shutil
if pathlib.Path("output").exists(): shutil.rmtree("output")
os.symlink("/etc", "output")
"""
# A child that outlives the program keeps writing results after launch has written the true one.
FORGE = (
    COUNT
    + """
import sys
forged = {"schema": 1, "attempt": job["job"]["attempt"], "job_sha256": "0" * 64, "claim": {"job_id": "1"},
          "exit_code": 0, "signal": None, "reason": None}
pathlib.Path("result.json").write_text(json.dumps(forged))
sys.exit(5)
"""
)
FORGE_LATER = (
    COUNT
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.time() + 20
        while time.time() < end:
            pathlib.Path("result.json").write_text("{}")
            time.sleep(0.01)
    os._exit(0)
"""
)
SHOUT = COUNT + "\nfor _ in range(200): print('x' * (1 << 20))\n"
FORK_AWAY = (
    COUNT
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        note = pathlib.Path(job["options"]["ledger"] + ".new")
        note.write_text(str(os.getpid()))
        note.rename(job["options"]["ledger"] + ".pid")
        time.sleep(300)
    os._exit(0)
while not pathlib.Path(job["options"]["ledger"] + ".pid").exists(): time.sleep(0.01)
"""
)
EVENTS = (
    COUNT
    + """
with open("events.jsonl", "ab") as events: events.write(b"\\xff" * (5 << 20) + b'\\n{"stage": 7}\\n')
"""
)
HDF5 = (
    COUNT
    + """
import h5py
with h5py.File(out / "more.h5", "w") as file: file["away"] = h5py.ExternalLink("/etc/passwd", "/x")
"""
)
FILL = COUNT + "\nwith open('output/full.txt', 'wb') as f:\n    while True: f.write(bytes(1 << 20))\n"


def goes_on(yard, daemon):
    """The portal still does its work: an ordinary job succeeds."""
    yard.submit(title="The next one")
    yard.until_ended(daemon)
    assert yard.jobs()[-1].state is State.SUCCEEDED, yard.tell()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (LEAD_OUT, "more.txt is a link"),
        (HARD_LINK, "second name"),
        (PIPE, "device or pipe"),
        (OUTPUT_IS_A_LINK, ""),
        (HDF5, "more.h5"),
    ],
    ids=["link", "hard link", "pipe", "output is a link", "HDF5 external link"],
)
def test_a_result_that_leads_out_is_refused(yard_with, code, said):
    outputs = [{"name": "counts", "pattern": "*", "dataset_type": "counts"}]
    yard = yard_with(analysis("leak", code, outputs=outputs))
    yard.submit("leak")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.cause) == (State.FAILED, "result refused"), yard.tell()
    assert said in job.cause_words
    assert "Nothing was added to the catalogue" in job.cause_words
    assert yard.results() == []
    assert not list(yard.settings.results.glob("[0-9]*/*"))
    goes_on(yard, daemon)


def test_a_result_that_is_too_large_is_refused(yard_with):
    big = COUNT + "\n(out / 'big.txt').write_bytes(bytes(3 << 20))\n"
    yard = yard_with(analysis("big", big), limits={"output_bytes": 1 << 20})
    yard.submit("big")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.cause) == (State.FAILED, "result refused")
    goes_on(yard, daemon)


def test_a_forged_result_file_does_not_turn_a_failure_into_a_success(yard_with):
    yard = yard_with(analysis("forge", FORGE))
    yard.submit("forge")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.cause) == (State.FAILED, "exit code")
    assert yard.results() == []
    goes_on(yard, daemon)


def test_a_result_file_that_a_child_keeps_forging_ends_in_a_clear_state(yard_with):
    yard = yard_with(analysis("forge", FORGE_LATER))
    yard.submit("forge")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    # launch ends what the program leaves behind before it writes the result, so the true one stands.
    assert job.state is State.SUCCEEDED, yard.tell()
    goes_on(yard, daemon)


def test_a_flood_of_log_is_capped_and_the_cap_is_said(yard_with):
    yard = yard_with(analysis("shout", SHOUT, log_limit_bytes=100_000))
    yard.submit("shout")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.attempt.testimony["stdout_truncated"]) == (State.SUCCEEDED, True)
    assert (yard.folder_of(job) / "stdout.log").stat().st_size <= 101_000
    goes_on(yard, daemon)


def test_a_program_that_forks_away_leaves_nothing_running(yard_with):
    yard = yard_with(analysis("away", FORK_AWAY))
    yard.submit("away")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert job.state is State.SUCCEEDED
    pid = int(yard.ledger.with_name("ledger.txt.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    goes_on(yard, daemon)


def test_events_that_are_no_events_are_ignored(yard_with):
    yard = yard_with(analysis("noise", EVENTS))
    yard.submit("noise")
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert job.state is State.SUCCEEDED


# ---- the machine's own troubles ------------------------------------------------------------------------------


@contextmanager
def mounted(place, *options):
    """A small tmpfs at `place` for the time of the block."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts no tmpfs: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_in_the_jobs_folder_is_said_and_the_next_job_runs(yard_with):
    yard = yard_with(analysis("fill", FILL))
    with mounted(yard.settings.scratch, "size=8m"):
        yard.submit("fill")
        daemon = yard.daemon()
        (job,) = yard.until_ended(daemon)
        assert (job.state, job.cause) == (State.FAILED, "disk full"), yard.tell()
        daemon.rounds[0].place.agent.purge([(None, job.attempt.id)])
        goes_on(yard, daemon)
        yard.close()


def test_a_full_disk_in_the_results_keeps_the_job_saving_until_there_is_room(yard_with):
    big = COUNT + "\n(out / 'big.txt').write_bytes(b'x' * (4 << 20))\n"
    yard = yard_with(analysis("big", big))
    with mounted(yard.settings.results, "size=6m"):
        ballast = yard.settings.results / "ballast"
        ballast.write_bytes(bytes(4 << 20))
        yard.submit("big")
        daemon = yard.daemon()
        yard.until(daemon, lambda: "full" in str(yard.job().waiting.reason))
        assert yard.job().state is State.COLLECTING
        ballast.unlink()
        (job,) = yard.until_ended(daemon)
        assert job.state is State.SUCCEEDED
        assert len(yard.results()) == 1
        yard.close()


def test_a_scratch_folder_that_cannot_be_written_is_said_and_tried_again(yard_with):
    yard = yard_with()
    daemon = yard.daemon()
    with mounted(yard.settings.scratch, "ro"):
        yard.submit()
        yard.until(daemon, lambda: "tried again" in str(yard.job().waiting.reason))
        assert not yard.job().state.final
    (job,) = yard.until_ended(daemon)
    assert job.state is State.SUCCEEDED
    assert len(yard.results()) == len(yard.starts()) == 1


def test_a_database_locked_for_seconds_loses_nothing(yard_with):
    yard = yard_with(daemon={"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 1.0, "lost_s": 60.0, "lease_s": 1.5})
    yard.submit(options={"gate": str(yard.gate)})
    yard.start_daemon()
    yard.wait(lambda: bool(yard.starts()))
    engine = create_engine(yard.settings.database)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.isolation_level = None
        raw.execute("BEGIN IMMEDIATE")
        yard.gate.touch()
        ending = yard.settings.spool / "jobs"
        yard.wait(lambda: bool(list(ending.glob("*/ending.json"))))
        assert not yard.job().state.final
        raw.execute("ROLLBACK")
    engine.dispose()
    yard.wait(yard.ended)
    assert yard.job().state is State.SUCCEEDED, yard.tell()
    assert len(yard.results()) == len(yard.starts()) == 1
    assert yard.processes[0].poll() is None
