"""The one map of Slurm's states."""

import pytest

from portal.scheduler.base import Ending, Phase
from portal.scheduler.slurm.states import BASES, FLAGS, Meaning, meaning


def test_every_ending_has_one_word_of_slurms():
    endings = [found.ending for found in BASES.values() if found.ending is not None]
    assert sorted(endings) == sorted(Ending)


def test_only_an_ended_job_has_an_ending():
    assert all((found.ending is not None) == (found.phase is Phase.ENDED) for found in BASES.values())


@pytest.mark.parametrize(
    "words", [["VANISHED"], ["COMPLETED", "VANISHED"], [], ["REVOKED"], ["SIGNALING"], ["RUNNING", "PENDING"]]
)
def test_what_is_not_known_means_nothing(words):
    assert meaning(words) is None


def test_a_job_that_still_ends_has_not_ended():
    assert meaning(["COMPLETED", "COMPLETING"]) == Meaning(Phase.RUNNING)
    assert meaning(["CANCELLED", "COMPLETING"]) == Meaning(Phase.RUNNING)


@pytest.mark.parametrize("flag", ["REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"])
@pytest.mark.parametrize("base", ["PENDING", "FAILED", "NODE_FAIL"])
def test_a_job_that_is_put_back_waits(base, flag):
    assert meaning([base, flag]) == Meaning(Phase.PENDING)
    assert meaning([base, "COMPLETING", flag]) == Meaning(Phase.PENDING)


def test_a_job_whose_nodes_are_being_started_waits():
    assert meaning(["RUNNING", "CONFIGURING"]) == Meaning(Phase.PENDING)


def test_a_flag_that_changes_nothing_leaves_the_base_word():
    for flag, phase in FLAGS.items():
        if phase is None:
            assert meaning(["RUNNING", flag]) == Meaning(Phase.RUNNING)


def test_a_suspended_job_counts_as_running():
    assert meaning(["SUSPENDED"]) == Meaning(Phase.RUNNING)
