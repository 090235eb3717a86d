"""What the cluster has, as the daemon last kept it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.jobs.cluster_rows import ClusterSnapshot
from portal.scheduler.survey import Snapshot, snapshot_of


def latest_snapshot(session: Session) -> Snapshot | None:
    """The newest snapshot; None before the first."""
    row = session.scalars(select(ClusterSnapshot).order_by(ClusterSnapshot.at.desc()).limit(1)).first()
    return snapshot_of(row.document, row.at) if row is not None else None
