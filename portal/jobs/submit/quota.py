"""How many jobs a person may have and run at once, before the scheduler is asked. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from portal import words


class Admission(StrEnum):
    """What becomes of new jobs."""

    ADMITTED = "admitted"
    HELD = "held"
    """Accepted, and released when earlier jobs of the same person have ended."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """The decision, and why where it is not simply yes."""

    admission: Admission
    words: str | None = None


def admit(*, wanted: int, unfinished: int, held: int, queued_limit: int, submission_limit: int) -> Answer:
    """May a person with `unfinished` jobs (without the `held` ones) add `wanted` more?

    One submission at a time may wait above the limit; the next one is refused, so that holding has an end.
    """
    if wanted > submission_limit:
        return Answer(
            Admission.REFUSED,
            f"One submission takes {words.count(submission_limit, 'dataset')} at most; you chose {wanted:,}.",
        )
    if wanted > queued_limit:
        return Answer(
            Admission.REFUSED,
            f"You may have {words.count(queued_limit, 'unfinished job')} at once; this would make {wanted:,}.",
        )
    if unfinished + held + wanted <= queued_limit:
        return Answer(Admission.ADMITTED)
    if held:
        return Answer(
            Admission.REFUSED,
            f"You have {words.count(unfinished + held, 'unfinished job')} and may have {queued_limit:,}. "
            f"{words.count(held, 'job')} already {'waits' if held == 1 else 'wait'} for room: "
            "try again when some have ended.",
        )
    return Answer(Admission.HELD, held_words(unfinished=unfinished, queued_limit=queued_limit))


def held_words(*, unfinished: int, queued_limit: int) -> str:
    """Why a job is on hold for its person's own jobs."""
    return (
        f"You have {words.count(unfinished, 'unfinished job')} and may have {queued_limit:,}; "
        "this one is released when earlier ones end."
    )


def releasable(*, unfinished: int, queued_limit: int) -> int:
    """How many held jobs may be released now."""
    return max(0, queued_limit - unfinished)


def waiting_words(*, running_limit: int, cluster: str | None = None) -> str:
    """Why a job waits for its person's own jobs; `cluster`: where, if there are several."""
    there = f" at the cluster {cluster}" if cluster else ""
    ends = "ends there" if cluster else "ends"
    return f"You may run {words.count(running_limit, 'job')} at once{there}; this one starts when one {ends}."
