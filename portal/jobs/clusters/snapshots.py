"""What the cluster has, as the daemon last kept it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.jobs.clusters.rows import ClusterSnapshot
from portal.scheduler.survey import Snapshot, snapshot_of


def snapshots(session: Session) -> dict[str, Snapshot]:
    """The snapshots by cluster, the newest first."""
    rows = session.scalars(select(ClusterSnapshot).order_by(ClusterSnapshot.at.desc(), ClusterSnapshot.cluster))
    return {row.cluster: snapshot_of(row.document, row.at) for row in rows}
