"""The steps for one cluster, and when to do what: what is silent there holds up nothing elsewhere."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from portal.config import Settings
from portal.daemon.cancel import cancel_step
from portal.daemon.collect.step import collect_step
from portal.daemon.context import Deps, Place, log
from portal.daemon.dispatch.step import dispatch_step
from portal.daemon.health import Health
from portal.daemon.lease import LeaseLost
from portal.daemon.notices import notices_step
from portal.daemon.pace import Pace, paces
from portal.daemon.reconcile.observe import WATCHED
from portal.daemon.reconcile.step import reconcile_step
from portal.daemon.retention import retain_step
from portal.daemon.survey import survey_step
from portal.jobs.state import AT_SCHEDULER, State

Step = Callable[[Deps, datetime], bool]
RETAIN_EVERY_S = 600.0
NOTICES_EVERY_S = 2.0
AFTER_A_FAULT_S = 5.0
TO_DISPATCH = frozenset({State.QUEUED, State.HELD, State.SUBMITTING})


class Round:
    """One cluster's paces, health and faults. `clock` tells the time of the turn at hand."""

    def __init__(
        self, settings: Settings, place: Place, clock: Callable[[], datetime], stopping: threading.Event
    ) -> None:
        self.place = place
        self.health = Health()
        self._clock = clock
        self._stopping = stopping
        self._next_retain = 0.0
        self._next_notices = 0.0
        self._gathering, self._jobs_pace, self._nodes_pace = paces(settings, near=place.scheduler.near)
        self._faults: dict[str, float] = {}

    @property
    def cluster(self) -> str:
        """Its name."""
        return self.place.scheduler.cluster

    def collect(self, deps: Deps) -> bool:
        """Save what has ended; of all clusters at once."""
        return self._step("collect", collect_step, deps)

    def work(self, deps: Deps, counts: Mapping[State, int]) -> bool:
        """The steps that have something to work on: an idle daemon asks the database one thing a turn."""
        busy = False
        # What a silent scheduler would not take waits in the queue, and goes at once when it answers again.
        if not self._stopping.is_set() and counts.keys() & TO_DISPATCH and deps.health.answered is not False:
            busy = self._gathering.due and self._hand_over(deps)
        if not self._stopping.is_set() and (busy or counts.keys() & AT_SCHEDULER):
            busy |= self._step("start", self._start, deps)
        cancelled = bool(counts.keys() & WATCHED) and self._step("cancel", cancel_step, deps)
        if busy or cancelled:
            self._jobs_pace.hurry()
        if (busy or cancelled or counts.keys() & WATCHED) and self._jobs_pace.due:
            busy |= self._ask(self._jobs_pace, "reconcile", reconcile_step, deps)
        # While jobs are asked about in vain, nodes need not be asked about too.
        if self._nodes_pace.due and not (deps.health.answered is False and counts.keys() & WATCHED):
            self._ask(self._nodes_pace, "survey", survey_step, deps)
        if deps.share.rest and time.monotonic() >= self._next_notices:  # of all clusters at once
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
            deps.trouble(name, f"The step {name} failed: {type(error).__name__}: {error}"[:500])
            self._faults[name] = time.monotonic() + AFTER_A_FAULT_S
            return False
        if self._faults.pop(name, None) is not None:
            deps.trouble(name, None)
        return done
