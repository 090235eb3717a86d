"""The loop around the steps: dispatch, start, reconcile, cancel, collect, retain. `python -m portal.daemon`.

One daemon is active, by the lease; others wait. Everything it knows lies in the database, the spool and the
attempts' folders, so that it may die at any moment and another goes on.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import DBAPIError

from portal.config import Settings, load_settings
from portal.daemon import lease as leases
from portal.daemon import parts
from portal.daemon.cancel import cancel_step
from portal.daemon.collect.step import collect_step
from portal.daemon.context import Agent, Deps, Health, Store, Troubles, log, say
from portal.daemon.dispatch.step import dispatch_step
from portal.daemon.holder import is_surely_gone, my_name
from portal.daemon.lease import Lease, LeaseLost
from portal.daemon.log import log_to_stderr
from portal.daemon.notices import notices_step
from portal.daemon.pace import Pace, paces
from portal.daemon.reconcile.observe import WATCHED
from portal.daemon.reconcile.step import reconcile_step
from portal.daemon.retention import retain_step
from portal.daemon.status import Status
from portal.daemon.survey import survey_step
from portal.db import Database
from portal.errors import ConfigError
from portal.jobs.state import AT_SCHEDULER, State
from portal.scheduler.base import Scheduler

Step = Callable[[Deps, datetime], bool]
RETAIN_EVERY_S = 600.0
NOTICES_EVERY_S = 2.0
AFTER_A_FAULT_S = 5.0
COLLECT_LOOKS_EVERY_S = 5.0
TO_DISPATCH = frozenset({State.QUEUED, State.HELD, State.SUBMITTING})


def _now() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """The steps, the lease, and when to do what."""

    def __init__(
        self, settings: Settings, database: Database, scheduler: Scheduler, agent: Agent, store: Store
    ) -> None:
        self.settings = settings
        self.database = database
        self.scheduler = scheduler
        self.agent = agent
        self.store = store
        self.holder = my_name()
        self.health, self.troubles = Health(), Troubles()
        self.stopping = threading.Event()
        self._deps: Deps | None = None
        self._status = Status()
        self._next_retain = 0.0
        self._next_notices = 0.0
        self._gathering, self._jobs_pace, self._nodes_pace = paces(settings, near=scheduler.near)
        self._turn_began = (_now(), time.monotonic())
        self._to_collect = threading.Event()
        self._faults: dict[str, float] = {}
        self._signals: list[signal.Signals] = []

    @property
    def active(self) -> bool:
        """True while this daemon holds the lease, as far as it knows."""
        return self._deps is not None

    def turn(self, now: datetime, *, collect: bool = True) -> bool:
        """Everything once; True if there is more to do at once. Without the lease it only tries to get it."""
        deps = self._deps or self._take_lease()
        if deps is None:
            return False
        self._turn_began = (now, time.monotonic())
        try:
            counts = self._status.counts(deps)
            busy = self._work(deps, counts)
            if collect and (busy or State.COLLECTING in counts):
                busy |= self._step("collect", collect_step, deps)
            self._status.write(deps, self._clock())
            return busy
        except LeaseLost as lost:
            self._lose(deps, lost)
            return False
        except DBAPIError as error:
            self._database_away(error)
            return False

    def _clock(self) -> datetime:
        """The turn's time, gone on since it began: a step may take seconds."""
        now, began = self._turn_began
        return now + timedelta(seconds=time.monotonic() - began)

    def _work(self, deps: Deps, counts: Mapping[State, int]) -> bool:
        """The steps that have something to work on: an idle daemon asks the database one thing a turn."""
        busy = False
        # What a silent scheduler would not take waits in the queue, and goes at once when it answers again.
        if not self.stopping.is_set() and counts.keys() & TO_DISPATCH and deps.health.answered is not False:
            busy = self._gathering.due and self._hand_over(deps)
        if not self.stopping.is_set() and (busy or counts.keys() & AT_SCHEDULER):
            busy |= self._step("start", self._start, deps)
        cancelled = bool(counts.keys() & WATCHED) and self._step("cancel", cancel_step, deps)
        if busy or cancelled:
            self._jobs_pace.hurry()
        if (busy or cancelled or counts.keys() & WATCHED) and self._jobs_pace.due:
            busy |= self._ask(self._jobs_pace, "reconcile", reconcile_step, deps)
        # While jobs are asked about in vain, nodes need not be asked about too.
        if self._nodes_pace.due and not (deps.health.answered is False and counts.keys() & WATCHED):
            self._ask(self._nodes_pace, "survey", survey_step, deps)
        if State.COLLECTING in counts:
            self._to_collect.set()
        if time.monotonic() >= self._next_notices:
            more = self._step("notices", notices_step, deps)
            self._next_notices = 0.0 if more else time.monotonic() + NOTICES_EVERY_S
        if time.monotonic() >= self._next_retain:
            self._next_retain = time.monotonic() + RETAIN_EVERY_S
            self._step("retain", retain_step, deps)
        return busy

    def _hand_over(self, deps: Deps) -> bool:
        began, done = self._gathering.clock(), self._step("dispatch", dispatch_step, deps)
        if done:
            self._gathering.asked(began=began, moved=True, answered=True)
        return done

    def _start(self, deps: Deps, now: datetime) -> bool:
        """Let a backend that does not start jobs by itself start what may start."""
        return deps.scheduler.start(now)

    def _ask(self, pace: Pace, name: str, step: Step, deps: Deps) -> bool:
        """Put one bulk question to the scheduler. True if anything moved."""
        began, before = pace.clock(), deps.health.answered
        moved = self._step(name, step, deps)
        answers_again = before is False and deps.health.answered is True
        pace.asked(began=began, moved=moved or answers_again, answered=deps.health.answered is not False)
        if moved or answers_again:
            self._jobs_pace.hurry()
            self._nodes_pace.hurry()
        return moved or answers_again

    def _step(self, name: str, step: Step, deps: Deps) -> bool:
        """One step. A fault in it is logged and shown, and does not keep the other steps from their work."""
        if time.monotonic() < self._faults.get(name, 0.0):
            return False
        try:
            done = step(deps, self._clock())
        except (LeaseLost, DBAPIError):
            raise
        except Exception as error:  # the daemon serves everybody: one row's fault must not stop all jobs
            log.exception("fault", extra={"fields": {"step": name}})
            deps.troubles.trouble(name, f"The step {name} failed: {type(error).__name__}: {error}"[:500])
            self._faults[name] = time.monotonic() + AFTER_A_FAULT_S
            return False
        if self._faults.pop(name, None) is not None:
            deps.troubles.trouble(name, None)
        return done

    def _take_lease(self) -> Deps | None:
        lasts = timedelta(seconds=self.settings.daemon.lease_s)
        try:
            lease = leases.take(self.database, self.holder, lasts=lasts, is_gone=is_surely_gone)
        except DBAPIError as error:
            self._database_away(error)
            return None
        if lease is None:
            return None
        say("active", holder=lease.holder, epoch=lease.epoch)
        self.health, self.troubles = Health(), Troubles()
        self._status = Status()
        self._deps = self._with(lease)
        return self._deps

    def _with(self, lease: Lease) -> Deps:
        parts_ = (self.settings, self.database, self.scheduler, self.agent, self.store)
        return Deps(*parts_, lease, self.health, self.troubles)

    def _lose(self, deps: Deps, lost: LeaseLost) -> None:
        # A step that began under an earlier lease must not take away the one that was gained since.
        if self._deps is deps:
            say("lease-lost", message=str(lost))
            self._deps = None

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
        for thread in threads:
            thread.start()
        while not self.stopping.is_set():
            if not self.turn(_now(), collect=False):
                time.sleep(self.settings.daemon.idle_s)
            self._heed_signals()
        for thread in threads:
            thread.join(self.settings.daemon.lease_s)
        self._say_goodbye()
        return 0

    def _beat_on(self) -> None:
        """Prolong the lease while a step takes long. A stopped process does not get here, and is replaced."""
        while not self.stopping.wait(self.settings.daemon.lease_s / 4):
            deps = self._deps
            if deps is not None:
                self._quietly(deps, deps.still_active)

    def _collect_on(self) -> None:
        """Collect beside the other steps: a large result is copied for minutes."""
        while not self.stopping.is_set():
            deps, busy = self._deps, False
            if deps is not None:
                busy = self._quietly(deps, partial(self._step, "collect", collect_step, deps))
            if not busy:
                self._to_collect.clear()
                self._to_collect.wait(COLLECT_LOOKS_EVERY_S)

    def _quietly(self, deps: Deps, act: Callable[[], bool | None]) -> bool:
        try:
            return bool(act())
        except LeaseLost as lost:
            self._lose(deps, lost)
        except DBAPIError as error:
            self._database_away(error)
        return False

    def _say_goodbye(self) -> None:
        deps = self._deps
        if deps is None:
            return
        try:
            counts = self._status.counts(deps)
            leases.release(self.database, deps.lease)
        except DBAPIError as error:
            self._database_away(error)
            return
        say("stopped", goes_on={state.value: count for state, count in counts.items()})

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
                say("reloaded", jobtypes=sorted(found.by_name), problems=[str(p) for p in found.problems])
            else:
                say("stopping", signal=number.name)
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
        parts.make_scheduler(settings),
        parts.make_agents(settings),
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
