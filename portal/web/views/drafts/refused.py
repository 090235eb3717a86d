"""What the publisher would refuse of a draft as things are now, said before anything is asked of it."""

from dataclasses import dataclass

from portal.drafts.caps import hindrances
from portal.jobtype.finding import Finding
from portal.jobtype.model import JobType
from portal.jobtype.written.check import Checked, Step, step_of
from portal.web.context import portal


@dataclass(frozen=True)
class Refused:
    """One reason, and the step in which it is mended."""

    step: Step
    words: str


def refused_of(checked: Checked, step: str) -> list[Refused]:
    """Why it could be neither tried nor published, for the steps that ask for that."""
    if step not in (Step.TRY.value, Step.PUBLISH.value) or checked.jobtype is None:
        return []
    return [Refused(step_of(path), words) for path, words in hindrances_of(checked.jobtype)]


def hindrances_of(jobtype: JobType | None) -> list[Finding]:
    """What the publisher would say of it here and now; nothing of what is not sound."""
    return hindrances(jobtype, portal().settings, portal().load_jobtypes().taken) if jobtype is not None else []
