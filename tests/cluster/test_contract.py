"""The contract suite of the schedulers, on a host of the cluster, as a person, against the real Slurm.

On the controller's: the portal's has the operator's file, with which the agent does not hear what tests tell it.
"""

import re
from collections.abc import Callable, Iterator

import pytest
import suite as contract
from hosts.cluster import Cluster
from hosts.host import Host


@pytest.fixture
def two_at_a_time(ctl: Host) -> Iterator[str]:
    with contract.two_at_a_time(ctl) as account:
        yield account


@pytest.fixture
def suite(cluster: Cluster, ctl: Host) -> Iterator[Callable[..., str]]:
    """`suite("maya", "account=x", "test_slurm.py", …)`: what pytest printed; all must pass."""
    with contract.copied(cluster.place) as folder:

        def run(person: str, settings: str, file: str, *words: str) -> str:
            done = contract.run_there(ctl, folder, person, settings, file, *words)
            assert done.returncode == 0, done.stdout + done.stderr
            assert re.search(r"\d+ passed", done.stdout)
            assert "skipped" not in done.stdout
            return done.stdout

        yield run


def test_slurm_keeps_the_contract(suite, two_at_a_time):
    print(suite("maya", f"account={two_at_a_time}", "test_scheduler.py", "-k", "slurm and not pyslurm"))


def test_what_only_slurm_has(suite, two_at_a_time):
    print(suite("maya", f"account={two_at_a_time}", "test_slurm.py", "-k", "not pyslurm"))


def test_the_daemon_sees_everybodys_jobs_and_knows_it(suite, ctl):
    with contract.a_held_job(ctl):
        print(suite("gantry-daemon", "", "test_slurm_visibility.py"))
