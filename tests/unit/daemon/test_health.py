"""What the daemon keeps of the clusters' health, apart from its lease."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal.daemon import lease as leases
from portal.daemon.health import Health, write_health
from portal.daemon.lease import LeaseLost
from portal.daemon.share import ALL
from portal.daemon.status import Status
from portal.jobs.clusters.rows import ClusterHealth, DaemonLease

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def keep(database, **clusters):
    with database.write() as session:
        write_health(session, clusters)
    with database.read() as session:
        rows = session.scalars(select(ClusterHealth).order_by(ClusterHealth.cluster))
        return [(row.cluster, row.answered, row.since, row.message, row.problems) for row in rows]


def test_each_cluster_has_a_row_of_its_own_which_changes_with_it(database):
    first, second = Health(), Health({"nodes": "b", "word": "a"}, True, NOW)
    there = ("second", True, NOW, None, ["a", "b"])
    assert keep(database, first=first, second=second) == [("first", None, None, None, []), there]
    first.answer(answered=False, message="No route.", now=NOW)
    assert keep(database, first=first, second=second) == [("first", False, NOW, "No route.", []), there]


def test_a_cluster_that_is_configured_no_more_is_forgotten(database):
    keep(database, old=Health({}, False, NOW))
    assert [row[0] for row in keep(database, new=Health())] == ["new"]


def test_the_lease_says_nothing_of_clusters_and_a_cluster_nothing_of_the_store(bench):
    bench.deps.health.trouble("nodes", "Nodes cannot be read.")
    bench.deps.troubles.trouble("store", "The store is full.")
    Status({bench.cluster.cluster: ALL}).write(bench.deps, bench.now, {bench.cluster.cluster: bench.deps.health})
    with bench.deps.database.read() as session:
        said = session.scalar(select(DaemonLease.status))
        row = session.get_one(ClusterHealth, bench.deps.scheduler.cluster)
    assert (sorted(said), said["problems"]) == (
        ["clusters", "counts", "problems", "written"],
        ["The store is full."],
    )
    assert (row.answered, row.problems) == (True, ["Nodes cannot be read."])


def test_a_daemon_that_was_replaced_writes_no_health(bench):
    leases.release(bench.deps.database, bench.deps.lease)
    assert leases.take(bench.deps.database, "another", lasts=bench.deps.lease.lasts)
    with pytest.raises(LeaseLost):
        Status({bench.cluster.cluster: ALL}).write(
            bench.deps, bench.now, {bench.cluster.cluster: bench.deps.health}
        )
    with bench.deps.database.read() as session:
        assert session.scalars(select(ClusterHealth)).all() == []


def test_what_changed_since_is_written_though_the_lease_says_the_same(bench, monkeypatch):
    status, clock = Status({bench.cluster.cluster: ALL}), [0.0]
    monkeypatch.setattr("portal.daemon.status.time.monotonic", lambda: clock[0])
    status.write(bench.deps, bench.now, {bench.cluster.cluster: bench.deps.health})
    bench.deps.health.answer(answered=False, message="No route.", now=bench.now)
    clock[0] += 2.0
    status.write(bench.deps, bench.now, {bench.cluster.cluster: bench.deps.health})
    with bench.deps.database.read() as session:
        assert session.get_one(ClusterHealth, bench.deps.scheduler.cluster).answered is False
