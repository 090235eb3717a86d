"""The steps as a table: what each needs, how often it is due, and when it has to wait. The loop only walks it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.daemon.cancel import cancel_step
from portal.daemon.collect.step import collect_step
from portal.daemon.context import Deps
from portal.daemon.dispatch.step import dispatch_step
from portal.daemon.notices import notices_step
from portal.daemon.reconcile.observe import WATCHED
from portal.daemon.reconcile.step import reconcile_step
from portal.daemon.retention import retain_step
from portal.daemon.survey import survey_step
from portal.jobs.state import AT_SCHEDULER, State

Step = Callable[[Deps, datetime], bool]
TO_DISPATCH = frozenset({State.QUEUED, State.HELD, State.SUBMITTING})
WHATEVER: frozenset[State] = frozenset()


@dataclass
class Turn:
    """What is known of one turn at one cluster, as it goes on."""

    there: frozenset[State]
    """The states in which this cluster has jobs."""
    silent: bool
    """The scheduler did not answer the last question."""
    stopping: bool
    news: bool = False
    """A step of this turn has moved something at the scheduler."""


@dataclass(frozen=True)
class Row:
    """One step. It runs if it is due, allowed, and there are jobs in a state that it needs."""

    name: str
    step: Step
    needs: frozenset[State] = WHATEVER
    pace: str | None = None
    """Which of the paces says when it is due; None: every turn."""
    allowed: Callable[[Turn], bool] = lambda _turn: True
    after_news: bool = False
    """It runs after news, too, whatever jobs there were when the turn began."""
    asks: bool = False
    """It puts a bulk question to the scheduler: whether that answers sets the pace."""
    makes_news: bool = False
    again: bool = False
    """If it has moved something, there may be more to do at once."""

    def wanted(self, turn: Turn) -> bool:
        """Whether there is something to do for it."""
        there = not self.needs or bool(self.needs & turn.there) or (self.after_news and turn.news)
        return there and self.allowed(turn)


def _begins(turn: Turn) -> bool:
    return not turn.stopping


def _hands_over(turn: Turn) -> bool:
    # What a silent scheduler would not take waits in the queue, and goes at once when it answers again.
    return not turn.stopping and not turn.silent


def _asks_nodes(turn: Turn) -> bool:
    # While jobs are asked about in vain, nodes need not be asked about too.
    return not (turn.silent and turn.there & WATCHED)


def start_step(deps: Deps, now: datetime) -> bool:
    """Let a backend that does not start jobs by itself start what may start."""
    return deps.scheduler.start(now)


STEPS = (
    Row("dispatch", dispatch_step, TO_DISPATCH, "gathering", _hands_over, makes_news=True, again=True),
    Row("start", start_step, AT_SCHEDULER, None, _begins, after_news=True, makes_news=True, again=True),
    Row("cancel", cancel_step, WATCHED, makes_news=True),
    Row("reconcile", reconcile_step, WATCHED, "jobs", after_news=True, asks=True, again=True),
    Row("survey", survey_step, WHATEVER, "nodes", _asks_nodes, asks=True),
    Row("retain", retain_step, WHATEVER, "retention"),
)
COLLECT = Row("collect", collect_step, frozenset({State.COLLECTING}), again=True)
"""Of all clusters at once, in a thread of its own: a large result is copied for minutes."""
NOTICES = Row("notices", notices_step, WHATEVER, "notices")
"""Once for all clusters, in a thread of its own: a silent one takes half a minute to say nothing."""
