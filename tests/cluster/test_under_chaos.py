"""The short chaos exercise: late in this folder by its name, since afterwards the lab has been through a lot.

Only test_watching.py follows, which looks at last that the database has refused the portal nothing, here neither.
"""

from pathlib import Path

from hosts.cluster import Cluster

from tests.chaos.exercise import run_exercise
from tests.chaos.plan import SHORT_JOBS, make_plan

SEED = 1
PATIENCE_S = 600.0
# What can always be broken; whether an agent or a launch runs in the right moment is chance.
CERTAIN = {"daemon", "web", "slurmctld", "slurmdbd", "postgresql", "slurmd", "node-dies", "cut"}


def test_sixty_jobs_and_a_fault_of_each_kind_leave_three_accounts_that_agree(
    cluster: Cluster, tmp_path: Path
) -> None:
    plan = make_plan(SEED, SHORT_JOBS, short=True)
    outcome = run_exercise(cluster, plan, tmp_path / "evidence", print, patience_s=PATIENCE_S)
    print("\n".join(outcome.report))
    assert outcome.finding.disagreements == []
    assert outcome.finding.jobs == plan.tasks
    assert outcome.finding.starts > 0 and outcome.finding.registered > 0
    assert {fault["kind"] for fault in outcome.faults if fault["effect"]} >= CERTAIN
