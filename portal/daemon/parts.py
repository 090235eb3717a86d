"""The daemon's composition root: settings in, real parts out."""

import sys
from typing import Any

from portal.agent.accounts import AccountRefusedError, Agents, checked_account
from portal.agent.asking import SOON_S, Account
from portal.agent.client import LONGEST_S, AgentClient, local_command
from portal.config import ACCOUNT, Settings
from portal.errors import ConfigError
from portal.jobtype.load import JobTypes, load_folders, shipped_folder
from portal.jobtype.publish import publish
from portal.scheduler import factory
from portal.scheduler.base import Scheduler
from portal.store.client import StoreClient
from portal.store.client import local_command as store_command

__all__ = [
    "backend_of",
    "load_jobtypes",
    "make_agents",
    "make_scheduler",
    "make_store",
    "publish_jobtypes",
]


def make_scheduler(settings: Settings) -> Scheduler:
    """The configured backend. Raises ConfigError."""
    document = settings.cluster_document()
    try:
        own_accounts = factory.kind_of(document).own_accounts
        if settings.agent.command and not own_accounts:
            raise ConfigError(
                f"agent.command: people have accounts of their own, and the scheduler {settings.scheduler} starts "
                "all jobs as the daemon's account. Choose another scheduler, or leave agent.command unset."
            )
        return factory.make_scheduler(document, settings.scratch)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def backend_of(settings: Settings) -> dict[str, Any]:
    """What an embedded agent is told; in production it has a file of its own."""
    return {
        **settings.cluster_document(),
        "scratch": str(settings.scratch),
        "launch": [sys.executable, "-m", "wrappers.launch"],
        "jobtypes": str(settings.published),
        "images": str(settings.images),
        "roots": {name: str(root.path) for name, root in settings.roots.items()},
        "results": str(settings.results),
    }


def make_agents(settings: Settings) -> Agents:
    """The agents of people: through the configured command, or all as this very account (the embedded default)."""
    command, timeout_s = settings.agent.command, settings.agent.timeout_s

    def client_of(account: Account) -> AgentClient:
        if not command:
            return AgentClient(local_command(), backend_of(settings), timeout_s)
        if account is None:
            raise AccountRefusedError("This person has no account on the cluster.")
        words = [checked_account(account) if word == ACCOUNT else word for word in command]
        # Such an agent has a file of its own, and does not hear where it works from whoever asks it.
        return AgentClient(words, {}, timeout_s)

    # Where all are one account, nobody else waits for it.
    return Agents(client_of, at_once=settings.agent.at_once, soon_s=SOON_S if command else LONGEST_S)


def make_store(settings: Settings) -> StoreClient:
    """The store: through the configured command, or as this very account (the embedded default)."""
    if settings.store.command:
        return StoreClient(settings.store.command, {})
    limits = {"max_files": settings.limits.output_files, "max_bytes": settings.limits.output_bytes}
    folders = {"results": str(settings.results), "scratch": str(settings.scratch)}
    return StoreClient(store_command(), folders | limits)


def load_jobtypes(settings: Settings) -> JobTypes:
    """The job types of the configured folders, or those that ship."""
    return load_folders(settings.jobtypes or (shipped_folder(),))


def publish_jobtypes(settings: Settings) -> JobTypes:
    """Load the job types and, unless an operator does, write the sound ones where the agent reads them."""
    jobtypes = load_jobtypes(settings)
    if settings.publish:
        publish(jobtypes, settings.published)
    return jobtypes
