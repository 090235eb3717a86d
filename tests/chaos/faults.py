"""Breaking things on the lab's hosts: each fault is one function that breaks, waits, and mends what it broke.

A fault says in words what it did; one that found nothing to break says so, and the report counts it apart.
"""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError

from tests.chaos.plan import Fault

NOTHING = "found nothing to break"
# An agent or a launch lives for a moment only: it is lain in wait for.
WAIT_IN_AMBUSH_S = 12
SLURM_BACK_S = 90
NODES = ("node1", "node2")

# Faults of one lane come one after another, those of different lanes at the same time.
LANES = {
    **dict.fromkeys(("daemon", "web", "agent", "store", "postgresql"), "portal"),
    **dict.fromkeys(("slurmctld", "slurmdbd", "mariadb", "cut", "requeue-running", "requeue-held"), "controller"),
    **dict.fromkeys(("launch", "slurmd", "node-dies", "administrator-cancels"), "nodes"),
}

# Waits for processes whose command line holds $1 and kills one of them, the one that $2 (0 to 1) picks.
AMBUSH = """
import os, signal, sys, time
word, pick, patience = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
until = time.monotonic() + patience
while time.monotonic() < until:
    found = []
    for name in os.listdir('/proc'):
        if name.isdigit() and int(name) != os.getpid():
            try:
                words = open('/proc/' + name + '/cmdline', 'rb').read().split(b'\\0')
            except OSError:
                continue
            if word.encode() in words and b'python' in words[0]:
                found.append(int(name))
    if found:
        victim = sorted(found)[int(pick * len(found))]
        time.sleep(pick / 20)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        print(victim)
        break
    time.sleep(0.01)
"""


