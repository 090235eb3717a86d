"""Saving results side by side, so that nobody's large one holds up what others wait for.

A lane is a thread that saves some results of one person. People take turns, and a person has at most two lanes:
one that is at a large result, and one beside it. Lanes that have been at work for long do not count against those
that may begin, up to a bound on all of them.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from portal.daemon.collect.step import collect_group, next_groups
from portal.daemon.collect.store import Collected
from portal.daemon.context import Deps
from portal.times import going_on

OF_ONE_PERSON = 2
LONG_S = 10.0
MOST = 4
"""Times as many lanes as may be quick, at most."""


@dataclass
class Lane:
    """What one thread is at."""

    person: int
    jobs: frozenset[int]
    since: float = field(default_factory=time.monotonic)

    @property
    def long(self) -> bool:
        """Whether it has been at work for long."""
        return time.monotonic() - self.since > LONG_S


class Lanes:
    """The lanes of one daemon."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._lanes: list[Lane] = []

    def fill(self, deps: Deps, now: datetime, run: Callable[[Callable[[], None]], None]) -> bool:
        """Begin what may begin, each by `run` in a thread of its own; True if anything did."""
        with self._lock:
            busy = frozenset[int]().union(*(lane.jobs for lane in self._lanes))
            of_person = Counter(lane.person for lane in self._lanes)
        clock, begun = going_on(now), False
        groups = next_groups(deps, now, busy=busy)
        for person, group in sorted(groups.items(), key=lambda one: of_person[one[0]]):
            if of_person[person] >= OF_ONE_PERSON or not self._room():
                continue
            self._begin(person, group, partial(_collect, deps, group, clock), run)
            begun = True
        return begun

    @property
    def busy(self) -> bool:
        """Whether anything is being saved."""
        with self._lock:
            return bool(self._lanes)

    def wait(self, seconds: float) -> None:
        """Until nothing is being saved, but no longer than this."""
        deadline = time.monotonic() + seconds
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.05)

    def _room(self) -> bool:
        with self._lock:
            quick = sum(not lane.long for lane in self._lanes)
            return quick < self._at_once and len(self._lanes) < MOST * self._at_once

    def _begin(
        self,
        person: int,
        group: Sequence[Collected],
        act: Callable[[], None],
        run: Callable[[Callable[[], None]], None],
    ) -> None:
        lane = Lane(person, frozenset(one.job_id for one in group))
        with self._lock:
            self._lanes.append(lane)

        def work() -> None:
            try:
                run(act)
            finally:
                with self._lock:
                    self._lanes.remove(lane)

        threading.Thread(target=work, name=f"collect-{person}", daemon=True).start()


def _collect(deps: Deps, group: Sequence[Collected], clock: Callable[[], datetime]) -> None:
    collect_group(deps, group, clock())
