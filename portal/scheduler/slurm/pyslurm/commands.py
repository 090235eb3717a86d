"""Slurm's commands, of which listing jobs and handing over are done by libslurm, in a program that has pyslurm.

The same Slurm backend then asks in the same words and reads the same replies. What pyslurm cannot do, or tells
less of than Slurm's own commands (accounting with all runs of a job, estimates, cancelling a task), they do.
"""

import json
from collections.abc import Sequence
from typing import Any

from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.commands import Answer, NotRunError, SlurmCommands, environment
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.pyslurm.pipe import ERROR, Json, Pipe
from portal.scheduler.slurm.rows import queue_rows

# Option of sbatch -> attribute of JobSubmitDescription, and what makes its value of the option's.
WORDS = {
    "job-name": "name",
    "account": "account",
    "qos": "qos",
    "constraint": "constraints",
    "licenses": "licenses",
    "nodes": "nodes",
    "mem": "memory_per_node",
    "chdir": "working_directory",
    "input": "standard_in",
    "output": "standard_output",
    "array": "array",
    "open-mode": "log_files_open_mode",
}
NUMBERS = {"ntasks": "ntasks", "cpus-per-task": "cpus_per_task", "time": "time_limit"}

# All that sbatch --export=NIL sends of it (an empty one would stand for everything); the mask is the script's own.
ENVIRONMENT = {"SLURM_EXPORT_ENV": "NIL", "SLURM_UMASK": "0027"}


class PyslurmCommands:
    """Commands, some of which are questions to libslurm."""

    def __init__(self, config: SlurmConfig) -> None:
        assert config.pyslurm is not None
        self._others = SlurmCommands(config)
        self._pipe = Pipe(config.pyslurm, environment(config), config.timeout_s)

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        """Run one command. Raises SchedulerError if it was late, or is not there."""
        program, *words = command
        if program == "squeue" and (ids := slurm_times.asked(words)) is not None:
            return _in_columns(_listed(self._pipe.ask({"ask": "jobs", "ids": ids})))
        if program == "squeue" and (question := listing(words)) is not None:
            return _listed(self._pipe.ask(question))
        if program == "sbatch" and (job := description(words, stdin)) is not None:
            return _submitted(self._pipe.ask({"ask": "submit", "job": job}))
        return self._others.run(command, stdin=stdin)

    def close(self) -> None:
        """End the program with pyslurm."""
        self._pipe.close()


def listing(words: Sequence[str]) -> Json | None:
    """The question behind squeue's options; None if there are others among them."""
    question: dict[str, Any] = {"ask": "jobs"}
    for word in words:
        option, _, value = word.removeprefix("--").partition("=")
        if option == "me":
            question["me"] = True
        elif option == "name":
            question["name"] = value
        elif option == "jobs":
            question["ids"] = [int(one) for one in value.split(",")]
        elif word != "--states=all" and not word.startswith("--json=v"):
            return None
    return question if "--states=all" in words else None


def description(words: Sequence[str], script: str) -> Json | None:
    """What JobSubmitDescription needs for sbatch's options; None if it cannot say one of them.

    Several ranks are left to sbatch: pyslurm bounds the number of nodes where sbatch does not.
    """
    job: dict[str, Any] = {"script": script, "environment": dict(ENVIRONMENT)}
    for word in words:
        option, equals, value = word.removeprefix("--").partition("=")
        if option in WORDS and equals:
            job[WORDS[option]] = value
        elif option in NUMBERS and value.isdecimal():
            job[NUMBERS[option]] = int(value)
        elif option == "partition" and equals:
            job["partitions"] = value.split(",")
        elif option == "gres" and equals:
            name, _, count = value.rpartition(":")
            job["gres_per_node"] = {name: int(count)}
        elif word == "--hold":
            job["priority"] = 0
        elif word == "--no-requeue":
            job["is_requeueable"] = False
        elif word not in ("--export=NIL", "--parsable"):
            return None
    return job if job.get("ntasks", 1) == 1 and "--export=NIL" in words else None


def _listed(line: str) -> Answer:
    # The list of a large cluster is read once, by whoever asked for it.
    if line.startswith(ERROR):
        return Answer(1, "", f"squeue: error: {json.loads(line)['error']}")
    return Answer(0, line, "")


def _in_columns(answer: Answer) -> Answer:
    return answer if answer.code else Answer(0, slurm_times.told(queue_rows(json.loads(answer.out))), "")


def _submitted(line: str) -> Answer:
    reply = json.loads(line)
    if "error" not in reply:
        return Answer(0, f"{int(reply['job_id'])}\n", "")
    if reply.get("unsent"):
        raise NotRunError("This pyslurm cannot be told what a job needs.", retry=True, detail=reply["error"])
    said = "Batch job submission failed: " if reply.get("refused") else ""
    return Answer(1, "", f"sbatch: error: {said}{reply['error']}")
