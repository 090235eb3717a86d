"""While results are being saved: how far that is, whether somebody wants it to end, whether its time is over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.exc import DBAPIError

from portal.daemon.collect.store import Collected, ResultRefusedError, TryLaterError
from portal.daemon.context import Deps
from portal.jobs.models import Job, JobOutput
from portal.jobs.said import Waiting
from portal.jobs.saving import checking, saving, too_much
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, CallRefusedError
from portal.store.telling import Kept, heard
from portal.words import duration

LOOK_S = 0.5
TELL_S = 2.0
"""How often it is looked for a wish, and written down how far it is."""
STOP_AGAIN_S = 5.0
"""A stop may have come before there was anything to be stopped."""


class EndWishedError(Exception):
    """Somebody wants the job to end."""


@dataclass
class Watch:
    """Of some jobs that are saved in one call. Any number of them may come to an end before they are saved."""

    deps: Deps
    jobs: Sequence[Collected]
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _looked: float = field(init=False)
    _told: float = field(init=False)
    _stopped: float = float("-inf")
    _wished: set[int] = field(default_factory=set)
    _late: set[int] = field(default_factory=set)
    _far: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._began = self._looked = self._told = self.clock()

    def heard(self, said: str) -> None:
        """What the store has told so far of the call. Now and then it is looked whether that should end."""
        try:
            self._heard(said)
        except DBAPIError as error:  # it is away for a moment: what is being copied goes on
            self.deps.troubles.trouble("store", f"The database does not answer: {error.orig}"[:500])

    def _heard(self, said: str) -> None:
        if not self._due():
            return
        kept = heard(said)
        self._tell({one.job_id: _words(kept[one.job_id]) for one in self.jobs if one.job_id in kept})
        ending = [one for one in self.jobs if one.job_id in self._wished | self._late]
        if ending and self.clock() - self._stopped > STOP_AGAIN_S:
            self._stopped = self.clock()
            try:
                self.deps.store.stop([(one.job_id, output["name"]) for one in ending for output in one.outputs])
            except (AnswerLostError, CallRefusedError) as error:
                self.deps.troubles.trouble("store", error.message)

    def looked_into(self, one: Collected, files: int, of_files: int) -> None:
        """So many of its files were looked into. Raises EndWishedError, ResultRefusedError."""
        if self._due():
            self._tell({one.job_id: checking(files, of_files)})
            self.check(one)

    def check(self, one: Collected) -> None:
        """Raises EndWishedError or ResultRefusedError where the job is to end, or may take no longer."""
        if one.job_id in self._wished:
            raise EndWishedError
        if one.job_id in self._late:
            raise self.took_too_long(one)

    def stopped(self, one: Collected) -> ResultRefusedError | TryLaterError | EndWishedError:
        """Why the store gave it up, as it was asked to."""
        if one.job_id in self._wished:
            return EndWishedError()
        if one.job_id in self._late:
            return self.took_too_long(one)
        return TryLaterError("Saving was interrupted.")

    def took_too_long(self, one: Collected) -> ResultRefusedError:
        """In words, with how far it came."""
        limit = duration(self._limit_s)
        far = self._far.get(one.job_id, "").removeprefix("Saving: ").rstrip(".")
        came = f" ({far} were saved by then)" if far and not far.startswith("Saved") else ""
        days = self.deps.settings.daemon.keep_failed_days
        why = f"Saving its result took longer than {limit}{came}"
        return ResultRefusedError(too_much(why, kept_days=days), whole=True)

    @property
    def _limit_s(self) -> float:
        return self.deps.settings.limits.output_minutes * 60

    def _due(self) -> bool:
        now = self.clock()
        if now - self._looked < LOOK_S:
            return False
        self._looked = now
        self._look_for_wishes()
        if now - self._began > self._limit_s:
            self._late |= {one.job_id for one in self.jobs}
        return True

    def _look_for_wishes(self) -> None:
        asked = select(Job.id).where(Job.id.in_([one.job_id for one in self.jobs]), wished())
        with self.deps.database.read() as session:
            self._wished |= set(session.scalars(asked))

    def _tell(self, far: dict[int, str]) -> None:
        now = self.clock()
        news = {job: words for job, words in far.items() if self._far.get(job) != words}
        if not news or now - self._told < TELL_S:
            return
        self._told = now
        self._far |= news
        tries = {one.job_id: one.tries for one in self.jobs}
        with self.deps.write() as session:
            for job, words in news.items():
                mine = (Job.id == job) & (Job.state == State.COLLECTING)
                session.execute(update(Job).where(mine).values(waiting=Waiting(words, tries=tries[job])))


def wished() -> ColumnElement[bool]:
    """The condition on jobs that somebody wants to end, and of which nothing is registered yet."""
    return Job.cancel_requested.is_not(None) & ~exists().where(JobOutput.job_id == Job.id)


def _words(kept: Kept) -> str:
    return saving(kept.files, kept.of_files, kept.size, kept.of_size)
