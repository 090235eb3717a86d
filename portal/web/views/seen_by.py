"""Who will see what a form makes: said before Start, plainly where not the same people see its datasets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.catalogue.audience import Audience, audiences_of, narrowest
from portal.catalogue.inputs import open_experiments
from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.service import who_sees
from portal.identity.actor import Actor
from portal.jobtype.model import JobType
from portal.level import level
from portal.words import listed

MOST_TOLD = 3


@dataclass(frozen=True)
class SeenBy:
    """Who will see it, and what is to be said where the inputs differ in that."""

    words: str
    note: str = ""


def seen_by(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    datasets: Mapping[str, Sequence[Dataset]],
    mode: str,
    *,
    now: datetime,
) -> SeenBy:
    """Who sees the results of these datasets, which are filed as `jobs.submit` files them."""
    # Addresses may name slots that the analysis does not have: what stands there goes into no job.
    taken = [one for slot in jobtype.inputs for one in datasets.get(slot.name, ())]
    given = {one.investigation_id: one.investigation for one in taken}
    if len(given) <= 1:
        return SeenBy(who_sees(session, next(iter(given.values())), now=now) if given else "")
    connection = session.connection()
    audiences = audiences_of(connection, given, now=now)
    open_ = open_experiments(connection, actor, given, now=now)
    targets = []
    for job in _jobs(jobtype, datasets, mode):
        may = [number for number in job if number in open_]
        targets.append(narrowest(may or job[:1], audiences))
    found = [given[number] for number in dict.fromkeys(targets)]
    if len(found) == 1:
        return SeenBy(who_sees(session, found[0], now=now), _note(found[0], given, audiences))
    told = [f"“{one.title}”: {who_sees(session, one, now=now)}" for one in found[:MOST_TOLD]]
    more = f" So for {len(found) - MOST_TOLD} more." if len(found) > MOST_TOLD else ""
    note = (
        f"Your datasets are of {len(given)} {level().many}; each result is filed in its own, for its team to see."
    )
    return SeenBy(" ".join(told) + more, note)


def _jobs(jobtype: JobType, datasets: Mapping[str, Sequence[Dataset]], mode: str) -> list[list[int]]:
    """The experiments of each job's datasets, those of the first slot first."""
    slot = jobtype.slot
    main = list(datasets.get(slot.name, ())) if slot else []
    others = [one.investigation_id for s in jobtype.inputs[1:] for one in datasets.get(s.name, ())]
    if mode == "all" or len(main) <= 1:
        return [[*(one.investigation_id for one in main), *others]]
    return [[one.investigation_id, *others] for one in main]


def _note(target: Investigation, given: Mapping[int, Investigation], audiences: Mapping[int, Audience]) -> str:
    """Plain words where not the same people see the inputs; nothing where they do."""
    mine = audiences[target.id]
    differ = [other for other in given.values() if not mine.same_as(audiences[other.id])]
    if not differ:
        return ""
    words = (
        f"Not the same people see all of your inputs. What is made of them is filed in “{target.title}”, "
        "which the fewest see."
    )
    beyond = [
        f"“{other.title}”"
        for other in differ
        if not audiences[other.id].public and not mine.people <= audiences[other.id].people
    ]
    return f"{words} Some of these do not see {listed(beyond)}, of which it is made, too." if beyond else words
