"""Ending many jobs by few calls of scancel, and what it said about each of them.

With `--ctld` (Slurm 23.11 and later) scancel puts one question to the controller, however many ids it names.
Without it, it loads the list of everybody's jobs and asks for each id apart. Its exit code then says nothing of a
single job; told to be verbose, it says a line about each id, whether it was signalled or why not.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from portal.portions import portions
from portal.scheduler.base import JobHandle, SchedulerError
from portal.scheduler.slurm.arrays import expand
from portal.scheduler.slurm.commands import Answer, Commands
from portal.scheduler.slurm.questions import silence

IDS_A_CALL = 1000
"""So many words are some 20 KiB, far below what a Linux program takes, and one turn of the controller's lock."""
Job = tuple[str, int | None]
"""The id of a job, or of an array and a task of it."""
SIGNALLED = re.compile(r"Terminating job (\d+)(?:_(\S+))?$")
NOT_SIGNALLED = re.compile(r"Kill job error on job id (\d+)(?:_([^\s:]+))?: (.+)$")
GONE = re.compile(r"Invalid job id|already completing or completed|!= filter ")
"""It has ended and is forgotten, or ended, or its id has gone to a job of another name or person."""


def cancel_many(commands: Commands, handles: Sequence[JobHandle]) -> list[bool | SchedulerError]:
    """SIGTERM, then SIGKILL after KillWait. For each: True, False if it had ended, or why it is not known.

    A Slurm that does not answer is not asked for the rest.
    """
    told: dict[tuple[str, Job], bool | SchedulerError] = {}
    silent: SchedulerError | None = None
    for name, jobs in _calls(handles):
        answers: dict[Job, bool | SchedulerError] = {}
        if silent is None:
            try:
                answers = _cancel(commands, name, jobs)
            except SchedulerError as error:
                silent = error
        told |= {(name, job): silent or answers[job] for job in jobs}
    return [told[handle.name, _job(handle)] for handle in handles]


def _calls(handles: Sequence[JobHandle]) -> Iterator[tuple[str, list[Job]]]:
    """The jobs by name, each once, as many as one call takes."""
    by_name: dict[str, dict[Job, None]] = defaultdict(dict)
    for handle in handles:
        by_name[handle.name][_job(handle)] = None
    for name, jobs in by_name.items():
        for some in portions(jobs, IDS_A_CALL):
            yield name, some


def _cancel(commands: Commands, name: str, jobs: Sequence[Job]) -> dict[Job, bool | SchedulerError]:
    """One call. Raises SchedulerError if it was late, or Slurm does not answer."""
    ids = [job_id if index is None else f"{job_id}_{index}" for job_id, index in jobs]
    # The name is a filter: an id that has gone to another job is left alone.
    answer = commands.run(["scancel", "--ctld", "--verbose", "--me", f"--name={name}", *ids])
    if answer.silent:
        raise silence(answer)
    signalled, refused = _read(answer.err)
    return {job: _verdict(job, signalled, refused, answer) for job in jobs}


def _verdict(job: Job, signalled: set[Job], refused: dict[Job, str], answer: Answer) -> bool | SchedulerError:
    """What was said about one job. Of tasks that wait, a refusal may name their array only."""
    if job not in refused and job in signalled:
        return True
    why = refused.get(job) or refused.get((job[0], None))
    if why is None:
        return silence(answer)
    return False if GONE.search(why) else SchedulerError("Slurm did not end the job.", retry=True, detail=why)


def _read(said: str) -> tuple[set[Job], dict[Job, str]]:
    """The jobs that were signalled, and why others were not."""
    signalled: set[Job] = set()
    refused: dict[Job, str] = {}
    for line in said.splitlines():
        if found := SIGNALLED.search(line):
            signalled.update(_jobs(found[1], found[2]))
        elif found := NOT_SIGNALLED.search(line):
            refused |= dict.fromkeys(_jobs(found[1], found[2]), found[3])
    return signalled, refused


def _jobs(job_id: str, tasks: str | None) -> list[Job]:
    """The jobs that a word of scancel's stands for: `7`, `7_3`, `7_[3]`, `7_[0-4,8]`."""
    if tasks is None:
        return [(job_id, None)]
    try:
        return [(job_id, index) for index in expand(tasks)]
    except ValueError:
        return []


def _job(handle: JobHandle) -> Job:
    return handle.job_id, handle.array_index
