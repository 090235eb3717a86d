"""The loop around the steps: dispatch, start, reconcile, cancel, collect, retain. `python -m portal.daemon`.

One daemon is active, by the lease; others wait. Everything it knows lies in the database, the spool and the
attempts' folders, so that it may die at any moment and another goes on.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import DBAPIError

from portal.config import Settings, load_settings
from portal.daemon import lease as leases
from portal.daemon import parts
from portal.daemon.collect.inspect import WARM
from portal.daemon.collect.lanes import Lanes
from portal.daemon.context import Deps, Place, Store, log, log_event
from portal.daemon.health import Health, Troubles
from portal.daemon.holder import is_surely_gone, my_name
from portal.daemon.lease import Lease, LeaseLost
from portal.daemon.log import log_to_stderr
from portal.daemon.round import AFTER_A_FAULT_S, Round
from portal.daemon.share import ALL
from portal.daemon.status import Status
from portal.db import Database
from portal.errors import ConfigError
from portal.jobs.state import State
from portal.level import use_level

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
        self._publisher = parts.Publisher(settings)
        self._registrar = parts.Registrar(settings)

    @property
    def active(self) -> bool:
        """True while this daemon holds the lease, as far as it knows."""
        return self._lease is not None

    def turn(self, now: datetime, *, whole: bool = True) -> bool:
        """Everything once; True if there is more to do at once. Without the lease it only tries to get it.

        Not `whole`: the first cluster only; the others, collecting and telling have threads of their own.
        """
        lease = self._lease or self._take_lease()
        if lease is None:
            return False
        self._turn_began = (now, time.monotonic())
        first, *others = [(one, self._deps(one, lease)) for one in self.rounds]
        try:
            busy = self._work(*first)
            if whole:
                for one in others:
                    busy |= self._work(*one)
                for_all = self._deps_for_all(lease)
                if busy or self._to_collect.is_set():
                    self._to_collect.clear()
                    busy |= first[0].collect(for_all)
                busy |= self._tell(for_all)
            return busy
        except LeaseLost as lost:
            self._lose(lease, lost)
            return False
        except DBAPIError as error:
            self._database_away(error)
            return False

    def _new_status(self) -> Status:
        limit = self.settings.limits.running_per_person
        per_person = {one.cluster: limit or one.place.scheduler.running_per_person for one in self.rounds}
        return Status({one.cluster: one.place.share for one in self.rounds}, per_person)

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

    def _deps_for_all(self, lease: Lease) -> Deps:
        """For what is done once for all clusters."""
        agents = {one.cluster: one.place.agent for one in self.rounds}
        return replace(self._deps(self.rounds[0], lease), share=ALL, agents=agents)

    def _work(self, one: Round, deps: Deps) -> bool:
        counts = one.counts(deps)
        if State.COLLECTING in counts:
            self._to_collect.set()
        return one.work(deps, counts)

    def _tell(self, deps: Deps) -> bool:
        """People their news, and pages how the clusters and this daemon are."""
        more = self.rounds[0].tell(deps)
        self._status.write(deps, self._clock(), {one.cluster: one.health for one in self.rounds})
        return more

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
        acts: dict[str, Callable[[], None]] = {
            "lease": self._beat_on,
            "collect": self._collect_on,
            "tell": self._tell_on,
            **{one.cluster: partial(self._go_on, one) for one in self.rounds[1:]},
        }
        threads = [threading.Thread(target=act, name=name, daemon=True) for name, act in acts.items()]
        for thread in threads:
            thread.start()
        while not self.stopping.is_set():
            self._publish_what_changed()
            self._publish_what_is_wished()
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
            self._quietly(lambda lease: self._deps_for_all(lease).still_active(), self.troubles)

    def _collect_on(self) -> None:
        """Collect beside the other steps: a large result is copied for minutes."""
        while not (self.active or self.stopping.wait(self.settings.daemon.idle_s)):
            pass
        WARM.begin()
        lanes = Lanes(self.settings.daemon.collect_at_once)
        while not self.stopping.is_set():
            self._to_collect.clear()
            if not self._quietly(partial(self._fill, lanes), self.troubles):
                self._to_collect.wait(COLLECT_LOOKS_EVERY_S)
        lanes.wait(self.settings.daemon.lease_s / 2)

    def _fill(self, lanes: Lanes, lease: Lease) -> bool:
        deps = self._deps_for_all(lease)

        def in_lane(act: Callable[[], None]) -> None:
            self._quietly(lambda _lease: act(), self.troubles)
            self._to_collect.set()  # there is room for another

        return lanes.fill(deps, self._clock(), in_lane)

    def _tell_on(self) -> None:
        """Tell people and pages beside the other steps: of a silence they hear while it lasts."""
        while not self.stopping.is_set():
            if not self._quietly(lambda lease: self._tell(self._deps_for_all(lease)), self.troubles):
                self.stopping.wait(self.settings.daemon.idle_s)

    def _go_on(self, one: Round) -> None:
        """The turns of one more cluster: one that is silent for half a minute keeps no other waiting."""
        while not self.stopping.is_set():
            if not self._quietly(lambda lease: self._work(one, self._deps(one, lease)), one.health):
                self.stopping.wait(self.settings.daemon.idle_s)

    def _quietly(self, act: Callable[[Lease], bool | None], notes: Troubles) -> bool:
        """What `act` says, in a thread that goes on whatever happens: were it to end, nobody would see it."""
        lease, about = self._lease, f"thread {threading.current_thread().name}"
        if lease is None:
            return False
        try:
            done = bool(act(lease))
        except LeaseLost as lost:
            self._lose(lease, lost)
        except DBAPIError as error:
            self._database_away(error)
        except Exception as error:  # a thread that ended would leave a cluster's jobs, or the lease, alone
            log.exception("fault", extra={"fields": {"step": about}})
            notes.trouble(about, f"The daemon's {about} failed: {type(error).__name__}: {error}"[:500])
            self.stopping.wait(AFTER_A_FAULT_S)
        else:
            notes.trouble(about, None)
            return done
        return False

    def _say_goodbye(self) -> None:
        lease = self._lease
        if lease is None:
            return
        try:
            with self.database.read() as session:
                counts = ALL.counts(session)
            leases.release(self.database, lease)
        except DBAPIError as error:
            self._database_away(error)
            return
        log_event("stopped", goes_on={state.value: count for state, count in counts.items()})

    def _publish_what_changed(self) -> None:
        """Before a job of a new revision is handed over: pages offer a file that was edited at once."""
        if not self.active:
            return
        about = "publishing of job types"
        try:
            found = self._publisher.look()
        except OSError as error:
            self.troubles.trouble(about, f"Job types cannot be published: {error.strerror}: {error.filename}")
            return
        self.troubles.trouble(about, None)
        if found is not None:
            log_event("published", jobtypes=sorted(found.by_name), problems=[str(p) for p in found.problems])

    def _publish_what_is_wished(self) -> None:
        """What staff made in the browser, where one account does everything."""
        if not self.active:
            return
        about = "what was made in the browser"
        try:
            found = self._registrar.look(self.database, _now())
        except DBAPIError as error:
            self._database_away(error)
            return
        except OSError as error:
            self.troubles.trouble(about, f"It cannot be written: {error.strerror}: {error.filename}")
            return
        self.troubles.trouble(about, None)
        for one in found:
            log_event("wish", wish=one.wish, wished=one.wished, name=one.name, refused=one.words or None)

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
        settings = load_settings()
        use_level(settings.level.words)
        daemon = build(settings)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return daemon.run()
