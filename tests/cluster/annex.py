"""A second Slurm beside the lab's: its controller on `ctl`, its only node `annex1` a second slurmd on `node2`.

    with beside(site, first_job_id=7):      # the portal's settings name both: first `gantry`, then `annex`
        …                                   # job types of the name ELSEWHERE run at the annex

It has files of settings, ports, state and numbers of its own, and no accounting daemon. Afterwards the portal has
its own settings again, and nothing of the annex runs.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError
from lab_site import COUNT, LabSite, lab_analysis

ELSEWHERE = "annex-count"
"""As `lab-count`, at the annex."""
NAME, NODE = "annex", "annex1"
CONTROLLER_UNIT, NODE_UNIT = "annex-slurmctld", "annex-slurmd"
FOLDER = "/etc/slurm-annex"
CONF = f"{FOLDER}/slurm.conf"
UP_S = 60
SLURM_CONF = """
ClusterName=annex
SlurmctldHost=ctl
SlurmctldPort=6917
SlurmdPort=6918
SlurmUser=slurm
AuthType=auth/munge
CredType=cred/munge
MpiDefault=none
StateSaveLocation=/var/lib/slurm/annex
SlurmdSpoolDir=/var/lib/slurm/annex-node
SlurmctldPidFile=/run/slurmctld-annex.pid
SlurmdPidFile=/run/slurmd-annex.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
PropagateResourceLimits=NONE
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=512
MaxArraySize=501
KillWait=5
MessageTimeout=4
FirstJobId={first}
NodeName=annex1 NodeHostname=node2 CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=annex Nodes=ALL Default=YES MaxTime=1-00:00:00 DefaultTime=00:10:00 State=UP
"""
SLURM = {"cluster": NAME, "conf": CONF, "accounting": False, "max_array_size": 501}
AGENT, CONFIG = "/etc/gantry/agent.json", "/etc/gantry/config.toml"
ASIDE = "/etc/gantry/alone"
"""Where the portal's own settings lie meanwhile."""
RESTART = "systemctl restart gantry-web gantry-daemon"
SECTIONS = """
[clusters.annex]
backend = "slurm"
jobtypes = ["annex-count"]

[clusters.annex.slurm]
conf = "/etc/slurm-annex/slurm.conf"
accounting = false
canary = false
everybody = true
max_array_size = 501
"""


@contextmanager
def beside(site: LabSite, first_job_id: int) -> Iterator[None]:
    """The annex, whose jobs are numbered from `first_job_id`, and a portal that knows both clusters."""
    _as_it_was(site.portal)
    _gone(site.cluster)
    try:
        for host in ("ctl", "node2", "portal"):
            _write(site.cluster.hosts[host], CONF, SLURM_CONF.format(first=first_job_id))
            _write(site.cluster.hosts[host], f"{FOLDER}/cgroup.conf", "CgroupPlugin=disabled\n")
        controller_up(site.cluster)
        node = site.cluster.hosts["node2"]
        _do(node, "mkdir -p /var/lib/slurm/annex-node")
        _do(node, f"systemd-run --collect --unit={NODE_UNIT} slurmd -D -N {NODE} -f {CONF}")
        _set(site)
        yield
    finally:
        _as_it_was(site.portal)
        _gone(site.cluster)


def controller_up(cluster: Cluster) -> None:
    """Start the annex's controller, and wait until it answers."""
    ctl = cluster.hosts["ctl"]
    _do(ctl, "install -d -o slurm /var/lib/slurm/annex")
    _do(ctl, f"systemd-run --collect --unit={CONTROLLER_UNIT} slurmctld -D -f {CONF}")
    deadline = time.monotonic() + UP_S
    while ask(cluster, "scontrol", "ping").returncode:
        if time.monotonic() > deadline:
            raise LabError(f"The annex does not answer: {ctl.run('journalctl', '-u', CONTROLLER_UNIT).stdout}")
        time.sleep(0.2)


def controller_down(cluster: Cluster) -> None:
    """The annex is silent. What runs on its node goes on."""
    _do(cluster.hosts["ctl"], f"systemctl stop {CONTROLLER_UNIT}")


def ask(cluster: Cluster, *command: str) -> subprocess.CompletedProcess[str]:
    """One of Slurm's commands, to the annex."""
    return cluster.hosts["ctl"].run("env", f"SLURM_CONF={CONF}", *command)


def _set(site: LabSite) -> None:
    portal = site.portal
    text = _do(portal, f"cat {CONFIG}").replace('scheduler = "slurm"\n', "")
    text = text.replace("\n[slurm]\n", '\n[clusters.gantry]\nbackend = "slurm"\n\n[clusters.gantry.slurm]\n')
    text = text.replace("\n[slurm.", "\n[clusters.gantry.slurm.")  # and the tables within it
    if "[clusters.gantry.slurm]" not in text:
        raise LabError(f"The portal's settings are others than thought: {text}")
    agent = json.loads(_do(portal, f"cat {AGENT}"))
    kind, slurm = agent.pop("kind"), agent.pop("slurm")
    agent["clusters"] = {"gantry": {"kind": kind, "slurm": slurm}, NAME: {"kind": "slurm", "slurm": SLURM}}
    _do(portal, f"mkdir {ASIDE} && cp -p {CONFIG} {AGENT} {ASIDE}")
    for path, content in ((CONFIG, text + SECTIONS), (AGENT, json.dumps(agent))):
        # Into the file that is there: whose it is, and who may read it, stays.
        _do(portal, 'printf %s "$2" >"$1"', path, content)
    # With the job type comes the restart that the settings need.
    fresh = site.publish(lab_analysis(ELSEWHERE, COUNT))
    if not fresh:
        _do(portal, RESTART)


def _as_it_was(portal: Host) -> None:
    script = f"[ ! -d {ASIDE} ] || {{ cp -p {ASIDE}/* /etc/gantry && rm -r {ASIDE} && {RESTART}; }}"
    portal.run("sh", "-c", script)


def _gone(cluster: Cluster) -> None:
    """Nothing of an annex is left, of a test that was killed neither."""
    for host, unit in (("ctl", CONTROLLER_UNIT), ("node2", NODE_UNIT)):
        cluster.hosts[host].run("systemctl", "stop", unit)
        cluster.hosts[host].run("sh", "-c", "rm -rf /var/lib/slurm/annex /var/lib/slurm/annex-node")
    for host in ("ctl", "node2", "portal"):
        cluster.hosts[host].run("rm", "-rf", FOLDER)


def _write(host: Host, path: str, text: str) -> None:
    _do(host, 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"', path, text)


def _do(host: Host, script: str, *words: str) -> str:
    done = host.run("sh", "-c", script, "sh", *words)
    if done.returncode:
        raise LabError(f"{script} failed on {host.name}: {done.stdout}{done.stderr}")
    return done.stdout
