"""What jobs are called at the scheduler, and which of them go there together as one array."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from portal.daemon.dispatch.queue import QueuedJob


@dataclass(frozen=True)
class Naming:
    """A job's name at the scheduler. `place`: its index among the jobs of other submissions that share it."""

    name: str
    place: int | None = None


def names_of(jobs: Sequence[QueuedJob], *, join: bool) -> list[Naming]:
    """The names of jobs that are handed over now, in their order.

    Jobs of one submission have its name, and their own index in it. With `join`, jobs that are each the only one
    of their submission here share the name of the first of them, where they are one person's and ask for the same.
    """
    of_submission = Counter(job.submission for job in jobs)
    together: dict[tuple[int, str], list[int]] = defaultdict(list)
    for position, job in enumerate(jobs):
        if join and of_submission[job.submission] == 1:
            together[job.person.id, json.dumps(job.resources, sort_keys=True)].append(position)
    names = [Naming(_own(job)) for job in jobs]
    for positions in together.values():
        if len(positions) > 1:
            shared = names[positions[0]].name
            for place, position in enumerate(positions):
                names[position] = Naming(shared, place)
    return names


def _own(job: QueuedJob) -> str:
    return f"gantry-{job.submission}-{job.attempts + 1}"
