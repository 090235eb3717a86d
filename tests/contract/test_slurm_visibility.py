"""What the daemon sees of other people's jobs, on a real Slurm; a job gantry-sight-1 of maya's is held."""

import os
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portal.scheduler.base import JobHandle, Phase
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.visibility import CANARY

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        "GANTRY_TEST_SLURM" not in os.environ,
        reason="no Slurm here: tests/cluster/test_contract.py runs this on a host that has it",
    ),
]


def held_job() -> JobHandle:
    command = ["squeue", "--noheader", "--name=gantry-sight-1", "--user=maya", "--format=%A %V"]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, env=dict(os.environ) | {"SLURM_TIME_FORMAT": "%s"}
    )
    job_id, submitted = shown.stdout.split()
    moment = datetime.fromtimestamp(int(submitted), UTC)
    return JobHandle("gantry", job_id, None, "gantry-sight-1", moment, user="maya")


@pytest.fixture
def daemon(tmp_path) -> SlurmScheduler:
    yield SlurmScheduler(SlurmConfig("gantry"), tmp_path, others=True)
    subprocess.run(["scancel", "--me", f"--name={CANARY}"], check=True)


def test_the_coordinator_sees_a_persons_job_and_its_absences_count_with_the_canary(daemon):
    mine = held_job()
    missing = replace(mine, job_id="999999")
    observation = daemon.observe([("there", mine), ("missing", missing)])
    assert observation.answered
    assert observation.reports["there"].phase is Phase.PENDING
    assert "missing" not in observation.reports
    assert not observation.absences_count, "no canary yet"
    deadline = time.monotonic() + 180
    while not observation.absences_count:
        assert time.monotonic() < deadline, observation.message
        time.sleep(0.5)
        observation = daemon.observe([("there", mine), ("missing", missing)])
    assert set(observation.reports) == {"there"}


def test_a_job_of_another_account_than_the_handles_is_not_taken_for_it(daemon):
    observation = daemon.observe([("there", replace(held_job(), user="tom"))])
    assert observation.reports == {}
