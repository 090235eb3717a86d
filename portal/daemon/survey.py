"""What the cluster has: asked once for everybody by the daemon, kept with its time, read by `jobs.clusters`."""

from datetime import datetime

from portal.daemon.context import Deps
from portal.jobs.clusters.rows import ClusterSnapshot


def survey_step(deps: Deps, now: datetime) -> bool:
    """Ask what there is and keep it; True if it is not what it was. A silence leaves what is kept as it is."""
    survey = deps.scheduler.survey()
    if survey.answered or survey.silent:
        deps.health.answer(answered=survey.answered, message=survey.message, now=now)
    deps.health.trouble("nodes", None if survey.answered or survey.silent else survey.message)
    if not survey.answered:
        return False
    document = survey.document()
    with deps.write() as session:
        kept = session.get(ClusterSnapshot, deps.scheduler.cluster)
        if kept is None:
            session.add(ClusterSnapshot(cluster=deps.scheduler.cluster, at=now, document=document))
            return True
        changed = kept.document != document
        kept.at = now
        if changed:
            kept.document = document
    return changed
