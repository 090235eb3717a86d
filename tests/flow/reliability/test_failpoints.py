"""kill -9 at every named place of the real processes: each job ends once and right."""

import pytest
from job_yard import Yard
from sqlalchemy import select

from portal.failpoints import REGISTRY
from portal.jobs.state import State
from portal.notify.models import About, Notice
from wrappers.launch.failpoints import FAILPOINTS

# Where the daemon itself dies; elsewhere it lives on and sees the other process gone.
OF_THE_DAEMON = ("dispatch-", "reconcile-", "collect-", "notices-")
# Where launch itself is killed, the scheduler sees signal 9, and its word stands, whatever the program had done:
# a job that fails in words that say so. Everywhere else nobody notices.
KILLED = frozenset(FAILPOINTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_kill_at_any_named_place_loses_doubles_and_misreports_no_job(yard_with):
    yard = yard_with(daemon={"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 1.0, "lost_s": 5.0, "lease_s": 1.5})
    names = [*REGISTRY, *FAILPOINTS]
    for name in names:
        _die_and_go_on(yard, name)
    print(f"{len(names)} failpoints reached: {len(REGISTRY)} of the portal, {len(FAILPOINTS)} of launch")
    assert len(yard.jobs()) == len(names)
    assert len(yard.results()) == sum(job.state is State.SUCCEEDED for job in yard.jobs())


def _die_and_go_on(yard: Yard, name: str) -> None:
    """One job during which something dies at `name`; where that is the daemon, another one goes on."""
    once, before = yard.folder / f"reached-{name}", len(yard.results())
    environment = {"GANTRY_FAILPOINT": name, "GANTRY_FAILPOINT_ONCE": str(once)}
    yard.submit(options={"wait": 0.2}, title=name)
    daemon = yard.start_daemon(environment)
    yard.wait(once.exists)
    if name.startswith(OF_THE_DAEMON):
        yard.wait(lambda: daemon.poll() is not None)
        daemon = yard.start_daemon()
    yard.wait(yard.ended)
    yard.wait(lambda: _told(yard) != [])
    daemon.terminate()
    yard.wait(lambda: daemon.poll() is not None)
    assert daemon.returncode == 0, yard.tell()
    _is_right(yard, name, len(yard.results()) - before)


def _told(yard: Yard) -> list[About]:
    """What its owner has been told of the last job."""
    with yard.database.read() as session:
        return list(session.scalars(select(Notice.about).where(Notice.job_id == yard.jobs()[-1].id)))


def _is_right(yard: Yard, name: str, registered: int) -> None:
    job = yard.jobs()[-1]
    told = f"{name}: {yard.tell()}"
    attempts = [attempt.id for attempt in job.attempts]
    ran = [attempt for attempt in yard.starts() if attempt in attempts]
    assert len(set(ran)) == len(ran), told  # no attempt ran twice
    last = job.attempts[-1].id
    assert _told(yard) == [About.FAILED if name in KILLED else About.DONE], told
    if name in KILLED:
        assert (job.state, registered) == (State.FAILED, 0), told
        assert job.cause in {"signal", "launch and scheduler differ"}, told
        return
    assert (job.state, registered, len(job.outputs)) == (State.SUCCEEDED, 1, 1), told
    assert job.outputs[0].attempt_id == last, told
    assert ran[-1] == last, told
    assert [event.to_state for event in job.events].count("succeeded") == 1, told
