"""Several ranks: how srun is asked for them, and what one of them becomes."""

import itertools

import pytest

from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import parse_job_spec
from wrappers.launch.runner import plan, plan_rank

IMAGE = {"name": "mpi", "digest": "sha256:" + "1" * 64, "path": "/images/mpi.sif", "size": 1, "mtime_ns": 1}
ALLOCATION = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_EXPORT_ENV": "NIL"}
RANK = ALLOCATION | {
    "SLURM_PROCID": "3",
    "PMIX_RANK": "3",
    "PMIX_SERVER_TMPDIR": "/var/spool/slurmd/pmix.7.0",
    "PMIX_SERVER_URI41": "pmix-server.7;tcp4://127.0.0.1:3001,x",
    "HTTPS_PROXY": "x",
}


@pytest.fixture
def runtime(tmp_path):
    """A folder for PATH with a container runtime in it."""
    (tmp_path / "apptainer").write_text("")
    (tmp_path / "apptainer").chmod(0o755)
    return str(tmp_path)


@pytest.fixture
def parallel(order):
    """An order of four ranks with two CPUs each."""
    document = order(image=IMAGE, program={"command": ["hello"]})
    document["resources"] |= {"ranks": 4, "cpus": 2}
    return parse_job_spec(document, "ab" * 32)


def values(argv, option):
    return [value for word, value in itertools.pairwise(argv) if word == option]


def test_srun_starts_every_rank_with_the_digest_of_the_order(parallel, runtime):
    chosen = plan(parallel, "/scratch/1", ALLOCATION | {"PATH": runtime}, require_container=True)
    argv = list(chosen.command.argv)
    assert chosen.runner == "apptainer"
    assert argv[:2] == ["srun", "--mpi=pmix"]
    assert {"--ntasks=4", "--cpus-per-task=2", "--kill-on-bad-exit=1"} <= set(argv)
    assert argv[argv.index("-m") :] == [
        *("-m", "wrappers.launch.rank", "--folder", "/scratch/1"),
        *("--job-sha256", "ab" * 32, "--require-container"),
    ]


def test_srun_gets_the_allocation_and_nothing_else_of_the_environment(parallel, runtime):
    outer = ALLOCATION | {"PATH": runtime, "https_proxy": "x", "APPTAINER_BIND": "/etc", "SECRET": "s"}
    own = plan(parallel, "/scratch/1", outer, require_container=True).command.environment
    assert set(own) <= {"PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH", "SLURM_JOB_ID", "SLURM_JOB_NODELIST"}
    assert own["SLURM_JOB_ID"] == "7"


def test_without_slurm_several_ranks_are_refused(parallel, runtime):
    with pytest.raises(Refusal, match="which only Slurm can start") as refused:
        plan(parallel, "/scratch/1", {"PATH": runtime}, require_container=False)
    assert refused.value.code is Exit.START


def test_a_rank_shares_network_and_memory_with_its_neighbours_and_sees_where_they_meet(parallel, runtime):
    argv = list(plan_rank(parallel, "/scratch/1", RANK | {"PATH": runtime}, require_container=True).command.argv)
    assert "--contain" in argv
    assert not {"--containall", "--pid", "--ipc", "--net"} & set(argv)
    mounts = values(argv, "--mount")
    assert "type=bind,source=/dev/shm,destination=/shared-memory" in mounts
    assert "type=bind,source=/var/spool/slurmd/pmix.7.0,destination=/var/spool/slurmd/pmix.7.0" in mounts
    given = values(argv, "--env")
    assert {"PMIX_RANK=3", "SLURM_PROCID=3"} <= set(given)
    assert '"PMIX_SERVER_URI41=pmix-server.7;tcp4://127.0.0.1:3001,x"' in given
    assert not [word for word in given if "PROXY" in word]


def test_a_rank_outside_a_container_finds_the_others_too(parallel, tmp_path):
    outer = RANK | {"PATH": str(tmp_path / "nothing")}
    chosen = plan_rank(parallel, "/scratch/1", outer, require_container=False)
    assert chosen.runner == "environment"
    assert chosen.command.environment["PMIX_RANK"] == "3"


def test_one_rank_is_started_without_srun(order, runtime):
    document = order(image=IMAGE, program={"command": ["hello"]})
    chosen = plan(parse_job_spec(document, ""), "/scratch/1", RANK | {"PATH": runtime}, require_container=True)
    assert "srun" not in chosen.command.argv
    assert "--containall" in chosen.command.argv
