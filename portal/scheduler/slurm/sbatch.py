"""Handing jobs to sbatch: one a job, or one an array; then one question for the times of all.

Nothing is handed over twice: a note in the attempt's folder says that sbatch was, or may have been, asked.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from portal.scheduler.base import AccountError, JobHandle, JobRequest, SchedulerError
from portal.scheduler.slurm import note as notes
from portal.scheduler.slurm import script
from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.arrays import place
from portal.scheduler.slurm.commands import NotRunError
from portal.scheduler.slurm.note import Note
from portal.scheduler.slurm.questions import Questions, silence
from portal.scheduler.slurm.reasons import ACCOUNT, FULL, refusal

SIDE_BY_SIDE = 3
"""How many sbatch run at a time: most of their time is waiting for the controller."""
Answer = JobHandle | SchedulerError
Find = Callable[[Sequence[tuple[str, str]]], Sequence[JobHandle | SchedulerError | None]]
Group = Mapping[int, JobRequest]
TAKEN = re.compile(r"(\d+)(?:;[^\s;]+)?")
LOST = "It is not clear whether the cluster has taken the job."


class FullError(SchedulerError):
    """The account may not have so many jobs at the cluster."""


class Submission:
    """One call's worth of requests: what becomes of each, in `results` by position."""

    def __init__(self, questions: Questions, scratch: Path, find: Find) -> None:
        self.questions = questions
        self.config = questions.config
        self.scratch = scratch
        self.find = find
        self.results: dict[int, Answer] = {}
        self._asked: dict[int, tuple[JobRequest, Note]] = {}
        self._away: SchedulerError | None = None

    def submit(self, requests: Sequence[JobRequest]) -> list[Answer]:
        """Hand all over that were not handed over before; one result a request, in order."""
        try:
            noted = notes.read_all(self.scratch, [request.attempt for request in requests])
        except SchedulerError as error:
            return [error] * len(requests)
        self._take_known(requests, noted)
        fresh = [position for position, note in enumerate(noted) if note is None]
        groups = _groups({position: requests[position] for position in fresh}, self.config.max_array_size)
        for group in groups[:1]:
            # The first alone: if Slurm is away, the others are not even asked.
            self._hand_over(group, requests)
        if groups[1:]:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                list(pool.map(lambda group: self._hand_over(group, requests), groups[1:]))
        self._learn_times()
        return [self.results[position] for position in range(len(requests))]

    def _take_known(self, requests: Sequence[JobRequest], noted: Sequence[Note | SchedulerError | None]) -> None:
        """What is known of those that were handed over before, by their notes, goes into the results."""
        unsure = []
        for position, (request, note) in enumerate(zip(requests, noted, strict=True)):
            if isinstance(note, SchedulerError):
                self.results[position] = note
            elif note is not None and note.name != request.name:
                message = "This attempt was submitted before under another name."
                self.results[position] = SchedulerError(message, retry=False)
            elif note is not None and (handle := note.handle(self.config.cluster)) is not None:
                self.results[position] = handle
            elif note is not None:
                unsure.append(position)
        found = self.find([(requests[position].attempt, requests[position].name) for position in unsure])
        for position, handle_or_error in zip(unsure, found, strict=True):
            lost = SchedulerError(LOST, retry=True, detail="asked before, found nowhere yet")
            self.results[position] = handle_or_error or lost

    def _hand_over(self, positions: Sequence[int], requests: Sequence[JobRequest]) -> None:
        """One sbatch for a group; halved for as long as it is more than the account may have."""
        try:
            if self._away is not None:
                raise self._away
            self._sbatch({position: requests[position] for position in positions})
        except FullError as full:
            middle = len(positions) // 2
            self._fail(positions[middle:] if middle else positions, full)
            if middle:
                self._hand_over(positions[:middle], requests)
                if all(isinstance(self.results.get(p), (JobHandle, type(None))) for p in positions[:middle]):
                    self._hand_over(positions[middle:], requests)
        except SchedulerError as error:
            self._fail(positions, error)

    def _fail(self, positions: Sequence[int], error: SchedulerError) -> None:
        for position in positions:
            self.results[position] = error

    def _sbatch(self, group: Group) -> None:
        now = datetime.now(UTC)
        if len(group) == 1:
            [(position, request)] = group.items()
            command, text = script.single(request, self.config)
            planned = {position: Note(request.name, now)}
        else:
            tasks = {place(_index(one), self.config.max_array_size)[1]: one for one in group.values()}
            folder = notes.array_folder(self.scratch, tasks, now)
            command, text = script.array(tasks, folder, self.config)
            by_attempt = {one.attempt: index for index, one in tasks.items()}
            planned = {
                position: Note(one.name, now, folder.name, by_attempt[one.attempt])
                for position, one in group.items()
            }
        self._note(group, planned)
        job_id = self._ask(command, text, group)
        for position, note in planned.items():
            self.results.pop(position, None)
            self._asked[position] = (group[position], replace(note, job_id=job_id))

    def _note(self, group: Group, planned: Mapping[int, Note]) -> None:
        """Keep the notes of all, or of none. Raises SchedulerError."""
        written = []
        try:
            for position, note in planned.items():
                notes.write_first(group[position].folder, note)
                written.append(group[position].folder)
        except SchedulerError:
            notes.forget(written)
            raise

    def _ask(self, command: Sequence[str], text: str, group: Group) -> str:
        """The id of the new job. Raises SchedulerError; where Slurm certainly has it not, the notes go again."""
        try:
            answer = self.questions.commands.run(command, stdin=text)
        except NotRunError as error:
            self._away = error
            notes.forget(request.folder for request in group.values())
            raise
        except SchedulerError as error:
            self._away = SchedulerError(error.message, retry=True, detail=error.detail)
            raise SchedulerError(LOST, retry=True, detail=error.detail) from error
        taken = TAKEN.fullmatch(answer.out.strip().rpartition("\n")[2])
        if answer.code == 0 and taken:
            return taken[1]
        if answer.silent:
            self._away = silence(answer)
            raise SchedulerError(LOST, retry=True, detail=self._away.detail)
        if answer.code == 0 or "Batch job submission failed:" not in answer.err:
            raise SchedulerError(LOST, retry=True, detail=f"exit {answer.code}: {answer.err.strip()[-500:]}")
        notes.forget(request.folder for request in group.values())
        words, retry = refusal(answer.err)
        about = AccountError if ACCOUNT.search(answer.err) else SchedulerError
        kind = FullError if FULL.search(answer.err) else about
        raise kind(words, retry=retry, detail=answer.err.strip()[-500:])

    def _learn_times(self) -> None:
        """The times of submission, as Slurm has them: a part of what identifies a job."""
        if not self._asked:
            return
        times = self._times(sorted({note.job_id or "" for _request, note in self._asked.values()}, key=int))
        known: dict[tuple[str, str], Note] = {}
        for position, (request, note) in self._asked.items():
            taken = (note.job_id or "", note.name)
            submitted = times.get(taken)
            if submitted is None:
                unknown = SchedulerError(LOST, retry=True, detail="taken, then unknown")
                self.results[position] = self._away or unknown
                continue
            if taken not in known:
                known[taken] = note.taken(taken[0], submitted)
                notes.write_taken(request.folder, known[taken])
            self.results[position] = JobHandle(self.config.cluster, taken[0], note.index, note.name, submitted)

    def _times(self, ids: Sequence[str]) -> Mapping[tuple[str, str], datetime]:
        try:
            answer = self.questions.commands.run(slurm_times.question(ids))
            if answer.code != 0:
                raise silence(answer)
            return slurm_times.times(answer.out, self.config.cluster)
        except (SchedulerError, ValueError) as error:
            detail = error.detail if isinstance(error, SchedulerError) else str(error)
            self._away = SchedulerError("The cluster took the job, and is asked again.", retry=True, detail=detail)
            return {}


def _index(request: JobRequest) -> int:
    assert request.index is not None
    return request.index


def _groups(fresh: Group, max_array_size: int) -> list[list[int]]:
    """Positions that go over together: jobs of one name, one size and one chunk; no index twice."""
    groups: dict[object, dict[int, int]] = {}
    alone = []
    for position, request in fresh.items():
        if request.index is None:
            alone.append([position])
            continue
        chunk, task = place(request.index, max_array_size)
        key = (request.name, request.person, chunk, _size(request))
        tasks = groups.setdefault(key, {})
        if task in tasks:
            alone.append([position])
        else:
            tasks[task] = position
    return [list(tasks.values()) for tasks in groups.values()] + alone


def _size(request: JobRequest) -> tuple[object, ...]:
    amounts = request.cpus, request.memory_mb, request.time_s, request.gpus, request.ranks, request.at_once
    return (*amounts, request.licences, request.constraint)
