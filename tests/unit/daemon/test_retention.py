from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.daemon.retention import retain_step
from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.rpc.exchange import Refusal


def purged(bench):
    retain_step(bench.deps, bench.now)
    with bench.deps.database.read() as session:
        return session.scalar(select(Attempt.purged)) is not None


@pytest.mark.parametrize(
    ("state", "hours", "gone"),
    [
        (State.SUCCEEDED, 23, False),
        (State.SUCCEEDED, 25, True),
        (State.FAILED, 25, False),
        (State.FAILED, 15 * 24, True),
        (State.CANCELLED, 15 * 24, True),
        (State.RUNNING, 15 * 24, False),
    ],
)
def test_folders_go_when_their_time_is_over(bench, state, hours, gone):
    bench.desk.submit()
    bench.dispatch()
    with bench.deps.write() as session:
        session.execute(
            update(Job).values(state=state, ended=(then := bench.now - timedelta(hours=hours)), changed=then)
        )
    assert purged(bench) is gone


def test_a_folder_that_could_not_be_removed_is_tried_again(bench):
    bench.desk.submit()
    bench.dispatch()
    with bench.deps.write() as session:
        session.execute(
            update(Job).values(state=State.FAILED, ended=(then := bench.now - timedelta(days=30)), changed=then)
        )
    purge = bench.cluster.purge
    bench.cluster.purge = lambda attempts: [Refusal("system", "busy", True) for _attempt in attempts]
    assert not purged(bench)
    bench.cluster.purge = purge
    assert purged(bench)
