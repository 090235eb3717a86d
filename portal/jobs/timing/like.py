"""Finished runs that are like a job which is there already: what they used."""

from sqlalchemy.orm import object_session

from portal.jobs.models import Job
from portal.jobs.timing.expect import Peak, expected_peak
from portal.jobs.timing.runs import input_bytes, limits_the_work, newest_runs
from portal.jobs.timing.settings import Settings
from portal.jobtype.model import JobType, Variant


def kin_of(jobtype: JobType, variant: Variant) -> list[str]:
    """Resource requests that differ in processors, memory and time only: a program needs the like with them."""
    mine = variant.gpus, variant.ranks
    return [one.name for one in jobtype.resources.variants if (one.gpus, one.ranks) == mine]


def peak_of_others(job: Job, jobtype: JobType) -> Peak | None:
    """The most memory that runs with inputs and settings like this job's were seen to use; None: too few tell."""
    session, revision = object_session(job), job.submission.revision
    if session is None:
        raise ValueError("the job was not read in an open session")
    try:
        variants = kin_of(jobtype, jobtype.variant(job.submission.variant))
    except KeyError:
        return None
    part = limits_the_work(revision.document, job.options)
    runs = newest_runs(session, revision.name, variants, part=part)
    return expected_peak(runs, {revision.id}, input_bytes(session, job.id), Settings.of_job(jobtype, job.options))
