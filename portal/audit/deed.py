"""What people do that is written down, and to what: closed lists of words, by which operators search. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What was done. A word, once used, keeps its meaning."""

    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    """A wrong password, wherever one is asked for, or a name that nobody has."""
    SIGN_OUT = "sign-out"
    PROGRAM_ALLOWED = "program-allowed"
    PROGRAM_DENIED = "program-denied"
    TOKEN_MADE = "token-made"
    TOKEN_REVOKED = "token-revoked"
    PASSWORD_CHANGED = "password-changed"
    PASSWORD_SET = "password-set"
    """By an operator, for somebody else."""
    PERSON_MADE = "person-made"
    SUBMIT = "submit"
    CANCEL = "cancel"
    RETRY = "retry"
    RELEASE = "release"
    RENAME = "rename"
    TRIAL_DISCARDED = "trial-discarded"
    TRIAL_TAKEN_BACK = "trial-taken-back"
    TRIAL_KEPT = "trial-kept"
    """Of a draft: its results stand among the others."""
    DOWNLOAD = "download"
    PARAMETER_CORRECTED = "parameter-corrected"
    """By an operator: a correction beside what was registered."""
    CORRECTION_WITHDRAWN = "correction-withdrawn"
    PARAMETER_READ_AGAIN = "parameter-read-again"
    """Of a dataset that is still being written, in place."""
    ACCESS_ASKED = "access-asked"
    """For the experiment with a number, which may be none."""
    ACCESS_ANSWERED = "access-answered"
    """By somebody who leads the experiment."""
    ACCESS_GRANTED = "access-granted"
    """By an operator: somebody was added to a team."""
    ANALYSIS_ASKED = "analysis-asked"
    """That a revision of a draft may be tried, is published or retired; `asked` says which."""
    ANALYSIS_MAY_BE_TRIED = "analysis-may-be-tried"
    ANALYSIS_PUBLISHED = "analysis-published"
    ANALYSIS_RETIRED = "analysis-retired"
    ANALYSIS_REFUSED = "analysis-refused"
    """By the publisher, with who signed it off and why not."""
    ANALYSIS_SECOND_OPINION = "analysis-second-opinion"
    """Somebody of the staff signed a request with her key, or refused it. If it counts the publisher says."""
    SIGNOFF_KEY_MADE = "sign-off-key-made"
    """By its owner; it counts for nothing until an operator enrols it."""
    SIGNOFF_KEY_ENROLLED = "sign-off-key-enrolled"
    SIGNOFF_KEY_WITHDRAWN = "sign-off-key-withdrawn"
    ARRAYS_LISTED = "arrays-listed"
    """By an operator: what a dataset's files hold, listed where it was not, or anew."""
    DRAFT_MADE = "draft-made"
    DRAFT_SHARED = "draft-shared"
    """With somebody of the staff, whom its author named."""
    DRAFT_NOT_SHARED = "draft-not-shared"
    DRAFT_THROWN_AWAY = "draft-thrown-away"
    DRAFT_TAKEN_BACK = "draft-taken-back"
    PRESET_KEPT = "preset-kept"
    """Values of an analysis's options, under a name."""
    PRESET_TAKEN_OFF = "preset-taken-off"
    PRESET_TAKEN_BACK = "preset-taken-back"


class Kind(StrEnum):
    """What it was done to."""

    PERSON = "person"
    TOKEN = "token"
    PROGRAM = "program"
    SUBMISSION = "submission"
    JOB = "job"
    FILE = "file"
    DATASET = "dataset"
    EXPERIMENT = "experiment"
    ANALYSIS = "analysis"
    DRAFT = "draft"
    """Of an analysis, in the making."""
    PRESET = "preset"


@dataclass(frozen=True)
class Thing:
    """What it was done to: its kind, its id in the table of that kind, and what people called it then."""

    kind: Kind
    id: int | str | None
    words: str
