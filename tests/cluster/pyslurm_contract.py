"""Run the contract of `pyslurm` on the lab, with a Slurm that was built for it: outside the test run.

Usage: python tests/cluster/pyslurm_contract.py PREFIX PYTHON [WORDS FOR PYTEST…], as root, with the lab up.
PREFIX: an installation of Slurm, PYTHON: one with pyslurm for that release, both as the hosts see them (below
/shared). docs/developers/slurm.md says how they are built. The lab keeps that Slurm until it is wiped.
"""

import sys

import other_slurm
import suite
from hosts.cluster import Cluster
from hosts.network import the_network
from hosts.place import LabError, need_root, the_place

FILES = ("test_scheduler.py", "test_slurm.py")


def main(prefix: str, python: str, *words: str) -> int:
    """Play both files of the suite with `slurm` and with `pyslurm`; the worst exit status."""
    try:
        need_root()
        cluster = Cluster(the_place(), the_network(), print)
        ctl = cluster.hosts["ctl"]
        release = other_slurm.use(cluster, prefix)
        said = ctl.run(
            "runuser", "-u", "maya", "--", python, "-I", "-c", "import pyslurm as p; print(p.__version__)"
        )
        if said.returncode:
            raise LabError(f"{python} has no pyslurm that runs here: {said.stderr}")
        print(f"Slurm {release}, pyslurm {said.stdout.strip()}", flush=True)
        worst = 0
        with suite.two_at_a_time(ctl) as account, suite.copied(cluster.place) as folder:
            for file in FILES:
                settings = f"account={account} pyslurm={python}"
                done = suite.run_there(ctl, folder, "maya", settings, file, "-k", "slurm", "-rp", *words)
                print(done.stdout + done.stderr, flush=True)
                worst = max(worst, done.returncode)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return worst


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
