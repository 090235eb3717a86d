"""Kinds of nodes on a real Slurm: a size runs where the site says that there are such nodes, and nowhere else."""

import json
from collections.abc import Iterator

import pytest
from conftest import SignedIn, WaitForJob
from hosts.host import Host
from lab_site import LabSite, lab_analysis

WHERE = """
import os, pathlib
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/counts.txt").write_text("1")
print(os.uname().nodename)
"""
AGENT = "/etc/gantry/agent.json"


@pytest.fixture
def kinds_are_offered(portal: Host) -> Iterator[None]:
    """The agent's file names two kinds, as at a site, for as long as the test lasts."""
    before = portal.run("cat", AGENT).stdout
    document = json.loads(before)
    document["slurm"] = {**document["slurm"], "constraints": {"up": "north", "down": "south"}}
    _write(portal, json.dumps(document))
    yield
    _write(portal, before)


def _write(host: Host, text: str) -> None:
    done = host.run("sh", "-c", 'printf %s "$2" >"$1"', "sh", AGENT, text)
    assert done.returncode == 0, done.stderr


def test_a_size_runs_on_nodes_of_its_kind(
    site: LabSite, signed_in: SignedIn, wait_for_job: WaitForJob, kinds_are_offered: None
) -> None:
    small = {"cpus": 1, "memory_mb": 64, "time_s": 300}
    kinds = {"up": "up", "down": "down", "elsewhere": "moon"}
    variants = [{"name": name, "label": name, "constraint": kind, **small} for name, kind in kinds.items()]
    site.publish(lab_analysis("lab-where", WHERE, resources={"default": "up", "variants": variants}))
    maya, data = signed_in("maya"), site.datasets["Zebrafish heart"][:1]
    found: dict[str, set[str]] = {}
    for name in ("down", "up", "down"):
        (job,) = wait_for_job(maya.submit("lab-where", {"data": data}, {}, variant=name))
        assert job["state"] == "succeeded", job["sentence"]
        found.setdefault(name, set()).add(maya.log(job["id"], stream="stdout")["text"].strip())
    assert found == {"up": {"node1"}, "down": {"node2"}}
    (job,) = wait_for_job(maya.submit("lab-where", {"data": data}, {}, variant="elsewhere"))
    assert job["state"] == "failed"
    assert "offers no nodes of the kind moon" in job["sentence"]
