"""Slurm as the roles set it up: people's jobs, arrays, GPUs, accounts, and who sees what."""

import json
import time

import pytest
from conftest import AsSomebody
from hosts.cluster import Cluster

USUAL = ("--account=microscopy", "--chdir=/", "--time=1")


def srun(as_somebody: AsSomebody, *words: str) -> str:
    """What a job of maya's printed."""
    answer = as_somebody("maya", "srun", *USUAL, *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_job_runs_as_the_person_on(node: str, as_somebody: AsSomebody) -> None:
    printed = srun(as_somebody, f"--nodelist={node}", "sh", "-c", "hostname; id -un; id -Gn")
    host, name, groups = printed.splitlines()
    assert (host, name) == (node, "maya")
    assert "exp-zebrafish" in groups.split()


def test_a_job_gets_the_gpus_it_asked_for(as_somebody: AsSomebody) -> None:
    printed = srun(as_somebody, "--gres=gpu:2", "sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert printed == "0,1\n"


def test_every_task_of_an_array_ends_in_accounting(as_somebody: AsSomebody) -> None:
    words = ("--parsable", "--wait", "--output=/dev/null", "--array=0-4")
    answer = as_somebody("maya", "sbatch", *USUAL, *words, "--wrap", "exit $((SLURM_ARRAY_TASK_ID == 3))")
    job = answer.stdout.strip()
    assert job.isdigit(), answer.stderr
    expected = {f"{job}_{task}": "FAILED" if task == 3 else "COMPLETED" for task in range(5)}
    deadline = time.monotonic() + 180
    found: dict[str, str] = {}
    while found != expected and time.monotonic() < deadline:
        told = as_somebody("maya", "sacct", "-X", "-n", "-P", "-o", "JobID,State", "-j", job).stdout
        found = dict(line.split("|") for line in told.splitlines())
        time.sleep(0.2)
    assert found == expected


def test_who_has_no_account_is_refused(as_somebody: AsSomebody) -> None:
    answer = as_somebody("ravi", "sbatch", *USUAL, "--wrap", "true")
    assert answer.returncode == 1
    assert "Invalid account" in answer.stderr


def test_people_see_their_own_jobs_and_the_daemon_sees_its_accounts(as_somebody: AsSomebody) -> None:
    held = as_somebody("maya", "sbatch", "--parsable", *USUAL, "--hold", "--output=/dev/null", "--wrap", "true")
    job = int(held.stdout)

    def listed(account: str) -> set[int]:
        return {row["job_id"] for row in json.loads(as_somebody(account, "squeue", "--json").stdout)["jobs"]}

    try:
        assert job in listed("maya")
        assert job not in listed("ines")
        assert job not in listed("gantry-web")
        assert job in listed("gantry-daemon")
    finally:
        as_somebody("maya", "scancel", str(job))


def test_the_daemon_is_no_operator_of_slurm(as_somebody: AsSomebody) -> None:
    answer = as_somebody("gantry-daemon", "scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=x")
    assert answer.returncode != 0
    answer = as_somebody("gantry-daemon", "sacctmgr", "-i", "modify", "qos", "normal", "set", "MaxWall=1")
    assert answer.returncode != 0


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_container_runs_as_the_person_and_sees_nothing_of_the_host_on(
    node: str, as_somebody: AsSomebody, image: str
) -> None:
    inside = "id -u; cat /etc/slurm/slurm.conf 2>/dev/null; cat /shared/home/maya/letter 2>/dev/null; exit 7"
    exec_words = ("apptainer", "--quiet", "exec", "--containall", "--no-home", "--cleanenv", "--pwd", "/")
    answer = as_somebody("maya", "srun", *USUAL, f"--nodelist={node}", *exec_words, image, "sh", "-c", inside)
    assert (answer.returncode, answer.stdout) == (7, "2001\n"), answer.stderr


def test_slurm_speaks_json_of_the_parsers_that_we_record(cluster: Cluster) -> None:
    for parser in ("v0.0.40", "v0.0.41", "v0.0.42"):
        for command in (
            ("squeue", f"--json={parser}"),
            ("sacct", f"--json={parser}"),
            ("sinfo", f"--json={parser}"),
        ):
            told = json.loads(cluster.hosts["portal"].run(*command).stdout)
            assert told["meta"]["plugin"]["data_parser"] == f"data_parser/{parser}"
