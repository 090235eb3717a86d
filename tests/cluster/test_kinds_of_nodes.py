"""Kinds of nodes on a real Slurm: a size runs where the inventory says that there are such nodes."""

import pytest
from conftest import SignedIn, WaitForJob
from lab_site import LabSite, lab_analysis

from portal.errors import InvalidError

WHERE = """
import os, pathlib
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/counts.txt").write_text("1")
print(os.uname().nodename)
"""


def test_a_size_runs_on_nodes_of_its_kind(site: LabSite, signed_in: SignedIn, wait_for_job: WaitForJob) -> None:
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
    with pytest.raises(InvalidError, match="elsewhere cannot run here"):
        maya.submit("lab-where", {"data": data}, {}, variant="elsewhere")
