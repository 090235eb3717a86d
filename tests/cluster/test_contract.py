"""The contract suite of the schedulers, on a host of the cluster, as people, against the real Slurm.

On the controller's: the portal's has the operator's file, with which the agent does not hear what tests tell it.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import suite as contract
from hosts.cluster import Cluster

Runs = Mapping[str, Future[subprocess.CompletedProcess[str]]]
SLURM_ALONE = "slurm and not pyslurm"


@pytest.fixture(scope="module")
def runs(cluster: Cluster) -> Iterator[Runs]:
    """The files of the suite side by side, since they mostly wait for Slurm; each ends its own account's jobs."""
    ctl = cluster.hosts["ctl"]
    with (
        contract.copied(cluster.place) as folder,
        contract.two_at_a_time(ctl, "tom", "ines") as account,
        contract.a_held_job(ctl),
        ThreadPoolExecutor(3) as pool,
    ):

        def start(*words: str) -> Future[subprocess.CompletedProcess[str]]:
            return pool.submit(contract.run_there, ctl, folder, *words)

        two = f"account={account}"
        yield {
            "contract": start("tom", two, "test_scheduler.py", "-k", SLURM_ALONE),
            "slurm": start("ines", two, "test_slurm.py", "-k", SLURM_ALONE),
            "visibility": start("gantry-daemon", "", "test_slurm_visibility.py"),
        }


@pytest.mark.parametrize("part", ["contract", "slurm", "visibility"])
def test_slurm_keeps_the_contract(runs: Runs, part: str) -> None:
    done = runs[part].result()
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout
