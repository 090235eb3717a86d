"""Whether a site offers what an analysis needs: said before a job is made that could not run."""

from portal import words
from portal.config import Settings
from portal.config.offered import constraints_at, tokens_at
from portal.jobtype.model import JobType, Variant


def not_offered(settings: Settings, jobtype: JobType) -> str:
    """Which of them is not, in a sentence; empty where all are, as far as is known here."""
    tokens = tokens_at(settings, jobtype.name)
    missing = [one.name for one in jobtype.licences if tokens is not None and one.name not in tokens]
    if missing:
        noun = "a licence" if len(missing) == 1 else "licences"
        return (
            f"It needs {noun} of {words.listed(missing)}, which this site does not offer. Ask {settings.contact}."
        )
    away = [one.name for one in jobtype.licence_servers if one.name not in settings.licence_servers]
    if away:
        noun = "the licence server" if len(away) == 1 else "the licence servers"
        return f"It needs {noun} {words.listed(away)}, which this site does not offer. Ask {settings.contact}."
    each = [size_not_offered(settings, jobtype, one) for one in jobtype.resources.variants]
    return each[0] if all(each) else ""


def size_not_offered(settings: Settings, jobtype: JobType, variant: Variant) -> str:
    """Why a size cannot run here, in a sentence; empty where it can, as far as is known here."""
    kinds = constraints_at(settings, jobtype.name)
    if variant.constraint is None or kinds is None or variant.constraint in kinds:
        return ""
    kind = variant.constraint
    return f"It needs a node of the kind {kind}, which this site does not offer. Ask {settings.contact}."
