"""What a run costs at most, and how long it is likely to wait, as figures."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal.jobs.cluster_rows import ClusterSnapshot
from portal.jobs.estimate import Basis, Cost, Wait, likely_wait, most_cost
from portal.jobs.models import Job
from portal.jobs.read import ClusterStatus
from portal.jobs.state import State
from portal.jobs.status import Cluster
from portal.jobtype.model import Variant
from portal.scheduler.survey import Node, Partition, Survey

NOW = datetime.now(UTC)


def wait(desk, jobtype="count", **counts):
    status = ClusterStatus(True, None, counts, (), ())
    with desk.database.read() as session:
        return likely_wait(session, jobtype, status, NOW)


def test_the_most_that_jobs_can_cost_is_all_their_time_on_all_they_ask_for():
    variant = Variant(name="v", label="V", cpus=4, gpus=1, memory_mb=100, time_s=1800)
    assert most_cost(variant, 3) == Cost(cpu_hours=6.0, gpu_hours=1.5)


def test_nine_of_ten_recent_jobs_of_the_type_tell_the_wait(desk):
    desk.submit(*desk.more_stacks(10))
    with desk.database.write() as session:
        for place, job in enumerate(session.query(Job).order_by(Job.id), 1):
            job.started = job.created + timedelta(seconds=100 * place)
    assert wait(desk, queued=3) == Wait(Basis.RECENT_JOBS, seconds=1000)
    assert wait(desk, "another", queued=3) == Wait(Basis.QUEUE, before=3)


@pytest.mark.parametrize("old", [True, False])
def test_too_few_jobs_and_old_ones_tell_nothing(desk, old):
    desk.submit(*desk.more_stacks(8 if old else 4))
    created = NOW - timedelta(days=31 if old else 1)
    with desk.database.write() as session:
        session.execute(update(Job).values(created=created, started=created))
    assert wait(desk) == Wait(Basis.UNKNOWN)


@pytest.mark.parametrize(
    ("used", "waiting", "expected"),
    [
        (1, None, Wait(Basis.FREE)),
        (4, None, Wait(Basis.ALL_IN_USE)),
        (1, 7, Wait(Basis.CLUSTER_QUEUE, before=7)),
    ],
)
def test_while_nothing_of_the_portals_waits_the_cluster_tells(desk, used, waiting, expected):
    survey = Survey(True, (Node("n", "", True, 4, used),), (Partition("p", "", True, 1, None, waiting, 0),))
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=survey.document()))
    assert wait(desk) == expected


def test_of_several_clusters_that_one_tells_where_such_a_job_will_go(desk):
    for cluster, used, waiting in (("blue", 1, 0), ("red", 4, 0), ("gone", 4, 99)):
        survey = Survey(True, (Node("n", "", True, 4, used),), (Partition("p", "", True, 1, None, waiting, 0),))
        with desk.database.write() as session:
            session.add(ClusterSnapshot(cluster=cluster, at=NOW, document=survey.document()))
    clusters = (
        Cluster("blue", True, NOW, "", ()),
        Cluster("red", True, NOW, "", (), frozenset({"weigh"})),
        Cluster("green", True, NOW, "", (), frozenset({"fold"})),
        Cluster("gone", False, NOW, "", (), forgotten=True),
    )
    told = {}
    for jobtype in ("count", "weigh", "fold"):
        with desk.database.read() as session:
            status = ClusterStatus(True, None, {}, (), clusters)
            told[jobtype] = likely_wait(session, jobtype, status, NOW)
    # Of the one where `fold` will go nothing was seen yet: that is no promise.
    bases = {"count": Basis.FREE, "weigh": Basis.ALL_IN_USE, "fold": Basis.UNKNOWN}
    assert told == {jobtype: Wait(basis) for jobtype, basis in bases.items()}


@pytest.mark.parametrize("totals", [{}, {"nodes": 2, "works": 2}, {"cpus": 0, "used_cpus": 0}, {"cpus": 4}])
def test_a_cluster_that_does_not_say_what_it_has_is_neither_full_nor_free(desk, totals):
    document = Survey(True, (), ()).document() | {"totals": totals}
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=document))
    assert wait(desk) == Wait(Basis.UNKNOWN)


def test_jobs_on_hold_or_running_are_not_before_it(desk):
    counts = {State.RUNNING.value: 2, State.HELD.value: 1, State.PENDING.value: 4, State.SUBMITTING.value: 1}
    assert wait(desk, **counts) == Wait(Basis.QUEUE, before=5)
