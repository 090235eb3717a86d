"""Do these datasets fill these slots?"""

from collections.abc import Sequence

from portal.form.inputs.dataset import InputDataset, Inputs
from portal.form.inputs.unusable import without_any_file
from portal.jobtype.finding import suggestion
from portal.jobtype.match import accepts, words_of
from portal.jobtype.model import JobType, Slot


def check_slots(jobtype: JobType, inputs: Inputs) -> dict[str, str]:
    """What is wrong with the datasets of one job: `inputs.<slot>` -> words. Empty if all is well."""
    wrong: dict[str, str] = {}
    slots = {slot.name: slot for slot in jobtype.inputs}
    for name in inputs:
        if name not in slots and inputs[name]:
            wrong[f"inputs.{name}"] = f"This analysis has no input named {name}{suggestion(name, slots)}"
    for name, slot in slots.items():
        reason = _objection(slot, inputs.get(name, ()), picks=bool(jobtype.picks(name)))
        if reason is not None:
            wrong[f"inputs.{name}"] = reason
    return wrong


def _objection(slot: Slot, datasets: Sequence[InputDataset], *, picks: bool) -> str | None:
    count = len(datasets)
    if count < slot.min:
        if slot.min == 1:
            return f"Choose {words_of(slot.dataset_types)}."
        return f"Choose at least {slot.min} datasets; there {_are(count)}."
    if count > slot.max:
        most = "one dataset" if slot.max == 1 else f"at most {slot.max} datasets"
        return f"Takes {most}; there {_are(count)}."
    if len({dataset.id for dataset in datasets}) < count:
        return "One dataset is there twice."
    return next((words for dataset in datasets if (words := _unfit(slot, dataset, picks=picks))), None)


def _unfit(slot: Slot, dataset: InputDataset, *, picks: bool) -> str | None:
    if not accepts(slot, dataset.type):
        return f"Needs {words_of(slot.dataset_types)}; “{dataset.name}” is {words_of([dataset.type])}."
    if not dataset.complete and not slot.accept_incomplete:
        return f"“{dataset.name}” is still being written. It can be analysed as soon as it is complete."
    # Of what is picked from it, the fields that pick say why there is none.
    return None if picks else without_any_file(slot, dataset) or None


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"
