"""What each size would ask for on the dataset that was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.form.conditions.unmet import Job
from portal.form.sized import sized
from portal.jobtype.model import JobType
from portal.words import limit, memory


@dataclass(frozen=True)
class Asked:
    """A size as numbers."""

    label: str
    words: str
    by_the_input: bool


def asked_for(jobtype: JobType, jobs: Sequence[Job]) -> list[Asked]:
    """Of each size, in the order in which they are offered."""
    found = []
    for variant in jobtype.resources.variants:
        one = sized(jobtype, variant, jobs)
        words = f"{memory(one.memory_mb)}, {limit(one.time_s)} at most"
        found.append(Asked(variant.label, words, variant.is_sized))
    return found
