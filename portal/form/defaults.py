"""Where a field's default comes from, with the source in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.form.inputs.dataset import InputDataset, Inputs, Quantity
from portal.form.told import (
    NOTHING_PICKED,
    datasets_asked,
    factor_of,
    from_dataset,
    said_by,
    told_by_arrays,
    with_unit,
)
from portal.form.two_axes import along_both, both_in_words, differing, second_axis
from portal.form.unit_asked import ASK, unit_asked
from portal.form.values import as_text
from portal.jobtype.model import JobType
from portal.jobtype.option import (
    BooleanOption,
    ChoiceOption,
    FloatOption,
    IntegerOption,
    OptionBase,
    Value,
    default_of,
)
from portal.words import one_line

MOST_WORDS = 200
"""Of a text that stands where a number is needed."""
MOST_ARRAYS = 6
SAME_SIZE = 1e-4
"""Files round their sizes: 0.1083 for 0.10833 µm is not another one."""


@dataclass(frozen=True)
class Default:
    """The value a field has if nobody gives one. `differ`: the datasets disagree, so there is no one value."""

    value: Value | None
    source: str = ""
    differ: bool = False
    ask: str = ""
    """Where what a dataset says is in doubt (its unit, or which of two values holds): what a person is to give."""
    notice: bool = False
    """Nobody is asked, and everybody is to see what `source` says."""
    unknown: bool = False
    """Neither the dataset nor its files' arrays tell it: a person is asked, and what needs it is refused."""

    @property
    def asked(self) -> str:
        """Why a person is asked, and for what."""
        return f"{self.source}. {self.ask}" if self.ask else ""


def default_for(jobtype: JobType, option: OptionBase, inputs: Inputs) -> Default:
    """The default of one option for these datasets."""
    plain = default_of(option)
    if isinstance(option, ChoiceOption) and (why := unit_asked(jobtype, option, inputs)):
        return Default(None, why, ask=ASK)
    datasets = datasets_asked(jobtype, option, inputs)
    if option.default_from is None or not datasets:
        return Default(plain, _from_any(option, plain))
    no_one_value = _doubted(jobtype, option, datasets) or _two_axes_differ(jobtype, option, datasets)
    if no_one_value := no_one_value or _told_apart(jobtype, option, datasets):
        return no_one_value
    given = [from_dataset(option, dataset) for dataset in datasets]
    known = [value for value in given if value is not None]
    whose = "your dataset" if len(datasets) == 1 else "your datasets"
    if not known:
        lacking = plain is None and any(untold(jobtype, option, dataset) for dataset in datasets)
        unknown = lacking or (plain is None and any(unusable(option, dataset) for dataset in datasets))
        return Default(
            plain, _not_said(option, datasets, plain) + _nor(option, datasets) * lacking, unknown=unknown
        )
    if len(known) == len(given) and all(value == known[0] for value in known):
        return Default(known[0], f"{with_unit(option, known[0])}, from {whose}{_corrected(option, datasets)}")
    return Default(None, _differ(option, datasets, given, plain), differ=True)


def _doubted(jobtype: JobType, option: OptionBase, datasets: Sequence[InputDataset]) -> Default | None:
    """The default where what is said of the option, along one of its axes, is in doubt."""
    other = second_axis(option)
    for one in (option, other) if other else (option,):
        if any(_in_doubt(one, dataset) for dataset in datasets):
            unit = f", in {option.unit}" if option.unit else ""
            return Default(None, _doubt(one, datasets), ask=f"Give the value that holds{unit}.")
        if doubt := _arrays_say_otherwise(jobtype, one, datasets):
            return doubt
    return None