class Saboteur:
    """The lab's hosts, and what can be done to them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.ways: dict[str, Callable[[Fault], str]] = {
            "daemon": lambda fault: self._kill_unit("portal", "gantry-daemon"),
            "web": lambda fault: self._kill_unit("portal", "gantry-web"),
            "agent": lambda fault: self._ambush("portal", "/usr/libexec/gantry-agent", fault),
            "store": lambda fault: self._ambush("portal", "portal.store", fault),
            "launch": lambda fault: self._ambush(self._node(fault), "wrappers.launch", fault),
            "slurmctld": lambda fault: self._outage("ctl", "slurmctld", fault),
            "slurmdbd": lambda fault: self._outage("ctl", "slurmdbd", fault),
            "mariadb": lambda fault: self._outage("ctl", "mariadb", fault),
            "postgresql": lambda fault: self._outage("portal", "postgresql@17-main", fault),
            "slurmd": lambda fault: self._outage(self._node(fault), "slurmd", fault),
            "requeue-running": lambda fault: self._requeue("requeue", fault),
            "requeue-held": lambda fault: self._requeue("requeuehold", fault),
            "administrator-cancels": self._cancel,
            "node-dies": self._node_dies,
            "cut": self._cut,
        }

    def do(self, fault: Fault) -> str:
        """Break and mend; what was done, in words."""
        try:
            return self.ways[fault.kind](fault)
        except (LabError, subprocess.TimeoutExpired) as error:
            return f"{NOTHING}: {error}"

    def mend_all(self) -> None:
        """Whatever a fault may have left broken: hosts, units, the network, nodes that Slurm keeps out."""
        for name, host in self.cluster.hosts.items():
            if host.pid is None:
                self.cluster.power_on(name)
        hosts = self.cluster.hosts
        with suppress(LabError):  # usually there is nothing cut any more
            hosts["portal"].mend(hosts["ctl"])
        hosts["ctl"].run("systemctl", "kill", "-s", "CONT", "slurmctld")
        for name, units in {
            "ctl": ("mariadb", "slurmdbd", "slurmctld"),
            "node1": ("slurmd",),
            "node2": ("slurmd",),
            "portal": ("postgresql@17-main", "gantry-store.socket", "gantry-web", "gantry-daemon"),
        }.items():
            for unit in units:
                hosts[name].run("systemctl", "reset-failed", unit)
                hosts[name].run("systemctl", "start", unit)
        self._await_nodes()

    # ---- processes ----------------------------------------------------------------------------------------------

    def _node(self, fault: Fault) -> str:
        return NODES[int(fault.pick * 1000) % len(NODES)]

    def _host(self, name: str) -> Host:
        return self.cluster.hosts[name]

    def _kill_unit(self, host: str, unit: str) -> str:
        done = self._host(host).run("systemctl", "kill", "-s", "KILL", "--kill-whom=all", unit)
        return f"kill -9 of {unit}" if done.returncode == 0 else f"{NOTHING}: {done.stderr.strip()}"

    def _ambush(self, host: str, word: str, fault: Fault) -> str:
        words = ("python3", "-c", AMBUSH, word, str(fault.pick), str(WAIT_IN_AMBUSH_S))
        pid = self._host(host).run(*words, timeout=WAIT_IN_AMBUSH_S + 30).stdout.strip()
        return f"kill -9 of {word}, pid {pid} on {host}" if pid else f"{NOTHING}: no {word} on {host}"

    def _outage(self, host: str, unit: str, fault: Fault) -> str:
        there = self._host(host)
        # The main process alone, as a crash would: slurmd's steps live on.
        whom = "main" if unit == "slurmd" else "all"
        there.run("systemctl", "kill", "-s", "KILL", f"--kill-whom={whom}", unit)
        time.sleep(fault.lasts_s)
        there.run("systemctl", "reset-failed", unit)
        done = there.run("systemctl", "start", unit)
        again = "started again" if done.returncode == 0 else f"does not start: {done.stderr.strip()[:200]}"
        return f"kill -9 of {unit} on {host}, {fault.lasts_s:.0f} s later {again}"

    # ---- an administrator's hand --------------------------------------------------------------------------------

    def _jobs(self, state: str) -> list[str]:
        """Ids of the exercise's jobs in a state; a pending array is one line and is left out."""
        asked = self._host("ctl").run("squeue", "--noheader", "-t", state, "-o", "%A|%F_%K|%j|%T", timeout=40)
        rows = [line.split("|") for line in asked.stdout.splitlines()]
        return sorted(
            (row[1] if not row[1].endswith("N/A") else row[0])
            for row in rows
            if row[2].startswith("gantry-") and len(row[2]) > 40 and "[" not in row[1]
        )

    def _requeue(self, verb: str, fault: Fault) -> str:
        """`requeue` or `requeuehold` of a job that runs; then it may run again at once."""
        until = time.monotonic() + WAIT_IN_AMBUSH_S
        while not (found := self._jobs("RUNNING")) and time.monotonic() < until:
            time.sleep(0.5)
        if not found:
            return f"{NOTHING}: no job runs"
        job, ctl = found[int(fault.pick * len(found))], self._host("ctl")
        # Jobs are submitted with --no-requeue: an administrator who insists has to say so first.
        ctl.run("scontrol", "update", f"JobId={job}", "Requeue=1", timeout=40)
        done = ctl.run("scontrol", verb, job, timeout=40)
        if done.returncode:
            return f"{NOTHING}: {done.stderr.strip()}"
        for _ in range(20):
            time.sleep(1)
            if verb == "requeuehold":
                ctl.run("scontrol", "release", job, timeout=40)
            # Slurm would wait for two minutes before it starts it again.
            if ctl.run("scontrol", "update", f"JobId={job}", "StartTime=now", timeout=40).returncode == 0:
                break
        return f"scontrol {verb} of {job}, which ran"

    def _cancel(self, fault: Fault) -> str:
        found = self._jobs("RUNNING") + self._jobs("PENDING")
        if not found:
            return f"{NOTHING}: no job"
        job = found[int(fault.pick * len(found))]
        done = self._host("ctl").run("scancel", job, timeout=40)
        return f"scancel of {job} by root" if done.returncode == 0 else f"{NOTHING}: {done.stderr.strip()}"

    # ---- machines and wires -------------------------------------------------------------------------------------

    def _node_dies(self, fault: Fault) -> str:
        name = self._node(fault)
        self._host(name).kill()
        time.sleep(fault.lasts_s)
        self.cluster.power_on(name)
        self._await_nodes()
        return f"{name} lost power for {fault.lasts_s:.0f} s"

    def _await_nodes(self) -> None:
        ctl, until = self._host("ctl"), time.monotonic() + SLURM_BACK_S
        while time.monotonic() < until:
            asked = ctl.run("sinfo", "--noheader", "--Node", "-o", "%N %T", timeout=40)
            rows = [line.split() for line in asked.stdout.splitlines()]
            bad = {name for name, word in rows if word.startswith(("down", "drain", "unk")) or word.endswith("*")}
            if rows and not bad:
                return
            for name in bad:
                ctl.run("scontrol", "update", f"NodeName={name}", "State=RESUME", timeout=40)
            time.sleep(2)

    def resume_drained(self) -> list[str]:
        """Take back into service the nodes that Slurm itself drained; a sentence for each.

        No fault drains a node, but a killed controller gives an id away twice ("Duplicate jobid"), and the
        node that got it twice waits for an administrator.
        """
        ctl = self._host("ctl")
        with suppress(LabError, subprocess.TimeoutExpired):  # a controller that is away drains nothing
            asked = ctl.run("sinfo", "--noheader", "--Node", "-t", "drain", "-o", "%N|%E", timeout=40)
            drained = dict(line.strip().split("|", 1) for line in asked.stdout.splitlines() if "|" in line)
            return [
                f"Slurm drained {name} ({reason}); resumed by hand"
                for name, reason in drained.items()
                if ctl.run("scontrol", "update", f"NodeName={name}", "State=RESUME", timeout=40).returncode == 0
            ]
        return []

    def _cut(self, fault: Fault) -> str:
        """Packets between portal and controller are lost in a moment when Slurm has requests that it has not read.

        The controller is stopped first, so that what sbatch sends waits in its sockets; it goes on only once the
        network is cut: it takes the jobs, and its answers are lost.
        """
        portal, ctl = self._host("portal"), self._host("ctl")
        ctl.run("systemctl", "kill", "-s", "STOP", "slurmctld")
        try:
            time.sleep(4)
            portal.cut(ctl)
        finally:
            ctl.run("systemctl", "kill", "-s", "CONT", "slurmctld")
        try:
            time.sleep(fault.lasts_s)
        finally:
            portal.mend(ctl)
        held = "the controller was held for 4 s before"
        return f"no packet passed between portal and ctl for {fault.lasts_s:.0f} s; {held}"


def written(fault: Fault, began: float, ended: float, words: str) -> dict[str, Any]:
    """One fault for the report; times in seconds from the beginning."""
    return {
        "planned": fault.at,
        "began": round(began, 1),
        "ended": round(ended, 1),
        "kind": fault.kind,
        "what": words,
        "effect": not words.startswith(NOTHING),
    }
