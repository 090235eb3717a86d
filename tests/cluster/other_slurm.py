"""Another release of Slurm on the lab's hosts: its daemons instead of Debian's, its commands before Debian's.

The lab stays so until `./run lab down --wipe`.
"""

import subprocess
import time

from hosts.cluster import Cluster
from hosts.place import LabError

PATIENCE_S = 90

DAEMONS = {
    "slurmdbd": ("ctl", "-D -s"),
    "slurmctld": ("ctl", "--systemd"),
    "slurmd": ("node", "--systemd"),
}


def use(cluster: Cluster, prefix: str) -> str:
    """Run the Slurm installed in `prefix` (as the hosts see it, so below /shared); its release.

    It reads the same /etc/slurm, so it must have been built with --sysconfdir=/etc/slurm. State and database are
    brought up to its release by itself; there is no way back.
    """
    said = cluster.hosts["ctl"].run(f"{prefix}/bin/sbatch", "--version")
    if said.returncode or not said.stdout.startswith("slurm "):
        raise LabError(f"{prefix} has no Slurm that runs here: {said.stderr or said.stdout}")
    for host in cluster.hosts.values():
        _succeed(host.run("sh", "-c", f"ln -sf {prefix}/bin/* /usr/local/bin/"))
    for daemon, (where, options) in DAEMONS.items():
        for host in (host for host in cluster.hosts.values() if host.name.startswith(where)):
            folder = f"/etc/systemd/system/{daemon}.service.d"
            text = f"[Service]\nExecStart=\nExecStart={prefix}/sbin/{daemon} {options}\n"
            _succeed(host.run("mkdir", "-p", folder))
            _succeed(host.run("sh", "-c", f"printf %s '{text}' >{folder}/other.conf"))
            _succeed(host.run("systemctl", "daemon-reload"))
            _succeed(host.run("systemctl", "restart", daemon))
    _wait(cluster)
    return said.stdout.split()[1]


def _wait(cluster: Cluster) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        said = cluster.hosts["ctl"].run("sinfo", "--noheader", "--Node", "-o", "%T")
        if said.returncode == 0 and set(said.stdout.split()) == {"idle"}:
            return
        time.sleep(0.5)
    raise LabError(f"The nodes are not idle: {said.stdout}{said.stderr}")


def _succeed(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise LabError(done.stderr)
