"""What measurements in the lab share: a facility on its hosts, and Slurm as its root sees it."""

import os
import sys
import time
from collections.abc import Callable

from hosts.cluster import Cluster
from hosts.network import the_network
from hosts.place import the_place
from lab_site import HOME, LabSite

__all__ = ["HOME", "LabSite", "closed", "known", "lab_site", "load", "swept", "until"]

PATIENCE_S = 1500.0


def lab_site(datasets: int) -> LabSite:
    """The facility in the lab that is up (`./run lab up`), with so many datasets in each experiment."""
    site = LabSite(Cluster(the_place(), the_network(), lambda text: print(text, file=sys.stderr)))
    site.open(datasets)
    return site


def closed(site: LabSite, *, yes: bool) -> None:
    """Have jobs only wait, so that the handing over is measured and no job takes the processors meanwhile."""
    state = "DOWN" if yes else "UP"
    site.cluster.hosts["ctl"].run("scontrol", "update", "PartitionName=main", f"State={state}")


def known(site: LabSite, person: str) -> int:
    """How many jobs of a person Slurm knows, tasks of arrays counted one by one."""
    words = ("squeue", "--noheader", "--array", f"--user={person}", "--format=%i")
    return len(site.cluster.hosts["ctl"].run(*words).stdout.split())


def until(done: Callable[[], bool]) -> None:
    """Look again and again. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)


def swept(site: LabSite, person: str) -> None:
    """End whatever this person has, and wait until Slurm and the portal have seen it."""
    site.cluster.hosts["ctl"].run("scancel", f"--user={person}")
    until(lambda: known(site, person) == 0)
    client = site.client(person)
    busy = ("queued", "submitting", "pending", "running", "collecting")
    until(lambda: not any(client.get("jobs", {"state": state, "limit": 1})["total"] for state in busy))


def load() -> float:
    """The machine's load average of the last minute."""
    return round(os.getloadavg()[0], 1)
