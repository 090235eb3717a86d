"""The backend `local`: supervised processes on this machine, behind the same protocol as Slurm.

The spool is the truth; an object of this class holds nothing that another process would need. `start` starts
what may start: the daemon calls it each turn, the agent right after a submission.
"""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from portal.files.durable import write_json
from portal.scheduler.base import (
    Ending,
    Estimate,
    JobHandle,
    JobRequest,
    Observation,
    SchedulerError,
)
from portal.scheduler.local import fair_share as fair
from portal.scheduler.local.fair_share import Amount, Charge, Limits, Running, Table, Waiting
from portal.scheduler.local.reports import CLUSTER, end_of, handle_of, report_of
from portal.scheduler.local.spool import (
    End,
    Record,
    Spool,
    is_supervised,
    read_record,
    take_lock,
    write_end,
)
from portal.scheduler.local.start import start_supervisor
from portal.scheduler.survey import Node, Survey
from portal.times import iso

Asked = TypeVar("Asked")
Told = TypeVar("Told")


def machine_limits() -> Limits:
    """What this machine can give: every CPU this process may use, four fifths of the memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Limits(cpus=len(os.sched_getaffinity(0)), memory_mb=int(pages * 0.8) >> 20)


class LocalScheduler:
    """Jobs as supervised processes. `limits` given here are written to the spool for every other user of it."""

    batch_size = 32
    """A job may start as soon as it is handed over: the first must not wait for the last."""
    joins = False
    near = True
    running_per_person = 8

    def __init__(self, spool: Path, *, limits: Limits | None = None) -> None:
        self.spool = Spool(spool)
        if limits is not None:
            self.spool.set_limits(limits)

    @property
    def cluster(self) -> str:
        """The name that stands in handles and claims."""
        return CLUSTER

    @property
    def limits(self) -> Limits:
        """What jobs may use together."""
        return self.spool.limits() or machine_limits()

    def submit(self, requests: Sequence[JobRequest]) -> list[JobHandle | SchedulerError]:
        """Write jobs into the spool; twice with one attempt gives the first handle. `start` starts them."""
        return [_or_error(self._submit, request) for request in requests]

    def _submit(self, request: JobRequest) -> JobHandle:
        with self.spool.locked():
            folder = self.spool.folder_of(request.attempt)
            record = read_record(folder) if folder is not None else None
            if record is None:
                self._refuse_impossible(request)
                suffix = ("--cluster", CLUSTER, "--job-id", "{id}", "--enforce-memory")
                record = self.spool.add(request, suffix, datetime.now(UTC))
        if record.request.name != request.name:
            raise SchedulerError("This attempt was submitted before under another name.", retry=False)
        return handle_of(record)

    def find(self, items: Sequence[tuple[str, str]]) -> list[JobHandle | SchedulerError | None]:
        """The jobs of (attempt, name), ended ones included; None if the spool never took it (or it was pruned)."""
        return [_or_error(self._find, item) for item in items]

    def _find(self, item: tuple[str, str]) -> JobHandle | None:
        attempt, name = item
        folder = self.spool.folder_of(attempt)
        record = read_record(folder) if folder is not None else None
        return handle_of(record) if record is not None and record.request.name == name else None

    def cancel(self, handles: Sequence[JobHandle], *, by: str | None = None) -> list[bool | SchedulerError]:
        """End them: a waiting job at once, a running one by SIGTERM, then SIGKILL. False if it had ended."""
        return [_or_error(partial(self._cancel, by=by), handle) for handle in handles]

    def _cancel(self, handle: JobHandle, by: str | None) -> bool:
        with self.spool.locked():
            record = self._record(handle)
            if record is None or record.end is not None:
                return False
            if record.supervision is None and (lock := take_lock(record.folder)) is not None:
                now = datetime.now(UTC)
                write_end(
                    record.folder, End(Ending.CANCELLED, now, reason="Cancelled while it waited.", ended_by=by)
                )
                os.close(lock)
                return True
            write_json(record.folder / "cancel.json", {"by": by, "at": iso(datetime.now(UTC))}, mode=0o600)
            return record.supervision is None or is_supervised(record.folder)

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """One pass over the spool. A job that the spool does not have is absent from the reports."""
        now = datetime.now(UTC)
        try:
            records = self.spool.records()
            ends = {record.job_id: end_of(record, now) for record in records}
            table = self._table(records, ends, now)
        except OSError as error:
            return Observation(answered=False, message=f"The spool cannot be read: {error.strerror or error}.")
        ordered = fair.order(table)
        places = {str(job.number): place for place, job in enumerate(ordered)}
        by_id = {record.job_id: record for record in records}
        reports = {}
        for key, handle in handles:
            record = by_id.get(handle.job_id)
            if record is None or record.request.name != handle.name or record.submitted != handle.submitted:
                continue
            place = places.get(record.job_id)
            reason = fair.reason(table, ordered, place) if place is not None else None
            reports[key] = report_of(record, ends[record.job_id], place, reason)
        return Observation(answered=True, reports=reports)

    def survey(self) -> Survey:
        """This computer as the one node: its slots and memory, and what running jobs hold of them."""
        now = datetime.now(UTC)
        try:
            records = self.spool.records()
            table = self._table(records, {record.job_id: end_of(record, now) for record in records}, now)
        except OSError as error:
            return Survey(
                answered=False, message=f"The spool cannot be read: {error.strerror or error}.", silent=True
            )
        limits, held = table.limits, sum((job.amount for job in table.running), Amount(0, 0))
        words = "Partly in use" if table.running else "Free"
        words = "In use" if held.cpus >= limits.cpus else words
        here = Node(
            name=socket.gethostname(),
            words=words,
            works=True,
            cpus=limits.cpus,
            cpus_used=held.cpus,
            memory_mb=limits.memory_mb,
            memory_used_mb=held.memory_mb,
            gpus=limits.gpus,
            gpus_used=held.gpus,
        )
        return Survey(True, (here,))

    def estimate(self, request: JobRequest) -> Estimate:
        """When this request would start if every job before it used its whole time limit."""
        self._refuse_impossible(request)
        now = datetime.now(UTC)
        records = self.spool.records()
        table = self._table(records, {record.job_id: end_of(record, now) for record in records}, now)
        number = 1 + max((job.number for job in table.waiting), default=0)
        amount = Amount(request.cpus, request.memory_mb, request.gpus)
        mine = Waiting(number, request.person, request.share, amount, request.time_s)
        table = fair.with_waiting(table, mine)
        start = fair.latest_start(table, number, now)
        if start is not None and start <= now:
            return Estimate(start, "A slot is free.")
        return Estimate(start, "The latest start, if the jobs before it use their whole time limits.")

    def start(self, now: datetime) -> bool:
        """Start what may start; whether anything was started. Safe from several processes at once."""
        with self.spool.locked():
            records = self.spool.records()
            ends = {record.job_id: end_of(record, now) for record in records}
            for record in records:
                if record.end is None and (end := ends[record.job_id]) is not None:
                    write_end(record.folder, end)
            table = self._table(records, ends, now)
            by_id = {record.job_id: record for record in records}
            chosen = [by_id[str(job.number)] for job in fair.startable(table, now)]
            started = [start_supervisor(record, now) for record in chosen]
            return any(started)

    def prune(self, before: datetime) -> int:
        """Forget jobs that ended before a time; how many. Their share of the usage goes with them."""
        with self.spool.locked():
            old = [
                record for record in self.spool.records() if record.end is not None and record.end.ended < before
            ]
            for record in old:
                self.spool.remove(record)
        return len(old)

    def forget(self, attempt: str) -> None:
        """Nothing: the record is what the person's usage is counted by, until `prune`."""

    def _record(self, handle: JobHandle) -> Record | None:
        for record in self.spool.records():
            if record.job_id == handle.job_id and record.request.name == handle.name:
                return record
        return None

    def _refuse_impossible(self, request: JobRequest) -> None:
        limits = self.limits
        for what, asked, most in (
            ("CPUs", request.cpus, limits.cpus),
            ("MiB of memory", request.memory_mb, limits.memory_mb),
            ("GPUs", request.gpus, limits.gpus),
        ):
            if asked > most:
                raise SchedulerError(
                    f"It asks for {asked} {what}; this computer gives jobs {most} at most.", retry=False
                )
        if request.licences:
            raise SchedulerError(
                "It needs licences of programs, which are not counted on this computer.", retry=False
            )
        if request.constraint:
            raise SchedulerError(
                f"It needs a node of the kind {request.constraint}, which this computer does not tell.",
                retry=False,
            )
        if request.cpus < 1 or request.memory_mb < 1 or request.time_s < 1 or request.share <= 0:
            raise SchedulerError("CPUs, memory, time and share must be greater than zero.", retry=False)

    def _table(self, records: list[Record], ends: dict[str, End | None], now: datetime) -> Table:
        limits = self.limits
        running, waiting, charges = [], [], []
        for record in records:
            request, end = record.request, ends[record.job_id]
            amount = Amount(request.cpus, request.memory_mb, request.gpus)
            begun = record.supervision.since if record.supervision else None
            if begun is not None:
                until = end.ended if end else now
                charges.append(Charge(request.person, request.cpus * (until - begun).total_seconds(), until))
                if end is None:
                    limit = timedelta(seconds=request.time_s)
                    running.append(Running(request.person, amount, begun + limit))
            elif end is None:
                waiting.append(Waiting(int(record.job_id), request.person, request.share, amount, request.time_s))
        return Table(limits, running, waiting, fair.decayed(charges, now, limits.half_life_s))


def _or_error(do: Callable[[Asked], Told], item: Asked) -> Told | SchedulerError:
    """What is done about one item, or what went wrong with it."""
    try:
        return do(item)
    except SchedulerError as error:
        return error
    except OSError as error:
        message = f"The spool cannot be used: {error.strerror or error}."
        return SchedulerError(message, retry=True, detail=str(error))
