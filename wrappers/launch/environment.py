"""The environment of the program: built from nothing, so that no proxy, secret or library path slips in."""

import sys
from collections.abc import Mapping
from pathlib import Path

# What the scheduler sets and programs may need; passed by name, never by prefix.
PASSED_ON = (
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_CPUS_PER_TASK",
    "SLURM_JOB_NODELIST",
    "SLURM_NNODES",
    "SLURM_NTASKS",
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_JOB_GPUS",
)
THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
DEVICES = "CUDA_VISIBLE_DEVICES"


def program_environment(outer: Mapping[str, str], cpus: int, gpus: int, folder: str, tmp: str) -> dict[str, str]:
    """Return what every program gets, wherever it runs; `folder` and `tmp` are paths as the program sees them."""
    environment = {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": tmp,
        "XDG_CACHE_HOME": f"{tmp}/.cache",
        "XDG_CONFIG_HOME": f"{tmp}/.config",
        "PYTHONUNBUFFERED": "1",  # the log is read while the program runs
        "PYTHONNOUSERSITE": "1",
        "GANTRY_JOB": f"{folder}/job.json",
        "GANTRY_FOLDER": folder,
    }
    environment |= dict.fromkeys(THREAD_COUNTS, str(cpus))
    environment |= {name: outer[name] for name in PASSED_ON if name in outer}
    if gpus == 0:
        environment[DEVICES] = ""  # a device that was not granted stays invisible
    elif DEVICES in outer:
        environment[DEVICES] = outer[DEVICES]
    return environment


def bare_additions(tmp: str) -> dict[str, str]:
    """Return what a program outside a container gets besides: its home, and the way to this distribution."""
    return {
        "HOME": tmp,
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
    } | way_to_this_distribution()


def way_to_this_distribution() -> dict[str, str]:
    """Return what Python needs to find this package, if it is not installed where Python looks anyway."""
    root = Path(__file__).resolve().parents[2]
    return {} if root.name in ("site-packages", "dist-packages") else {"PYTHONPATH": str(root)}
