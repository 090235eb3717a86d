"""What a site offers of programs' licences to the job types that run at a cluster."""

from collections.abc import Collection

from portal.config.sections import SlurmSettings
from portal.config.settings import Settings


def tokens_at(settings: Settings, jobtype: str) -> Collection[str] | None:
    """Names of the licences that are counted where this job type runs; None where that is not known here."""
    if not settings.clusters:
        return _tokens(settings.scheduler, settings.slurm)
    named = [one for one in settings.clusters.values() if jobtype in one.jobtypes]
    cluster = named[0] if named else next(iter(settings.clusters.values()))
    return _tokens(cluster.backend, cluster.slurm)


def all_tokens(settings: Settings) -> list[str]:
    """Names of the licences that any of the site's clusters counts, in order."""
    clusters = settings.clusters.values()
    slurms = [one.slurm for one in clusters if one.backend == "slurm"] if settings.clusters else [settings.slurm]
    return sorted({name for slurm in slurms for name in slurm.licences})


def _tokens(backend: str, slurm: SlurmSettings) -> Collection[str] | None:
    """Nothing is counted on one computer; of a backend that is no part of this release nothing is known."""
    return {"slurm": slurm.licences.keys(), "local": ()}.get(backend)
