"""The backend `slurm`: sbatch, squeue, sacct and scancel, as argument lists, with answers in JSON.

`submit`, `find`, `cancel` and `estimate` are the owner's (the agent runs them as the person), `observe` is the
daemon's one question about everybody's jobs.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.scheduler import slurm_match as match
from portal.scheduler import slurm_nodes as nodes
from portal.scheduler import slurm_note as notes
from portal.scheduler import slurm_script as script
from portal.scheduler.base import Estimate, JobHandle, JobReport, JobRequest, Observation, Phase, SchedulerError
from portal.scheduler.pyslurm_commands import commands_of
from portal.scheduler.slurm_commands import Commands, Questions, silence
from portal.scheduler.slurm_config import SlurmConfig
from portal.scheduler.slurm_match import Rows
from portal.scheduler.slurm_rows import Row, accounting_rows, queue_rows
from portal.scheduler.slurm_sight import Sight
from portal.scheduler.slurm_submit import Result, Submission
from portal.scheduler.slurm_words import refusal
from portal.scheduler.survey import Survey

GONE = re.compile(r"Invalid job id|No active jobs match|already completing or completed|Job/step already")
WOULD_START = re.compile(r"to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
UNACCOUNTED = re.compile(r"accounting storage is disabled", re.IGNORECASE)
LISTED_LASTS = timedelta(minutes=2)
"""So long the last list of jobs tells how many wait and run in each partition."""
IDS_A_QUESTION = 2000
"""Ids in one argument of sacct: a Linux argument has 128 KiB at most."""


class SlurmScheduler:
    """One Slurm cluster, seen by one Unix account.

    `scratch` holds the attempts' folders. `others`: this account reads about other people's jobs.
    """

    def __init__(
        self, config: SlurmConfig, scratch: Path, *, others: bool = False, commands: Commands | None = None
    ) -> None:
        self.config = config
        self.scratch = scratch
        self.questions = Questions(commands or commands_of(config), config)
        self._sight = Sight(self.questions, others)
        self._others = others
        self._listed: tuple[datetime, list[Row]] | None = None

    @property
    def cluster(self) -> str:
        """The name that stands in handles and claims."""
        return self.config.cluster

    def submit(self, request: JobRequest) -> JobHandle:
        """Hand one attempt over; twice with one attempt gives the first handle. Raises SchedulerError."""
        [result] = self.submit_many([request])
        if isinstance(result, SchedulerError):
            raise result
        return result

    def submit_many(self, requests: Sequence[JobRequest]) -> list[Result]:
        """Hand many over, those of one name and one size as arrays; a handle or an error for each, in order."""
        return Submission(self.questions, self.scratch, self.find).submit(requests)

    def find(self, attempt: str, name: str) -> JobHandle | None:
        """The job of this attempt if Slurm ever took it: controller and accounting, asked as the owner.

        Raises SchedulerError if one of them did not answer and the other does not have it.
        """
        if not script.NAME.fullmatch(name):
            return None
        note = notes.read(self.scratch / attempt)
        if note is not None and note.name == name and (handle := note.handle(self.cluster)) is not None:
            return handle
        folder, index = (note.array, note.index) if note and note.array else (attempt, None)
        since = note.asked if note else datetime.now(UTC) - timedelta(days=self.config.find_days)
        row = match.of_attempt(self._queue("--me", f"--name={name}"), name, folder, index)
        if row is None or row.restart:
            kept = self._accounting(since, f"--name={name}")
            row = match.of_attempt(kept or [], name, folder, index) or row
        if row is None:
            return None
        handle = JobHandle(self.cluster, row.job_id, index, name, row.submitted)
        if note is not None:
            notes.write(self.scratch / attempt, note.taken(handle.job_id, handle.submitted))
        return handle

    def cancel(self, handle: JobHandle, *, by: str | None = None) -> bool:
        """SIGTERM, then SIGKILL after KillWait; False if it had ended. `by` is not kept: Slurm notes the owner."""
        index = "" if handle.array_index is None else f"_{handle.array_index}"
        # The name is a filter: an id that has gone to another job is left alone.
        answer = self.questions.commands.run(
            ["scancel", "--me", f"--name={handle.name}", f"{handle.job_id}{index}"]
        )
        if GONE.search(answer.err):
            return False
        if answer.code != 0:
            raise silence(answer)
        return True

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """One squeue for all, one sacct for those that it does not know or that have ended."""
        if not handles:
            return Observation(answered=True)
        now = datetime.now(UTC)
        try:
            listed = self._queue(*([] if self._others else ["--me"]))
        except SchedulerError as error:
            return Observation(answered=False, message=error.message)
        self._listed = now, [row for row in listed if not self._sight.is_canary(row)]
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
        trouble = trouble or self._sight.objection(listed, now)
        return Observation(True, reports, trouble, absences_count=trouble is None)

    def survey(self) -> Survey:
        """Nodes and partitions, by one sinfo; jobs as of the last `observe`. Never raises for an outage."""
        now = datetime.now(UTC)
        fresh = self._listed is not None and now - self._listed[0] < LISTED_LASTS
        try:
            reply = self.questions.ask("sinfo", "--Node")
            return nodes.survey(reply, self._listed[1] if fresh and self._listed else None)
        except SchedulerError as error:
            return Survey(answered=False, message=error.message, silent=True)
        except ValueError as error:
            return Survey(answered=False, message=f"Slurm's list of nodes cannot be read: {error}")

    def estimate(self, request: JobRequest) -> Estimate:
        """When such a job would start, by sbatch --test-only. Raises SchedulerError if it never could."""
        command, text = script.trial(request, self.config)
        answer = self.questions.commands.run(command, stdin=text)
        if answer.silent:
            raise silence(answer)
        told = WOULD_START.search(answer.err + answer.out)
        if answer.code == 0 and told:
            start = datetime.fromisoformat(told[1]).replace(tzinfo=UTC)
            return Estimate(start, "Slurm's plan as it is now. Jobs that end early or come first change it.")
        if answer.code == 0:
            return Estimate(None, "Slurm does not say when it would start.")
        words, retry = refusal(answer.err.replace("allocation failure: ", ""))
        raise SchedulerError(words, retry=retry, detail=answer.err.strip()[-500:])

    def _with_places(
        self, reports: dict[str, JobReport], listed: list[Row], now: datetime
    ) -> dict[str, JobReport]:
        """The reports with how many jobs go first, where the list shows everybody's jobs."""
        waiting = [key for key, report in reports.items() if report.phase is Phase.PENDING]
        if not waiting or not self._others or self._sight.hides(now):
            return reports
        places = match.places(listed)
        placed = {
            key: places.get((reports[key].handle.job_id, reports[key].handle.array_index)) for key in waiting
        }
        return reports | {key: replace(reports[key], position=place) for key, place in placed.items()}

    def _queue(self, *words: str) -> list[Row]:
        """The controller's rows. Raises SchedulerError."""
        try:
            return queue_rows(self.questions.ask("squeue", "--states=all", *words))
        except ValueError as error:
            raise SchedulerError("Slurm's list of jobs cannot be read.", retry=True, detail=str(error)) from error

    def _accounting(self, since: datetime, *words: str) -> list[Row] | None:
        """Accounting's rows from a day before `since`; None if there is no accounting. Raises SchedulerError."""
        if not self.config.accounting:
            return None
        start = (since - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
        try:
            return accounting_rows(self.questions.ask("sacct", "--duplicates", f"--starttime={start}", *words))
        except ValueError as error:
            raise SchedulerError("Slurm's accounting cannot be read.", retry=True, detail=str(error)) from error
        except SchedulerError as error:
            if error.detail and UNACCOUNTED.search(error.detail):
                return None
            raise

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
        for first in range(0, len(wanted), IDS_A_QUESTION):
            some = ",".join(wanted[first : first + IDS_A_QUESTION])
            found = self._accounting(match.oldest(handles), f"--jobs={some}", *whose)
            if found is None:
                return None
            rows += found
        return rows