def _arrays_say_otherwise(
    jobtype: JobType, option: OptionBase, datasets: Sequence[InputDataset]
) -> Default | None:
    """The default where arrays that can be meant do not have the distance of pixels that their dataset records.

    Of several arrays each keeps its own. Of the only one it is a contradiction, and a person is asked.
    """
    for dataset in datasets:
        value = from_dataset(option, dataset)
        told = told_by_arrays(jobtype, option, dataset)
        if not isinstance(value, int | float) or all(size is None for size in told.values()):
            continue
        if all(size is not None and math.isclose(size, value, rel_tol=SAME_SIZE) for size in told.values()):
            continue
        listed = _each_size(option, told)
        recorded = f"“{dataset.name}” records {with_unit(option, value)}"
        if len(told) > 1:
            return Default(None, f"Each array keeps the size that its file tells ({listed}); {recorded}")
        return Default(None, f"{recorded}, its file tells {listed}", ask="Give the value that holds.")
    return None


def _told_apart(jobtype: JobType, option: OptionBase, datasets: Sequence[InputDataset]) -> Default | None:
    """The default where several arrays of a dataset tell sizes, each its own, of which it records none."""
    if len(datasets) > 1 or default_of(option) is not None or said_by(option, datasets[0]) is not None:
        return None
    told = told_by_arrays(jobtype, option, datasets[0])
    if len(told) < 2 or None in told.values():
        return None
    words = (
        f"Each array keeps the size that its file tells ({_each_size(option, told)}). Leave this empty to use them"
    )
    return Default(None, words, notice=True)


def _each_size(option: OptionBase, told: Mapping[str, float | None]) -> str:
    """The sizes of some arrays by name."""
    return ", ".join(
        f"{name}: {'not known' if size is None else with_unit(option, float(f'{size:.9g}'))}"
        for name, size in list(told.items())[:MOST_ARRAYS]
    ) + (" …" if len(told) > MOST_ARRAYS else "")


def _two_axes_differ(jobtype: JobType, option: OptionBase, datasets: Sequence[InputDataset]) -> Default | None:
    """The default of an option that stands for two axes, where its one number does not hold along both."""
    source = option.default_from
    if source is None or source.also is None:
        return None
    for dataset in datasets:
        pairs = along_both(jobtype, option, dataset)
        who = "Your dataset" if len(datasets) == 1 else f"“{dataset.name}”"
        if pair := differing(pairs):
            words = f"{who} has {both_in_words(option, pair)}; both are used unless you give another size"
            return Default(None, words, notice=True)
        half = next((first for first, second in pairs if first is not None and second is None), None)
        if half is not None and told_by_arrays(jobtype, option, dataset):
            known = f"{with_unit(option, float(f'{half:.9g}'))} along {source.axis}"
            words = f"{who} has {known}; what it is along {source.also.axis}, neither it nor its file says"
            return Default(None, words, unknown=True)
    return None


def untold(
    jobtype: JobType, option: OptionBase, dataset: InputDataset, picked: Mapping[str, Value] = NOTHING_PICKED
) -> bool:
    """Whether the dataset's arrays are known, and one that can be meant, or is `picked`, does not tell this."""
    told = told_by_arrays(jobtype, option, dataset, picked)
    half = (None in pair and any(pair) for pair in along_both(jobtype, option, dataset, picked))
    return None in told.values() or (bool(told) and any(half))


def unusable(option: OptionBase, dataset: InputDataset) -> bool:
    """Whether the dataset says a number that the option cannot have: too small, too large, or none."""
    quantity = said_by(option, dataset)
    told = quantity is not None and not quantity.others and isinstance(quantity.value, int | float)
    return told and isinstance(option, IntegerOption | FloatOption) and from_dataset(option, dataset) is None


def _in_doubt(option: OptionBase, dataset: InputDataset) -> bool:
    """Whether the dataset says something of which it is not known what holds, or what is meant."""
    quantity = said_by(option, dataset)
    if quantity is None or isinstance(option, BooleanOption):
        return False
    if quantity.value is None or quantity.others:
        return True
    if not isinstance(option, IntegerOption | FloatOption):
        return False
    return isinstance(quantity.value, str) or factor_of(option, quantity) is None


