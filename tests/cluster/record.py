"""Record what Slurm says about jobs whose fate was arranged: tests/contract/recordings/slurm-<release>/.

Usage: python tests/cluster/record.py [SCENARIO…], as root, with the lab up. A file a scenario: what was done and
what is true of it (`told`), and Slurm's own words. It takes some minutes, most of it waiting for time limits.
"""

import re
import sys
import time

from hosts.cluster import Cluster
from hosts.network import the_network
from hosts.place import CHECKOUT, LabError, need_root, the_place
from recorder import Recorder
from scenarios import ALONE, TOGETHER


def main(wanted: list[str]) -> int:
    """Play the scenarios, those that only wait all at once."""
    try:
        need_root()
        cluster = Cluster(the_place(), the_network(), print)
        release = re.sub(r"^\S+ ", "", cluster.hosts["ctl"].run("sbatch", "--version").stdout.strip())
        if not re.fullmatch(r"\d+\.\d+\.\d+", release):
            raise LabError("The lab is off. ./run lab up")
        folder = CHECKOUT / "tests/contract/recordings" / f"slurm-{'.'.join(release.split('.')[:2])}"
        folder.mkdir(parents=True, exist_ok=True)
        said = cluster.hosts["ctl"].run("squeue", "--json=list")
        offered = re.findall(r"v\d\.\d\.\d+", said.stdout + said.stderr)
        recorder = Recorder(cluster, folder, release, sorted(set(offered), reverse=True)[:3])
        waiting = [play(recorder, name) for name, play in TOGETHER.items() if not wanted or name in wanted]
        while waiting:
            waiting = [step for step in waiting if next(step, "over") != "over"]
            time.sleep(0.2)
        for name, play in ALONE.items():
            if not wanted or name in wanted:
                for _ in play(recorder, name):
                    time.sleep(0.5)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
