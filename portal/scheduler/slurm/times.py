"""When Slurm took jobs that it has just been handed: one squeue in columns, which is a fraction of its JSON.

The time of submission identifies a job (portal.scheduler.slurm.match). A job that Slurm has put back since has
another one, and is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from portal.scheduler.slurm.rows import Row

COLUMNS = ("Cluster", "ArrayJobID", "Name", "SubmitTime", "RestartCnt")
WORDS = ("--states=all", "--noheader", "--Format=" + ",".join(f"{column}:|" for column in COLUMNS))
"""Each column as wide as its text, with a bar behind it, which is in none of them. Times are UTC's, as TZ says."""
JOBS = "--jobs="
TIME = "%Y-%m-%dT%H:%M:%S"


def question(ids: Iterable[str]) -> list[str]:
    """The command that asks about these ids; of an array, the array's."""
    return ["squeue", *WORDS, f"{JOBS}{','.join(ids)}"]


def asked(words: Sequence[str]) -> list[int] | None:
    """The ids that are asked about, if these are the words of `question`; else None."""
    *fixed, jobs = words or [""]
    return [int(one) for one in jobs.removeprefix(JOBS).split(",")] if tuple(fixed) == WORDS else None


def told(rows: Iterable[Row]) -> str:
    """The answer in columns, from rows."""
    cells = ((row.cluster, row.job_id, row.name, row.submitted.strftime(TIME), row.restart or 0) for row in rows)
    return "".join("|".join(map(str, line)) + "|\n" for line in cells)


def times(answer: str, cluster: str) -> Mapping[tuple[str, str], datetime]:
    """The times of submission by id and name. Raises ValueError if the answer is another's, or is none."""
    found = {}
    for line in answer.splitlines():
        answered, job_id, name, submitted, restarts, _end = line.split("|")
        if answered not in ("", "N/A", cluster):
            raise ValueError(f"another cluster answered: {answered}, not {cluster}")
        if int(restarts) == 0:
            found[job_id, name] = datetime.fromisoformat(submitted).replace(tzinfo=UTC)
    return found
