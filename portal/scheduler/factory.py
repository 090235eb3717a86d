"""Settings in, a backend out: what the daemon asks. The agent makes its own (portal/agent/backend.py)."""

from typing import Any

from portal.config import Settings
from portal.errors import ConfigError
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.config import SlurmConfig, parse


def make_scheduler(settings: Settings) -> LocalScheduler | SlurmScheduler:
    """The configured backend. Raises ConfigError."""
    if settings.scheduler == "slurm":
        return SlurmScheduler(slurm_config(settings), settings.scratch, others=settings.slurm.everybody)
    limits = Limits(cpus=settings.local.slots, memory_mb=settings.local.memory_mb)
    return LocalScheduler(settings.spool, limits=limits)


def slurm_config(settings: Settings) -> SlurmConfig:
    """The section [slurm], checked. Raises ConfigError."""
    try:
        return parse(slurm_document(settings))
    except ValueError as error:
        raise ConfigError(f"slurm: {error}") from error


def slurm_document(settings: Settings) -> dict[str, Any]:
    """The section as the agent is told it, in JSON's types, without what is not set or is the daemon's alone."""
    document = settings.slurm.model_dump(mode="json", exclude={"everybody", "join_singles"}, exclude_none=True)
    return {key: value for key, value in document.items() if value != ""}
