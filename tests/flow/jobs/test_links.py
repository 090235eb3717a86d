"""A linked master from its registration to a result, with the real agent, scheduler, launch and store."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from job_yard import analysis
from registering import register

from portal.jobs.state import State

FRAMES = np.arange(4 * 6 * 8, dtype="u2").reshape(4, 6, 8)
QC = analysis(
    "check",
    "",
    program={"module": "qc"},
    inputs=[{"name": "data", "label": "Data", "dataset_types": ["light-sheet stack"], "files": "*.nxs"}],
    outputs=[{"name": "report", "pattern": "*", "dataset_type": "report"}],
    resources={
        "default": "small",
        "variants": [{"name": "small", "label": "Small", "cpus": 1, "memory_mb": 2048, "time_s": 300}],
    },
)


@pytest.fixture
def yard(yard_with):
    return yard_with(QC)


@pytest.fixture
def master(yard) -> Path:
    folder = yard.settings.roots["demo"].path / "scan"
    (folder / "raw").mkdir(parents=True)
    for number in range(2):
        with h5py.File(folder / f"raw/part{number}.h5", "w") as file:
            file["frames"] = FRAMES[2 * number : 2 * number + 2]
    layout = h5py.VirtualLayout(FRAMES.shape, "u2")
    for number in range(2):
        source = h5py.VirtualSource(f"raw/part{number}.h5", "frames", (2, 6, 8))
        layout[2 * number : 2 * number + 2] = source
    with h5py.File(folder / "master.nxs", "w", libver="latest") as file:
        file.create_virtual_dataset("entry/data/data", layout)
    return folder / "master.nxs"


def test_its_data_come_along_and_are_measured(yard, master: Path) -> None:
    dataset = register(yard, master)
    yard.submit("check", inputs={"data": [dataset]})
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    (result,) = yard.results()
    found = {parameter.type.name: parameter.value for parameter in result.parameters}
    assert (found["arrays"], found["values"]) == (1, FRAMES.size)
    assert (found["minimum"], found["maximum"], found["mean"]) == (0, 191, FRAMES.mean())


def test_a_target_that_was_swapped_stops_the_job_before_it_starts(yard, master: Path) -> None:
    dataset = register(yard, master)
    part = master.parent / "raw/part1.h5"
    before = part.stat()
    (master.parent / "other").write_bytes(part.read_bytes())
    os.utime(master.parent / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    (master.parent / "other").replace(part)
    yard.submit("check", inputs={"data": [dataset]})
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.FAILED
    assert "raw/part1.h5 has changed since it was registered" in yard.tell()


def test_a_link_that_leads_elsewhere_is_named_by_the_job_that_needs_it(yard, master: Path) -> None:
    with h5py.File(master, "w") as file:
        file["entry/data/data"] = h5py.ExternalLink("/etc/passwd", "/data")
    dataset = register(yard, master)
    yard.submit("check", inputs={"data": [dataset]})
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.FAILED
    said = (yard.folder_of(job) / "stderr.log").read_text()
    assert "/entry/data/data: /etc/passwd lies outside of the registered folder" in said
