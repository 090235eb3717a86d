"""Which row of Slurm's is which job, and what the rows say about it. Pure.

Ids wrap and are reused, also within a submission (a controller that is killed forgets what it did not save): a row
is a job's only if cluster, id, task, name, user and time of submission agree. A job that Slurm put back keeps its
id and gets a new time; accounting then has a row for each run.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from portal.scheduler.base import Ending, JobHandle, JobReport, Phase
from portal.scheduler.slurm.reasons import why_ended, why_waiting
from portal.scheduler.slurm.rows import Row
from portal.scheduler.slurm.states import meaning

ACCOUNTING_LAG = timedelta(seconds=30)
"""So long after the controller's word accounting is waited for, since only it knows who cancelled."""
TELLING = frozenset({Ending.COMPLETED, Ending.FAILED, Ending.OUT_OF_MEMORY})
"""The endings whose exit code is the program's own."""

Key = tuple[str, int | None]


class Rows:
    """Rows by id and task."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_key: dict[Key, list[Row]] = defaultdict(list)
        self._arrays: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.indices is not None:
                self._arrays[row.job_id].append(row)
            for index in (None,) if row.indices is None else row.indices:
                self._by_key[row.job_id, index].append(row)

    def of(self, handle: JobHandle) -> Row | None:
        """The latest row of this very job; None if there is none."""
        rows = [row for row in self._by_key.get((handle.job_id, handle.array_index), ()) if _named(row, handle)]
        rows.sort(key=lambda row: (row.submitted, row.restart or 0))
        first = next((place for place, row in enumerate(rows) if row.submitted == handle.submitted), None)
        if first is None:
            # The controller has the latest run only. Accounting has the first one too.
            later = [row for row in rows if row.submitted > handle.submitted and row.restart]
            return later[-1] if later else None
        last = rows[first]
        for row in rows[first + 1 :]:
            if not _put_back(last, row):
                break
            last = row
        return last

    def know_array_of(self, handle: JobHandle) -> bool:
        """Whether there is any row of the array that this task belongs to."""
        rows = self._arrays.get(handle.job_id, ()) if handle.array_index is not None else ()
        return any(_named(row, handle) and row.submitted == handle.submitted for row in rows)


def _put_back(earlier: Row, row: Row) -> bool:
    """Whether a later row is the same job's next run, not another's who got the id of a forgotten one.

    Where accounting does not count restarts, the run before must have been put back or have ended.
    """
    if row.restart is None:
        return "REQUEUED" in earlier.words or _ended(earlier)
    return row.restart > 0


def _named(row: Row, handle: JobHandle) -> bool:
    same_user = handle.user is None or row.user == handle.user
    return row.name == handle.name and row.cluster in ("", handle.cluster) and same_user


def unsettled(handles: Sequence[tuple[str, JobHandle]], queue: Rows) -> list[tuple[str, JobHandle]]:
    """The jobs about which accounting must be asked: unknown to the controller, or ended."""
    asked = []
    for key, handle in handles:
        row = queue.of(handle)
        found = meaning(row.words) if row else None
        if row is None or (found is not None and found.phase is Phase.ENDED):
            asked.append((key, handle))
    return asked


def judge(
    handles: Sequence[tuple[str, JobHandle]], queue: Rows, accounting: Rows, now: datetime, *, accounted: bool
) -> dict[str, JobReport]:
    """A report for each job that there is a word about. `accounted`: there is an accounting to wait for.

    A job that the controller does not know is reported only if accounting knows its ending: what accounting alone
    takes for alive is a runaway, and absent.
    """
    reports = {}
    for key, handle in handles:
        live, kept = queue.of(handle), accounting.of(handle)
        ended = kept if kept and _ended(kept) else None
        if live is None:
            if ended is not None:
                reports[key] = report(handle, ended)
        elif not _ended(live):
            reports[key] = report(handle, live)
        elif ended is not None:
            reports[key] = report(handle, _merged(ended, live))
        elif accounted and live.ended is not None and now - live.ended < ACCOUNTING_LAG:
            reports[key] = _not_yet(handle, live)
        else:
            reports[key] = report(handle, live)
    return reports


def vanished(
    handles: Sequence[tuple[str, JobHandle]], reports: Mapping[str, JobReport], accounting: Rows
) -> dict[str, JobReport]:
    """Tasks that were cancelled one by one before they started: Slurm strikes them out and keeps no record.

    They are those without a word about them while accounting has the rest of their array. That holds only if
    accounting has been told everything.
    """
    return {
        key: JobReport(
            handle, Phase.ENDED, Ending.CANCELLED, reason="It was cancelled before it started.", raw="(no record)"
        )
        for key, handle in handles
        if key not in reports and accounting.of(handle) is None and accounting.know_array_of(handle)
    }


IN_TURN = frozenset({"None", "Priority", "Resources", "Nodes"})
"""The reasons of jobs that wait for nothing but their turn."""


def places(rows: Iterable[Row]) -> dict[Key, int]:
    """How many jobs go before each that waits for its turn: those of its partition with a higher priority.

    Tasks of an array count one by one. The scheduler may let a short job through between them (backfill).
    """
    queues: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found = meaning(row.words)
        if found is not None and found.phase is Phase.PENDING and row.reason in IN_TURN:
            queues[row.partition].append(row)
    found_places: dict[Key, int] = {}
    for queue in queues.values():
        before = 0
        for row in sorted(queue, key=lambda row: (-row.priority, row.submitted, int(row.job_id))):
            for index in sorted(row.indices) if row.indices is not None else (None,):
                found_places[row.job_id, index] = before
                before += 1
    return found_places


def _ended(row: Row) -> bool:
    found = meaning(row.words)
    return found is not None and found.phase is Phase.ENDED


def _merged(kept: Row, live: Row) -> Row:
    """Accounting's word, with what only the controller tells."""
    reason = live.reason if kept.reason == "None" else kept.reason
    return replace(kept, reason=reason, reason_text=live.reason_text, restart=live.restart)


