"""Whose turn it is, against the plain arithmetic of it, on queues made at random."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from queued_jobs import write_jobs
from sqlalchemy import select

from portal.daemon.dispatch.turns import at_scheduler, next_in_turn
from portal.db import Database
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.jobs.state import AT_SCHEDULER, State

STATES = [*State, *[State.QUEUED] * 12]


def by_hand(jobs: list[Job], now: datetime, limit: int, batch: int, left_out: set[int]) -> list[int]:
    """Deal the batch out one job at a time: always to the person with the fewest, then the oldest job."""
    there = Counter(job.person_id for job in jobs if job.state in AT_SCHEDULER)
    turns = []
    for person in {job.person_id for job in jobs} - left_out:
        mine = [job.id for job in jobs if job.person_id == person and job.state is State.QUEUED]
        due = {job.id for job in jobs if job.not_before is None or job.not_before <= now}
        waiting = sorted(set(mine) & due)
        turns += [(there[person] + place, job_id) for place, job_id in enumerate(waiting, 1)]
    return [job_id for turn, job_id in sorted(turns) if turn <= limit][:batch]


@pytest.mark.parametrize("seed", range(8))
def test_turns_are_those_of_plain_arithmetic(
    database: Database, facility: object, now: datetime, seed: int
) -> None:
    dice = random.Random(seed)
    with database.write() as session:
        people = list(session.scalars(select(Person.id)))
        moments = [None, None, now - timedelta(seconds=1), now, now + timedelta(seconds=1)]
        count = dice.choice([0, 1, 7, 60, 200])
        drawn = [(dice.choice(people), dice.choice(STATES), dice.choice(moments)) for _ in range(count)]
        write_jobs(session, drawn, now)
    with database.read() as session:
        jobs = list(session.scalars(select(Job)))
        assert at_scheduler(session) == Counter(job.person_id for job in jobs if job.state in AT_SCHEDULER)
        for limit, batch in ((1, 5), (4, 1000), (10_000, 1), (10_000, 32), (25, 3)):
            left_out = set(dice.sample(people, dice.randint(0, 2)))
            chosen = next_in_turn(session, now, running_limit=limit, batch=batch, left_out=left_out)
            assert chosen == by_hand(jobs, now, limit, batch, left_out)
