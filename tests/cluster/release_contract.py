"""Run the contract of the Slurm backends on the lab with another release of Slurm: outside the test run.

Usage: python tests/cluster/release_contract.py PREFIX [--pyslurm PYTHON] [WORDS FOR PYTEST…], as root, with the
lab up. PREFIX: an installation of Slurm, PYTHON: one with pyslurm for that release, both as the hosts see them
(below /shared); without PYTHON the backend `pyslurm` is left out. docs/developers/slurm.md says how to build them.
The lab keeps that Slurm until it is wiped.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

import other_slurm
import suite
from hosts.cluster import Cluster
from hosts.host import Host
from hosts.network import the_network
from hosts.place import LabError, need_root, the_place

FILES = ("test_scheduler.py", "test_slurm.py")


def main(words: Sequence[str]) -> int:
    """Play the suite with `slurm`, and with `pyslurm` where there is one; the worst exit status."""
    parser = argparse.ArgumentParser(description="The contract on another release of Slurm.")
    parser.add_argument("prefix")
    parser.add_argument("--pyslurm", metavar="PYTHON")
    asked, further = parser.parse_known_args(words)
    try:
        need_root()
        cluster = Cluster(the_place(), the_network(), print)
        ctl = cluster.hosts["ctl"]
        release = other_slurm.use(cluster, asked.prefix)
        print(f"Slurm {release}, pyslurm {_pyslurm(ctl, asked.pyslurm)}", flush=True)
        backends = ("-k", "slurm" if asked.pyslurm else "slurm and not pyslurm")
        worst = 0
        with suite.copied(cluster.place) as folder:
            with suite.two_at_a_time(ctl, "maya") as account:
                settings = f"account={account}" + (f" pyslurm={asked.pyslurm}" if asked.pyslurm else "")
                for file in FILES:
                    done = suite.run_there(ctl, folder, "maya", settings, file, *backends, "-rp", *further)
                    worst = max(worst, _shown(done))
            with suite.a_held_job(ctl):
                done = suite.run_there(
                    ctl, folder, "gantry-daemon", "", "test_slurm_visibility.py", "-rp", *further
                )
                worst = max(worst, _shown(done))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return worst


def _shown(done: subprocess.CompletedProcess[str]) -> int:
    print(done.stdout + done.stderr, flush=True)
    return done.returncode


def _pyslurm(ctl: Host, python: str | None) -> str:
    """The release of pyslurm that this Python has. Raises LabError if it has none."""
    if python is None:
        return "left out"
    told = "import pyslurm; print(pyslurm.__version__)"
    said = ctl.run("runuser", "-u", "maya", "--", python, "-I", "-c", told)
    if said.returncode:
        raise LabError(f"{python} has no pyslurm that runs here: {said.stderr}")
    return said.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