def _not_yet(handle: JobHandle, row: Row) -> JobReport:
    """As it was just before its end, until accounting has written it down."""
    phase = Phase.RUNNING if row.started else Phase.PENDING
    return JobReport(
        handle,
        phase,
        started=row.started,
        node=row.nodes,
        reason=None if row.started else "It is being ended.",
        restarts=row.restart or 0,
        raw="+".join(row.words),
    )


def report(handle: JobHandle, row: Row) -> JobReport:
    """One row as a report. A state that is not known here is an ending without a name: nothing follows from it."""
    found = meaning(row.words)
    raw, restarts = "+".join(row.words), row.restart or 0
    if found is None:
        return JobReport(handle, Phase.ENDED, raw=raw, node=row.nodes, restarts=restarts)
    if found.phase is Phase.PENDING:
        why = why_waiting(row.reason, row.reason_text, row.licences)
        return JobReport(handle, Phase.PENDING, reason=why, expected_start=row.planned, restarts=restarts, raw=raw)
    if found.phase is Phase.RUNNING:
        suspended = "The cluster's administrator has paused it." if "SUSPENDED" in row.words else None
        return JobReport(
            handle,
            Phase.RUNNING,
            started=row.started,
            node=row.nodes,
            reason=suspended,
            restarts=restarts,
            raw=raw,
        )
    telling = found.ending in TELLING
    return JobReport(
        handle,
        Phase.ENDED,
        found.ending,
        exit_code=row.exit_code if telling else None,
        signal=row.signal if telling else None,
        started=row.started,
        ended=row.ended,
        node=row.nodes,
        reason=why_ended(found.ending, row.reason),
        ended_by=row.ended_by if found.ending is Ending.CANCELLED else None,
        memory_peak_bytes=row.memory_peak_bytes,
        cpu_s=row.cpu_s,
        restarts=restarts,
        raw=raw,
    )


def oldest(handles: Iterable[tuple[str, JobHandle]]) -> datetime:
    """The earliest submission of these jobs."""
    return min(handle.submitted for _key, handle in handles)


def ids(handles: Iterable[tuple[str, JobHandle]]) -> Mapping[str, None]:
    """The ids of these jobs, each once, in order."""
    return dict.fromkeys(handle.job_id for _key, handle in handles)
