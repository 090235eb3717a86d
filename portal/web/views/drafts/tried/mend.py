"""Which step of a draft mends what a trial failed of."""

from dataclasses import dataclass
from typing import Final

from portal.jobs.cause import Cause
from portal.jobs.models import Job
from portal.jobtype.model import JobType
from portal.jobtype.written.check import Step

_OF: Final = {
    Cause.MEMORY: (Step.RESOURCES, "memory_mb", "Give it more memory"),
    Cause.TIME: (Step.RESOURCES, "time_s", "Give it more time"),
    Cause.SUBMISSION: (Step.RESOURCES, "", "Look at what it asks for"),
    Cause.IMAGE: (Step.COMMAND, "s-image", "Choose the image"),
    Cause.EXIT: (Step.COMMAND, "command", "Look at the command"),
    Cause.DECLINED: (Step.COMMAND, "command", "Look at the command"),
    Cause.SIGNAL: (Step.COMMAND, "command", "Look at the command"),
    Cause.START: (Step.COMMAND, "command", "Look at the command"),
    Cause.NO_RESULT: (Step.COMMAND, "of-outputs", "Look at what becomes a dataset"),
    Cause.REFUSED: (Step.COMMAND, "of-outputs", "Look at what becomes a dataset"),
    Cause.MISSING_OUTPUT: (Step.COMMAND, "of-outputs", "Look at what becomes a dataset"),
    Cause.INPUT: (Step.DATA, "of-inputs", "Look at which files go in"),
}
"""Causes that are not listed are of the machine or of the moment: no step mends them."""
NOT_OF_THE_DRAFT: Final = "Nothing in the draft has to be mended for that: try it once more."


@dataclass(frozen=True)
class Mend:
    """Where to go, and what for; `step` is empty where no step mends it."""

    words: str
    step: str = ""
    opened: str = ""
    anchor: str = ""


def mends(job: Job, jobtype: JobType) -> tuple[Mend, ...]:
    """The places, the likeliest first; none of a job that has not failed."""
    known = {cause.value: cause for cause in Cause}
    cause = known.get(job.cause or "")
    if cause not in _OF:
        return (Mend(NOT_OF_THE_DRAFT),)
    step, anchor, words = _OF[cause]
    if step is Step.RESOURCES:
        names = [variant.name for variant in jobtype.resources.variants]
        number = names.index(job.submission.variant) if job.submission.variant in names else 0
        opened = f"resources.variants.{number}"
        field = f"s-{opened}.{anchor}".replace(".", "-") if anchor else opened.replace(".", "-")
        return (Mend(words, step.value, opened, field),)
    if cause is Cause.MISSING_OUTPUT:
        gone = missing(job, jobtype)
        if gone is not None:
            return (Mend(words, step.value, f"outputs.{gone}", f"s-outputs-{gone}-pattern"),)
    code = _code(job)
    if cause is Cause.EXIT and code and code not in [one.code for one in jobtype.exit_codes]:
        return (
            Mend(words, step.value, "", anchor),
            Mend(f"Say in words what exit code {code} means", step.value, "", "of-exit_codes"),
        )
    return (Mend(words, step.value, "", anchor),)


def missing(job: Job, jobtype: JobType) -> int | None:
    """The number of the output that was missing, as the job's cause tells it; None where it does not."""
    if job.cause != Cause.MISSING_OUTPUT.value:
        return None
    told = job.cause_words or ""
    outputs = enumerate(jobtype.outputs)
    return next((number for number, one in outputs if one.required and f"like {one.pattern}." in told), None)


def _code(job: Job) -> int | None:
    found = job.attempt.testimony.get("exit_code") if job.attempt is not None else None
    return found if isinstance(found, int) else None
