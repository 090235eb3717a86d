"""What is known of a job's datasets and options, as conditions ask for it."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gantry_formats.conditions import Facts, facts_of, measured
from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import InputDataset, Inputs, Quantity
from portal.form.inputs.picks import held_by, picks_of
from portal.jobtype.model import JobType
from portal.jobtype.option import Value

MOST_TOGETHER = 2000
"""Combinations of datasets of several slots that are looked at in one job."""


@dataclass(frozen=True)
class Known:
    """What is known of one combination of a job's datasets, and which these are."""

    facts: Facts
    datasets: tuple[InputDataset, ...]


def combinations(
    jobtype: JobType, slots: Sequence[str], options: Mapping[str, Value], inputs: Inputs
) -> Iterator[Known]:
    """Every combination of a dataset of each of these slots, of one job; an empty slot has nothing to say."""
    given: list[Sequence[InputDataset | None]] = [inputs.get(slot) or (None,) for slot in slots]
    chosen = facts_of_options(jobtype, options)
    for together in itertools.islice(itertools.product(*given), MOST_TOGETHER):
        of_slots = {slot: one for slot, one in zip(slots, together, strict=True) if one is not None}
        yield Known(
            Facts(
                chosen,
                {slot: _parameters(one) for slot, one in of_slots.items()},
                {slot: facts_of_files(jobtype, slot, one, options) for slot, one in of_slots.items()},
            ),
            tuple(of_slots.values()),
        )


def facts_of_options(jobtype: JobType, options: Mapping[str, Value]) -> dict[str, Any]:
    """The values that were chosen, with their units."""
    units = {option.name: option.unit for option in jobtype.options}
    found: dict[str, Any] = {}
    for name, value in options.items():
        found |= facts_of(name, value, units.get(name))
    return found


def _parameters(dataset: InputDataset) -> dict[str, Any]:
    return {name: _quantity(quantity) for name, quantity in dataset.parameters.items()}


def _quantity(quantity: Quantity) -> Any:
    """A parameter of which two values contradict each other is not known."""
    return None if quantity.others else measured(quantity.value, quantity.units)


def facts_of_files(
    jobtype: JobType, slot: str, dataset: InputDataset, options: Mapping[str, Value]
) -> dict[str, Any]:
    """What conditions may ask for of a dataset's files, by name; None where its arrays are not alike in it."""
    found: dict[str, Any] = {
        "files.count": dataset.file_count,
        "files.size": None if dataset.file_size is None else {"number": dataset.file_size, "dimension": "bytes"},
    }
    arrays = _arrays(jobtype, slot, dataset, options)
    if arrays:
        found["array.count"] = len(arrays)
        found["array.dtype"] = _alike([array.dtype for array in arrays])
        axes = _alike([array.axes for array in arrays])
        found["array.axes"] = None if axes is None else list(axes)
        for axis in "XYZCTR":
            found[f"array.{axis}"] = _alike([_length(array, axis) for array in arrays])
    return found


def _arrays(
    jobtype: JobType, slot: str, dataset: InputDataset, options: Mapping[str, Value]
) -> Sequence[InputArray]:
    """The array that was picked, or all that could be meant."""
    for picks in picks_of(jobtype):
        if picks.slot == slot:
            held = held_by(picks, [dataset])
            place = held.place(options.get(picks.array.name, ""))
            return held.arrays if place is None else (held.arrays[place],)
    return [array for array in dataset.arrays if not array.left_out]


def _length(array: InputArray, axis: str) -> int | None:
    return array.described.length(axis) if axis in array.axes else None


def _alike(values: Sequence[Any]) -> Any:
    """What all of them are; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None
