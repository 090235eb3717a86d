"""What every step of the daemon works with, and the transaction that only the active daemon can commit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from portal.agent.accounts import Failed
from portal.agent.asking import Account
from portal.agent.client import Fenced, Sealed, Submitted, Taken
from portal.config import Settings
from portal.daemon import lease as leases
from portal.daemon.health import Health, Troubles
from portal.daemon.lease import Lease
from portal.daemon.log import log, log_event
from portal.daemon.share import ALL, Share
from portal.db import Database
from portal.jobs.models import Job
from portal.rpc.exchange import Heard, Refusal
from portal.scheduler.base import Scheduler
from portal.store.client import Keep, StoredResult

__all__ = ["Agent", "Deps", "Health", "Store", "Troubles", "backoff", "log", "log_event"]


class Agent(Protocol):
    """What acts as people: portal.agent.accounts.Agents. One result an item, in order.

    Items come with the Unix account of their person. What went wrong with an account is the answer for its items:
    AnswerLostError (the effect is not known) or CallRefusedError (nothing was done). `hanging`: the accounts
    that have not answered an earlier call, and are asked nothing until then.
    """

    def hanging(self) -> frozenset[Account]: ...

    def submit_by_account(
        self, items: Sequence[tuple[Account, Mapping[str, Any]]]
    ) -> Iterator[Mapping[int, Submitted | Refusal | Failed]]: ...

    def find(
        self, items: Sequence[tuple[Account, tuple[str, str]]]
    ) -> Sequence[Taken | Refusal | Failed | None]: ...

    def fence(self, attempts: Sequence[tuple[Account, str]]) -> Sequence[Fenced | Refusal | Failed]: ...

    def cancel(
        self, items: Sequence[tuple[Account, tuple[str, str, str]]], *, by: str | None = None
    ) -> Sequence[bool | Refusal | Failed]: ...

    def seal(self, attempts: Sequence[tuple[Account, str]]) -> Sequence[Sealed | Refusal | Failed]: ...

    def purge(self, attempts: Sequence[tuple[Account, str]]) -> Sequence[bool | Refusal | Failed]: ...


class Store(Protocol):
    """What owns registered results: portal.store.client.StoreClient.

    Raises AnswerLostError (ask again) and CallRefusedError (nothing was done).
    """

    def keep(self, items: Sequence[Keep], heard: Heard | None = None) -> Sequence[StoredResult | Refusal]: ...

    def stop(self, items: Sequence[tuple[int, str]]) -> Sequence[bool | Refusal]: ...

    def drop(
        self, items: Sequence[tuple[str, int, str]], *, attempt: str | None = None
    ) -> Sequence[bool | Refusal]: ...


@dataclass(frozen=True)
class Place:
    """One cluster to which jobs go: its scheduler, the agents that hand them over, and which jobs are its."""

    scheduler: Scheduler
    agent: Agent
    share: Share = ALL


@dataclass
class Deps:
    """All that varies, for the steps; scheduler, agent, health and share are those of one cluster."""

    settings: Settings
    database: Database
    scheduler: Scheduler
    agent: Agent
    store: Store
    lease: Lease
    health: Health = field(default_factory=Health)
    """How the cluster is."""
    troubles: Troubles = field(default_factory=Troubles)
    """What is wrong with the rest."""
    share: Share = ALL
    """Which jobs are this scheduler's; all, for what is done once for all clusters."""
    agents: Mapping[str, Agent] = field(default_factory=dict)
    """The agents at each cluster, by its name, for what is done once for all."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A writing transaction that commits only while this daemon is the active one. Raises LeaseLost."""
        with self.database.write() as session:
            leases.guard(session, self.lease)
            yield session

    def account_of(self, job: Job) -> Account:
        """The Unix account as which a job runs; None: the portal's own."""
        return self.settings.account_of(job.person.name)

    def blame(self, account: Account, failed: Failed | None) -> None:
        """Note for staff what is wrong with an account's agent, or that it is well again."""
        about = "agent" if account is None else f"agent:{account}"
        text = failed.message if failed is not None else None
        self.trouble(about, text if text is None or account is None else f"{text} (account {account})")

    def trouble(self, about: str, text: str | None) -> None:
        """Note that something of the daemon's own is wrong while it works on this cluster, or well again."""
        cluster = self.share.cluster
        if cluster is not None:
            about, text = f"{about}@{cluster}", text and f"{text} (cluster {cluster})"
        self.troubles.trouble(about, text)

    def still_active(self) -> None:
        """The check before an effect outside the database. Raises LeaseLost."""
        leases.beat(self.database, self.lease)


def backoff(tries: int, *, first_s: float = 2.0, most_s: float = 300.0) -> timedelta:
    """How long to wait before the next try: doubled each time, bounded."""
    return timedelta(seconds=min(most_s, first_s * 2.0 ** min(tries, 20)))
