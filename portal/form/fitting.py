"""Which job types fit some datasets: by their types, and by what the job types need of them."""

from collections.abc import Sequence

from portal.form.conditions import needs_unmet
from portal.form.inputs.dataset import InputDataset
from portal.jobtype.load import JobTypes
from portal.jobtype.match import Fitting, Misfit, fitting
from portal.jobtype.model import JobType


def fitting_on(jobtypes: JobTypes, datasets: Sequence[InputDataset]) -> Fitting:
    """Sort job types by whether their first slot takes all these datasets; why not is told of which of them.

    What is needed of datasets in further slots is not looked at: these are chosen on the form.
    """
    found = fitting(jobtypes, [dataset.type for dataset in datasets])
    why = {one.name: _why_not(one, datasets) for one in found.fits}
    others = [*found.others, *(Misfit(one, why[one.name]) for one in found.fits if why[one.name])]
    others.sort(key=lambda other: other.jobtype.title)
    return Fitting(tuple(one for one in found.fits if not why[one.name]), tuple(others))


def asks_for_arrays(jobtypes: JobTypes) -> bool:
    """Whether it must be known what the datasets' files hold to say what fits them."""
    needs = (need for jobtype in jobtypes.by_name.values() for need in jobtype.needs)
    return any(name.startswith("array.") for need in needs for name in need.when.names("fact"))


def _why_not(jobtype: JobType, datasets: Sequence[InputDataset]) -> str:
    slot = jobtype.slot
    if slot is None or not datasets:
        return ""
    jobs = [{slot.name: [dataset]} for dataset in datasets]
    words = needs_unmet(jobtype, jobs).get(slot.name, "")
    begins = words[:1].lower() + words[1:]
    return f"It {begins}" if begins.startswith(("needs ", "takes ", "works ", "must ")) else words
