"""The one active daemon: a row in the database, by the database's clock, with an epoch that only goes up.

Whoever takes the lease raises the epoch. Every writing transaction of a daemon begins with `guard`, which fails
once the epoch is another's: a daemon that was stopped, and wakes after it was replaced, cannot write any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.db import Database, database_now
from portal.jobs.clusters.rows import DAEMON, DaemonLease


class LeaseLost(Exception):  # noqa: N818 - an event, not a fault
    """Another daemon is the active one now. Nothing may be written, nothing may be started."""


@dataclass(frozen=True)
class Lease:
    """The right to act, held by `holder` since it raised the epoch to `epoch`."""

    holder: str
    epoch: int
    lasts: timedelta
    name: str = DAEMON


def take(
    database: Database,
    holder: str,
    *,
    lasts: timedelta,
    name: str = DAEMON,
    is_gone: Callable[[str], bool] = lambda _holder: False,
) -> Lease | None:
    """The lease, if nobody holds it or its holder has been silent for too long; otherwise None.

    `is_gone(holder)` may say that a holder is surely dead, so that it need not be waited for.
    """
    try:
        with database.write() as session:
            now = database_now(session)
            row = session.scalar(select(DaemonLease).where(DaemonLease.name == name).with_for_update())
            if row is None:
                session.execute(
                    insert(DaemonLease).values(
                        name=name, holder=holder, epoch=1, expires=now + lasts, beat=now, status={}
                    )
                )
                return Lease(holder, 1, lasts, name)
            if row.expires > now and not is_gone(row.holder):
                return None
            epoch = row.epoch + 1
            row.holder, row.epoch, row.expires, row.beat = holder, epoch, now + lasts, now
            return Lease(holder, epoch, lasts, name)
    except IntegrityError:
        return None  # another daemon wrote the first row in the same moment


def guard(session: Session, lease: Lease) -> None:
    """Make this transaction conditional on the epoch, and prolong the lease. Raises LeaseLost."""
    now = database_now(session)
    _must_be_mine(session, lease, {"beat": now, "expires": now + lease.lasts})


def beat(database: Database, lease: Lease) -> None:
    """Prolong the lease; also the check before an effect outside the database. Raises LeaseLost."""
    with database.write() as session:
        guard(session, lease)


def write_status(session: Session, lease: Lease, status: Mapping[str, Any]) -> None:
    """What the daemon says of itself, for the Facility page and the banner. Raises LeaseLost."""
    guard(session, lease)
    _must_be_mine(session, lease, {"status": dict(status)})


def release(database: Database, lease: Lease) -> None:
    """Let a waiting daemon take over at once. Does nothing if the lease is another's already."""
    with database.write() as session:
        now = database_now(session)
        try:
            _must_be_mine(session, lease, {"expires": now, "beat": now})
        except LeaseLost:
            return


def holder(session: Session, name: str = DAEMON) -> tuple[str, datetime, bool] | None:
    """Who holds the lease, its last beat, and whether it is still good; None if no daemon ever ran."""
    row = session.get(DaemonLease, name)
    if row is None:
        return None
    return row.holder, row.beat, row.expires > database_now(session)


def _must_be_mine(session: Session, lease: Lease, values: Mapping[str, Any]) -> None:
    mine = (DaemonLease.name == lease.name) & (DaemonLease.epoch == lease.epoch)
    result = session.execute(
        update(DaemonLease).where(mine).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise LeaseLost(f"{lease.holder} was the active daemon number {lease.epoch}; another one is now")
