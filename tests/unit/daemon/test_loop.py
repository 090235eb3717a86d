import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from portal.daemon import lease
from portal.daemon import round as module
from portal.daemon.context import Place, log
from portal.daemon.holder import is_surely_gone, my_name
from portal.daemon.log import JsonLines
from portal.daemon.loop import Daemon
from portal.jobs.clusters.rows import DAEMON, DaemonLease
from portal.jobs.state import State

SAY_WHO = "from portal.daemon.holder import my_name; print(my_name())"


@pytest.fixture
def daemon(bench):
    lease.release(bench.deps.database, bench.deps.lease)
    return Daemon(bench.deps.settings, bench.deps.database, [Place(bench.cluster, bench.cluster)], None)


def test_a_turn_hands_a_job_over_and_asks_about_it(bench, daemon):
    bench.desk.submit()
    assert daemon.turn(bench.now)
    assert bench.job().state is State.PENDING
    assert bench.job().waiting.reason == "All slots are busy."


def test_an_idle_turn_leaves_agent_and_scheduler_alone(bench, daemon):
    assert not daemon.turn(bench.now)
    assert bench.cluster.calls == []


def test_a_second_daemon_does_nothing(bench, daemon):
    daemon.turn(bench.now)
    bench.desk.submit()
    other = Daemon(bench.deps.settings, bench.deps.database, [Place(bench.cluster, bench.cluster)], None)
    other.holder = "another machine"
    assert not other.turn(bench.now)
    assert not other.active
    assert bench.job().state is State.QUEUED


def instead_of(monkeypatch, name, step):
    """Put `step` into the table of steps, in place of the one with this name."""
    changed = tuple(replace(row, step=step) if row.name == name else row for row in module.STEPS)
    monkeypatch.setattr(module, "STEPS", changed)


def test_a_fault_in_one_step_is_shown_and_the_others_go_on(bench, daemon, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError("nobody foresaw this")

    instead_of(monkeypatch, "cancel", broken)
    bench.desk.submit()
    daemon.turn(bench.now)
    daemon.turn(bench.now)
    assert bench.job().waiting.reason == "All slots are busy."
    assert "nobody foresaw this" in daemon.troubles.problems["cancel"]


def test_a_locked_database_ends_the_turn_and_not_the_daemon(bench, daemon, monkeypatch):
    daemon.turn(bench.now)
    bench.desk.submit()

    def locked(*_arguments):
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    instead_of(monkeypatch, "dispatch", locked)
    assert not daemon.turn(bench.now)
    monkeypatch.undo()
    daemon.turn(bench.now)
    assert bench.job().state is State.PENDING


def test_a_lost_lease_makes_the_daemon_wait(bench, daemon):
    daemon.turn(bench.now)
    with bench.deps.database.write() as session:
        row = session.get_one(DaemonLease, DAEMON)
        row.epoch, row.holder, row.expires = row.epoch + 1, "other", datetime.now(UTC) + timedelta(minutes=1)
    bench.desk.submit()
    assert not daemon.turn(bench.now)
    assert not daemon.active
    assert bench.job().state is State.QUEUED


def test_a_process_that_ended_is_gone_and_this_one_is_not():
    done = subprocess.run([sys.executable, "-c", SAY_WHO], capture_output=True, text=True, check=True)
    assert is_surely_gone(done.stdout.strip())
    assert not is_surely_gone(my_name())


@pytest.mark.parametrize("holder", ["", "somebody", "host ns boot 1 2", "a b c d e"])
def test_of_a_holder_elsewhere_nothing_is_known(holder):
    assert not is_surely_gone(holder)


def test_the_lease_of_a_dead_daemon_on_this_machine_is_taken_at_once(database):
    gone = subprocess.run([sys.executable, "-c", SAY_WHO], capture_output=True, text=True, check=True)
    lease.take(database, gone.stdout.strip(), lasts=timedelta(minutes=5))
    mine = lease.take(database, my_name(), lasts=timedelta(minutes=5), is_gone=is_surely_gone)
    assert mine is not None
    assert mine.epoch == 2


def test_a_log_line_is_json_with_its_fields_and_traceback():
    try:
        raise ValueError("x")
    except ValueError:
        record = log.makeRecord("g", 40, "f", 1, "fault", (), sys.exc_info(), extra={"fields": {"step": "a"}})
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["event"], line["step"]) == ("error", "fault", "a")
    assert "ValueError: x" in line["error"]


def test_a_wrong_setting_ends_the_daemon_with_words(tmp_path):
    config = tmp_path / "gantry.toml"
    config.write_text("[daemon]\nidel_s = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "portal.daemon"],
        capture_output=True,
        text=True,
        check=False,
        env={"GANTRY_CONFIG": str(config), "PATH": "/usr/bin"},
    )
    assert done.returncode == 2
    assert "daemon.idel_s" in done.stderr


def test_while_the_scheduler_is_silent_jobs_wait_in_the_queue_and_go_when_it_answers(bench, daemon):
    bench.cluster.answers = False
    daemon.turn(bench.now)
    bench.desk.submit()
    daemon.turn(bench.now)
    assert (bench.job().state, bench.cluster.calls) == (State.QUEUED, [])
    bench.cluster.answers = True
    daemon.rounds[0].paces["nodes"].hurry()
    daemon.rounds[0].paces["nodes"].clock = lambda: float("inf")
    daemon.turn(bench.now)
    daemon.turn(bench.now)
    assert bench.job().state is State.PENDING
