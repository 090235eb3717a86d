"""How jobs that are asked for begin: what is free, what goes first, what one may have."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import words
from portal.identity.actor import Actor
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.clusters.status import Cluster, ClusterStatus
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import TO_BEGIN, State
from portal.jobs.timing.expect import ENOUGH_TO_SAY
from portal.jobs.timing.room import Asks, Room, room_for
from portal.jobs.timing.runs import newest_waits
from portal.jobs.timing.spread import Span, span_words, spread
from portal.jobtype.model import JobType, Variant
from portal.scheduler.survey import Snapshot

MOST_ASKED = 500
"""Unfinished jobs that are looked at one by one; where there are more, they are only counted."""


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
    SOME_NODES = "some-nodes"
    """Only nodes of one kind will do, and which of those that were seen are of it, nothing tells."""
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
            Basis.SOME_NODES: "Not known",
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
            Basis.SOME_NODES: "Only nodes of one kind will do",
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
    if variant.constraint:
        return replace(plain, basis=Basis.SOME_NODES)
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
