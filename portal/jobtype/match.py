"""Which job types accept which datasets, and why others do not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType, Slot


@dataclass(frozen=True)
class Misfit:
    """A job type that does not accept these datasets, and why, in words."""

    jobtype: JobType
    reason: str


@dataclass(frozen=True)
class Fitting:
    """The job types that fit, the most particular ones first, and those that do not."""

    fits: tuple[JobType, ...]
    others: tuple[Misfit, ...]


def fitting(jobtypes: JobTypes, dataset_types: Sequence[str]) -> Fitting:
    """Sort job types by whether their first slot accepts datasets of all these types (one type a dataset)."""
    fits, others = [], []
    for jobtype in jobtypes.by_name.values():
        reason = misfit(jobtype, dataset_types)
        if reason is None:
            fits.append(jobtype)
        else:
            others.append(Misfit(jobtype, reason))
    fits.sort(key=lambda jobtype: (len(_types(jobtype)), jobtype.title))
    others.sort(key=lambda other: other.jobtype.title)
    return Fitting(tuple(fits), tuple(others))


def misfit(jobtype: JobType, dataset_types: Sequence[str]) -> str | None:
    """Why the first slot does not accept these datasets; None if it does."""
    slot = jobtype.slot
    if slot is None:
        return None if not dataset_types else "It works without a dataset."
    if not dataset_types:
        return f"It needs {words_of(slot.dataset_types)}."
    wrong = Counter(kind for kind in dataset_types if not accepts(slot, kind))
    if wrong:
        needs = f"It needs {words_of(slot.dataset_types)}"
        if len(dataset_types) == 1:
            return f"{needs}; this is {words_of(wrong)}."
        return f"{needs}; {wrong.total()} of these {len(dataset_types)} are something else ({', '.join(wrong)})."
    if not jobtype.modes(len(dataset_types)):
        return f"It takes {slot.min} to {slot.max} datasets together; these are {len(dataset_types)}."
    return None


def accepts(slot: Slot, dataset_type: str) -> bool:
    """True if the slot takes datasets of this type; "*" among its types takes all."""
    return "*" in slot.dataset_types or dataset_type in slot.dataset_types


def words_of(dataset_types: Iterable[str]) -> str:
    """`a light-sheet stack`, `a tomography scan or a tomography result`, `any dataset`."""
    names = list(dataset_types)
    if "*" in names:
        return "any dataset"
    phrases = [f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}" for name in names]
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def _types(jobtype: JobType) -> list[str]:
    slot = jobtype.slot
    if slot is None:
        return []
    return slot.dataset_types if "*" not in slot.dataset_types else ["*"] * 1000
