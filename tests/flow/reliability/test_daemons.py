"""Several daemons, stopped daemons, signals: one works at a time, and nobody does harm."""

import signal
import time

from portal.jobs.clusters.rows import DAEMON, DaemonLease
from portal.jobs.state import State

# The lease is long enough for a machine that is slow for a while: epochs are counted here.
FAST = {"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 1.0, "lost_s": 60.0, "lease_s": 6.0}
END_S = 60


def epoch(yard):
    with yard.database.read() as session:
        row = session.get(DaemonLease, DAEMON)
        return row.epoch if row else 0


def test_of_two_daemons_one_works_and_the_other_waits(yard_with):
    yard = yard_with(daemon=FAST)
    daemons = [yard.start_daemon(), yard.start_daemon()]
    for _number in range(4):
        yard.submit()
    yard.wait(yard.ended)
    assert [job.state for job in yard.jobs()] == [State.SUCCEEDED] * 4, yard.tell()
    assert epoch(yard) == 1
    assert sorted(yard.starts()) == sorted(job.attempt.id for job in yard.jobs())
    logs = [(yard.folder / f"daemon-{number}.log").read_text() for number in (0, 1)]
    assert sorted('"event": "active"' in log for log in logs) == [False, True]
    working = daemons[0] if '"event": "active"' in logs[0] else daemons[1]
    working.terminate()
    assert working.wait(END_S) == 0
    yard.submit()
    yard.wait(yard.ended)
    assert epoch(yard) == 2


def test_a_stopped_daemon_that_wakes_after_it_was_replaced_does_no_harm(yard_with):
    yard = yard_with(daemon=FAST)
    first = yard.start_daemon()
    yard.submit(options={"gate": str(yard.gate)})
    yard.wait(lambda: bool(yard.starts()) and yard.job().state is State.RUNNING)
    yard.stop(first)
    yard.gate.touch()
    yard.start_daemon()
    yard.wait(lambda: epoch(yard) == 2)
    yard.wait(yard.ended)
    yard.gate.unlink()
    yard.submit(options={"gate": str(yard.gate)})
    yard.wait(lambda: len(yard.starts()) == 2)
    first.send_signal(signal.SIGCONT)
    yard.wait(lambda: "lease-lost" in (yard.folder / "daemon-0.log").read_text())
    yard.gate.touch()
    yard.wait(yard.ended)
    for _number in range(3):
        yard.submit()
    yard.wait(yard.ended)
    assert [job.state for job in yard.jobs()] == [State.SUCCEEDED] * 5, yard.tell()
    assert [len(job.attempts) for job in yard.jobs()] == [1] * 5
    assert len(yard.results()) == len(yard.starts()) == 5
    assert epoch(yard) == 2


def test_a_daemon_asked_to_stop_says_what_goes_on_and_the_next_one_takes_it_over(yard_with):
    yard = yard_with(daemon=FAST)
    first = yard.start_daemon()
    yard.submit(options={"gate": str(yard.gate)})
    yard.wait(lambda: yard.job().state is State.RUNNING)
    first.terminate()
    assert first.wait(END_S) == 0
    assert '"goes_on": {"running": 1}' in (yard.folder / "daemon-0.log").read_text()
    yard.submit()
    time.sleep(0.5)
    assert yard.job(1).state is State.QUEUED
    yard.gate.touch()
    yard.start_daemon()
    yard.wait(yard.ended)
    assert [job.state for job in yard.jobs()] == [State.SUCCEEDED] * 2
    assert len(yard.starts()) == 2


def test_job_types_are_published_anew_on_request(yard_with):
    yard = yard_with(daemon=FAST)
    daemon = yard.start_daemon()
    yard.submit()
    yard.wait(yard.ended)
    file = yard.folder / "jobtypes" / "count.yaml"
    file.write_text(file.read_text().replace("'1.0'", "'1.1'"))
    (yard.folder / "jobtypes" / "bad.yaml").write_text("name: [")
    before = len(list(yard.settings.published.glob("count/*.json")))
    daemon.send_signal(signal.SIGHUP)
    yard.wait(lambda: len(list(yard.settings.published.glob("count/*.json"))) == before + 1)
    yard.wait(lambda: "bad.yaml" in (yard.folder / "daemon-0.log").read_text())
    assert daemon.poll() is None
