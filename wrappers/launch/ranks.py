"""MPI ranks: how srun starts all of them, and what they share. rank.py is what it starts."""

import sys
from collections.abc import Mapping
from pathlib import Path

from wrappers.launch.container import attempt_tmp
from wrappers.launch.environment import SYSTEM_PATH, way_to_this_distribution
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import JobSpec
from wrappers.launch.keeper import Command

RANK = "wrappers.launch.rank"
MEETING = "PMIX_"
SERVERS_FOLDER = "PMIX_SERVER_TMPDIR"
NODES_MEMORY = "/dev/shm"  # noqa: S108 - how ranks on one node exchange their messages
# Not at its own path: the runtime puts an empty one there. The image tells its MPI of this place.
SHARED_MEMORY = "/shared-memory"
SCHEDULERS = "SLURM_"


def all_of_them(spec: JobSpec, folder: str, outer: Mapping[str, str], *, require_container: bool) -> Command:
    """The command that starts all ranks. Raises Refusal (exit 95) outside an allocation of Slurm's."""
    if "SLURM_JOB_ID" not in outer:
        raise Refusal(
            Exit.START, "start", f"The program runs in {spec.resources.ranks} ranks, which only Slurm can start."
        )
    words = ["srun", "--mpi=pmix", "--kill-on-bad-exit=1", "--export=ALL", "--input=none"]
    words += [f"--ntasks={spec.resources.ranks}", f"--cpus-per-task={spec.resources.cpus}"]
    words += [sys.executable, "-P", "-m", RANK, "--folder", folder, "--job-sha256", spec.sha256]
    words += ["--require-container"] if require_container else []
    tmp = attempt_tmp(folder)
    own = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": tmp, "TMPDIR": tmp} | way_to_this_distribution()
    # srun learns from these which allocation is its own; what to export is said above.
    own |= {
        name: value for name, value in outer.items() if name.startswith(SCHEDULERS) and name != "SLURM_EXPORT_ENV"
    }
    return Command(words, own, folder)


def meeting_point(outer: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a rank finds the others; none outside srun --mpi=pmix.

    By prefix: what is in them is Slurm's plugin's own affair, and the batch script's environment holds none.
    """
    return {name: value for name, value in outer.items() if name.startswith(MEETING)}


def shared_folders(outer: Mapping[str, str]) -> list[tuple[str, str]]:
    """The node's folders that ranks share, (outside, inside): memory for messages, and PMIx's own."""
    servers = outer.get(SERVERS_FOLDER, "")
    return [(NODES_MEMORY, SHARED_MEMORY), *([(servers, servers)] if Path(servers).is_absolute() else [])]
