"""The backend `local` as the factory lists it: `{"kind": "local", "spool": …, "local": {"slots", "memory_mb"}}`.

The limits are the daemon's to set; an agent reads them from the spool.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.scheduler.base import Kind, Owner, Scheduler
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits


def _spool(document: Mapping[str, Any]) -> Path:
    spool = document.get("spool")
    if not isinstance(spool, str) or not spool.startswith("/") or "\0" in spool:
        raise ValueError("spool must be an absolute path")
    return Path(spool)


def _owner(document: Mapping[str, Any], _scratch: Path) -> Owner:
    return LocalScheduler(_spool(document))


def _scheduler(document: Mapping[str, Any], _scratch: Path) -> Scheduler:
    given = document["local"]
    return LocalScheduler(_spool(document), limits=Limits(cpus=given["slots"], memory_mb=given["memory_mb"]))


LOCAL = Kind(_owner, _scheduler, own_accounts=False)
