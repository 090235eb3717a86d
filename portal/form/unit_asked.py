"""A choice that tells the unit of what the files hold: asked where they do not tell it themselves."""

from collections.abc import Sequence

from gantry_formats import factor_between
from portal.form.inputs.dataset import InputDataset, Inputs, Quantity
from portal.form.values import as_text
from portal.jobtype.model import JobType
from portal.jobtype.option import Choice, ChoiceOption, UnitOf
from portal.words import listed

USUALLY = 0.06
"""Share by which a value may miss a usual one, to be that in words: a scan's last step is mostly left out."""
ASK = "Choose the unit that holds."


def unit_asked(jobtype: JobType, option: ChoiceOption, inputs: Inputs) -> str:
    """Why a person must choose the unit, with what each would make of the number; nothing where nobody must.

    A dataset that does not record the parameter is not asked about: that its files have none is not known.
    A value that somebody typed beside one without a unit does not reach the program, which reads the files.
    """
    asked, slot = option.unit_of, jobtype.slot
    if asked is None or slot is None:
        return ""
    datasets = inputs.get(slot.name, ())
    doubtful = [(one, quantity) for one in datasets if (quantity := _without_unit(asked, one)) is not None]
    if not doubtful:
        return ""
    first, quantity = doubtful[0]
    who = "your dataset" if len(datasets) == 1 else f"“{first.name}”"
    units = quantity.units.strip()
    unit = f"“{units}”, which is no unit that could be used here" if units else "without a unit"
    where = f" ({quantity.source})" if quantity.source else ""
    words = f"The unit of {asked.parameter} is not known: {who} says {quantity.number} {unit}{where}"
    if len(doubtful) > 1:
        words += f", and {len(doubtful) - 1} more of your datasets do not tell it"
    return f"{words}. {_proposal(asked, option.items, quantity)}"


def _without_unit(asked: UnitOf, dataset: InputDataset) -> Quantity | None:
    counts = dataset.parameters.get(asked.parameter)
    quantity = counts.gave_way[0] if counts is not None and counts.gave_way else counts
    if quantity is None or not isinstance(quantity.value, int | float) or quantity.others:
        return None
    return quantity if factor_between(quantity.units, asked.units) is None else None


def _proposal(asked: UnitOf, choices: Sequence[Choice], quantity: Quantity) -> str:
    """Which of the units makes the number a usual one; else what it is in each."""
    assert isinstance(quantity.value, int | float)
    made = [
        (choice.label or choice.value, quantity.value * factor)
        for choice in choices
        if (factor := factor_between(choice.value, asked.units)) is not None
    ]
    likely = [
        (name, value, usual)
        for name, value in made
        for usual in asked.usual
        if abs(value - usual) <= USUALLY * abs(usual)
    ]
    if len(likely) == 1:
        name, value, usual = likely[0]
        near = "" if as_text(usual) == f"{value:.4g}" else f", nearly {as_text(usual)}"
        return f"In {name} that is {value:.4g} {asked.units}{near}: if that is so, choose {name}"
    each = listed([f"{value:.4g} {asked.units} in {name}" for name, value in made])
    return f"That is {each}"
