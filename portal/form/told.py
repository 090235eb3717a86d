"""What datasets, and the arrays of their files, tell of an option's value."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gantry_formats import factor_between
from portal.form.inputs.dataset import InputDataset, Inputs, Quantity
from portal.form.inputs.picks import held_by, picks_of
from portal.form.values import as_text
from portal.jobtype.kinds.texts import LongTextOption
from portal.jobtype.model import JobType
from portal.jobtype.option import FloatOption, IntegerOption, OptionBase, TextOption, Value

NOTHING_PICKED: Mapping[str, Value] = MappingProxyType({})


def datasets_asked(jobtype: JobType, option: OptionBase, inputs: Inputs) -> Sequence[InputDataset]:
    """The datasets whose parameter gives the option's default."""
    if option.default_from is None or jobtype.slot is None:
        return ()
    return inputs.get(option.default_from.slot or jobtype.slot.name, ())


def from_dataset(option: OptionBase, dataset: InputDataset) -> Value | None:
    """What one dataset says, in the option's unit; None if it says nothing or nothing that can be taken."""
    source = option.default_from
    quantity = dataset.parameters.get(source.parameter) if source else None
    if source is None or quantity is None or quantity.value is None or quantity.others:
        return None
    value: Value
    if isinstance(option, IntegerOption | FloatOption):
        if isinstance(quantity.value, str):
            return None
        factor = factor_of(option, quantity)
        if factor is None:
            return None
        number = float(quantity.value) * factor
        if isinstance(option, IntegerOption):
            if not number.is_integer():
                return None
            value = int(number)
        else:
            value = float(f"{number:.9g}")  # a unit's conversion must not show as 0.30000000000000004
    elif isinstance(option, TextOption | LongTextOption) or isinstance(quantity.value, str):
        value = as_text(quantity.value)
    else:
        return None
    return value if option.objection(value) is None else None


def factor_of(option: OptionBase, quantity: Quantity) -> float | None:
    """By what the dataset's number is multiplied; None if its unit is not known, or of another kind.

    What has no unit on the form is taken as it is; of what has one, the dataset's must be known.
    """
    assert option.default_from is not None
    if option.default_from.factor is not None:
        return option.default_from.factor
    return factor_between(quantity.units, option.unit) if option.unit else 1.0


def told_by_arrays(
    jobtype: JobType, option: OptionBase, dataset: InputDataset, picked: Mapping[str, Value] = NOTHING_PICKED
) -> dict[str, float | None]:
    """The distance of pixels of each array that can be meant, in the option's unit; None where it is not told.

    Of the one alone that is `picked`, by the options' values, if one is.
    """
    source = option.default_from
    if source is None or source.axis is None or jobtype.slot is None:
        return {}
    factor = factor_between("um", option.unit) or 1.0
    slot = source.slot or jobtype.slot.name
    told: dict[str, float | None] = {}
    for picks in picks_of(jobtype):
        if picks.slot == slot:
            held = held_by(picks, [dataset])
            chosen = held.place(picked.get(picks.array.name, ""))
            for place, (name, array) in enumerate(zip(held.names, held.arrays, strict=True)):
                if chosen not in (None, place):
                    continue
                size = array.sizes.get(source.axis)
                told[name] = None if size is None else size * factor
    return told


def said_by(option: OptionBase, dataset: InputDataset) -> Quantity | None:
    assert option.default_from is not None
    return dataset.parameters.get(option.default_from.parameter)


def with_unit(option: OptionBase, value: Value) -> str:
    return f"{as_text(value)} {option.unit}".rstrip()
