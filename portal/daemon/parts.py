"""The daemon's composition root: settings in, real parts out."""

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from portal.agent.accounts import AccountRefusedError, Agents, checked_account
from portal.agent.asking import SOON_S, Account
from portal.agent.client import LONGEST_S, AgentClient, local_command
from portal.config import ACCOUNT, Settings
from portal.daemon.context import Place
from portal.daemon.keeping import keep_trials
from portal.daemon.share import ALL, shares
from portal.db import Database
from portal.errors import ConfigError
from portal.jobtype.load import JobTypes, load_folders, shipped_folder, state_of
from portal.jobtype.publish import publish
from portal.publisher import images
from portal.publisher.work import Done, look
from portal.scheduler import factory
from portal.scheduler.base import Scheduler
from portal.stager.work import look as stage_images
from portal.store.client import StoreClient
from portal.store.client import local_command as store_command

__all__ = [
    "Publisher",
    "Registrar",
    "backend_of",
    "load_jobtypes",
    "make_places",
    "make_scheduler",
    "make_store",
    "publish_jobtypes",
]

LOOKS_FOR_WISHES_EVERY_S = 1.0


def make_scheduler(settings: Settings) -> Scheduler:
    """The configured backend, the first of several. Raises ConfigError."""
    return make_places(settings)[0].scheduler


def make_places(settings: Settings) -> list[Place]:
    """The configured clusters, each with its agents. Raises ConfigError."""
    documents = settings.cluster_documents()
    schedulers = {name: _scheduler(settings, name, document) for name, document in documents.items()}
    claims = [
        (scheduler.cluster, settings.clusters[name].jobtypes if name else ())
        for name, scheduler in schedulers.items()
    ]
    theirs = shares(claims) if settings.clusters else [ALL]
    return [
        Place(scheduler, make_agents(settings, name), share)
        for (name, scheduler), share in zip(schedulers.items(), theirs, strict=True)
    ]


def _scheduler(settings: Settings, name: str, document: Mapping[str, Any]) -> Scheduler:
    where = f"clusters.{name}: " if name else ""
    try:
        if settings.agent.command and not factory.kind_of(document).own_accounts:
            raise ConfigError(
                f"{where}agent.command: people have accounts of their own, and the scheduler {document['kind']} "
                "starts all jobs as the daemon's account. Choose another scheduler, or leave agent.command unset."
            )
        scheduler = factory.make_scheduler(document, settings.scratch)
    except ValueError as error:
        raise ConfigError(f"{where}{error}") from error
    if name and scheduler.cluster != name:
        raise ConfigError(f"{where}its own name is {scheduler.cluster}; it must be called so here, too.")
    return scheduler


def backend_of(settings: Settings, cluster: str = "") -> dict[str, Any]:
    """What an embedded agent is told of a cluster; in production it has a file of its own."""
    return {
        **settings.cluster_documents()[cluster],
        "scratch": str(settings.scratch),
        "launch": [sys.executable, "-m", "wrappers.launch"],
        "jobtypes": str(settings.published),
        "registered": {"folder": str(settings.registered)},
        "images": str(settings.images),
        "made_images": {"folder": str(settings.made_images)},
        "roots": {name: str(root.path) for name, root in settings.roots.items()},
        "results": str(settings.results),
        "licence_servers": {name: one.model_dump(mode="json") for name, one in settings.licence_servers.items()},
    }


def make_agents(settings: Settings, cluster: str) -> Agents:
    """The agents of people at a cluster: through the configured command, or (embedded) all as this account."""
    command, timeout_s = settings.agent.command, settings.agent.timeout_s

    def client_of(account: Account) -> AgentClient:
        if not command:
            return AgentClient(local_command(), backend_of(settings, cluster), timeout_s)
        if account is None:
            raise AccountRefusedError("This person has no account on the cluster.")
        words = [checked_account(account) if word == ACCOUNT else word for word in command]
        # Such an agent has a file of its own: it does not hear where it works from whoever asks it, only which of
        # several clusters is meant.
        return AgentClient(words, {"cluster": cluster} if cluster else {}, timeout_s)

    # Where all are one account, nobody else waits for it.
    return Agents(client_of, at_once=settings.agent.at_once, soon_s=SOON_S if command else LONGEST_S)


def make_store(settings: Settings) -> StoreClient:
    """The store: through the configured command, or as this very account (the embedded default)."""
    # The daemon has it stop before; what it does not hear is left alone, and asked about again.
    patience_s = settings.limits.output_minutes * 60 + 600
    if settings.store.command:
        return StoreClient(settings.store.command, {}, patience_s)
    limits = {"max_files": settings.limits.output_files, "max_bytes": settings.limits.output_bytes}
    folders = {"results": str(settings.results), "scratch": str(settings.scratch)}
    return StoreClient(store_command(), folders | limits, patience_s)


def load_jobtypes(settings: Settings) -> JobTypes:
    """The job types of the configured folders, or those that ship."""
    return load_folders(settings.jobtypes or (shipped_folder(),))


class Publisher:
    """Publishes job types when a file has changed, where no operator does: what pages offer can start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folders = settings.jobtypes or (shipped_folder(),)
        self._seen: object = None

    def look(self) -> JobTypes | None:
        """The job types as they are now, if a file has changed since the last look, and published; else None.

        Raises OSError where they cannot be written; the next look tries again.
        """
        if not self._settings.publish or (seen := state_of(self._folders)) == self._seen:
            return None
        found = publish_jobtypes(self._settings)
        self._seen = seen
        return found


class Registrar:
    """Keeps what drafts made, and does the publisher's work where one account does everything."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._next = 0.0
        self._passed: set[int] = set()
        self._staging: Thread | None = None

    def look(self, database: Database, now: datetime) -> list[Done]:
        """What was done of what waits, looked for now and then. Raises DBAPIError, and OSError."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + LOOKS_FOR_WISHES_EVERY_S
        keep_trials(database)
        if not self._settings.publisher.command and not self._settings.agent.command:
            self._stage_aside(database)
        if not self._settings.signs_itself:
            return []
        images.look(database, self._settings, now=now)
        return look(database, self._settings, now=now, passed=self._passed)

    def _stage_aside(self, database: Database) -> None:
        """The stager's work, too: copying an image and looking it through takes as long as it takes."""
        if self._staging is None or not self._staging.is_alive():
            self._staging = Thread(target=self._stage, args=(database,), name="stager", daemon=True)
            self._staging.start()

    def _stage(self, database: Database) -> None:
        with suppress(OSError, SQLAlchemyError):  # what waits goes on waiting
            stage_images(database, self._settings, now=datetime.now(UTC))


def publish_jobtypes(settings: Settings) -> JobTypes:
    """Load the job types and, unless an operator does, write the sound ones where the agent reads them."""
    jobtypes = load_jobtypes(settings)
    if settings.publish:
        publish(jobtypes, settings.published)
    return jobtypes