def _doubt(option: OptionBase, datasets: Sequence[InputDataset]) -> str:
    """Why a person is asked, with all values that the first dataset in doubt says."""
    doubtful = [dataset for dataset in datasets if _in_doubt(option, dataset)]
    first = doubtful[0]
    quantity = said_by(option, first)
    assert quantity is not None and option.default_from is not None
    who = "Your dataset" if len(datasets) == 1 else f"“{first.name}”"
    words = _why(option.default_from.parameter, who, quantity)
    if len(doubtful) > 1:
        words += (
            f", and {len(doubtful) - 1} more of your datasets {'is' if len(doubtful) == 2 else 'are'} in doubt"
        )
    return words


def _why(parameter: str, who: str, quantity: Quantity) -> str:
    if quantity.value is None:
        instead = f": {quantity.before} was registered first, and does not hold" if quantity.before else ""
        return f"{who} does not say {parameter}{instead}"
    if quantity.others:
        return f"{who} records {parameter} as {_listed(quantity)}, and which of them holds is not known"
    if isinstance(quantity.value, str):
        return f"{who} records {parameter} as “{one_line(quantity.words, MOST_WORDS)}”, which is no one number"
    units = quantity.units.strip()
    unit = f"“{units}”, which is no unit that could be used here" if units else "without a unit"
    where = f" ({quantity.source})" if quantity.source else ""
    return (
        f"The unit of {parameter} is not known: {who[:1].lower() + who[1:]} says {quantity.number} {unit}{where}"
    )


def _listed(quantity: Quantity) -> str:
    said = [f"{one.words}{f' ({one.source})' if one.source else ''}" for one in (quantity, *quantity.others)]
    return f"{', '.join(said[:-1])} and {said[-1]}"


def _corrected(option: OptionBase, datasets: Sequence[InputDataset]) -> str:
    """A sentence behind the source, if what counts is not what was registered."""
    before = [said.before for dataset in datasets if (said := said_by(option, dataset)) and said.before]
    if not before:
        return ""
    if len(datasets) == 1:
        return f". It was corrected: {before[0]} was registered first"
    return f". {len(before)} of {len(datasets)} were corrected since they were registered"


def _nor(option: OptionBase, datasets: Sequence[InputDataset]) -> str:
    """Behind `_not_said`, where their files' arrays do not tell it either."""
    if len(datasets) > 1:
        return ", nor do their files"
    return ", and its files tell no other" if said_by(option, datasets[0]) is not None else ", nor do its files"


def _from_any(option: OptionBase, plain: Value | None) -> str:
    """Where no dataset is chosen yet: what is shown is not what will count for most."""
    if option.default_from is None:
        return ""
    start = f"From the dataset's {option.default_from.parameter}"
    return f"{start}; {with_unit(option, plain)} where it records none" if plain is not None else start


def _not_said(option: OptionBase, datasets: Sequence[InputDataset], plain: Value | None) -> str:
    assert option.default_from is not None
    parameter = option.default_from.parameter
    quantity = said_by(option, datasets[0])
    if len(datasets) > 1:
        start = f"Your datasets do not record {parameter}"
    elif quantity is not None:
        start = f"Your dataset says {quantity.words}, which cannot be used here"
    else:
        start = f"Your dataset does not record {parameter}"
    return f"{start}; {with_unit(option, plain)} is the usual value" if plain is not None else start


def _differ(
    option: OptionBase, datasets: Sequence[InputDataset], given: Sequence[Value | None], plain: Value | None
) -> str:
    assert option.default_from is not None
    known = [value for value in given if value is not None]
    numbers = sorted(value for value in known if isinstance(value, int | float))
    if len(numbers) == len(known) and numbers[0] != numbers[-1]:
        spread = f" ({as_text(numbers[0])} to {with_unit(option, numbers[-1])})"
    else:
        spread = ""
    words = f"Your datasets differ{spread}; each keeps its own value unless you give one"
    silent = len(given) - len(known)
    if silent:
        then = f"{with_unit(option, plain)} is used" if plain is not None else _without(option)
        words += f". {silent} of {len(given)} do not record {option.default_from.parameter}; there {then}"
    return words


def _without(option: OptionBase) -> str:
    return "a value is needed" if option.required else "none is set"
