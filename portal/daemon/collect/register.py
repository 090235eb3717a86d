"""A kept and inspected output becomes a dataset; the job remembers which."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

import portal
from portal.catalogue.entries import NAME_LENGTH, FileEntry, ParameterEntry, PictureEntry
from portal.catalogue.parameters.source import Source, SourceKind
from portal.catalogue.results import ResultToRegister, register_result
from portal.config import Settings
from portal.daemon.collect.inspect import Inspected
from portal.jobs.models import Attempt, Job, JobOutput
from portal.store.client import StoredResult

SUCCEEDED = "succeeded"


def file_results(
    session: Session,
    job: Job,
    collected: Sequence[tuple[str, StoredResult, Inspected]],
    settings: Settings,
    now: datetime,
) -> None:
    """Register every output that has files: (name, what the store kept, what was found in it). Harmless twice."""
    attempt = job.attempt
    assert attempt is not None
    for name, kept, inspected in collected:
        known = session.scalar(select(JobOutput).where(JobOutput.job_id == job.id, JobOutput.name == name))
        if known is not None or not inspected.files:
            continue
        wanted = _to_register(job, attempt, name, kept, inspected, several=len(collected) > 1)
        dataset = register_result(session, wanted, settings=settings, now=now)
        session.add(JobOutput(job_id=job.id, attempt_id=attempt.id, name=name, dataset_id=dataset.id))
    job.warnings = max((len(inspected.metadata.warnings) for _, _, inspected in collected), default=0)
    session.flush()


def _to_register(
    job: Job, attempt: Attempt, name: str, kept: StoredResult, inspected: Inspected, *, several: bool
) -> ResultToRegister:
    revision, seen = job.submission.revision, attempt.seen.scheduler
    declared = next(output for output in revision.document["outputs"] if output["name"] == name)
    assert job.investigation_id is not None
    computed = Source(SourceKind.JOB, job=job.id)
    return ResultToRegister(
        portal_job=job.id,
        output=name,
        investigation_id=job.investigation_id,
        dataset_type=declared["dataset_type"],
        name=_name(job, name if several else ""),
        location=f"results:{kept.location}",
        files=[FileEntry(file.name, file.size, file.mtime_ns, file.sha256) for file in inspected.files],
        application=(revision.name, revision.version),
        arguments=job.options,
        inputs=[(given.slot, given.dataset_id) for given in job.inputs if given.dataset_id is not None],
        person=job.person.name,
        parameters=[ParameterEntry(p.name, p.value, p.units, computed) for p in inspected.metadata.parameters],
        pictures=[
            PictureEntry(
                drawn.preview.file,
                drawn.picture.png,
                drawn.preview.role,
                drawn.preview.caption,
                drawn.preview.scale,
            )
            for drawn in inspected.pictures
        ],
        arrays=inspected.arrays,
        warnings=inspected.metadata.warnings,
        description=inspected.metadata.summary or None,
        trial=job.submission_id if _is_trial(job) else None,
        grey=inspected.grey,
        started=seen.started,
        ended=seen.ended,
        extra={
            "revision": revision.digest,
            "runner": attempt.testimony.get("runner"),
            "image": attempt.testimony.get("image"),
            "gantry": portal.__version__,
            "software": dict(inspected.metadata.software),
            "attempt": attempt.id,
            "manifest_sha256": kept.sha256,
        },
    )


def _is_trial(job: Job) -> bool:
    return job.submission.trial is not None or job.submission.draft


def _name(job: Job, output: str) -> str:
    """As people see the result. A trial's carries its job's number: it takes the plain name from nobody, also of
    those who do not see it, and keeps its own once it is kept.
    """
    plain = f"{job.title}, {output}" if output else job.title
    tail = f" ({job.number})" if _is_trial(job) else ""
    return plain[: NAME_LENGTH - len(tail)] + tail
