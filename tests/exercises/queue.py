"""What choosing the next jobs costs where many wait: `python -m tests.exercises.queue [JOBS] [PEOPLE]`.

Prints one JSON object, from a PostgreSQL of its own. The same choice is made in two ways in one run, in turns:
with the limit in SQL, as the daemon does it, and by reading each person's jobs up to the limit and dealing them
out.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from postgres_server import start_postgres
from queued_jobs import write_jobs

from portal.daemon.dispatch.turns import at_scheduler, next_in_turn, ready
from portal.db import Database
from portal.identity.people import create_person
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.migrations import upgrade

JOBS, PEOPLE = 200_000, 50
RUNNING_LIMIT, BATCH = 10_000, 1000
ROUNDS = 7


def in_sql(session: Session, now: datetime) -> list[int]:
    """The daemon's way."""
    return next_in_turn(session, now, running_limit=RUNNING_LIMIT, batch=BATCH)


def in_python(session: Session, now: datetime) -> list[int]:
    """Every job that may start is read, then dealt out."""
    there = at_scheduler(session)
    place = func.row_number().over(partition_by=Job.person_id, order_by=Job.id).label("place")
    ranked = ready(now).with_only_columns(Job.id, Job.person_id, place).subquery()
    rows = session.execute(select(ranked).where(ranked.c.place <= RUNNING_LIMIT)).all()
    turns = [(there.get(person, 0) + turn, job_id) for job_id, person, turn in rows]
    return [job_id for turn, job_id in sorted(turns) if turn <= RUNNING_LIMIT][:BATCH]


def milliseconds(database: Database, choose: Callable[[Session, datetime], list[int]], now: datetime) -> float:
    """One choice in a transaction of its own."""
    with database.read() as session:
        began = time.perf_counter()
        choose(session, now)
        return (time.perf_counter() - began) * 1000


def measure(url: str, jobs: int, people: int) -> dict[str, object]:
    """Fill the queue and choose in turns."""
    upgrade(url)
    database, now = Database(url), datetime.now(UTC)
    with database.write() as session:
        ids = [create_person(session, f"person{n}", f"Person {n}", now=now).id for n in range(people)]
        # Half of them have something at the scheduler already.
        waiting = ((ids[n % people], State.QUEUED, None) for n in range(jobs))
        running = ((person, State.RUNNING, None) for person in ids[::2] for _ in range(20))
        write_jobs(session, [*running, *waiting], now)
    with database.write() as session:
        session.execute(text("ANALYZE"))
    with database.read() as session:
        assert in_sql(session, now) == in_python(session, now)
    ways = {"in_sql": in_sql, "in_python": in_python}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, choose in ways.items():
            taken[name].append(milliseconds(database, choose, now))
    database.dispose()
    medians = {f"{name}_ms": round(statistics.median(values), 1) for name, values in taken.items()}
    return {
        "jobs": jobs,
        "people": people,
        "chosen": BATCH,
        **medians,
        "ratio": round(medians["in_python_ms"] / medians["in_sql_ms"], 1),
    }


def main(words: list[str]) -> int:
    """Run it; 2 if the words are no two numbers."""
    if any(not word.isdecimal() or int(word) < 1 for word in words) or len(words) > 2:
        print("./run exercise queue [JOBS] [PEOPLE], two whole numbers", file=sys.stderr)
        return 2
    jobs, people = (int(word) for word in [*words, *map(str, (JOBS, PEOPLE)[len(words) :])])
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not binaries:
        print("This needs PostgreSQL's programs: apt-get install postgresql", file=sys.stderr)
        return 1
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="gantry-queue-"))
    if user:
        shutil.chown(folder, user, user)
    server = start_postgres(binaries[-1], folder, user)
    try:
        name = user or Path.home().name
        print(json.dumps(measure(f"postgresql+psycopg://{name}@/postgres?host={folder}", jobs, people)))
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
