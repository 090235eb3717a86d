"""The daemon's composition root: settings in, real parts out."""

import sys
from typing import Any

from portal.agent.client import AgentClient, local_command
from portal.config import Settings
from portal.jobtype.load import JobTypes, load_folders, shipped_folder
from portal.jobtype.publish import publish
from portal.scheduler.factory import make_scheduler, slurm_document
from portal.store.client import StoreClient
from portal.store.client import local_command as store_command

__all__ = [
    "backend_of",
    "load_jobtypes",
    "make_agent",
    "make_scheduler",
    "make_store",
    "publish_jobtypes",
]


def backend_of(settings: Settings) -> dict[str, Any]:
    """What an embedded agent is told; in production it has a file of its own."""
    kind = {"slurm": slurm_document(settings)} if settings.scheduler == "slurm" else {"spool": str(settings.spool)}
    return {
        "kind": settings.scheduler,
        **kind,
        "scratch": str(settings.scratch),
        "launch": [sys.executable, "-m", "wrappers.launch"],
        "jobtypes": str(settings.published),
        "images": str(settings.images),
        "roots": {name: str(root.path) for name, root in settings.roots.items()},
        "results": str(settings.results),
    }


def make_agent(settings: Settings) -> AgentClient:
    """The agent as this very account: the embedded default."""
    return AgentClient(local_command(), backend_of(settings))


def make_store(settings: Settings) -> StoreClient:
    """The store as this very account: the embedded default."""
    limits = {"max_files": settings.limits.output_files, "max_bytes": settings.limits.output_bytes}
    folders = {"results": str(settings.results), "scratch": str(settings.scratch)}
    return StoreClient(store_command(), folders | limits)


def load_jobtypes(settings: Settings) -> JobTypes:
    """The job types of the configured folders, or those that ship."""
    return load_folders(settings.jobtypes or (shipped_folder(),))


def publish_jobtypes(settings: Settings) -> JobTypes:
    """Load the job types and write the sound ones where the agent reads them."""
    jobtypes = load_jobtypes(settings)
    publish(jobtypes, settings.published)
    return jobtypes
