"""The backend `slurm` as the factory lists it: `{"kind": "slurm", "slurm": {settings of the cluster}}`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.scheduler.base import Kind, Owner, Scheduler
from portal.scheduler.slurm.config import SlurmConfig, parse

DAEMONS_OWN = ("everybody", "join_singles")
"""Settings that no agent needs to be told."""


def _config(document: Mapping[str, Any]) -> SlurmConfig:
    given = document.get("slurm")
    values = given.items() if isinstance(given, Mapping) else ()
    try:
        return parse({key: value for key, value in values if key not in DAEMONS_OWN and value != ""})
    except ValueError as error:
        raise ValueError(f"slurm: {error}") from error


def _owner(document: Mapping[str, Any], scratch: Path) -> Owner:
    from portal.scheduler.slurm.owner import SlurmOwner

    return SlurmOwner(_config(document), scratch)


def _scheduler(document: Mapping[str, Any], scratch: Path) -> Scheduler:
    from portal.scheduler.slurm.cluster import SlurmScheduler

    config, settings = _config(document), document["slurm"]
    others, joins = bool(settings.get("everybody", False)), bool(settings.get("join_singles", True))
    return SlurmScheduler(config, scratch, others=others, joins=joins)


SLURM = Kind(_owner, _scheduler, own_accounts=True)
