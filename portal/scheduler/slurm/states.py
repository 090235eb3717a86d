"""The one map from Slurm's words for a job's state to ours.

Slurm gives a base word and flags beside it ("COMPLETED", "COMPLETING"). A word that is not listed here gives None,
and None leaves a job as it is: not knowing is not an answer. Words: squeue(1), "JOB STATE CODES".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.scheduler.base import Ending, Phase


@dataclass(frozen=True)
class Meaning:
    """Where a job is; `ending` is set if and only if it has ended."""

    phase: Phase
    ending: Ending | None = None


BASES: Mapping[str, Meaning] = {
    "PENDING": Meaning(Phase.PENDING),
    "RUNNING": Meaning(Phase.RUNNING),
    "SUSPENDED": Meaning(Phase.RUNNING),
    "COMPLETED": Meaning(Phase.ENDED, Ending.COMPLETED),
    "FAILED": Meaning(Phase.ENDED, Ending.FAILED),
    "CANCELLED": Meaning(Phase.ENDED, Ending.CANCELLED),
    "TIMEOUT": Meaning(Phase.ENDED, Ending.TIMEOUT),
    "OUT_OF_MEMORY": Meaning(Phase.ENDED, Ending.OUT_OF_MEMORY),
    "NODE_FAIL": Meaning(Phase.ENDED, Ending.NODE_FAIL),
    "PREEMPTED": Meaning(Phase.ENDED, Ending.PREEMPTED),
    "BOOT_FAIL": Meaning(Phase.ENDED, Ending.BOOT_FAIL),
    "DEADLINE": Meaning(Phase.ENDED, Ending.DEADLINE),
}

# The phase that a flag imposes whatever the base word is, or None for one that changes nothing.
# In the order of precedence: a job that is put back while its processes still end is waiting, not ending.
FLAGS: Mapping[str, Phase | None] = {
    "REQUEUED": Phase.PENDING,
    "REQUEUE_HOLD": Phase.PENDING,
    "REQUEUE_FED": Phase.PENDING,
    "SPECIAL_EXIT": Phase.PENDING,
    "RESV_DEL_HOLD": Phase.PENDING,
    "CONFIGURING": Phase.PENDING,
    "POWER_UP_NODE": Phase.PENDING,
    "COMPLETING": Phase.RUNNING,
    "STAGE_OUT": Phase.RUNNING,
    "SIGNALING": None,
    "STOPPED": None,
    "RESIZING": None,
    "UPDATE_DB": None,
    "LAUNCH_FAILED": None,
    "RECONFIG_FAIL": None,
    "EXPEDITING": None,
}


def meaning(words: Sequence[str]) -> Meaning | None:
    """What a job's state words say together; None if any of them is unknown or they do not say where it is."""
    bases = [BASES[word] for word in words if word in BASES]
    flags = {word for word in words if word in FLAGS}
    if len(bases) + len(flags) < len(words) or len(bases) > 1:
        return None
    for flag, phase in FLAGS.items():
        if flag in flags and phase is not None:
            return Meaning(phase)
    return bases[0] if bases else None
