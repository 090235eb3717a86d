"""An option that is one number for two axes: what holds along each of them."""

from collections.abc import Mapping, Sequence

from gantry_formats.images import alike
from portal.form.inputs.dataset import InputDataset
from portal.form.told import NOTHING_PICKED, from_dataset, told_by_arrays, with_unit
from portal.jobtype.model import JobType
from portal.jobtype.option import OptionBase, Value

Pair = tuple[float | None, float | None]


def second_axis(option: OptionBase) -> OptionBase | None:
    """The option as it would be for its second axis alone; None for one that stands for no two."""
    source = option.default_from
    if source is None or source.also is None:
        return None
    of_second = source.model_copy(
        update={"parameter": source.also.parameter, "axis": source.also.axis, "also": None}
    )
    return option.model_copy(update={"default_from": of_second})


def along_both(
    jobtype: JobType, option: OptionBase, dataset: InputDataset, picked: Mapping[str, Value] = NOTHING_PICKED
) -> list[Pair]:
    """What holds along both axes of an option that stands for two: of each array that can be meant.

    As programs take it: one of several arrays has its own sizes first, the only one its dataset's. Of the one
    that is `picked`, if one is. Nothing for an
    option of one axis.
    """
    other = second_axis(option)
    if other is None:
        return []
    first, second = (_number(from_dataset(one, dataset)) for one in (option, other))
    along_first = told_by_arrays(jobtype, option, dataset, picked)
    along_second = told_by_arrays(jobtype, other, dataset, picked)
    if not along_first:
        return [(first, second)]
    own_first = len(told_by_arrays(jobtype, option, dataset)) > 1
    return [
        (_held(first, along_first[name], own_first), _held(second, along_second[name], own_first))
        for name in along_first
    ]


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _held(recorded: float | None, own: float | None, own_first: bool) -> float | None:
    first, other = (own, recorded) if own_first else (recorded, own)
    return other if first is None else first


def differing(pairs: Sequence[Pair]) -> tuple[float, float] | None:
    """The first two sizes that are both known and not the same."""
    return next(
        (
            (first, second)
            for first, second in pairs
            if first is not None and second is not None and not alike(first, second)
        ),
        None,
    )


def both_in_words(option: OptionBase, pair: tuple[float, float]) -> str:
    """`0.2 um along x and 0.4 um along y`."""
    source = option.default_from
    assert source is not None and source.also is not None
    first, second = (with_unit(option, float(f"{size:.9g}")) for size in pair)
    return f"{first} along {source.axis} and {second} along {source.also.axis}"
