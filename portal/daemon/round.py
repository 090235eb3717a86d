"""The steps for one cluster, and when to do what: what is silent there holds up nothing elsewhere."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from portal.config import Settings
from portal.daemon.context import Deps, Place, log
from portal.daemon.health import Health
from portal.daemon.lease import LeaseLost
from portal.daemon.pace import Pace, paces
from portal.daemon.steps import COLLECT, NOTICES, STEPS, Row, Step, Turn
from portal.jobs.state import State

AFTER_A_FAULT_S = 5.0


class Round:
    """One cluster's paces, health and faults. `clock` tells the time of the turn at hand."""

    def __init__(
        self, settings: Settings, place: Place, clock: Callable[[], datetime], stopping: threading.Event
    ) -> None:
        self.place = place
        self.health = Health()
        self.paces = paces(settings, near=place.scheduler.near)
        self._clock = clock
        self._stopping = stopping
        self._faults: dict[str, float] = {}

    @property
    def cluster(self) -> str:
        """Its name."""
        return self.place.scheduler.cluster

    def collect(self, deps: Deps) -> bool:
        """Save what has ended; of all clusters at once."""
        return self._step(COLLECT.name, COLLECT.step, deps)

    def tell(self, deps: Deps) -> bool:
        """Make people's notices, of all clusters at once, if it is time."""
        pace = self.paces[NOTICES.name]
        return pace.due and self._at_its_pace(NOTICES, pace, deps)

    def counts(self, deps: Deps) -> dict[State, int]:
        """This cluster's unfinished jobs by state."""
        with deps.database.read() as session:
            return deps.share.counts(session)

    def work(self, deps: Deps, counts: Mapping[State, int]) -> bool:
        """The steps that have something to work on: an idle daemon asks the database one thing a turn."""
        turn = Turn(frozenset(counts), False, False)
        busy = False
        for row in STEPS:
            turn.silent, turn.stopping = deps.health.answered is False, self._stopping.is_set()
            pace = self.paces[row.pace] if row.pace else None
            if (pace is not None and not pace.due) or not row.wanted(turn):
                continue
            moved = (
                self._at_its_pace(row, pace, deps) if pace is not None else self._step(row.name, row.step, deps)
            )
            busy |= moved and row.again
            if moved and row.makes_news:
                turn.news = True
                self.paces["jobs"].hurry()
        return busy

    def _at_its_pace(self, row: Row, pace: Pace, deps: Deps) -> bool:
        """One step that has a pace. True if it moved anything; that the scheduler answers again is a move, too."""
        began, before = pace.clock(), deps.health.answered
        moved = self._step(row.name, row.step, deps)
        if row.asks:
            moved |= before is False and deps.health.answered is True
        pace.asked(began=began, moved=moved, answered=deps.health.answered is not False)
        if moved and row.asks:
            self.paces["jobs"].hurry()
            self.paces["nodes"].hurry()
        return moved

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
