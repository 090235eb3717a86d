"""When to hand over and to ask the scheduler again: soon while something moves, more and more rarely otherwise."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from portal.config import Settings

NODES_PAUSES = 5
"""Nodes are asked about so many times more rarely than jobs."""
GROWTH = 1.5
BUSY_SHARE = 0.1
"""At most this share of the time is spent on asking, so that a slow scheduler is left alone."""


GATHER_S = 0.2
"""The longest pause after a hand-over. Each costs a start of the agent and a few questions to the cluster, however
few its jobs are; those that come meanwhile go over together. A job that comes alone does not wait for it."""


@dataclass
class Pace:
    """The pauses between two questions of one kind, in seconds. One thread asks: never two at a time."""

    shortest_s: float
    longest_s: float
    clock: Callable[[], float] = time.monotonic
    _pause_s: float = 0.0
    _least_s: float = 0.0
    _asked: float | None = None

    @property
    def due(self) -> bool:
        """Whether it is time; at once if nothing was asked yet."""
        return self._asked is None or self.clock() >= self._asked + self._pause_s

    def hurry(self) -> None:
        """Something has just happened: the next question comes as soon as the last one's slowness allows."""
        self._pause_s = self._least_s

    def asked(self, *, began: float, moved: bool, answered: bool) -> None:
        """Note a question that began at `began` (by the clock): did anything move, was it answered?"""
        self._asked = self.clock()
        took_s = self._asked - began
        self._least_s = min(self.longest_s, max(self.shortest_s, took_s / BUSY_SHARE))
        if moved and answered:
            self._pause_s = self._least_s
        else:
            grown = max(self._pause_s, self.shortest_s) * GROWTH
            self._pause_s = min(self.longest_s, max(self._least_s, grown))


@dataclass
class Gathering(Pace):
    """The rest after a hand-over: a try that handed nothing over calls for none."""

    def asked(self, *, began: float, moved: bool, answered: bool) -> None:
        """Note a hand-over."""
        if moved:
            super().asked(began=began, moved=moved, answered=answered)


@dataclass
class Every(Pace):
    """So often, whatever comes of it; at once again where there is more, if `at_once`."""

    at_once: bool = False

    def asked(self, *, began: float, moved: bool, answered: bool) -> None:
        """Note that it was done."""
        self._asked = self.clock()
        self._pause_s = 0.0 if moved and self.at_once else self.longest_s


NOTICES_EVERY_S = 2.0
RETAIN_EVERY_S = 600.0


def paces(settings: Settings, *, near: bool) -> dict[str, Pace]:
    """When things are due, by the names in the table of steps. `near`: the backend is on this machine."""
    shortest, longest = settings.daemon.poll_s, settings.daemon.poll_max_s
    made: dict[str, Pace] = {
        "notices": Every(NOTICES_EVERY_S, NOTICES_EVERY_S, at_once=True),
        "retention": Every(RETAIN_EVERY_S, RETAIN_EVERY_S),
    }
    if near:
        # A folder of this machine: asking it costs nobody anything, and people see short jobs end at once.
        often = min(shortest, settings.daemon.idle_s)
        return made | {
            "gathering": Gathering(0.0, 0.0),
            "jobs": Pace(often, often),
            "nodes": Pace(shortest, longest),
        }
    return made | {
        "gathering": Gathering(0.0, GATHER_S),
        "jobs": Pace(shortest, longest),
        "nodes": Pace(min(longest, NODES_PAUSES * shortest), longest),
    }
