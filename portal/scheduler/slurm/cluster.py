"""The backend `slurm`: what an account does with its jobs, and the daemon's bulk questions about everybody's.

`submit`, `find`, `cancel`, `estimate` and `forget` are the owner's (the agent runs them as the person).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.portions import portions
from portal.scheduler.base import JobHandle, JobReport, Observation, Phase, SchedulerError
from portal.scheduler.slurm import match
from portal.scheduler.slurm import sinfo as nodes
from portal.scheduler.slurm.commands import Commands
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.match import Rows
from portal.scheduler.slurm.owner import SlurmOwner
from portal.scheduler.slurm.rows import Row
from portal.scheduler.slurm.visibility import Visibility
from portal.scheduler.survey import Survey

LISTED_LASTS = timedelta(minutes=2)
"""So long the last list of jobs tells how many wait and run in each partition."""
IDS_A_QUESTION = 2000
"""Ids in one argument of sacct: a Linux argument has 128 KiB at most."""


class SlurmScheduler(SlurmOwner):
    """One Slurm cluster, seen by one Unix account. `others`: it reads about other people's jobs."""

    batch_size = 1000
    """A whole submission goes as one array."""
    near = False
    running_per_person = 10_000
    """Slurm itself sees to fair shares."""

    def __init__(
        self,
        config: SlurmConfig,
        scratch: Path,
        *,
        others: bool = False,
        joins: bool = True,
        commands: Commands | None = None,
    ) -> None:
        super().__init__(config, scratch, commands=commands)
        self.joins = joins
        self._visibility = Visibility(self.questions, others)
        self._others = others
        self._listed: tuple[datetime, list[Row]] | None = None

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """One squeue for all, one sacct for those that it does not know or that have ended."""
        if not handles:
            return Observation(answered=True)
        now = datetime.now(UTC)
        try:
            listed = self._queue(*([] if self._others else ["--me"]))
        except SchedulerError as error:
            return Observation(answered=False, message=error.message)
        self._listed = now, [row for row in listed if not self._visibility.is_canary(row)]
        queue = Rows(listed)
        open_ = match.unsettled(handles, queue)
        trouble, kept = None, None
        if open_:
            try:
                kept = self._endings(open_)
            except SchedulerError as error:
                trouble = f"Accounting does not answer: {error.message}"
        reports = match.judge(
            handles, queue, Rows(kept or []), now, accounted=trouble is not None or kept is not None
        )
        if kept:
            gone = match.vanished(open_, reports, Rows(kept))
            reports |= gone if gone and self._accounting_is_told() else {}
        reports = self._with_places(reports, listed, now)
        if len(reports) == len(handles):
            return Observation(True, reports)
        trouble = trouble or self._visibility.objection(listed, now)
        return Observation(True, reports, trouble, absences_count=trouble is None)

    def survey(self) -> Survey:
        """Nodes and partitions, by one sinfo; jobs as of the last `observe`. Never raises for an outage."""
        now = datetime.now(UTC)
        fresh = self._listed is not None and now - self._listed[0] < LISTED_LASTS
        try:
            reply = self.questions.ask("sinfo", "--Node")
            found = nodes.survey(reply, self._listed[1] if fresh and self._listed else None)
        except SchedulerError as error:
            return Survey(answered=False, message=error.message, silent=True)
        except ValueError as error:
            return Survey(answered=False, message=f"Slurm's list of nodes cannot be read: {error}")
        named = {"cpus": self.config.partition, "gpus": self.config.gpu_partition}
        return replace(found, goes_to={what: name for what, name in named.items() if name})

    def prune(self, before: datetime) -> int:
        """Slurm forgets by itself."""
        return 0

    def _with_places(
        self, reports: dict[str, JobReport], listed: list[Row], now: datetime
    ) -> dict[str, JobReport]:
        """The reports with how many jobs go first, where the list shows everybody's jobs."""
        waiting = [key for key, report in reports.items() if report.phase is Phase.PENDING]
        if not waiting or not self._others or self._visibility.hides(now):
            return reports
        places = match.places(listed)
        placed = {
            key: places.get((reports[key].handle.job_id, reports[key].handle.array_index)) for key in waiting
        }
        return reports | {key: replace(reports[key], position=place) for key, place in placed.items()}

    def _accounting_is_told(self) -> bool:
        """Whether the controller has nothing left that it still has to tell accounting."""
        try:
            statistics = self.questions.ask("sdiag").get("statistics")
        except SchedulerError:
            return False
        return isinstance(statistics, dict) and statistics.get("dbd_agent_queue_size") == 0

    def _endings(self, handles: Sequence[tuple[str, JobHandle]]) -> list[Row] | None:
        """Accounting's rows about these jobs; None where there is no accounting."""
        wanted = list(match.ids(handles))
        whose = ["--allusers"] if self._others else []
        rows: list[Row] = []
        for some in portions(wanted, IDS_A_QUESTION):
            found = self._accounting(match.oldest(handles), f"--jobs={','.join(some)}", *whose)
            if found is None:
                return None
            rows += found
        return rows
