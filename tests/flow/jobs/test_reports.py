"""A program that knows nothing of Gantry: its lines, codes and files become progress, reasons, figures."""

import pytest
from job_yard import analysis

from portal.jobs.cause import SAFE
from portal.jobs.state import State

FINDS = """
import json, pathlib, sys, time
from PIL import Image
import numpy as np
out = pathlib.Path("output")
for n in range(1, 4):
    print(f"bead {n} of 3", flush=True)
    time.sleep(0.6)
(out / "beads.txt").write_text("3")
(out / "fit.json").write_text(json.dumps({"fit": {"threshold": 12.5}}))
(out / "beads.csv").write_text("x,area\\n1,10\\n2,30\\n")
(out / "previews").mkdir()
Image.fromarray(np.full((8, 8), 77, np.uint8)).save(out / "previews/overlay.png")
"""
REPORTS = {
    "progress": {"pattern": r"bead (?<done>\d+) of (?<total>\d+)", "stage": "finding beads"},
    "parameters": [
        {"name": "threshold", "units": "um", "file": "fit.json", "at": "fit.threshold"},
        {"name": "mean area", "file": "beads.csv", "column": "area", "take": "mean"},
        {"name": "background", "file": "fit.json", "at": "fit.background"},
    ],
    "pictures": [{"file": "previews/*.png", "caption": "Beads", "thumbnail": True}],
}
FAILS = "import sys; print('ERROR: the stack is empty'); print('a warning', file=sys.stderr); sys.exit({code})"
SAYS = {
    "exit_codes": [{"code": 3, "means": "No beads were found in the stack."}],
    "cause": "ERROR: (?<cause>.+)",
}


def test_lines_files_and_pictures_become_progress_parameters_and_a_picture(yard_with):
    yard = yard_with(analysis("beads", FINDS, outputs=[{"name": "beads", "dataset_type": "beads"}], **REPORTS))
    yard.submit("beads")
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    assert job.progress["stage"] == "finding beads"
    assert job.progress["fraction"] == 1
    (result,) = yard.results()
    told = {one.type.name: (one.value, one.type.units) for one in result.parameters}
    assert told["threshold"] == (12.5, "um")
    assert told["mean area"] == (20.0, "")
    assert "background" not in told
    assert [(one.role, one.caption) for one in result.pictures] == [("thumbnail", "Beads")]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            3,
            "No beads were found in the stack. (Its program ended with the code 3, which says so.) " + SAFE,
        ),
        (4, "The program stopped with an error: “the stack is empty” " + SAFE),
    ],
)
def test_a_failure_is_told_by_its_code_and_its_line(yard_with, code, words):
    yard = yard_with(analysis("fails", FAILS.format(code=code), **SAYS))
    yard.submit("fails")
    (job,) = yard.until_ended(yard.daemon())
    assert (job.state, job.cause, job.cause_words) == (State.FAILED, "exit code", words)
