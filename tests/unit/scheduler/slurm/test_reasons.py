"""Slurm's reasons and refusals, in words for people."""

import json
import re
from pathlib import Path

import pytest

from portal.scheduler.slurm.reasons import ACCOUNT, WAITS, refusal, why_waiting

RECORDINGS = sorted((Path(__file__).parents[3] / "contract" / "recordings").glob("slurm-*/reasons.json"))
NO_REASON = {"InvaildReason", "InvalidReason"}
"""What Slurm itself says for a number that has no reason: until 24.11 (sic), and since 25.11."""


@pytest.mark.parametrize(
    ("licences", "words"),
    [
        ("", "It waits for a software licence."),
        ("matlab:1", "It waits for a licence of matlab: all are in use."),
        ("matlab@flex:2", "It waits for a licence of matlab: all are in use."),
        ("matlab@flex:1,idl:2", "It waits for licences of matlab and idl: all are in use."),
    ],
)
def test_what_waits_for_a_licence_says_of_which_program(licences, words):
    assert why_waiting("Licenses", "", licences) == words
    assert why_waiting("Priority", "", licences) == WAITS["Priority"]


def test_a_licence_that_slurm_does_not_know_is_told_so():
    """As a real one answered, of a licence that no administrator had added."""
    words, retry = refusal("sbatch: error: Batch job submission failed: Invalid license specification")
    assert (words, retry) == ("The cluster has no such licence as this analysis needs. Please ask staff.", False)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.parent.name)
def test_every_reason_that_a_release_of_slurm_can_give_has_words_of_its_own(path):
    reasons = set(json.loads(path.read_text())["reasons"]) - NO_REASON
    assert len(reasons) > 150
    for reason in sorted(reasons):
        told = why_waiting(reason)
        assert "Slurm calls" not in told, reason
        assert not re.search(r"[a-z][A-Z]|QOS|Assoc|Grp|TRES", told), (reason, told)
        assert told.endswith("."), (reason, told)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "QOSMaxJobsPerUserLimit",
            "You have as many jobs running as may be at once. It starts when one of them ends.",
        ),
        ("AssocMaxJobsLimit", "You have as many jobs running as may be at once. It starts when one of them ends."),
        ("AssocGrpCpuLimit", "Your group's running jobs use as many processors as they may."),
        ("QOSMaxGRESPerUser", "Your running jobs use as many GPUs as they may. It starts when one of them ends."),
        ("QOSGrpMemLimit", "The running jobs of its class of service use as much memory as they may."),
        ("MaxSubmitJobsPerAccount", "Your group has as many jobs waiting and running as may be at once."),
        ("AssocMaxMemPerJob", "It asks for more memory than one job may have. Please ask staff."),
        ("QOSMaxWallDurationPerJobLimit", "It asks for more time than one job may have. Please ask staff."),
        ("AssocGrpCPUMinutesLimit", "Your group has used up the computing time that was given. Please ask staff."),
        ("AssocGrpWallLimit", "Your group has used up the computing time that was given. Please ask staff."),
        ("QOSMinCpuNotSatisfied", "It asks for fewer processors than its class of service demands of a job."),
        ("ReqNodeNotAvail, UnavailableNodes:node2", WAITS["ReqNodeNotAvail"]),
    ],
)
def test_a_limit_says_whose_it_is_and_of_what(reason, words):
    assert why_waiting(reason).startswith(words)


def test_a_reason_of_a_future_release_is_told_in_slurms_own_words():
    assert why_waiting("MoonPhase", "The moon is not full") == (
        "It waits, for a reason that Slurm calls “The moon is not full”."
    )


def test_a_recorded_refusal_of_an_account_is_told_from_one_of_a_request():
    answers = json.loads((RECORDINGS[0].parent / "refusals.json").read_text())["said"]
    about = {name: bool(ACCOUNT.search(said["stderr"])) for name, said in answers.items() if said["code"]}
    assert {name for name, account in about.items() if account} >= {"account", "not-my-account", "qos"}
    assert not any(about[name] for name in ("partition", "time", "memory", "constraint", "gres", "too-many"))
