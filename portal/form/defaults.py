"""Where a field's default comes from, with the source in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from gantry_formats import factor_between
from portal.form.dataset import InputDataset, Inputs, Quantity
from portal.form.values import as_text
from portal.jobtype.model import JobType
from portal.jobtype.option import FloatOption, IntegerOption, OptionBase, TextOption, Value, default_of


@dataclass(frozen=True)
class Default:
    """The value a field has if nobody gives one. `differ`: the datasets disagree, so there is no one value."""

    value: Value | None
    source: str = ""
    differ: bool = False


def default_for(jobtype: JobType, option: OptionBase, inputs: Inputs) -> Default:
    """The default of one option for these datasets."""
    plain = default_of(option)
    datasets = datasets_asked(jobtype, option, inputs)
    if option.default_from is None or not datasets:
        return Default(plain)
    given = [from_dataset(option, dataset) for dataset in datasets]
    known = [value for value in given if value is not None]
    whose = "your dataset" if len(datasets) == 1 else "your datasets"
    if not known:
        return Default(plain, _not_said(option, datasets, plain))
    if len(known) == len(given) and all(value == known[0] for value in known):
        return Default(known[0], f"{_with_unit(option, known[0])}, from {whose}")
    return Default(None, _differ(option, datasets, given, plain), differ=True)


def datasets_asked(jobtype: JobType, option: OptionBase, inputs: Inputs) -> Sequence[InputDataset]:
    """The datasets whose parameter gives the option's default."""
    if option.default_from is None or jobtype.slot is None:
        return ()
    return inputs.get(option.default_from.slot or jobtype.slot.name, ())


def from_dataset(option: OptionBase, dataset: InputDataset) -> Value | None:
    """What one dataset says, in the option's unit; None if it says nothing or nothing that can be taken."""
    source = option.default_from
    quantity = dataset.parameters.get(source.parameter) if source else None
    if source is None or quantity is None or quantity.others:
        return None
    value: Value
    if isinstance(option, IntegerOption | FloatOption):
        if isinstance(quantity.value, str):
            return None
        factor = source.factor if source.factor is not None else _conversion(option, quantity.units)
        if factor is None:
            return None
        number = float(quantity.value) * factor
        if isinstance(option, IntegerOption):
            if not number.is_integer():
                return None
            value = int(number)
        else:
            value = float(f"{number:.9g}")  # a unit's conversion must not show as 0.30000000000000004
    elif isinstance(option, TextOption) or isinstance(quantity.value, str):
        value = as_text(quantity.value)
    else:
        return None
    return value if option.objection(value) is None else None


def _conversion(option: OptionBase, units: str) -> float | None:
    """What has no unit on the form is taken as it is; of what has one, the dataset's must be known."""
    return factor_between(units, option.unit) if option.unit else 1.0


def _with_unit(option: OptionBase, value: Value) -> str:
    return f"{as_text(value)} {option.unit}".rstrip()


def _not_said(option: OptionBase, datasets: Sequence[InputDataset], plain: Value | None) -> str:
    assert option.default_from is not None
    parameter = option.default_from.parameter
    if len(datasets) > 1:
        start = f"Your datasets {_silence(parameter, datasets)}"
    elif (quantity := datasets[0].parameters.get(parameter)) is not None:
        start = _unusable(parameter, quantity)
    else:
        start = f"Your dataset does not record {parameter}"
    return f"{start}; {_with_unit(option, plain)} is the usual value" if plain is not None else start


def _unusable(parameter: str, quantity: Quantity) -> str:
    said = [f"{as_text(one.value)} {one.units}".rstrip() for one in (quantity, *quantity.others)]
    if len(said) == 1 and not quantity.units.strip() and not isinstance(quantity.value, str):
        return f"Your dataset says {said[0]} without a unit, so that it is not known what is meant"
    if len(said) == 1:
        return f"Your dataset says {said[0]}, which cannot be used here"
    listed = f"{', '.join(said[:-1])} and {said[-1]}"
    return f"Your dataset records {parameter} as {listed}, and which of them holds is not known"


def _differ(
    option: OptionBase, datasets: Sequence[InputDataset], given: Sequence[Value | None], plain: Value | None
) -> str:
    assert option.default_from is not None
    known = [value for value in given if value is not None]
    numbers = sorted(value for value in known if isinstance(value, int | float))
    if len(numbers) == len(known) and numbers[0] != numbers[-1]:
        spread = f" ({as_text(numbers[0])} to {_with_unit(option, numbers[-1])})"
    else:
        spread = ""
    words = f"Your datasets differ{spread}; each keeps its own value unless you give one"
    silent = len(given) - len(known)
    if silent:
        then = f"{_with_unit(option, plain)} is used" if plain is not None else _without(option)
        words += f". {silent} of {len(given)} {_silence(option.default_from.parameter, datasets)}; there {then}"
    return words


def _silence(parameter: str, datasets: Sequence[InputDataset]) -> str:
    """Why datasets give no value, in words behind how many they are."""
    doubt = any(quantity.others for one in datasets if (quantity := one.parameters.get(parameter)) is not None)
    return f"do not record {parameter}{', or contradict themselves' if doubt else ''}"


def _without(option: OptionBase) -> str:
    return "a value is needed" if option.required else "none is set"
