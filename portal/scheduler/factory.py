"""Every backend by its name: what the daemon and the agent ask for one. Standard library only.

A cluster is written down as a document: its `kind`, and beside it what that kind wants to know. The daemon's is
made of its settings, the agent's is the operator's. A backend's modules are loaded when it is chosen: an agent
lives for one request.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portal.scheduler.base import Kind, Owner, Scheduler


def _local() -> Kind:
    from portal.scheduler.local.kind import LOCAL

    return LOCAL


def _slurm() -> Kind:
    from portal.scheduler.slurm.kind import SLURM

    return SLURM


KINDS: dict[str, Callable[[], Kind]] = {"local": _local, "slurm": _slurm}


def kind_of(document: Mapping[str, Any]) -> Kind:
    """The backend that a cluster's document names. Raises ValueError in words."""
    name = document.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"there is no backend {name!r}")
    return KINDS[name]()


def make_owner(document: Mapping[str, Any], scratch: Path) -> Owner:
    """What an account does with its own jobs there. Raises ValueError in words, and OSError."""
    return kind_of(document).owner(document, scratch)


def make_scheduler(document: Mapping[str, Any], scratch: Path) -> Scheduler:
    """The whole backend. Raises ValueError in words, and OSError."""
    return kind_of(document).scheduler(document, scratch)
