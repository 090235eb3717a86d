"""The batch script and the options of sbatch: built here from checked values, never from a person's text.

The script is sent to sbatch on standard input and kept by Slurm, so nobody can change it after submission; the
SHA-256 of each order stands in it.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.scheduler.base import JobRequest, SchedulerError
from portal.scheduler.slurm.arrays import compress
from portal.scheduler.slurm.config import SlurmConfig

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
# `unset`: srun would take over the wish for an empty environment that was meant for this script alone.
HEAD = """#!/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
export PATH
unset SLURM_EXPORT_ENV
umask 027
"""
MOST_SCRIPT_BYTES = 4 << 20
"""Slurm's own default bound (SchedulerParameters=max_script_size)."""


def options(request: JobRequest, config: SlurmConfig) -> list[str]:
    """sbatch's options for what a job needs. Raises SchedulerError for what no cluster could take."""
    if min(request.cpus, request.memory_mb, request.time_s, request.ranks) < 1 or request.gpus < 0:
        raise SchedulerError("CPUs, memory, time and ranks must be greater than zero.", retry=False)
    if not NAME.fullmatch(request.name):
        raise SchedulerError("The job's name is not one that Slurm takes.", retry=False)
    partition = (config.gpu_partition if request.gpus else None) or config.partition
    chosen = {
        "job-name": request.name,
        "account": config.account_of(request.person),
        "partition": partition,
        "qos": config.qos,
        "constraint": _constraint(request, config),
        "licenses": _licences(request, config),
        "ntasks": str(request.ranks),
        "cpus-per-task": str(request.cpus),
        # Slurm counts in minutes. launch keeps to the seconds.
        "time": str(-(-request.time_s // 60)),
    }
    gpu_type = config.gpu.partition(":")[2]
    if request.ranks == 1:
        chosen |= {"nodes": "1", "mem": f"{request.memory_mb}M"}
        if request.gpus:
            chosen["gres"] = f"{config.gpu}:{request.gpus}"
    else:
        chosen["mem-per-cpu"] = f"{-(-request.memory_mb // (request.cpus * request.ranks))}M"
        if request.gpus:
            chosen["gpus"] = f"{gpu_type}:{request.gpus}" if gpu_type else str(request.gpus)
    return [f"--{option}={value}" for option, value in chosen.items() if value is not None]


def _constraint(request: JobRequest, config: SlurmConfig) -> str | None:
    """Slurm's words for the nodes that will do: the site's, and those of the kind that the job needs.

    Raises SchedulerError where the site offers no such kind.
    """
    if not request.constraint:
        return config.constraint
    if request.constraint not in config.constraints:
        told = f"This cluster offers no nodes of the kind {request.constraint}. Please ask staff."
        raise SchedulerError(told, retry=False)
    own = config.constraints[request.constraint]
    return f"({config.constraint})&({own})" if config.constraint else own


def _licences(request: JobRequest, config: SlurmConfig) -> str | None:
    """Slurm's words for the licences; None where it holds none. Raises SchedulerError where one is not offered."""
    words = []
    for name, count in request.licences:
        if name not in config.licences or count < 1:
            told = f"This cluster offers no licence by the name of {name}. Please ask staff."
            raise SchedulerError(told, retry=False)
        words.append(f"{config.licences[name]}:{count}")
    return ",".join(words) or None


FIXED = (
    # Slurm's own requeue would keep the id and start what may have half run: a new try is a new attempt.
    "--no-requeue",
    # NONE would make the node load the person's login files, which could do anything to the program.
    "--export=NIL",
    "--input=/dev/null",
    "--open-mode=append",
    "--parsable",
)


def single(request: JobRequest, config: SlurmConfig) -> tuple[list[str], str]:
    """The command and the script of one job; Slurm's own words go to slurm.log in its folder."""
    folder = checked_folder(request.folder)
    where = [f"--chdir={folder}", f"--output={folder}/slurm.log"]
    line = [*_quoted(request.argv), "--cluster", shlex.quote(config.cluster), "--job-id", '"$SLURM_JOB_ID"']
    line += ["--restart", '"${SLURM_RESTART_COUNT:-0}"']
    return ["sbatch", *FIXED, *options(request, config), *where], f"{HEAD}exec {' '.join(line)}\n"


def array(requests: Mapping[int, JobRequest], folder: Path, config: SlurmConfig) -> tuple[list[str], str]:
    """The command and the script of an array: task index -> request, all of one name and of one size.

    The table from index to attempt is a part of the script, which nobody can change any more.
    """
    first = next(iter(requests.values()))
    place = checked_folder(folder)
    at_once = max(request.at_once for request in requests.values())
    where = [f"--chdir={place}", f"--output={place}/%a.log"]
    command = ["sbatch", *FIXED, *options(first, config), *where]
    command.append(f"--array={compress(requests, at_once=at_once)}")
    shared = _shared([request.argv for request in requests.values()])
    cases = [f"{index}) set -- {' '.join(_quoted(one.argv[shared:]))} ;;" for index, one in requests.items()]
    line = [*_quoted(first.argv[:shared]), '"$@"', "--cluster", shlex.quote(config.cluster)]
    line += ["--job-id", '"$SLURM_ARRAY_JOB_ID"', "--array-index", '"$SLURM_ARRAY_TASK_ID"']
    line += ["--restart", '"${SLURM_RESTART_COUNT:-0}"']
    table = "\n".join(['case "$SLURM_ARRAY_TASK_ID" in', *cases, "*) exit 90 ;;", "esac"])
    script = f"{HEAD}{table}\nexec {' '.join(line)}\n"
    if len(script.encode()) > MOST_SCRIPT_BYTES:
        raise SchedulerError("So many jobs are too many for one list.", retry=False)
    return command, script


def trial(request: JobRequest, config: SlurmConfig) -> tuple[list[str], str]:
    """The command that asks when such a job would start, and submits nothing."""
    return ["sbatch", "--test-only", *options(request, config), "--chdir=/"], "#!/bin/sh\nexit 0\n"


def checked_folder(folder: Path) -> str:
    """The folder as sbatch takes it; in a path of an output file "%" and a backslash would mean something."""
    text = str(folder)
    if not folder.is_absolute() or any(character in "%\\" or ord(character) < 32 for character in text):
        raise SchedulerError("The folder of the job has a path that Slurm cannot take.", retry=False, detail=text)
    return text


def _shared(commands: Sequence[Sequence[str]]) -> int:
    """How many words all commands begin with."""
    columns = zip(*commands, strict=False)
    return next((place for place, words in enumerate(columns) if len(set(words)) > 1), min(map(len, commands)))


def _quoted(words: Sequence[str]) -> list[str]:
    if any(CONTROL.search(word) for word in words):
        raise SchedulerError("The job's command holds control characters.", retry=False)
    return [shlex.quote(word) for word in words]
