"""The loop around the steps: dispatch, start, reconcile, cancel, collect, retain. `python -m portal.daemon`.

One daemon is active, by the lease; others wait. Everything it knows lies in the database, the spool and the
attempts' folders, so that it may die at any moment and another goes on.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import DBAPIError

from portal.config import Settings, load_settings
from portal.daemon import lease as leases
from portal.daemon import parts
from portal.daemon.context import Deps, Place, Store, log, log_event
from portal.daemon.health import Health, Troubles
from portal.daemon.holder import is_surely_gone, my_name
from portal.daemon.lease import Lease, LeaseLost
from portal.daemon.log import log_to_stderr
from portal.daemon.round import AFTER_A_FAULT_S, Round
from portal.daemon.status import Status
from portal.db import Database
from portal.errors import ConfigError
from portal.jobs.state import State

COLLECT_LOOKS_EVERY_S = 5.0


def _now() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """The steps, the lease, and when to do what."""

    def __init__(self, settings: Settings, database: Database, places: Sequence[Place], store: Store) -> None:
        self.settings = settings
        self.database = database
        self.store = store
        self.holder = my_name()
        self.troubles = Troubles()
        self.stopping = threading.Event()
        self.rounds = [Round(settings, place, self._clock, self.stopping) for place in places]
        self._lease: Lease | None = None
        self._status = self._new_status()
        self._turn_began = (_now(), time.monotonic())
        self._to_collect = threading.Event()
        self._signals: list[signal.Signals] = []

    @property
    def active(self) -> bool:
        """True while this daemon holds the lease, as far as it knows."""
        return self._lease is not None

    def turn(self, now: datetime, *, whole: bool = True) -> bool:
        """Everything once; True if there is more to do at once. Without the lease it only tries to get it.

        Not `whole`: the first cluster only; the others and collecting have threads of their own.
        """
        lease = self._lease or self._take_lease()
        if lease is None:
            return False
        self._turn_began = (now, time.monotonic())
        first, *others = [(one, self._deps(one, lease)) for one in self.rounds]
        try:
            counts = self._status.counts(first[1])
            busy = first[0].work(first[1], counts)
            if whole:
                for one, deps in others:
                    busy |= one.work(deps, counts)
            if State.COLLECTING in counts:
                self._to_collect.set()
            if whole and (busy or State.COLLECTING in counts):
                busy |= first[0].collect(first[1])
            self._status.write(first[1], self._clock(), {one.cluster: one.health for one in self.rounds})
            return busy
        except LeaseLost as lost:
            self._lose(lease, lost)
            return False
        except DBAPIError as error:
            self._database_away(error)
            return False

    def _new_status(self) -> Status:
        named = {one.cluster: one.place.share for one in self.rounds}
        return Status({name: () if share.rest else share.jobtypes for name, share in named.items()})

    def _clock(self) -> datetime:
        """The turn's time, gone on since it began: a step may take seconds."""
        now, began = self._turn_began
        return now + timedelta(seconds=time.monotonic() - began)

    def _take_lease(self) -> Lease | None:
        lasts = timedelta(seconds=self.settings.daemon.lease_s)
        try:
            lease = leases.take(self.database, self.holder, lasts=lasts, is_gone=is_surely_gone)
        except DBAPIError as error:
            self._database_away(error)
            return None
        if lease is None:
            return None
        log_event("active", holder=lease.holder, epoch=lease.epoch)
        self.troubles = Troubles()
        for one in self.rounds:
            one.health = Health()
        self._status = self._new_status()
        self._lease = lease
        return lease

    def _deps(self, one: Round, lease: Lease) -> Deps:
        place = one.place
        return Deps(
            self.settings,
            self.database,
            place.scheduler,
            place.agent,
            self.store,
            lease,
            one.health,
            self.troubles,
            place.share,
        )

    def _lose(self, lease: Lease, lost: LeaseLost) -> None:
        # A step that began under an earlier lease must not take away the one that was gained since.
        if self._lease is lease:
            log_event("lease-lost", message=str(lost))
            self._lease = None

    def _database_away(self, error: DBAPIError) -> None:
        """Locked for long, or gone: nothing is lost, everything is tried again."""
        log.warning("database", extra={"fields": {"message": str(error.orig)}})

    # ---- the process -----------------------------------------------------------------------------------------

    def run(self) -> int:
        """Turn until a signal says stop; what runs at the scheduler goes on without us."""
        self._handle_signals()
        threads = [
            threading.Thread(target=self._beat_on, name="lease", daemon=True),
            threading.Thread(target=self._collect_on, name="collect", daemon=True),
        ]
        threads += [
            threading.Thread(target=self._go_on, args=[one], name=one.cluster, daemon=True)
            for one in self.rounds[1:]
        ]
        for thread in threads:
            thread.start()
        while not self.stopping.is_set():
            if not self.turn(_now(), whole=False):
                time.sleep(self.settings.daemon.idle_s)
            self._heed_signals()
        for thread in threads:
            thread.join(self.settings.daemon.lease_s)
        self._say_goodbye()
        return 0

    def _beat_on(self) -> None:
        """Prolong the lease while a step takes long. A stopped process does not get here, and is replaced."""
        while not self.stopping.wait(self.settings.daemon.lease_s / 4):
            self._quietly(self.rounds[0], lambda deps: deps.still_active())

    def _collect_on(self) -> None:
        """Collect beside the other steps: a large result is copied for minutes."""
        while not self.stopping.is_set():
            if not self._quietly(self.rounds[0], self.rounds[0].collect):
                self._to_collect.clear()
                self._to_collect.wait(COLLECT_LOOKS_EVERY_S)

    def _go_on(self, one: Round) -> None:
        """The turns of one more cluster: one that is silent for half a minute keeps no other waiting."""
        while not self.stopping.is_set():
            if not self._quietly(one, lambda deps: one.work(deps, self._status.counts(deps))):
                self.stopping.wait(self.settings.daemon.idle_s)

    def _quietly(self, one: Round, act: Callable[[Deps], bool | None]) -> bool:
        """What `act` says, in a thread that goes on whatever happens: were it to end, nobody would see it."""
        lease, about = self._lease, f"thread {threading.current_thread().name}"
        if lease is None:
            return False
        try:
            done = bool(act(self._deps(one, lease)))
        except LeaseLost as lost:
            self._lose(lease, lost)
        except DBAPIError as error:
            self._database_away(error)
        except Exception as error:  # a thread that ended would leave a cluster's jobs, or the lease, alone
            log.exception("fault", extra={"fields": {"step": about}})
            one.health.trouble(about, f"The daemon's {about} failed: {type(error).__name__}: {error}"[:500])
            self.stopping.wait(AFTER_A_FAULT_S)
        else:
            one.health.trouble(about, None)
            return done
        return False

    def _say_goodbye(self) -> None:
        lease = self._lease
        if lease is None:
            return
        try:
            counts = self._status.counts(self._deps(self.rounds[0], lease))
            leases.release(self.database, lease)
        except DBAPIError as error:
            self._database_away(error)
            return
        log_event("stopped", goes_on={state.value: count for state, count in counts.items()})

    def _handle_signals(self) -> None:
        # A handler runs in the middle of anything: it takes no lock, so it only leaves a note.
        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(signal.Signals(number))

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, note)

    def _heed_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number is signal.SIGHUP:
                found = parts.publish_jobtypes(self.settings)
                log_event("reloaded", jobtypes=sorted(found.by_name), problems=[str(p) for p in found.problems])
            else:
                log_event("stopping", signal=number.name)
                self.stopping.set()
                self._to_collect.set()


def build(settings: Settings) -> Daemon:
    """A daemon of real parts; its folders are made and the job types published."""
    for folder in settings.folders():
        Path(folder).mkdir(parents=True, exist_ok=True)
    jobtypes = parts.publish_jobtypes(settings)
    for problem in jobtypes.problems:
        log.warning("jobtype", extra={"fields": {"problem": str(problem)}})
    return Daemon(
        settings,
        Database(settings.database),
        parts.make_places(settings),
        parts.make_store(settings),
    )


def main() -> int:
    """Run until stopped: 0 after a clean end, 2 if a setting is wrong."""
    log_to_stderr()
    try:
        daemon = build(load_settings())
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return daemon.run()
