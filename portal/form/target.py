"""In which experiment a job's results are filed, where no dataset says it."""

from dataclasses import dataclass

from portal.jobtype.model import JobType
from portal.level import level

FIELD = "experiment"
"""The field's name in a form, and in the `fields` of an InvalidError."""


@dataclass(frozen=True)
class TargetField:
    """Where the results are to be filed: asked where no dataset says it."""

    value: int | None
    required: bool
    error: str


def target_field(jobtype: JobType, experiment: int | None, error: str) -> TargetField | None:
    """The form's field; None where the datasets' own experiment takes the results."""
    return None if jobtype.inputs else TargetField(experiment, required=bool(jobtype.outputs), error=error)


def objection_to_target(jobtype: JobType, experiment: int | None) -> str | None:
    """Why this choice cannot be taken, in words beside the field; None if it can.

    An analysis that takes data files its results where the data are, so that nobody can move a result out of sight
    of the data's own team. One that takes none is told; where it leaves no dataset either, it need not be.
    """
    if jobtype.inputs:
        if experiment is None:
            return None
        return (
            f"This analysis takes a dataset, and files its result in the dataset's {level().one}. Leave this out."
        )
    if experiment is None and jobtype.outputs:
        return f"Choose the {level().one} in which the result is filed."
    return None
