"""What a run costs at most, how long it is likely to wait and to take: for whoever is about to ask for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import words
from portal.catalogue.access import visible
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.clusters.status import Cluster, ClusterStatus
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import TO_BEGIN, State
from portal.jobs.timing.advice import memory_beforehand
from portal.jobs.timing.expect import (
    ENOUGH_TO_SAY,
    Expected,
    Peak,
    expected_of_all,
    expected_peak,
    expected_run,
    highest_peak,
)
from portal.jobs.timing.like import kin_of
from portal.jobs.timing.room import Asks, Room, room_for
from portal.jobs.timing.runs import input_bytes, limits_the_work, newest_runs, newest_waits
from portal.jobs.timing.settings import Settings
from portal.jobs.timing.spread import Span, span_words, spread
from portal.jobtype.model import JobType, Variant
from portal.portions import portions
from portal.scheduler.survey import Snapshot

MOST_ASKED = 500
"""Unfinished jobs that are looked at one by one; where there are more, they are only counted."""
MOST_SIZES = 1000


@dataclass(frozen=True)
class Cost:
    """The most that jobs can use, in hours of one processor and of one GPU."""

    cpu_hours: float
    gpu_hours: float


def most_cost(variant: Variant, jobs: int) -> Cost:
    """What this many jobs use if each takes all its time."""
    hours = variant.time_s * jobs / 3600
    return Cost(variant.cpus * hours, variant.gpus * hours)


class Basis(StrEnum):
    """What is known of when jobs start."""

    FREE = "free"
    """All of them now: nothing waits, and there is room."""
    SOME = "some"
    """`at_once` of them now, the rest as room comes."""
    OWN_LIMIT = "own-limit"
    """The person has as many jobs as one may have at once; `at_once` of them can go."""
    ALL_IN_USE = "all-in-use"
    """Nothing waits, and there is no room."""
    QUEUE = "queue"
    """The portal's jobs go first: `before`."""
    CLUSTER_QUEUE = "cluster-queue"
    """Others' jobs at the cluster go first: `before`."""
    NO_ROOM = "no-room"
    """No node that was seen shows so much, even empty: when it starts, nothing tells."""
    UNKNOWN = "unknown"
    """What the cluster has was not seen yet, or does not say."""


@dataclass(frozen=True)
class Wait:
    """How so many jobs begin that are asked for now."""

    basis: Basis
    jobs: int = 1
    at_once: int = 0
    before: int | None = None
    per_person: int | None = None
    """How many jobs one person may have at once, where that is what they wait for."""
    room: Room | None = None
    measured: Span | None = None
    """How long jobs like these waited in the last 30 days, in seconds; None: too few to tell."""
    waits: int = 0
    """How many waits that rests on."""

    @property
    def words(self) -> str:
        """When they start, as things are now."""
        before = self.before or 0
        queue = f"{words.count(before, 'job')} {'waits' if before == 1 else 'wait'} before {self._it}"
        rest = self.jobs - self.at_once
        first = f"{self.at_once} of {self.jobs} start{'s' if self.at_once == 1 else ''} at once"
        return {
            Basis.FREE: "Starts at once" if self.jobs == 1 else f"All {self.jobs} start at once",
            Basis.SOME: f"{first}, {'the other' if rest == 1 else f'the other {rest}'} as room comes",
            Basis.OWN_LIMIT: (
                f"{first}, the rest as yours end" if self.at_once else "Starts when one of yours ends"
            ),
            Basis.ALL_IN_USE: "Starts when a running job ends" if self.jobs == 1 else "Start as running jobs end",
            Basis.QUEUE: queue,
            Basis.CLUSTER_QUEUE: queue,
            Basis.NO_ROOM: "Not known",
            Basis.UNKNOWN: "Not known yet",
        }[self.basis]

    @property
    def basis_words(self) -> str:
        """What that rests on, and what was measured."""
        now = {
            Basis.OWN_LIMIT: f"You may run {words.count(self.per_person or 0, 'job')} at once",
            Basis.QUEUE: "The queue now",
            Basis.CLUSTER_QUEUE: "The cluster's queue now",
            Basis.NO_ROOM: "No node that was seen shows so much room",
            Basis.UNKNOWN: "The cluster has not been seen",
        }.get(self.basis) or self._in_use()
        if self.measured is None:
            return now
        usual = f"jobs like this waited {span_words(self.measured)} (the last {self.waits}, 30 days at most)"
        return f"{now}; {usual}"

    @property
    def _it(self) -> str:
        return "it" if self.jobs == 1 else "them"

    def _in_use(self) -> str:
        if self.room is None or not self.room.cpus:
            return "As the cluster was last seen"
        return f"{self.room.used_cpus} of {words.count(self.room.cpus, 'processor')} in use now"


