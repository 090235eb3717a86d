"""What the files of a job in the spool say of it: its handle, whether and how it ended, the report about it."""

from datetime import datetime

from portal.scheduler.base import Ending, JobHandle, JobReport, Phase
from portal.scheduler.local.procfs import boot_id
from portal.scheduler.local.spool import End, Record, is_supervised, read_end

CLUSTER = "local"


def handle_of(record: Record) -> JobHandle:
    """What identifies a job of the spool."""
    return JobHandle(CLUSTER, record.job_id, None, record.request.name, record.submitted)


def end_of(record: Record, now: datetime) -> End | None:
    """How a job ended: as written, or because nobody is left to write it; None while that is not sure."""
    supervision = record.supervision
    if record.end is not None or supervision is None:
        return record.end
    if is_supervised(record.folder) or supervision.identity.alive():
        return None
    written = read_end(record.folder)  # it may have ended between the two looks
    if written is not None:
        return written
    restarted = supervision.identity.boot_id != boot_id()
    return End(
        Ending.NODE_FAIL,
        now,
        started=supervision.started,
        host=supervision.host,
        reason="The computer was restarted while the job ran."
        if restarted
        else "The supervisor of the job was killed, and the job with it.",
    )


def report_of(record: Record, end: End | None, position: int | None, reason: str | None) -> JobReport:
    """What is told of a job that ended so (None: it has not); `position` and `reason` of one that waits."""
    handle, supervision = handle_of(record), record.supervision
    if end is not None:
        return JobReport(
            handle,
            Phase.ENDED,
            end.ending,
            exit_code=end.exit_code,
            signal=end.signal,
            started=end.started,
            ended=end.ended,
            node=end.host,
            reason=end.reason,
            ended_by=end.ended_by,
            memory_peak_bytes=end.memory_peak_bytes,
            cpu_s=end.cpu_s,
            raw=end.ending.name,
        )
    if supervision is not None:
        started = supervision.started or supervision.since
        return JobReport(handle, Phase.RUNNING, started=started, node=supervision.host, raw="RUNNING")
    return JobReport(handle, Phase.PENDING, reason=reason, position=position, raw="PENDING")
