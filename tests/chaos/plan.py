"""What one exercise does: jobs, batches and faults, all of it decided by the seed before anything starts.

Times are seconds from the exercise's beginning. The same seed, number of jobs and form give the same plan.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

PEOPLE = ("maya", "tom", "ines")

# Fate -> how often among a hundred jobs. What each does is told in ledger_program.py.
FATES = {"succeed": 76, "exit": 9, "signal": 6, "overrun": 3, "nothing": 3, "withdrawn": 3}
SIGNALS = (11, 6, 15, 9)
LONGEST_S = 20
SHORT_JOBS = 45
# A second and a quarter of pacing a job keeps submission going while the faults come.
PACE_S = {"full": 1.0, "short": 0.9}

# Fault -> how often in a full exercise. The short one has each of SHORT once.
FAULTS = {
    "daemon": 8,
    "agent": 7,
    "store": 6,
    "web": 3,
    "slurmctld": 5,
    "slurmdbd": 3,
    "mariadb": 1,
    "postgresql": 3,
    "slurmd": 4,
    "launch": 9,
    "requeue-running": 5,
    "requeue-held": 3,
    "administrator-cancels": 3,
    "node-dies": 2,
    "cut": 2,
}
OUTAGES_S = {
    "slurmctld": (1, 25),
    "slurmdbd": (1, 40),
    "mariadb": (1, 15),
    "postgresql": (1, 20),
    "slurmd": (1, 10),
}
NODE_DARK_S = {"full": (10, 60), "short": (3, 6)}
CUT_S = {"full": 60, "short": 25}


@dataclass(frozen=True)
class Task:
    """One job's part: how long it works and how it ends.

    `value`: exit code, signal, kilobytes of result, or after how many seconds its person withdraws it.
    """

    number: int
    seconds: float
    fate: str
    value: int


@dataclass(frozen=True)
class Submission:
    """What a person sends to the portal at one moment: one job, or a batch with a job a task."""

    number: int
    at: float
    person: str
    tasks: tuple[Task, ...]

    @property
    def batch(self) -> bool:
        """Whether it becomes a job array."""
        return len(self.tasks) > 1


@dataclass(frozen=True)
class Fault:
    """What is broken when. `pick` (0 to 1) chooses among what is there then; `lasts_s`: until it is mended."""

    at: float
    kind: str
    pick: float
    lasts_s: float


@dataclass(frozen=True)
class Plan:
    """The whole exercise."""

    seed: int
    jobs: int
    form: str
    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]

    @property
    def tasks(self) -> int:
        """How many jobs there are in all, those of batches counted one by one."""
        return sum(len(one.tasks) for one in self.submissions)

    def document(self) -> dict[str, Any]:
        """The plan as JSON types."""
        return asdict(self)


def make_plan(seed: int, jobs: int, *, short: bool = False) -> Plan:
    """The plan of this seed with so many separate jobs, and batches beside them."""
    form = "short" if short else "full"
    # No choice here protects anything: a seed is to give the same again.
    chance = random.Random(f"{seed}/{jobs}/{form}")
    numbers = iter(range(1, 1_000_000))
    sizes = [6, 9] if short else [chance.randint(8, 40) for _ in range(max(4, jobs // 70))]
    span = jobs * PACE_S[form]
    moments = sorted(chance.uniform(0, span) for _ in range(jobs + len(sizes)))
    batches = set(chance.sample(range(len(moments)), len(sizes)))
    submissions = []
    for number, at in enumerate(moments):
        size = sizes.pop() if number in batches else 1
        tasks = tuple(_task(chance, next(numbers), short=short) for _ in range(size))
        submissions.append(Submission(number, round(at, 2), chance.choice(PEOPLE), tasks))
    return Plan(seed, jobs, form, tuple(submissions), tuple(_faults(chance, form, span)))


def _task(chance: random.Random, number: int, *, short: bool) -> Task:
    fate = chance.choices(list(FATES), weights=list(FATES.values()))[0]
    longest = LONGEST_S / 2 if short else LONGEST_S
    # Most work is brief, some is long: the square makes short ones more frequent.
    seconds = round(longest * chance.random() ** 2, 1)
    value = {
        "exit": chance.randint(1, 80),
        "signal": chance.choice(SIGNALS),
        "withdrawn": chance.randint(0, 15),
    }.get(fate, chance.choice((0, 1, 10, 400)))
    return Task(number, seconds, fate, value)


def _faults(chance: random.Random, form: str, span: float) -> Iterator[Fault]:
    share = min(1.0, span / 400) if form == "full" else 1.0
    kinds = [
        kind
        for kind, times in FAULTS.items()
        for _ in range(1 if form == "short" else max(1, round(times * share)))
        if form == "full" or kind != "mariadb"
    ]
    chance.shuffle(kinds)
    if form == "short":
        # Each of these needs jobs that run, or wait in the portal, and comes only once.
        for place, kind in ((2, "requeue-running"), (4, "requeue-held"), (6, "cut")):
            kinds.remove(kind)
            kinds.insert(place, kind)
    # Not before the first jobs run, and until some time after the last was submitted.
    first, last = (5.0, span + 25) if form == "short" else (15.0, span + 60)
    step = (last - first) / len(kinds)
    for place, kind in enumerate(kinds):
        at = first + step * (place + chance.random())
        yield Fault(round(at, 1), kind, round(chance.random(), 4), round(_lasts(chance, kind, form), 1))


def _lasts(chance: random.Random, kind: str, form: str) -> float:
    if kind == "cut":
        return CUT_S[form]
    if kind == "node-dies":
        return chance.uniform(*NODE_DARK_S[form])
    least, most = OUTAGES_S.get(kind, (0, 0))
    return chance.uniform(least, most if form == "full" else min(most, 6))
