"""Which of a dataset's files an option can be, and whether what was given is one of them."""

from collections.abc import Sequence

from gantry_formats.patterns.paths import named
from portal.form.inputs.dataset import InputDataset, Inputs
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.model import JobType
from portal.words import listed

MOST_OFFERED = 200


def slot_of(jobtype: JobType, option: FileOption) -> str:
    """The slot of whose dataset the file is."""
    return option.slot or (jobtype.slot.name if jobtype.slot else "")


def offered(jobtype: JobType, option: FileOption, inputs: Inputs) -> tuple[str, ...]:
    """The names to choose from: those that each dataset has."""
    found: list[str] | None = None
    for dataset in inputs.get(slot_of(jobtype, option), ()):
        names = _names(option, dataset)
        found = names if found is None else [name for name in found if name in set(names)]
    return tuple((found or [])[:MOST_OFFERED])


def said_of_files(jobtype: JobType, option: FileOption, inputs: Inputs) -> str:
    """What a person should know of the choice, in a sentence; empty where there is nothing."""
    datasets = inputs.get(slot_of(jobtype, option), ())
    known = [one for one in datasets if one.chosen_from is not None]
    if not known:
        return ""
    if not offered(jobtype, option, inputs):
        many = "Your datasets have no file in common" if len(known) > 1 else "Your dataset has no file"
        return f"{many} like {option.files}"
    more = any(one.chosen_from and one.chosen_from.more for one in known)
    more = more or any(len(_names(option, one)) > MOST_OFFERED for one in known)
    return "There are more files than are listed here: any of them can be given by name" if more else ""


def file_objection(jobtype: JobType, option: FileOption, value: object, inputs: Inputs) -> str | None:
    """Why this is no file of the datasets, in words for the field; None where it is, or nobody knows."""
    slot = slot_of(jobtype, option)
    datasets: Sequence[InputDataset] = inputs.get(slot, ())
    if not datasets:
        label = next((one.label for one in jobtype.inputs if one.name == slot), slot)
        return f"This needs a dataset as “{label}”."
    for dataset in datasets:
        known = dataset.chosen_from
        if known is None or value in known.names or known.more:
            continue
        names = _names(option, dataset)
        there = f"There are: {listed(names)}." if names else f"It has none like {option.files}."
        return f"“{dataset.name}” has no file {value}. {there}"
    return None


def _names(option: FileOption, dataset: InputDataset) -> list[str]:
    known = dataset.chosen_from
    return [name for name in known.names if named(name, option.files)] if known else []
