"""The columns in which squeue tells when it took jobs."""

from datetime import UTC, datetime

import pytest

from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.rows import queue_rows

TAKEN = datetime(2026, 11, 21, 10, 54, 2, tzinfo=UTC)
# Of a real Slurm 24.11: a single job and an array, of which one task runs.
SAID = """gantry|16|gantry-a-1|2026-11-21T10:54:02|0|
gantry|15|gantry-b-1|2026-11-21T10:54:02|0|
gantry|15|gantry-b-1|2026-11-21T10:54:02|0|
"""


def test_a_time_is_told_by_id_and_name():
    assert slurm_times.times(SAID, "gantry") == {("16", "gantry-a-1"): TAKEN, ("15", "gantry-b-1"): TAKEN}


def test_what_was_put_back_has_another_time_and_is_left_out():
    assert slurm_times.times("gantry|16|gantry-a-1|2026-11-21T10:54:09|1|\n", "gantry") == {}


@pytest.mark.parametrize(
    "said",
    [
        SAID.replace("gantry|15", "other|15"),
        "slurm_load_jobs error: something new\n",
        "gantry|16|gantry-a-1|Unknown|0|\n",
        "gantry|16|gantry-a-1|2026-11-21T10:54:02|\n",
        "gantry|16|gantry-a-1|2026-11-21T10:54:02|N/A|\n",
    ],
)
def test_an_answer_that_cannot_be_trusted_is_none(said):
    with pytest.raises(ValueError):
        slurm_times.times(said, "gantry")


def test_rows_are_told_as_squeue_tells_them():
    job = {
        "cluster": "gantry",
        "job_id": 16,
        "name": "gantry-a-1",
        "user_name": "maya",
        "job_state": ["PENDING"],
        "submit_time": int(TAKEN.timestamp()),
    }
    assert slurm_times.told(queue_rows({"jobs": [job]})) == SAID.splitlines(keepends=True)[0]


def test_the_question_is_known_by_its_words():
    words = slurm_times.question(["7", "12"])[1:]
    assert slurm_times.asked(words) == [7, 12]
    assert slurm_times.asked(words[1:]) is None
    assert slurm_times.asked([]) is None