@dataclass(frozen=True)
class Outlook:
    """When jobs start, and how long each takes."""

    wait: Wait
    takes: Expected
    typical: str
    """What the analysis's author says of its time; empty where nothing. Only told where nothing was measured."""
    peak: Peak | None = None
    """The most memory that each needs; None: not known."""
    memory: str = ""
    """That this is more than they may use, and what to choose; empty where it is not."""
    silence: str = ""
    """What everybody must know first: the daemon, or the cluster where they would go, does not answer."""

    @property
    def wait_words(self) -> str:
        """When they start; while nobody answers, that alone."""
        return self.silence or self.wait.words

    @property
    def wait_basis(self) -> str:
        """What that rests on; empty while nobody answers."""
        return "" if self.silence else self.wait.basis_words

    @property
    def takes_words(self) -> str:
        """`4 to 7 minutes`, else what its author says, else that it is not known."""
        each = " each" if self.wait.jobs > 1 and self.takes.words else ""
        return f"{self.takes.words}{each}" or self.typical or "Not known yet"

    @property
    def takes_basis(self) -> str:
        """`from 12 runs with inputs of 1 to 3 GB`; where nothing was measured, whose word it is."""
        if self.takes.words:
            return self.takes.basis
        if self.typical and self.takes.other is not None and self.takes.other.beyond:
            return f"as its author says of usual settings; {self.takes.basis}"
        return f"as its author says; {self.takes.basis}" if self.typical else self.takes.basis

    @property
    def memory_words(self) -> str:
        """`5 to 6.2 GB`: the most memory that each needs; empty where it is not known."""
        each = " each" if self.wait.jobs > 1 else ""
        return f"{self.peak.words}{each}" if self.peak else ""

    @property
    def all_words(self) -> str:
        """How long several take in all; empty for one, and where that is not known."""
        room, span, jobs = self.wait.room, self.takes.span, self.wait.jobs
        if self.silence or jobs < 2 or span is None or room is None or not room.together:
            return ""
        together = min(room.together, self.wait.per_person or room.together)
        rounds = -(-jobs // together)
        at_a_time = f", {together} at a time" if together < jobs else ""
        return f"All {jobs} take {span_words(span.times(rounds))} once they start{at_a_time}"


def inputs_by_job(jobtype: JobType, inputs: Mapping[str, Sequence[int]], mode: str) -> list[list[int]]:
    """The datasets of each job: those of the first slot are spread over jobs, unless one job takes them all."""
    first = jobtype.slot.name if jobtype.slot else ""
    others = [dataset for slot, chosen in inputs.items() if slot != first for dataset in chosen]
    each = inputs.get(first, ())
    if mode == "all":
        return [[*each, *others]] if each or others else []
    return [[dataset, *others] for dataset in each]


def outlook(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    variant: Variant,
    *,
    inputs: Sequence[Collection[int]],
    options: Mapping[str, object],
    jobs: int,
    status: ClusterStatus,
    now: datetime,
) -> Outlook:
    """What is to be expected of so many jobs that are asked for now. `inputs`: their datasets' ids, by job."""
    wait = likely_wait(session, actor, jobtype, variant, jobs=jobs, status=status, now=now)
    like = _Like.of(session, actor, jobtype, inputs, options)
    takes, peak = _takes(session, like, variant), _needs(session, like, variant)
    too_little = memory_beforehand(peak, variant, jobtype.resources.variants) if peak else ""
    silence = status.banner_of(status.going_to(jobtype.name))
    return Outlook(wait, takes, jobtype.typical_time or "", peak, too_little, silence)


def likely_run(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    variant: Variant,
    *,
    inputs: Sequence[Collection[int]],
    options: Mapping[str, object],
) -> Expected:
    """How long such jobs take, by finished runs with these resources, and settings and inputs that are alike."""
    return _takes(session, _Like.of(session, actor, jobtype, inputs, options), variant)


def _takes(session: Session, like: "_Like", variant: Variant) -> Expected:
    runs = newest_runs(session, like.jobtype.name, [variant.name], part=like.part)
    return expected_of_all([expected_run(runs, like.revisions, size, like.settings) for size in like.sizes])


def _needs(session: Session, like: "_Like", variant: Variant) -> Peak | None:
    """The most memory that such jobs need, by finished runs with whatever time and memory; None: not known."""
    runs = newest_runs(session, like.jobtype.name, kin_of(like.jobtype, variant), part=like.part)
    return highest_peak([expected_peak(runs, like.revisions, size, like.settings) for size in like.sizes])


@dataclass(frozen=True)
class _Like:
    """What a finished run must be like to tell of jobs that are asked for."""

    jobtype: JobType
    part: bool
    settings: Settings
    revisions: Collection[int]
    sizes: Sequence[int | None]
    """Of the inputs of each job, each size once; None: it has none."""

    @classmethod
    def of(
        cls,
        session: Session,
        actor: Actor,
        jobtype: JobType,
        inputs: Sequence[Collection[int]],
        options: Mapping[str, object],
    ) -> "_Like":
        query = select(JobTypeRevision.id).where(
            JobTypeRevision.name == jobtype.name, JobTypeRevision.digest == jobtype.revision
        )
        known = _sizes(session, actor, {dataset for job in inputs for dataset in job})
        sizes = [sum(known.get(dataset, 0) for dataset in job) if job else None for job in inputs or [()]]
        return cls(
            jobtype,
            limits_the_work(jobtype.document(), options),
            Settings.of(jobtype, options),
            set(session.scalars(query)),
            list(dict.fromkeys(sizes)),
        )


@dataclass(frozen=True)
class Beside:
    """What stands beside a job that has not ended: how long others like it waited, and took."""

    takes: Expected
    waited: Span | None
    waits: int

    @property
    def words(self) -> str:
        """`Jobs like this waited 5 to 40 seconds (the last 12). It takes 4 to 7 minutes, from 12 runs …`."""
        told = []
        if self.waited is not None:
            told.append(
                f"Jobs like this waited {span_words(self.waited)} (the last {self.waits}, 30 days at most)."
            )
        if self.takes.words:
            told.append(f"Runs like this took {self.takes.words}, {self.takes.basis}.")
        return " ".join(told)


def beside(session: Session, job: Job, jobtype: JobType, now: datetime) -> Beside:
    """By runs like a job that the caller may see, as it was asked for."""
    revision, variant = job.submission.revision, job.submission.variant
    waits = newest_waits(session, revision.name, variant, now) if job.state in TO_BEGIN else []
    enough = len(waits) >= ENOUGH_TO_SAY
    part = limits_the_work(revision.document, job.options)
    runs = newest_runs(session, revision.name, [variant], part=part)
    settings = Settings.of_job(jobtype, job.options)
    takes = expected_run(runs, {revision.id}, input_bytes(session, job.id), settings)
    return Beside(takes, spread(waits) if enough else None, len(waits) if enough else 0)


def _sizes(session: Session, actor: Actor, ids: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in portions(sorted(ids)[:MOST_SIZES]):
        query = visible(actor, Dataset).where(Dataset.id.in_(some))
        rows = session.execute(query.with_only_columns(Dataset.id, Dataset.file_size))
        found |= {row.id: row.file_size for row in rows}
    return found


def likely_wait(
    session: Session,
    actor: Actor,
    jobtype: JobType,
    variant: Variant,
    *,
    jobs: int,
    status: ClusterStatus,
    now: datetime,
) -> Wait:
    """How so many jobs begin that this person asks for now: what is free, what goes first, what one may have."""
    waits = newest_waits(session, jobtype.name, variant.name, now)
    plain = Wait(Basis.UNKNOWN, jobs=jobs)
    if len(waits) >= ENOUGH_TO_SAY:
        plain = replace(plain, measured=spread(waits), waits=len(waits))
    cluster = status.going_to(jobtype.name)
    active = _active(session, cluster, status)
    if len(active) >= MOST_ASKED:
        waiting = cluster.waiting if cluster else None
        before = sum(status.counts.get(state.value, 0) for state in TO_BEGIN) if waiting is None else waiting
        return replace(plain, basis=Basis.QUEUE, before=before)
    snapshot = _its_snapshot(session, cluster)
    before = sum(one.state in TO_BEGIN for one in active)
    if snapshot is None or not snapshot.totals.get("cpus") or "used_cpus" not in snapshot.totals:
        return replace(plain, basis=Basis.QUEUE, before=before) if before else plain
    running = [one.asks for one in active if one.state is State.RUNNING]
    waiting_asks = [one.asks for one in active if one.state in TO_BEGIN]
    room = room_for(Asks.of(variant.request(0)), jobs, snapshot, running=running, waiting=waiting_asks)
    # What may be seen of others' jobs; the portal's own are among them, and have been looked at one by one.
    others = max(0, sum(partition.waiting or 0 for partition in snapshot.partitions) - before)
    mine = sum(one.person == actor.person_id for one in active)
    per_person = cluster.per_person if cluster else None
    return _as_it_is(replace(plain, room=room), room, others=others, mine=mine, per_person=per_person)


@dataclass(frozen=True)
class Place:
    """Where the jobs of a batch that wait will run, as the cluster is now. `room` None: that is not known."""

    room: Room | None
    running: int
    """How many of the batch run."""
    others: int
    """How many jobs of others wait there that may go first."""
    most: int | None
    """How many of the batch its person may have at once, by what else is theirs; None: as many as fit."""


def place_of(
    session: Session, jobtype: str, asks: Asks, submission: str, *, jobs: int, status: ClusterStatus
) -> Place:
    """Room for a batch that is there already: so many jobs of it have not ended, and ask for this."""
    cluster = status.going_to(jobtype)
    active = _active(session, cluster, status)
    snapshot = _its_snapshot(session, cluster)
    mine = [one for one in active if one.submission == submission]
    running = sum(one.state is State.RUNNING for one in mine)
    unseen = snapshot is None or not snapshot.totals.get("cpus") or "used_cpus" not in snapshot.totals
    if unseen or snapshot is None or len(active) >= MOST_ASKED:
        return Place(None, running, 0, None)
    holds = [one.asks for one in active if one.state is State.RUNNING]
    rest = [one.asks for one in active if one.state in TO_BEGIN and one.submission != submission]
    room = room_for(asks, jobs, snapshot, running=holds, waiting=rest)
    of_portal = sum(one.state in TO_BEGIN for one in active)
    strangers = max(0, sum(partition.waiting or 0 for partition in snapshot.partitions) - of_portal)
    per_person, most = (cluster.per_person if cluster else None), None
    if per_person is not None:
        person = mine[0].person if mine else None
        most = max(0, per_person - sum(one.person == person and one.submission != submission for one in active))
    return Place(room, running, room.before + strangers, most)


def _as_it_is(plain: Wait, room: Room, *, others: int, mine: int, per_person: int | None) -> Wait:
    """`mine`: the person's own jobs that wait or run; `others`: those that wait there and are not the portal's."""
    jobs = plain.jobs
    own = jobs if per_person is None else max(0, per_person - mine)
    at_once = min(room.at_once, own)
    basis, before = Basis.SOME, None
    if own == 0:
        basis = Basis.OWN_LIMIT
    elif room.before:
        basis, before = Basis.QUEUE, room.before
    elif others:
        basis, before = Basis.CLUSTER_QUEUE, others
    elif room.together == 0:
        basis = Basis.NO_ROOM
    elif at_once >= jobs:
        basis = Basis.FREE
    elif at_once == 0:
        basis = Basis.ALL_IN_USE
    elif own < room.at_once:
        basis = Basis.OWN_LIMIT
    sure = at_once if basis in {Basis.FREE, Basis.SOME, Basis.OWN_LIMIT} else 0
    return replace(plain, basis=basis, before=before, at_once=sure, per_person=per_person if own < jobs else None)


@dataclass(frozen=True)
class _Active:
    state: State
    person: int
    asks: Asks
    submission: str


def _active(session: Session, cluster: Cluster | None, status: ClusterStatus) -> list[_Active]:
    """Jobs that wait or run where the new ones will go, oldest first; MOST_ASKED at most, of all clusters."""
    states = TO_BEGIN | {State.RUNNING}
    several = len([one for one in status.clusters if not one.forgotten]) > 1
    query = select(Job.state, Job.person_id, Job.resources, Job.submission_id, JobTypeRevision.name).where(
        Job.state.in_(states)
    )
    query = query.join(Submission, Submission.id == Job.submission_id)
    query = query.join(JobTypeRevision, JobTypeRevision.id == Submission.revision_id)
    rows = session.execute(query.order_by(Job.id).limit(MOST_ASKED)).all()
    return [
        _Active(row.state, row.person_id, Asks.of(row.resources), row.submission_id)
        for row in rows
        if not several or status.going_to(row.name) == cluster
    ]


def _its_snapshot(session: Session, cluster: Cluster | None) -> Snapshot | None:
    """What this cluster has; while none is known by name, the newest that was seen."""
    found = snapshots(session)
    return found.get(cluster.name) if cluster else next(iter(found.values()), None)
