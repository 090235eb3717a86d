from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.daemon import lease as leases
from portal.daemon.lease import LeaseLost
from portal.db import Database, database_now
from portal.jobs.clusters.rows import DaemonLease

LASTS = timedelta(seconds=15)


def expire(database: Database) -> None:
    with database.write() as session:
        session.execute(update(DaemonLease).values(expires=database_now(session) - timedelta(seconds=1)))


def test_the_first_daemon_gets_the_lease_and_the_second_waits(database):
    first = leases.take(database, "a", lasts=LASTS)
    assert first is not None
    assert first.epoch == 1
    assert leases.take(database, "b", lasts=LASTS) is None


def test_a_silent_daemon_is_replaced_under_a_higher_epoch(database):
    leases.take(database, "a", lasts=LASTS)
    expire(database)
    second = leases.take(database, "b", lasts=LASTS)
    assert (second.holder, second.epoch) == ("b", 2)


def test_a_replaced_daemon_cannot_commit_anything(database):
    first = leases.take(database, "a", lasts=LASTS)
    expire(database)
    leases.take(database, "b", lasts=LASTS)
    with pytest.raises(LeaseLost), database.write() as session:
        session.execute(update(DaemonLease).values(status={"written": "by the old one"}))
        leases.guard(session, first)
    with database.read() as session:
        assert session.scalar(select(DaemonLease.status)) == {}


def test_a_late_daemon_that_nobody_replaced_goes_on(database):
    first = leases.take(database, "a", lasts=LASTS)
    expire(database)
    leases.beat(database, first)
    assert leases.take(database, "b", lasts=LASTS) is None


def test_a_released_lease_is_taken_at_once(database):
    first = leases.take(database, "a", lasts=LASTS)
    leases.release(database, first)
    assert leases.take(database, "b", lasts=LASTS) is not None
    leases.release(database, first)  # not its own any more: no harm
    assert leases.take(database, "c", lasts=LASTS) is None


def test_the_status_is_written_by_the_holder_only(database):
    first = leases.take(database, "a", lasts=LASTS)
    with database.write() as session:
        leases.write_status(session, first, {"counts": {"running": 1}})
    expire(database)
    leases.take(database, "b", lasts=LASTS)
    with pytest.raises(LeaseLost), database.write() as session:
        leases.write_status(session, first, {"counts": {}})
    with database.read() as session:
        assert session.scalar(select(DaemonLease.status)) == {"counts": {"running": 1}}
        assert leases.holder(session)[0] == "b"
