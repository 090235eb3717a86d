"""What an account does with its own jobs on Slurm, by sbatch, squeue, sacct and scancel: the agent's part.

Commands get argument lists and answer in JSON, or in columns.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.scheduler.base import Estimate, JobHandle, JobRequest, SchedulerError
from portal.scheduler.slurm import note as notes
from portal.scheduler.slurm import script
from portal.scheduler.slurm.commands import Commands
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.find import Search
from portal.scheduler.slurm.questions import Questions, commands_of, silence
from portal.scheduler.slurm.reasons import refusal
from portal.scheduler.slurm.rows import Row, accounting_rows, queue_rows
from portal.scheduler.slurm.sbatch import Submission
from portal.scheduler.slurm.scancel import cancel_many

WOULD_START = re.compile(r"to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
UNACCOUNTED = re.compile(r"accounting storage is disabled", re.IGNORECASE)


class SlurmOwner:
    """One Slurm cluster, for the jobs of one Unix account. `scratch` holds the attempts' folders."""

    def __init__(self, config: SlurmConfig, scratch: Path, *, commands: Commands | None = None) -> None:
        self.config = config
        self.scratch = scratch
        self.questions = Questions(commands or commands_of(config), config)

    @property
    def cluster(self) -> str:
        """The name that stands in handles and claims."""
        return self.config.cluster

    def submit(self, requests: Sequence[JobRequest]) -> list[JobHandle | SchedulerError]:
        """Hand attempts over, those of one name and one size as arrays; twice with one gives the first handle."""
        return Submission(self.questions, self.scratch, self.find).submit(requests)

    def find(self, items: Sequence[tuple[str, str]]) -> list[JobHandle | SchedulerError | None]:
        """The jobs of (attempt, name) if Slurm ever took them: controller and accounting, asked as the owner.

        The error if one of them did not answer and the other does not have it. Of those that share a name Slurm
        is asked once.
        """
        earliest = datetime.now(UTC) - timedelta(days=self.config.find_days)
        search = Search(self.scratch, self.cluster, self._queue, self._accounting, earliest)
        return [search.find(attempt, name) for attempt, name in items]

    def cancel(self, handles: Sequence[JobHandle], *, by: str | None = None) -> list[bool | SchedulerError]:
        """SIGTERM, then SIGKILL after KillWait; those that share a name by one call, up to a thousand.

        `by` is not kept: Slurm notes the owner.
        """
        return cancel_many(self.questions.commands, handles)

    def start(self, now: datetime) -> bool:
        """Slurm starts jobs by itself."""
        return False

    def forget(self, attempt: str) -> None:
        """Remove the attempt's note, and the folder of its array with the last of its attempts."""
        notes.forget_attempt(self.scratch, attempt)

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
