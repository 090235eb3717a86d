"""What a site offers to the job types that run at a cluster: programs' licences, kinds of nodes."""

from collections.abc import Collection, Mapping

from portal.config.sections import SlurmSettings
from portal.config.settings import Settings


def tokens_at(settings: Settings, jobtype: str) -> Collection[str] | None:
    """Names of the licences that are counted where this job type runs; None where that is not known here."""
    backend, slurm = _runs_at(settings, jobtype)
    return _of(backend, slurm.licences)


def constraints_at(settings: Settings, jobtype: str) -> Collection[str] | None:
    """Names of the kinds of nodes that there are where this job type runs; None where that is not known here."""
    backend, slurm = _runs_at(settings, jobtype)
    return _of(backend, slurm.constraints)


def all_tokens(settings: Settings) -> list[str]:
    """Names of the licences that any of the site's clusters counts, in order."""
    return sorted({name for slurm in _slurms(settings) for name in slurm.licences})


def all_constraints(settings: Settings) -> list[str]:
    """Names of the kinds of nodes that any of the site's clusters has, in order."""
    return sorted({name for slurm in _slurms(settings) for name in slurm.constraints})


def _slurms(settings: Settings) -> list[SlurmSettings]:
    clusters = settings.clusters.values()
    return [one.slurm for one in clusters] if settings.clusters else [settings.slurm]


def _runs_at(settings: Settings, jobtype: str) -> tuple[str, SlurmSettings]:
    if not settings.clusters:
        return settings.scheduler, settings.slurm
    named = [one for one in settings.clusters.values() if jobtype in one.jobtypes]
    cluster = named[0] if named else next(iter(settings.clusters.values()))
    return cluster.backend, cluster.slurm


def _of(backend: str, offered: Mapping[str, str]) -> Collection[str] | None:
    """One computer has none of it; of a backend that is no part of this release nothing is known."""
    return {"slurm": offered.keys(), "local": ()}.get(backend)
