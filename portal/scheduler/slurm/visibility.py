"""Whether an answer of squeue shows everything: only then is a job that it leaves out absent.

With PrivateData=jobs, squeue succeeds for everybody and lists only what one may see; a controller that has just
lost its state succeeds too. So the reader keeps a held job of its own, the canary, and knows whose jobs it sees.
"""

import os
import pwd
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.scheduler.base import Phase, SchedulerError
from portal.scheduler.slurm.questions import Questions
from portal.scheduler.slurm.rows import Row
from portal.scheduler.slurm.states import meaning

CANARY = "gantry-canary"
RIGHTS_LAST = timedelta(minutes=5)
CANARY_AGAIN = timedelta(minutes=1)
OPERATORS = frozenset({"Operator", "Administrator"})


def own_account() -> str:
    """The Unix account of this process."""
    return pwd.getpwuid(os.geteuid()).pw_name


@dataclass
class Visibility:
    """What the reader may see. `others`: it reads about other people's jobs, not only about its own."""

    questions: Questions
    others: bool
    account: str = field(default_factory=own_account)
    _rights: str | None = None
    _rights_at: datetime | None = None
    _canary_at: datetime | None = None
    _hidden: bool | None = None
    _hidden_at: datetime | None = None

    def hides(self, now: datetime) -> bool:
        """Whether other people's jobs may be hidden from this account; True where that is not known."""
        if self._hidden_at is None or now - self._hidden_at >= RIGHTS_LAST:
            try:
                self._hidden = self._hides_jobs()
            except SchedulerError:
                self._hidden = None
            self._hidden_at = now
        return self._hidden is not False

    def objection(self, rows: Sequence[Row], now: datetime) -> str | None:
        """Why absences from this answer do not count, in words; None if they do."""
        config = self.questions.config
        if config.canary and not any(self.is_canary(row) for row in rows):
            return self._no_canary(now)
        if not self.others:
            return None
        if self._rights_at is None or now - self._rights_at >= RIGHTS_LAST:
            try:
                self._rights, self._rights_at = self._ask_rights(), now
            except SchedulerError as error:
                return f"It is not known whose jobs can be seen: {error.message}"
        return self._rights

    def is_canary(self, row: Row) -> bool:
        """Whether this is the held job by which the reader knows that a list is whole."""
        found = meaning(row.words)
        return (
            row.name == CANARY and row.user == self.account and found is not None and found.phase is Phase.PENDING
        )

    def _no_canary(self, now: datetime) -> str:
        """Send one, now and then; the next answer will show it."""
        if self._canary_at is None or now - self._canary_at >= CANARY_AGAIN:
            self._canary_at = now
            config = self.questions.config
            command = ["sbatch", "--parsable", "--hold", f"--job-name={CANARY}", "--time=1", "--ntasks=1"]
            command += ["--export=NIL", "--no-requeue", "--chdir=/", "--output=/dev/null", "--input=/dev/null"]
            command += [f"--partition={config.partition}"] if config.partition else []
            try:
                answer = self.questions.commands.run(command, stdin="#!/bin/sh\nexit 0\n")
            except SchedulerError as error:
                return f"The list of jobs cannot be checked for being whole: {error.message}"
            if answer.code != 0:
                return (
                    "The list of jobs cannot be checked for being whole: the portal may not have a job of its own "
                    f"at the cluster. {answer.err.strip()[-200:]}"
                )
        return "It is being checked whether the cluster's list of jobs is whole."

    def _ask_rights(self) -> str | None:
        """None if this account sees everybody's jobs. Raises SchedulerError."""
        if not self._hides_jobs():
            return None
        reply = self.questions.ask("sacctmgr", "show", "user", self.account, "withcoord")
        for user in reply.get("users") or []:
            if OPERATORS & set(user.get("administrator_level") or []) or user.get("coordinators"):
                return None
        return (
            "The cluster hides people's jobs from the portal: make its account a coordinator (PrivateData=jobs)."
        )

    def _hides_jobs(self) -> bool:
        """Whether PrivateData has jobs. Raises SchedulerError."""
        said = self.questions.commands.run(["scontrol", "show", "config"])
        private = re.search(r"^PrivateData\s*=\s*(.*)$", said.out, re.MULTILINE)
        if said.code != 0 or private is None:
            raise SchedulerError("The cluster does not tell its settings.", retry=True)
        return "jobs" in private[1].strip().split(",")
