"""Finding the jobs of attempts whose handing over is in doubt: by their notes, else by asking Slurm for the name.

A name is asked for once in a search, however many attempts have it.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from portal.scheduler.base import JobHandle, SchedulerError
from portal.scheduler.slurm import note as notes
from portal.scheduler.slurm import script
from portal.scheduler.slurm.rows import Row, of_attempt

Answer = TypeVar("Answer")
Words = tuple[object, ...]


class Once(Generic[Answer]):
    """A question that, asked again in the same words, has its first answer, or fails as it failed."""

    def __init__(self, ask: Callable[..., Answer]) -> None:
        self._ask = ask
        self._answers: dict[Words, Answer] = {}
        self._silences: dict[Words, SchedulerError] = {}

    def __call__(self, *words: object) -> Answer:
        """The answer. Raises SchedulerError."""
        if words in self._silences:
            raise self._silences[words]
        if words not in self._answers:
            try:
                self._answers[words] = self._ask(*words)
            except SchedulerError as error:
                self._silences[words] = error
                raise
        return self._answers[words]


class Search:
    """One search. `queue` and `accounting` ask as the owner; `earliest` is where one without a note begins."""

    def __init__(
        self,
        scratch: Path,
        cluster: str,
        queue: Callable[..., list[Row]],
        accounting: Callable[..., list[Row] | None],
        earliest: datetime,
    ) -> None:
        self._scratch = scratch
        self._cluster = cluster
        self._queue = Once(queue)
        self._accounting = Once(accounting)
        self._earliest = earliest

    def find(self, attempt: str, name: str) -> JobHandle | SchedulerError | None:
        """The job of this attempt if Slurm ever took it: controller and accounting.

        The error if one of them did not answer and the other does not have it.
        """
        if not script.NAME.fullmatch(name):
            return None
        try:
            return self._find(attempt, name)
        except SchedulerError as error:
            return error

    def _find(self, attempt: str, name: str) -> JobHandle | None:
        note = notes.read(self._scratch / attempt)
        if note is not None and note.name == name and (handle := note.handle(self._cluster)) is not None:
            return handle
        folder, index = (note.array, note.index) if note and note.array else (attempt, None)
        row = of_attempt(self._queue("--me", f"--name={name}"), name, folder, index)
        if row is None or row.restart:
            kept = self._accounting(note.asked if note else self._earliest, f"--name={name}")
            row = of_attempt(kept or [], name, folder, index) or row
        if row is None:
            return None
        handle = JobHandle(self._cluster, row.job_id, index, name, row.submitted)
        if note is not None:
            notes.write(self._scratch / attempt, note.taken(handle.job_id, handle.submitted))
        return handle
